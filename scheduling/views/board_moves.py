"""What is done on the board: a step dropped elsewhere, another time taken, either taken back, a gap filled."""

from datetime import datetime
from urllib.parse import urlsplit

from django.core import signing
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling.engine.states import StepState
from scheduling.forms.board import DropForm, GapForm
from scheduling.forms.booking import BookingForm
from scheduling.models import StepKind
from scheduling.services import access, drops, explanation, search
from scheduling.services.drops import Former
from scheduling.services.waitlist import gaps
from scheduling.templatetags import clock
from scheduling.views import board_words
from scheduling.views.appointments import chosen
from scheduling.views.board import shown, view_of
from vqflow import policy
from vqflow.errors import Conflict, DomainError, Invalid
from vqflow.pages import next_of, page

SALT, KEPT_SECONDS = "board.undo", 600
PROPOSALS, DAYS = 5, 7
UNREADABLE = "This cannot be read. Load the page again."


@page("appointment.move", methods=("POST",))
def drop(request, pk):
    """A step was dropped on the board: at another time, in another row, or its whole visit with it."""
    step = access.step(pk, by=request.user, action="appointment.move")
    form = DropForm(request.POST, user=request.user)
    if not form.is_valid():
        return _refused(request, Invalid(UNREADABLE), step.appointment)
    values = form.cleaned_data
    try:
        moved, former = drops.drop(step, **values, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        return _refused(request, refusal, step.appointment, others(step, **values, by=request.user))
    label = "Whole visit" if values["whole"] else step.get_kind_display()
    at = clock.time_at(values["starts_at"], step.appointment.site.time_zone)
    return _done(request, moved, f"{label} moved to {at}.", former)


@page("appointment.move", methods=("GET", "POST"))
def move(request, pk):
    """GET: the engine's proposals for the dialog, POST: one of them, or an alternative after a refusal."""
    found = access.appointment(pk, by=request.user, action="appointment.move")
    if request.method != "POST":
        return render(request, "scheduling/_board_moves.html", _proposals(request, found))
    try:
        times = chosen(BookingForm(request.POST))
        moved, former = drops.take(found, **times, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        return _refused(request, refusal, access.appointment(pk, by=request.user, action="appointment.move"))
    at = clock.at(min(times["starts"].values()), found.site.time_zone)
    return _done(request, moved, f"Moved to {at}.", former)


@page("appointment.move", methods=("POST",))
def undo(request):
    """Take the last drop back, by a move that is checked like any other."""
    former = _former(request.POST.get("former", ""))
    found = access.appointment(former.appointment, by=request.user, action="appointment.move")
    try:
        moved = drops.take_back(former, found, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        return _refused(request, refusal, found)
    return _done(request, moved, "Taken back.", None)


def _former(text):
    try:
        pk, revision, starts, resources = signing.loads(text, salt=SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature as error:
        raise Conflict("It is too late to take this back. Move it again instead.") from error
    return Former(pk, revision, {kind: datetime.fromisoformat(at) for kind, at in starts.items()}, resources)


def _token(former):
    starts = {kind: at.isoformat() for kind, at in former.starts.items()}
    return signing.dumps((str(former.appointment), former.revision, starts, former.resources), salt=SALT)


def others(step, *, starts_at, resource=None, whole=False, by):
    """After a refusal: [(words, proposal)] of the whole visit moved as far, and of the nearest times."""
    shift = starts_at - step.planned_start_at if step.planned_start_at else None
    if shift is None:
        return []
    steps = [each for each in step.appointment.steps.all() if each.state == StepState.SCHEDULED]
    starts = {each.kind: each.planned_start_at + shift for each in steps if each.planned_start_at}
    try:
        found = explanation.why_not_move(step.appointment, starts=starts, by=by, now=timezone.now())
    except DomainError:
        return []
    zone = step.appointment.site.time_zone
    offered = [("Move the whole visit", found.proposal)] if found.proposal and not whole else []
    offered += [("Nearest before", found.before), ("Nearest after", found.after)]
    planned = {each.kind: each.planned_start_at for each in step.appointment.steps.all()}
    return [
        (f"{words}: {when(each, zone)}", each)
        for words, each in offered
        if each is not None and not planned.items() >= each.starts.items()
    ]


def when(proposal, zone):
    """Sun 22 Nov 2026, X 15:50, Mon 23 Nov 2026, V 07:25, Q 07:46: the day wherever it changes."""
    parts, shown = [], None
    for each in proposal.steps:
        day = clock.day_at(each.starts_at, zone)
        parts += [day] if day != shown else []
        parts.append(f"{board_words.letter(each.kind)} {clock.time_at(each.starts_at, zone)}")
        shown = day
    return ", ".join(parts)


def _proposals(request, found):
    """What else there is for an appointment, from its own day or today on."""
    zone, now = found.site.time_zone, timezone.now()
    first_day = max(clock.local(now, zone).date(), clock.local(found.starts_at, zone).date())
    planned = {step.kind: step.planned_start_at for step in found.steps.all()}
    context = {"appointment": found, "zone": zone, "here": _here(request), "choices": [], "why": []}
    try:
        proposals, why = search.moves(
            found, first_day=first_day, days=DAYS, by=request.user, now=now, limit=PROPOSALS * 8
        )
    except DomainError as refusal:
        return {**context, "why": [refusal.sentence]}
    different = [each for each in proposals if not planned.items() >= each.starts.items()]
    return {**context, "choices": [(when(each, zone), each) for each in _apart(different)], "why": why}


def _apart(proposals):
    """Some that differ by half an hour at least: the engine's best start five minutes apart."""
    picked = []
    for each in proposals:
        if all(abs((each.lungs_start_at - other.lungs_start_at).total_seconds()) >= 1800 for other in picked):
            picked.append(each)
    return picked[:PROPOSALS]


def _here(request):
    """The board that the person looks at."""
    return next_of(request, reverse("scheduling:board"))


def _live(request, **more):
    """The board that is shown, for an answer that replaces it."""
    query = QueryDict(urlsplit(_here(request)).query)
    return {**shown(request, view_of(request, query), timezone.now()), **more}


def _done(request, appointment, text, former):
    """The board as it is now, with the undo within reach."""
    if not request.htmx:
        return redirect(_here(request))
    done = {
        "person": appointment.procedure.order.patient,
        "text": text,
        "former": former and _token(former),
        "step": former and next(iter(former.starts), ""),
    }
    return render(request, "scheduling/_board_done.html", _live(request, done=done))


def _refused(request, refusal, appointment, offered=()):
    """Status 409 or 422: the sentence, and what can be had instead; the board stays as it is."""
    context = {
        "refusal": refusal,
        "person": appointment.procedure.order.patient,
        "appointment": appointment,
        "offered": offered,
        "here": _here(request),
        "kinds": StepKind.values,
    }
    name = "_board_refused" if request.htmx else "board_refused"
    return render(request, f"scheduling/{name}.html", context, status=refusal.status)


@page("waitlist.view")
def gap(request):
    """Who of those that wait would fit a free stretch of a room."""
    form = GapForm(request.GET, user=request.user)
    if not form.is_valid():
        raise Invalid("This stretch of time cannot be read. Point at it again.")
    room, start, end = (form.cleaned_data[name] for name in ("room", "start", "end"))
    fits = gaps.fitting(room, start, end, by=request.user, now=timezone.now())
    access.listed(
        "board.gap", [fit.entry.order.patient_id for fit in fits], by=request.user, action="waitlist.view"
    )
    times = board_words.Times(room.site.time_zone)
    names = ", ".join(board_words.name_of(fit.entry.order.patient) for fit in fits)
    context = {
        "summary": f"{room.name} is free {times.span(start, end)}. {_would_fit(len(fits))} {names}".strip(),
        "room": room,
        "day": times.day(start),
        "time": times.span(start, end),
        "fits": [(fit.entry, fit.proposal, when(fit.proposal, room.site.time_zone)) for fit in fits],
        "may_fill": policy.allows(request.user, "waitlist.manage"),
        "here": _here(request),
    }
    return render(
        request, "scheduling/_board_gap.html" if request.htmx else "scheduling/board_gap.html", context
    )


def _would_fit(count):
    if count == 0:
        return "Nobody on the waitlist would fit."
    return "One on the waitlist would fit:" if count == 1 else f"{count} on the waitlist would fit:"


@page("waitlist.manage", methods=("POST",))
def offer(request, pk):
    """Offer the time to one who waits: it is kept until the answer is due."""
    return _fill(request, pk, gaps.offer, "Offered. The desk is asked to phone.")


@page("waitlist.manage", methods=("POST",))
def book(request, pk):
    """The patient on the phone takes the time."""
    return _fill(request, pk, gaps.book, "Booked from the waitlist.")


def _fill(request, pk, service, text):
    entry = access.waitlist_entry(pk, by=request.user)
    try:
        service(entry, **chosen(BookingForm(request.POST)), by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        context = {"refusal": refusal, "person": entry.order.patient, "here": _here(request), "offered": ()}
        name = "_board_refused" if request.htmx else "board_refused"
        return render(request, f"scheduling/{name}.html", context, status=refusal.status)
    if not request.htmx:
        return redirect(_here(request))
    done = {"person": entry.order.patient, "text": text, "former": None}
    return render(request, "scheduling/_board_done.html", _live(request, done=done))
