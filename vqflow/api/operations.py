"""The frame of every API view: its action in the policy, one transaction, writes done once."""

import pghistory
from django.db import transaction
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from vqflow import idempotency
from vqflow.api.parsers import JSON

SAFE = ("GET", "HEAD", "OPTIONS")


class Operation(APIView):
    """Base of all API views: `actions` maps each method to its action in vqflow/policy.py.

    `searches` are methods that only read although they take a body (names and birth dates stand in no URL):
    they are not done once and leave no copy of their answer.
    """

    actions = {}
    searches = ()
    parser_classes = [JSON]

    @property
    def allowed_methods(self):
        return sorted(self.actions)

    def action_of(self, method):
        """The policy's action of a method, or MethodNotAllowed. HEAD asks for what GET asks."""
        try:
            return self.actions["GET" if method == "HEAD" else method]
        except KeyError:
            raise exceptions.MethodNotAllowed(method) from None

    def options(self, request, *args, **kwargs):
        raise exceptions.MethodNotAllowed("OPTIONS")

    def dispatch(self, request, *args, **kwargs):
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        if response.status_code >= 400 and isinstance(response, Response):
            # Problem details are JSON, whatever the operation itself is written in.
            response.accepted_renderer = JSONRenderer()
        return response

    def initial(self, request, *args, **kwargs):
        self.action_of(request.method)
        super().initial(request, *args, **kwargs)
        if request.method in SAFE:
            return
        # A form's body is gone once the session's CSRF check has looked into it.
        if request.META.get("CONTENT_LENGTH") not in (None, "", "0") and not _is_json(request):
            raise exceptions.UnsupportedMediaType(request.content_type)
        # The middleware knows the session's user only; a token's is known here first.
        pghistory.context(user=request.user.pk)
        if request.method not in self.searches:
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


def _is_json(request):
    return (request.content_type or "").partition(";")[0].strip().lower() == JSON.media_type
