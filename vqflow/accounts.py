"""Sign-in as the department wants it: accounts are made by the administrator, and every try is audited."""

from allauth.account.adapter import DefaultAccountAdapter
from django.utils import timezone

from vqflow import audit, unlocking


class Adapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False

    def login(self, request, user):
        super().login(request, user)
        request.session["signed_in_at"] = request.session["seen_at"] = timezone.now().timestamp()
        unlocking.forgive(user)
        audit.record("account.signed_in", user, by=user)

    def logout(self, request):
        if request.user.is_authenticated:
            audit.record("account.signed_out", request.user, by=request.user)
        super().logout(request)

    def authentication_failed(self, request, **credentials):
        super().authentication_failed(request, **credentials)
        tried = credentials.get("username", "")[:150]
        audit.record("account.sign_in_failed", by=None, outcome="failure", username=tried)
