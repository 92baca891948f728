"""Pages of the kernel: home, lock, theme, health, audit and system status."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError, connection
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from vqflow import audit, proof, unlocking
from vqflow.housekeeping import DOWNTIME, STALE_DOWNTIME, quiet_jobs, seconds_since
from vqflow.models import AuditEvent, Density, Heartbeat, Theme
from vqflow.pages import next_of, page
from vqflow.shell import navigation


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
    context = {"next": _after(request)}
    return render(request, "account/lock.html", context)


@page("account.use", methods=("POST",), of_session=True)
def unlock(request):
    """The same user's password, PIN or badge opens the session again; five wrong ones end it."""
    after, user = _after(request), request.user
    # Counted before it is looked at: tries sent at the same moment get no further looks.
    tries = unlocking.count_wrong(request.session)
    way = unlocking.opened_by(user, request.POST.get("password", "")) if tries <= unlocking.TRIES else ""
    if not way:
        return _wrong(request, after, tries)
    request.session.update({"locked": False, "seen_at": timezone.now().timestamp(), "wrong_unlocks": 0})
    if way == "password":
        unlocking.forgive(user)
    audit.record("account.unlocked", user, by=user, way=way)
    if request.headers.get("X-VQFlow-Lock"):
        return HttpResponse(status=204)
    return redirect(after)


def _wrong(request, after, tries):
    sentence = f"This is not your {request.user.unlocks_with}. Try again, or sign out."
    if tries >= unlocking.TRIES:
        audit.record("account.unlock_failed", request.user, by=request.user, outcome="failure")
        request.session.flush()
        sentence = "Five wrong tries: you are signed out. Sign in again."
    if request.headers.get("X-VQFlow-Lock"):
        return HttpResponse(sentence, status=422, content_type="text/plain; charset=utf-8")
    return render(request, "account/lock.html", {"error": sentence, "next": after}, status=422)


def _after(request):
    return next_of(request, reverse("vqflow:home"))


@page("account.use", methods=("POST",), of_session=True)
def passkey(request):
    """What this person's passkey is asked to sign; the answer comes with the form that needs it."""
    return JsonResponse(proof.challenge(request.user))


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
    return redirect(_after(request))


@page("account.use", methods=("POST",))
def density(request):
    """How high rows and buttons are, on every screen that this person uses."""
    chosen = request.POST.get("density", "")
    request.user.density = chosen if chosen in Density.values else Density.COMPACT
    request.user.save(update_fields=["density"])
    return redirect(_after(request))


@login_not_required
def nowhere(request):
    raise Http404


nowhere.action = None


@login_not_required
def healthz(request):
    """200 while the database answers; jobs that have gone quiet are named and make it "degraded".

    `seconds_since` has every job with its last sign of life: "beat" for Celery with its broker, "dispatch" for the
    second path, "messages" for whoever sends, "mail" and "text messages" for what carries them out.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        now = timezone.now()
        quiet, jobs = quiet_jobs(now), seconds_since(now)
    except OperationalError:
        return JsonResponse({"status": "down", "database": False}, status=503)
    status = "degraded" if quiet else "ok"
    return JsonResponse({"status": status, "database": True, "quiet_jobs": quiet, "seconds_since": jobs})


healthz.action = None


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
