"""Presses on the page of one examination: each loads, says that this person works on it, and calls one service."""

from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from scheduling.engine import pictures as views
from scheduling.services import access, working
from scheduling.services.examination import phases, pictures
from scheduling.views.presses import back, press_on
from vqflow.errors import Invalid
from vqflow.pages import page

ACTION = "visit.perform"
NO_VIEW = "There is no such view. Reload the page."


def _phase(request, pk, verb, do):
    appointment = access.appointment(pk, by=request.user, action=ACTION)
    key = request.POST.get("key", "")
    return press_on(
        request,
        appointment,
        f"{_name(appointment, key)}: {verb}",
        lambda subject, by, now: do(subject, key, by=by, now=now),
        undo=f"{reverse('scheduling:phase-undo', args=[pk])}?{urlencode({'key': key})}",
    )


def _name(appointment, key):
    found = appointment.procedure.protocol.phases.filter(key=key).first()
    if found is None:
        raise Invalid("There is no such step in this examination. Reload the page.")
    return found.name.replace(";", ",").split(",")[0]


@page(ACTION, methods=("POST",))
def begin(request, pk):
    """`key`; `end_running`: what still runs ends at the same moment."""
    also_ends = bool(request.POST.get("end_running"))

    def do(appointment, key, *, by, now):
        return phases.begin(appointment, key, by=by, now=now, end_running=also_ends)

    return _phase(request, pk, "begun", do)


@page(ACTION, methods=("POST",))
def done(request, pk):
    """A step without a timer is ticked off: it begins and ends with this press."""

    def do(appointment, key, *, by, now):
        phases.begin(appointment, key, by=by, now=now)
        return phases.end(appointment, key, by=by, now=now)

    return _phase(request, pk, "done", do)


@page(ACTION, methods=("POST",))
def end(request, pk):
    return _phase(request, pk, "ended", phases.end)


@page(ACTION, methods=("POST",))
def repeat(request, pk):
    return _phase(request, pk, "begun again", phases.repeat)


@page(ACTION, methods=("POST",))
def skip(request, pk):
    def do(appointment, key, *, by, now):
        return phases.skip(appointment, key, reason=reason_of(request), by=by, now=now)

    return _phase(request, pk, "skipped", do)


@page(ACTION, methods=("POST",))
def undo(request, pk):
    """The last press on one small step is taken back; a step that was ticked off has two."""
    appointment = access.appointment(pk, by=request.user, action=ACTION)
    key = request.POST.get("key") or request.GET.get("key", "")
    text = f"{_name(appointment, key)}: undone"

    def do(appointment, by, now):
        newest = appointment.phases.standing().filter(key=key).order_by("take").last()
        phases.undo(appointment, key, by=by, now=now)
        if newest is not None and newest.ended_at and newest.ended_at == newest.started_at:
            phases.undo(appointment, key, by=by, now=now)

    return press_on(request, appointment, text, do)


@page(ACTION, methods=("POST",))
def picture(request, pk):
    """`view` and what became of it; an undo takes the newest take of the view back."""
    step = access.step(pk, by=request.user)
    view, outcome = request.POST.get("view", ""), request.POST.get("outcome", "accepted")
    if view not in set(views.View):
        raise Invalid(NO_VIEW)
    counts = request.POST.get("counts_k", "").strip()
    if counts and not (counts.isascii() and counts.isdecimal() and len(counts) < 7):
        raise Invalid("Enter the counts in thousands, as a whole number.")

    def do(appointment, by, now):
        return pictures.take(
            step,
            view,
            by=by,
            now=now,
            outcome=outcome,
            reason=reason_of(request),
            counts_k=int(counts) if counts else None,
        )

    text = f"{views.NAMES[views.View(view)]}: {'to be repeated' if outcome == 'repeated' else outcome}"
    url = f"{reverse('scheduling:picture-undo', args=[pk])}?{urlencode({'view': view})}"
    return press_on(request, step.appointment, text, do, undo=url)


@page(ACTION, methods=("POST",))
def picture_undo(request, pk):
    step = access.step(pk, by=request.user)
    view = request.POST.get("view") or request.GET.get("view", "")
    newest = step.pictures.standing().filter(view=view).order_by("take").last()
    if newest is None:
        raise Invalid(NO_VIEW)

    def do(appointment, by, now):
        return pictures.undo(newest, by=by, now=now)

    return press_on(request, step.appointment, f"{views.NAMES[views.View(view)]}: undone", do)


@page(ACTION, methods=("POST",))
def take_over(request, pk):
    appointment = access.appointment(pk, by=request.user, action=ACTION)
    working.take_over(appointment, by=request.user, now=timezone.now())
    return redirect(back(request))


def reason_of(request):
    """One of the usual reasons, or the person's own words."""
    return (request.POST.get("preset") or request.POST.get("reason", "")).strip()[:200]
