"""Shifts of one person: planned, replaced or taken away for the chosen weekdays of a period."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import TextChoices

from scheduling.engine.calendars import local_day_bounds, local_minute, to_datetime, to_minute
from scheduling.engine.intervals import normal
from scheduling.models import Resource, Shift
from scheduling.services.department import affected, days
from scheduling.services.department.changes import ACTION, NOTHING_NEW
from scheduling.templatetags import clock
from vqflow import audit, policy
from vqflow.errors import Invalid

DAY = timedelta(days=1)
LONGEST_DAYS = 400
FAR_MINUTES = 10 * 366 * 24 * 60


class Work(TextChoices):
    WORKS = "works", "Works"
    ON_CALL = "on_call", "On call at home"
    OFF = "off", "Does not work"


@dataclass(frozen=True, slots=True)
class Roster:
    """What a person does on `weekdays` (Monday is 0) from the first to the last local day.

    Work at certain times replaces work, being on call replaces being on call, and being off replaces both.
    A night belongs to the day on which it begins: `ends` at or before `begins` is on the next day.
    """

    work: str
    weekdays: frozenset[int]
    first_day: date
    last_day: date
    begins: time | None = None
    ends: time | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a roster would do: shifts that go and come, and who would lose the person."""

    gone: list[Shift]
    new: list[Shift]
    affected: list


def preview(person, roster, *, now):
    """The Difference; Invalid for days or times out of order, an overlap, and where nothing would change."""
    _check(person, roster, now)
    gone, new = _gone(person, roster), _new(person, roster)
    same = {(row.span.lower, row.span.upper, row.on_call) for row in gone} & {
        (row.span.lower, row.span.upper, row.on_call) for row in new
    }
    gone, new = ([row for row in rows if _key(row) not in same] for rows in (gone, new))
    if not (gone or new):
        raise Invalid(NOTHING_NEW)
    kept = _kept(person, roster, gone)
    _refuse_overlap(person, kept, new)
    lost = affected.outside_shifts(
        person, _minutes([*kept, *gone]), _minutes([*kept, *new]), starts_on=roster.first_day, now=now
    )
    return Difference(gone, new, lost)


@transaction.atomic
def plan(person, roster, *, by, now):
    """Write what preview() shows, and return it. What is booked stays booked."""
    policy.permit(by, ACTION)
    Resource.objects.select_for_update(no_key=True).get(pk=person.pk)
    found = preview(person, roster, now=now)
    Shift.objects.filter(pk__in=[row.pk for row in found.gone]).delete()
    Shift.objects.bulk_create(found.new)
    audit.record(
        "shifts.changed",
        person,
        by=by,
        resource=person.name,
        work=roster.work,
        first_day=str(roster.first_day),
        last_day=str(roster.last_day),
        gone=len(found.gone),
        new=len(found.new),
    )
    return found


def outside(person, *, now):
    """Who is booked with somebody who does not work then."""
    rows = Shift.objects.filter(resource=person, span__endswith__gt=now)
    always = ((0, to_minute(now) + FAR_MINUTES),)
    return affected.outside_shifts(
        person, always, _minutes(rows), starts_on=days.today(person.site, now), now=now
    )


def between(person, first_day, last_day):
    """The shifts that begin on these local days, in order."""
    zone = ZoneInfo(person.site.time_zone)
    first, last = local_day_bounds(first_day, zone)[0], local_day_bounds(last_day, zone)[1]
    rows = Shift.objects.filter(
        resource=person, span__startswith__gte=to_datetime(first), span__startswith__lt=to_datetime(last)
    )
    return list(rows.order_by("span"))


def _check(person, roster, now):
    today = days.today(person.site, now)
    if roster.first_day < today:
        _refuse("first_day", f"This is over. Choose {clock.day(today)} or a later day.")
    if roster.last_day < roster.first_day:
        _refuse("last_day", "The last day is before the first. Choose a later one.")
    if roster.last_day - roster.first_day > timedelta(days=LONGEST_DAYS):
        _refuse("last_day", f"Plan at most {LONGEST_DAYS} days at once. Choose an earlier last day.")
    if not roster.weekdays:
        _refuse("weekdays", "Choose at least one weekday.")
    if roster.work != Work.OFF and (roster.begins is None or roster.ends is None):
        _refuse("begins" if roster.begins is None else "ends", "Enter when the shift begins and ends.")


def _gone(person, roster):
    replaced = {Work.WORKS: [False], Work.ON_CALL: [True], Work.OFF: [False, True]}[Work(roster.work)]
    zone = ZoneInfo(person.site.time_zone)
    return [
        row
        for row in between(person, roster.first_day, roster.last_day)
        if row.on_call in replaced and row.span.lower.astimezone(zone).weekday() in roster.weekdays
    ]


def _new(person, roster):
    if roster.work == Work.OFF:
        return []
    zone, on_call = ZoneInfo(person.site.time_zone), roster.work == Work.ON_CALL
    over_night = roster.ends <= roster.begins
    count = (roster.last_day - roster.first_day).days + 1
    dates = (roster.first_day + DAY * n for n in range(count))
    spans = [
        (
            local_minute(day, roster.begins, zone),
            local_minute(day + DAY if over_night else day, roster.ends, zone),
        )
        for day in dates
        if day.weekday() in roster.weekdays
    ]
    # In the night in which the clock goes forward a shift within the hour that is left out has no minutes.
    return [
        Shift(resource=person, on_call=on_call, span=DateTimeTZRange(to_datetime(begins), to_datetime(ends)))
        for begins, ends in spans
        if begins < ends
    ]


def _kept(person, roster, gone):
    """The person's other shifts about this time."""
    zone = ZoneInfo(person.site.time_zone)
    first, last = (
        datetime.combine(day, time(), zone) for day in (roster.first_day - DAY, roster.last_day + 3 * DAY)
    )
    rows = Shift.objects.filter(resource=person, span__overlap=(first, last))
    return list(rows.exclude(pk__in=[row.pk for row in gone]))


def _refuse_overlap(person, kept, new):
    every = sorted([*kept, *new], key=lambda row: row.span.lower)
    for one, other in pairwise(every):
        if other.span.lower < one.span.upper:
            zone = person.site.time_zone
            words = f"{clock.at(other.span.lower, zone)} overlaps with the shift before it"
            _refuse("begins", f"The shift from {words}. Change the times, or take that shift away first.")


def _minutes(rows):
    return normal([(to_minute(row.span.lower), to_minute(row.span.upper)) for row in rows])


def _key(row):
    return row.span.lower, row.span.upper, row.on_call


def _refuse(field, sentence):
    raise Invalid(sentence, fields={field: [sentence]})
