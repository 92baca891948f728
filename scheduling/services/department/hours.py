"""Weekly opening hours of a room, and the times in them that are kept for urgent patients: from a day on."""

from dataclasses import asdict, dataclass
from datetime import time
from itertools import pairwise

from django.db import transaction

from scheduling.engine.calendars import WeeklyHours
from scheduling.models import OpeningHours, ReservedSlot, Resource
from scheduling.services import calendars
from scheduling.services.department import affected, days, weekly
from scheduling.services.department.changes import ACTION, NOTHING_NEW
from vqflow import audit, policy
from vqflow.errors import Invalid

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES


@dataclass(frozen=True, slots=True)
class Hours:
    """Open on a weekday (Monday is 0), local time; closing at or before opening means the next day."""

    weekday: int
    opens: time
    closes: time
    on_call: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Kept on a weekday for STAT and urgent patients, until so many minutes before it begins."""

    weekday: int
    starts: time
    ends: time
    open_to_all_minutes_before: int = 120


def on(room, day):
    """The opening hours that hold on a local day, as Hours."""
    rows = weekly.holding(OpeningHours, room, day)
    return [Hours(row.weekday, row.opens, row.closes, row.on_call) for row in rows]


def kept_on(room, day):
    rows = weekly.holding(ReservedSlot, room, day)
    return [Kept(row.weekday, row.starts, row.ends, row.open_to_all_minutes_before) for row in rows]


def preview(room, hours, *, starts_on, ends_on=None, now):
    """Who is booked within the present hours and not within the new ones; Invalid as change() raises it."""
    _check(room, hours, starts_on, ends_on, now)
    if not _is_new(OpeningHours, room, hours, starts_on, ends_on):
        raise Invalid(NOTHING_NEW)
    before, after = _as_engine(room), _as_engine(room, hours, starts_on, ends_on)
    return affected.outside_hours(room, before, after, starts_on=starts_on, now=now)


def outside(room, *, now):
    """Who is booked in a room while it is not open, whatever the reason: hours that changed, or an overbooking."""
    always = [(WeeklyHours(weekday, time(), time()), True) for weekday in range(7)]
    today = days.today(room.site, now)
    return affected.outside_hours(room, always, _as_engine(room), starts_on=today, now=now)


@transaction.atomic
def change(room, hours, *, starts_on, ends_on=None, by, now):
    """From one local day to another (None: for good) these are the room's weekly hours. What is booked stays booked.

    Raises Invalid for hours that overlap, for days out of order, and where nothing would change.
    """
    policy.permit(by, ACTION)
    Resource.objects.select_for_update(no_key=True).get(pk=room.pk)
    _check(room, hours, starts_on, ends_on, now)
    _replace(OpeningHours, room, hours, starts_on, ends_on, by=by, action="opening_hours.changed")


@transaction.atomic
def keep(room, slots, *, starts_on, ends_on=None, by, now):
    """As change(), for the times that are kept for urgent patients."""
    policy.permit(by, ACTION)
    Resource.objects.select_for_update(no_key=True).get(pk=room.pk)
    _check_kept(room, slots, starts_on, ends_on, now)
    _replace(ReservedSlot, room, slots, starts_on, ends_on, by=by, action="reserved_slots.changed")


def preview_kept(room, slots, *, starts_on, ends_on=None, now):
    """Raise Invalid as keep() does. Nobody is affected: what is kept is only not offered to routine patients."""
    _check_kept(room, slots, starts_on, ends_on, now)
    if not _is_new(ReservedSlot, room, slots, starts_on, ends_on):
        raise Invalid(NOTHING_NEW)


def _check_kept(room, slots, starts_on, ends_on, now):
    days.check(room.site, starts_on, ends_on, now=now, earliest=days.tomorrow(room.site, now))
    _refuse_overlap([(each.weekday, each.starts, each.ends) for each in slots], on_call=False)


def _replace(model, room, wanted, starts_on, ends_on, *, by, action):
    rows = [asdict(each) for each in wanted]
    ended, begun = weekly.replace(model, room, rows, starts_on=starts_on, ends_on=ends_on)
    if not (ended or begun):
        raise Invalid(NOTHING_NEW)
    audit.record(
        action,
        room,
        by=by,
        resource=room.name,
        starts_on=str(starts_on),
        ends_on=str(ends_on or ""),
        rows=[{name: str(value) for name, value in row.items()} for row in rows],
    )


def _is_new(model, room, wanted, starts_on, ends_on):
    """Whether anything would be written."""
    with transaction.atomic():
        rows = [asdict(each) for each in wanted]
        changed = any(weekly.replace(model, room, rows, starts_on=starts_on, ends_on=ends_on))
        transaction.set_rollback(True)
    return changed


def _check(room, hours, starts_on, ends_on, now):
    days.check(room.site, starts_on, ends_on, now=now, earliest=days.tomorrow(room.site, now))
    for on_call in (False, True):
        spans = [(each.weekday, each.opens, each.closes) for each in hours if each.on_call == on_call]
        _refuse_overlap(spans, on_call=on_call)


def _refuse_overlap(spans, *, on_call):
    for (_, end, weekday), (start, _, _) in pairwise(_in_the_week(spans)):
        if start < end:
            sentence = f"Two times of {WEEKDAYS[weekday]} overlap. Let one end before the next begins."
            raise Invalid(sentence, fields={"hours": [sentence]}, weekday=weekday, on_call=on_call)


def _in_the_week(spans):
    """(from, to, weekday) in minutes of the week, in order; the first comes again a week later."""
    found = []
    for weekday, begins, ends in spans:
        first = weekday * DAY_MINUTES + begins.hour * 60 + begins.minute
        length = (ends.hour - begins.hour) * 60 + ends.minute - begins.minute
        found.append((first, first + (length if length > 0 else length + DAY_MINUTES), weekday))
    found.sort()
    if found:
        first, end, weekday = found[0]
        found.append((first + WEEK_MINUTES, end + WEEK_MINUTES, weekday))
    return found


def _as_engine(room, wanted=None, starts_on=None, ends_on=None):
    """(weekly hours, on call) of the room as they are, or as they would be."""
    with transaction.atomic():
        if wanted is not None:
            rows = [asdict(each) for each in wanted]
            weekly.replace(OpeningHours, room, rows, starts_on=starts_on, ends_on=ends_on)
        found = [(calendars.weekly(row), row.on_call) for row in OpeningHours.objects.filter(resource=room)]
        if wanted is not None:
            transaction.set_rollback(True)
    return found
