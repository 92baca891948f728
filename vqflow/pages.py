"""The frame of a page's view: its action in the policy, its methods, one transaction, done once."""

import functools

from django.db import transaction
from django.http import HttpResponseNotAllowed

from vqflow import idempotency, policy

SAFE = ("GET", "HEAD")


def page(action, *, methods=("GET",), of_session=False):
    """Decorate a view: permit `action`, allow only `methods`, and run it in one transaction.

    A write is answered once per request_id (vqflow/idempotency.py). The test of the policy reads the
    attribute `action` of every view that a URL leads to. A view `of_session` changes nothing but the session,
    whose changes must outlive a refusal: it runs as it is.
    """

    def decorate(view):
        @functools.wraps(view)
        def framed(request, *args, **kwargs):
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                return HttpResponseNotAllowed(methods)
            policy.permit(request.user, action)
            if of_session:
                return view(request, *args, **kwargs)
            if request.method in SAFE:
                with transaction.atomic():
                    return view(request, *args, **kwargs)
            return idempotency.once(request, request.user, lambda: view(request, *args, **kwargs))

        framed.action = action
        framed.methods = methods
        return framed

    return decorate
