"""What booking and moving ask again under locks: are these times still free, and if not, who was faster?"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduling.engine import itinerary as engine
from scheduling.engine.calendars import to_minute
from scheduling.models import Reservation, Resource, ResourceKind, StepKind
from scheduling.services import availability, locks
from vqflow.errors import Conflict, Invalid

FARTHEST = timedelta(days=366)
LONGEST_VISIT = timedelta(hours=26)
JUST_NOW = timedelta(minutes=15)


def locked_question(order, starts, now, **known):
    """Lock every resource that could serve these times, release their expired holds, and ask the engine's question."""
    zone = ZoneInfo(order.site.time_zone)
    first, last = _checked_range(starts, now)
    # A day more on each side: preparation or clearance may cross midnight.
    first_day = first.astimezone(zone).date() - timedelta(days=1)
    days = range(first_day.toordinal(), last.astimezone(zone).toordinal() + 2)
    candidates = Resource.objects.filter(site=order.site, is_active=True).exclude(kind=ResourceKind.PATIENT)
    resource_ids = [*candidates.values_list("pk", flat=True), order.patient.resource_id]
    locks.take(resource_ids, days)
    Reservation.objects.expired(now).filter(resource__in=resource_ids).update(
        status=Reservation.Status.RELEASED
    )
    question = availability.search_for(order, first_day=first_day, days=len(days), now=now, **known)
    wanted = {step.key for step in question.steps}
    if set(starts) != wanted:
        names = ", ".join(StepKind(step.key).label for step in question.steps)
        raise _wrong_start(f"Give a start for each of: {names}.")
    return question


def _checked_range(starts, now):
    """The first and the last of the starts, if they are whole minutes of the coming year and close together."""
    if not starts:
        raise _wrong_start("Choose a time.")
    first, last = min(starts.values()), max(starts.values())
    if any(moment.second or moment.microsecond for moment in starts.values()):
        raise _wrong_start("Times are whole minutes.")
    if first <= now:
        raise _wrong_start("This time has passed. Choose a later one.")
    if last > now + FARTHEST:
        raise _wrong_start("This is more than a year ahead. Choose an earlier time.")
    if last - first > LONGEST_VISIT:
        raise _wrong_start("The steps of one visit lie at most a day apart.")
    return first, last


def _wrong_start(sentence):
    return Invalid(sentence, fields={"starts": [sentence]})


def fitting(question, starts, resource_ids, now, free_of=None):
    """The engine's word on these times; the refusal says who was faster where somebody was."""
    minutes = {kind: to_minute(moment) for kind, moment in starts.items()}
    preferred = {step.key: resource_ids for step in question.steps}
    found = engine.fits(question, minutes, preferred)
    if isinstance(found, str):
        raise Conflict(_who_was_faster(question, minutes, resource_ids, now, free_of) or found)
    return found


def _who_was_faster(question, minutes, resource_ids, now, free_of):
    """A sentence naming who has just taken one of the proposal's own rooms or people, or None."""
    rooms_and_people = {r.id for r in question.resources if "patient" not in r.capabilities}
    ours = rooms_and_people & set(resource_ids)
    first = min(minutes.values())
    last = max(minutes[step.key] + step.acquisition_minutes for step in question.steps)
    taken = (
        Reservation.objects.occupying()
        .filter(resource__in=ours, start_minute__lt=last, end_minute__gt=first)
        .filter(step__appointment__booked_at__gt=now - JUST_NOW)
        .exclude(step__appointment=free_of)
        .select_related("step__appointment__booked_by", "resource")
        .order_by("-step__appointment__booked_at")
        .first()
    )
    if taken is None:
        return None
    who = taken.step.appointment.booked_by.name
    return f"{who} was faster: {taken.resource.name} has just been booked. Choose another time."
