"""Operations that only the person who is signed in may carry out: the body carries the password, or the code of the
authenticator app. A passkey needs the browser's page."""

from django.db import transaction

from vqflow import audit, proof, unlocking


class Confirmed:
    """Mix in before an Operation, and call `confirm` in its handler. Wrong tries count beside the refused request,
    whose own transaction is taken back."""

    wrong_try_by = None

    def dispatch(self, request, *args, **kwargs):
        response = super().dispatch(request, *args, **kwargs)
        if self.wrong_try_by is not None:
            self._count(self.wrong_try_by)
        return response

    def confirm(self, request, credential):
        """How the user has shown who it is: "password" or "code". Raises proof.NotShown."""
        try:
            return proof.looked_at(request.user, credential)
        except proof.NotShown as refusal:
            self.wrong_try_by = request.user if refusal.is_wrong_try else None
            raise

    @transaction.atomic
    def _count(self, user):
        unlocking.count_against(user)
        audit.record("account.not_confirmed", user, by=user, outcome="failure")
