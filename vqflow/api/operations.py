"""The frame of every API view: its action in the policy, one transaction, writes done once."""

from django.db import transaction
from rest_framework import exceptions
from rest_framework.views import APIView

from vqflow import idempotency

SAFE = ("GET", "HEAD", "OPTIONS")


class Operation(APIView):
    """Base of all API views: `actions` maps each method to its action in vqflow/policy.py."""

    actions = {}

    def options(self, request, *args, **kwargs):
        raise exceptions.MethodNotAllowed("OPTIONS")

    def dispatch(self, request, *args, **kwargs):
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response

    def initial(self, request, *args, **kwargs):
        if request.method not in self.actions:
            raise exceptions.MethodNotAllowed(request.method)
        super().initial(request, *args, **kwargs)
        if request.method not in SAFE:
            self._do_once(request)

    def _do_once(self, request):
        """Wrap this request's handler, so that a repeated key is answered from the record."""
        name = request.method.lower()
        handler = getattr(self, name)

        def once(request, *args, **kwargs):
            def handle():
                return self.finalize_response(request, handler(request, *args, **kwargs), *args, **kwargs)

            return idempotency.once(request._request, request.user, handle)

        setattr(self, name, once)
