"""Another length for one acquisition: what comes after it stays, or shifts as little as it must."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from scheduling.engine import itinerary as engine
from scheduling.engine.calendars import to_datetime, to_minute
from scheduling.engine.intervals import intersect
from scheduling.models import Reservation
from scheduling.services import locked_days, recheck, reservations
from vqflow.errors import Conflict


def plan(appointment, step, longer, *, now, tokens=()):
    """The Plan with `step` grown by `longer` minutes (already written to it). Its own time and `tokens` are freed."""
    starts, ours = recheck.staying(appointment, {}, now), reservations.resource_ids(appointment)
    [days] = locked_days.lock(
        appointment.site,
        [starts.values()],
        now=now,
        patients=[appointment.procedure.order.patient.resource_id],
        tokens=tokens,
        steps=[each.pk for each in appointment.steps.all()],
    )
    question = recheck.question_of(appointment, days, now)
    recheck.complete(question, starts)
    minutes = {kind: to_minute(at) for kind, at in starts.items()}
    found = _fitting(question, minutes, step.kind, longer, {each.key: ours for each in question.steps})
    if isinstance(found, str):
        raise Conflict(_in_the_way(question, minutes, step.kind, ours, appointment.site) or found)
    return recheck.Plan(question, found, {each.step_key: to_datetime(each.start) for each in found.steps})


def _fitting(question, minutes, kind, longer, preferred):
    """As planned; else with all that follows shifted alike; else with what follows at its next free time."""
    as_planned = engine.fits(question, minutes, preferred)
    if not isinstance(as_planned, str):
        return as_planned
    keys = [step.key for step in question.steps]
    later = keys[keys.index(kind) + 1 :]
    alike = minutes | {key: minutes[key] + longer for key in later}
    shifted = engine.fits(question, alike, preferred)
    if not isinstance(shifted, str):
        return shifted
    found = next(engine.search(_not_before(question, minutes, later), limit=1), None)
    if found is None:
        return as_planned
    return engine.fits(question, {step.step_key: step.start for step in found.steps}, preferred)


def _not_before(question, minutes, later):
    """The search in which all stays but the `later` steps, and these start no earlier than planned."""
    return replace(
        question,
        grid_minutes=1,
        steps=tuple(_bound(step, minutes[step.key], step.key in later, question) for step in question.steps),
    )


def _bound(step, at, may_shift, question):
    bound = ((at, question.latest if may_shift else at + 1),)
    return replace(step, allowed=bound if step.allowed is None else intersect(bound, step.allowed))


def _in_the_way(question, minutes, kind, ours, site):
    """A sentence on who occupies one of the visit's own rooms or people in the added time, or None."""
    step = next(each for each in question.steps if each.key == kind)
    begins, ends = minutes[kind], minutes[kind] + max(each.ends_after_start for each in step.needs)
    row = (
        Reservation.objects.occupying()
        .filter(resource__in=ours, start_minute__lt=ends, end_minute__gt=begins)
        .select_related("resource")
        .order_by("start_minute", "pk")
        .first()
    )
    if row is None:
        return None
    if row.status == Reservation.Status.HELD:
        return recheck.held_words(row, site)
    zone = ZoneInfo(site.time_zone)
    begins, ends = row.span.lower.astimezone(zone), row.span.upper.astimezone(zone)
    return f"{row.resource.name} is booked from {begins:%H:%M} to {ends:%H:%M}."
