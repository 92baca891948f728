"""The frame of a page's view: its action in the policy, its methods, one transaction, done once."""

import functools
from datetime import timedelta

from django.db import transaction
from django.http import HttpResponseNotAllowed
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from vqflow import idempotency, once, policy

SAFE = ("GET", "HEAD")
# What was pressed while the network was away is recorded at the time of the press, within reason.
LONGEST_WAIT = timedelta(hours=2)


def page(action, *, methods=("GET",), of_session=False, while_locked=False):
    """Decorate a view: permit `action`, allow only `methods`, and run it in one transaction.

    A write is answered once per request_id (vqflow/idempotency.py). The test of the policy reads the
    attribute `action` of every view that a URL leads to. A view `of_session` changes nothing but the session,
    whose changes must outlive a refusal: it runs as it is. One that names nobody may be shown `while_locked`.
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
        framed.while_locked = while_locked
        return framed

    return decorate


def next_of(request, default=""):
    """The address that the request asks in `next` to come to afterwards if it is one of ours, else `default`."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
    return url if is_ours else default


def waited_since(request):
    """When a press was made that the browser's outbox sends once more, or None for any other.

    The browser says how long ago; that is believed for LONGEST_WAIT, and not beyond the moment at which its page was
    served here (the key of its form).
    """
    said, now = request.headers.get("X-VQFlow-Pressed-Ago", ""), timezone.now()
    seconds = int(said) if said.isascii() and said.isdecimal() and len(said) < 6 else 0
    served_at = once.served_at(request.POST.get("request_id", ""))
    if not seconds or served_at is None:
        return None
    return min(now, max(now - min(timedelta(seconds=seconds), LONGEST_WAIT), served_at))
