"""What every request passes: its log line, the idle lock, the second factor, refusals in words, privacy headers."""

import time
import uuid

import pghistory
import structlog
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from vqflow import faults, logs
from vqflow.errors import DomainError

log = structlog.get_logger("vqflow.request")

OPEN_WHILE_LOCKED = {"vqflow:lock", "vqflow:unlock", "account_logout", "vqflow:healthz"}
OPEN_WITHOUT_SECOND_FACTOR = {"account_logout", "account_reauthenticate", "account_login", "vqflow:theme"}


class RequestLog:
    """One line per request with path, status and duration. Never the query string: it may hold a name."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        structlog.contextvars.clear_contextvars()
        request.id = uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request.id)
        started = time.monotonic()
        response = self.get_response(request)
        duration_ms = round((time.monotonic() - started) * 1000, 1)
        log.info(
            "request",
            method=request.method,
            path=logs.without_links(request.path),
            status=response.status_code,
            ms=duration_ms,
        )
        response["X-Request-ID"] = request.id
        return response


class DatabaseAway:
    """While the database does not answer: 503 and when to try again, instead of an error of ours.

    Django has turned the exception into a 500 before any middleware sees it, whether a view or another
    middleware raised it. So the database is asked, and only then.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code != 500 or _database_answers():
            return response
        retry = {"Retry-After": "60", "Cache-Control": "no-store"}
        if request.path.startswith("/api/"):
            problem = {
                "type": "about:blank",
                "title": "VQFlow cannot be reached at the moment",
                "status": 503,
                "detail": "The database does not answer. Try again in a minute.",
            }
            return JsonResponse(problem, status=503, content_type="application/problem+json", headers=retry)
        away = faults.fault(request, "away", status=503, usual="503.html")
        for name, value in retry.items():
            away[name] = value
        return away


def _database_answers():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (OperationalError, InterfaceError):
        return False
    return True


class MailedLinks:
    """Who opens a mailed link is nobody to the rest of the house, also where somebody of the staff is signed in.

    So the idle lock, the second factor and the history of changes take no part in these pages, and the session of
    the staff is neither read nor kept alive by them.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path.startswith(logs.LINKS):
            request.user = AnonymousUser()
        return self.get_response(request)


class IdleLock:
    """After 15 minutes without a person's action the session is locked; after 12 hours it ends.

    Polls (header X-VQFlow-Poll) are answered while unlocked and never count as activity. Unlocking takes the
    same user's password (vqflow/views.py); the session and all drafts live on.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        # A token's user is not known here: the API has no idle session to lock.
        if not request.user.is_authenticated:
            return None
        now, session = timezone.now().timestamp(), request.session
        signed_in_at = session.setdefault("signed_in_at", now)
        if now - signed_in_at > settings.SESSION_ABSOLUTE.total_seconds():
            logout(request)
            # The API answers 401 itself, now that nobody is signed in.
            return None if _is_api(request) else _elsewhere(request, reverse("account_login"))
        if now - session.setdefault("seen_at", now) > settings.IDLE_LOCK.total_seconds():
            session["locked"] = True
        if session.get("locked"):
            return _locked(request)
        if not request.headers.get("X-VQFlow-Poll"):
            _touch(session, now)
        return None


def _touch(session, now):
    """Note the activity, at most once a minute: the session row need not be written at every click."""
    if now - session["seen_at"] > 60:
        session["seen_at"] = now


def _locked(request):
    match = request.resolver_match
    if match.view_name in OPEN_WHILE_LOCKED or getattr(match.func, "while_locked", False):
        return None
    if _is_api(request):
        return _problem(423, "Locked", "The session is locked.")
    if request.headers.get("X-VQFlow-Poll"):
        return HttpResponse(status=423)
    back = request.get_full_path() if request.method == "GET" else reverse("vqflow:home")
    return _elsewhere(request, f"{reverse('vqflow:lock')}?{urlencode({'next': back})}")


def _is_api(request):
    return request.path.startswith("/api/")


def _problem(status, title, sentence):
    """Problem details (RFC 9457), as vqflow/api/problems.py writes them."""
    return JsonResponse(
        {"type": "about:blank", "title": title, "status": status, "detail": sentence},
        status=status,
        content_type="application/problem+json",
    )


def _elsewhere(request, url):
    if request.headers.get("HX-Request"):
        return HttpResponse(status=200, headers={"HX-Redirect": url})
    return redirect(url)


class SecondFactor:
    """Roles in REQUIRE_MFA_ROLES must set up a second factor before they see anything else."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        user = request.user
        if not user.is_authenticated or user.role not in settings.REQUIRE_MFA_ROLES:
            return None
        name = request.resolver_match.view_name or ""
        if name.startswith("mfa_") or name in OPEN_WHILE_LOCKED | OPEN_WITHOUT_SECOND_FACTOR:
            return None
        if is_mfa_enabled(user):
            return None
        if _is_api(request):
            return _problem(
                403, "Not allowed", "Your role needs a second factor. Set it up on your account page."
            )
        return _elsewhere(request, reverse("mfa_activate_totp"))


class HistoryContext:
    """The history rows of a write say who made it and where; the path only, never a query string."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return self.get_response(request)
        with pghistory.context(user=request.user.pk, path=logs.without_links(request.path)):
            return self.get_response(request)


class Refusals:
    """A service's refusal that no view has worded otherwise: the same sentence, on a page of its own."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, error):
        if not isinstance(error, DomainError):
            return None
        template = "errors/_refusal.html" if request.headers.get("HX-Request") else "errors/refusal.html"
        return render(request, template, {"refusal": error}, status=error.status)


class PrivateResponses:
    """Nothing that a signed-in person sees is kept by a cache or a search engine."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        return response
