"""Pages of the kernel: home, lock, theme, health, audit and system status."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, connection
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from vqflow import audit
from vqflow.models import AuditEvent, Heartbeat, Theme
from vqflow.pages import page
from vqflow.shell import navigation

STALE_HEARTBEAT = timedelta(minutes=2)
DOWNTIME, STALE_DOWNTIME = "downtime-list", timedelta(hours=2)  # written once an hour


@page("account.use")
def home(request):
    """To the first page of this role's navigation."""
    entries = navigation(request.user, "/")
    return redirect(entries[0]["url"]) if entries else redirect("mfa_index")


@page("account.use", methods=("GET", "POST"), of_session=True)
def lock(request):
    """POST locks the session (the idle timer, or the person leaving); GET asks for the password."""
    if request.method == "POST":
        request.session["locked"] = True
        if request.headers.get("X-VQFlow-Lock"):
            return HttpResponse(status=204)
    context = {"next": _local(request.GET.get("next"))}
    return render(request, "account/lock.html", context)


@page("account.use", methods=("POST",), of_session=True)
def unlock(request):
    """The same user's password opens the session again; five wrong ones end it."""
    after = _local(request.POST.get("next"))
    if request.user.check_password(request.POST.get("password", "")):
        request.session.update({"locked": False, "seen_at": timezone.now().timestamp(), "wrong_unlocks": 0})
        audit.record("account.unlocked", request.user, by=request.user)
        if request.headers.get("X-VQFlow-Lock"):
            return HttpResponse(status=204)
        return redirect(after)
    return _wrong_password(request, after)


def _wrong_password(request, after):
    request.session["wrong_unlocks"] = request.session.get("wrong_unlocks", 0) + 1
    sentence = "This is not your password. Try again, or sign out."
    if request.session["wrong_unlocks"] >= 5:
        request.session.flush()
        sentence = "Five wrong passwords: you are signed out. Sign in again."
    request.session.save()
    if request.headers.get("X-VQFlow-Lock"):
        return HttpResponse(sentence, status=422, content_type="text/plain; charset=utf-8")
    return render(request, "account/lock.html", {"error": sentence, "next": after}, status=422)


def _local(url):
    safe = url and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
    return url if safe else reverse("vqflow:home")


@page("account.use", methods=("POST",), of_session=True)
def keepalive(request):
    """A person pressed "Stay signed in": the request itself counts as activity."""
    request.session["seen_at"] = timezone.now().timestamp()
    return HttpResponse(status=204)


@page("account.use", methods=("POST",))
def theme(request):
    chosen = request.POST.get("theme", "")
    request.user.theme = chosen if chosen in Theme.values else Theme.SYSTEM
    request.user.save(update_fields=["theme"])
    return redirect(_local(request.POST.get("next")))


@login_not_required
def nowhere(request):
    raise Http404


nowhere.action = None


@login_not_required
def healthz(request):
    """200 while the database answers; jobs that have gone quiet are named and make it "degraded"."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        quiet = quiet_jobs(timezone.now())
    except OperationalError:
        return JsonResponse({"status": "down", "database": False}, status=503)
    return JsonResponse({"status": "degraded" if quiet else "ok", "database": True, "quiet_jobs": quiet})


healthz.action = None


def quiet_jobs(now):
    """Names of background jobs whose last heartbeat is older than two minutes; two hours for the downtime list."""
    stale = Heartbeat.objects.filter(beat_at__lt=now - STALE_HEARTBEAT)
    stale = stale.exclude(name=DOWNTIME, beat_at__gte=now - STALE_DOWNTIME)
    return sorted(stale.values_list("name", flat=True))


@page("system.status")
def status(request):
    now = timezone.now()
    beats = list(Heartbeat.objects.order_by("name"))
    downtime = next((each.beat_at for each in beats if each.name == DOWNTIME), None)
    context = {
        "heartbeats": beats,
        "quiet": quiet_jobs(now),
        "now": now,
        "downtime": downtime,
        "downtime_is_old": downtime is None or downtime < now - STALE_DOWNTIME,
        "downtime_folder": settings.DOWNTIME_FOLDER,
    }
    return render(request, "vqflow/status.html", context)


@page("audit.view")
def audit_trail(request):
    """The newest events of the officer's site, or those about one subject or agent."""
    events = AuditEvent.objects.filter(site_code__in=[request.user.site_code, ""]).order_by("-pk")
    # A name of a user has no control characters, and PostgreSQL takes no NUL.
    agent = "".join(each for each in request.GET.get("agent", "") if each.isprintable())[:150]
    if agent:
        events = events.filter(agent_name=agent)
    audit.record("audit.viewed", by=request.user, agent=agent)
    context = {
        "events": events[:200],
        "agent": agent,
        "faults": audit.verify() if "verify" in request.GET else None,
    }
    return render(request, "vqflow/audit.html", context)


def csrf_failure(request, reason=""):
    return render(request, "403_csrf.html", status=403)
