"""A site's calendar, kept in the process: rooms, people, hours, shifts, closures, holidays and protocols.

It is right for one version (scheduling/models/versions.py). The version is read in the same statement as the
occupied times, so a search under locks sees every closure that was committed before them.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays
from django.db.models import OuterRef, Q, Subquery

from scheduling.engine import quality
from scheduling.engine.adjustments import implied
from scheduling.engine.calendars import WeeklyHours, local_day_bounds, open_minutes, to_datetime
from scheduling.engine.catalogue import StepTemplate
from scheduling.engine.clearance import last_gas_day
from scheduling.engine.intervals import Intervals, clip, normal, subtract, union
from scheduling.engine.reserved import ReservedHours
from scheduling.models import (
    CalendarVersion,
    Capability,
    CheckPlan,
    Closure,
    OpeningHours,
    Protocol,
    QualityCheck,
    ReservedSlot,
    Resource,
    ResourceKind,
    Shift,
    Site,
    TracerSupply,
)
from scheduling.models.appointments import EpochMinute
from scheduling.models.versions import BLOCK_MINUTES
from scheduling.services import chains
from scheduling.services.tracers import stock

SITES_KEPT = 32
PERIODS_KEPT = 32
TRIES = 5
LOOKS_BACK = 7 * 24 * 60
"""Minutes before the first question's start that are loaded too: later questions may begin a little earlier."""

_kept: dict[int, "Calendar"] = {}


@dataclass(frozen=True, slots=True)
class Bookable:
    """A room or a person: what it can do, and when it is there at all."""

    id: int
    name: str
    capabilities: frozenset[str]
    clearance_minutes: int
    hours: tuple[WeeklyHours, ...]
    shifts: Intervals
    closed: Intervals
    on_call_hours: tuple[WeeklyHours, ...] = ()
    on_call_shifts: Intervals = ()
    gas_until: int | None = None
    """The minute from which xenon may not be planned here any more; None where no gas is ever given."""
    gas_checks: tuple[tuple[quality.Plan, quality.Check | None], ...] = ()
    """The checks of the room's air and trap, with the newest of each."""
    reserved: tuple[ReservedHours, ...] = ()

    @property
    def is_on_call(self) -> bool:
        return bool(self.on_call_hours or self.on_call_shifts)


@dataclass(frozen=True, slots=True)
class Calendar:
    """One site at one version. Shifts and closures are complete from the minute `since` on."""

    version: UUID | None
    since: int
    zone: ZoneInfo
    country: str
    subdivision: str
    bookables: tuple[Bookable, ...]
    protocols: dict[int, tuple[StepTemplate, ...]]
    standard: tuple[StepTemplate, ...]
    """What most patients have done: by their kind the room that is left is counted."""
    offered: frozenset[str]
    """All that some resource of the site can do."""
    longest_clearance: int
    supplies: tuple[tuple[str, int, int | None], ...] = ()
    """Weekly plans of tracers: product, first minute, end or None."""

    _weeks: dict[tuple[int, bool], list[Intervals]] = field(default_factory=dict)
    _periods: dict[tuple[int, int, bool], list[Intervals]] = field(default_factory=dict)

    @property
    def resource_ids(self) -> list[int]:
        return [each.id for each in self.bookables]

    def open_in(self, earliest: int, latest: int, *, on_call: bool = False) -> list[Intervals]:
        """When each of `bookables` is there, or can be called in, for at least the minutes [earliest, latest)."""
        week, last = self._week_of(earliest), self._week_of(max(earliest, latest - 1))
        found = self._periods.get((week, last, on_call))
        if found is None:
            weeks = [self._week(each, on_call) for each in range(week, last + 1)]
            found = [union(*each) for each in zip(*weeks, strict=True)]
            if len(self._periods) >= PERIODS_KEPT:
                self._periods.clear()
            self._periods[week, last, on_call] = found
        return found

    def _week_of(self, minute):
        return to_datetime(minute).astimezone(self.zone).toordinal() // 7

    def _week(self, number, on_call):
        if (number, on_call) not in self._weeks:
            there = self._called_in if on_call else self._there
            days = date.fromordinal(number * 7), date.fromordinal(number * 7 + 6)
            self._weeks[number, on_call] = [
                subtract(there(each, *days), each.closed) for each in self.bookables
            ]
        return self._weeks[number, on_call]

    def _there(self, bookable, first, last):
        if bookable.shifts or not bookable.hours:
            return clip(bookable.shifts, *self._bounds(first, last))
        free_days = public_holidays(self.country, self.subdivision, first.year, last.year)
        return open_minutes(
            bookable.hours, zone=self.zone, first_day=first, last_day=last, closed_days=free_days
        )

    def _called_in(self, bookable, first, last):
        """Emergencies know no holidays."""
        hours = open_minutes(bookable.on_call_hours, zone=self.zone, first_day=first, last_day=last)
        return union(hours, clip(bookable.on_call_shifts, *self._bounds(first, last)))

    def _bounds(self, first, last):
        return local_day_bounds(first, self.zone)[0], local_day_bounds(last, self.zone)[1]


def at_hand(site_id, since):
    """The site's calendar as this process has it, perhaps no longer right; complete from the minute `since` on."""
    known = _kept.get(site_id)
    return known if known is not None and known.since <= since else read(site_id, since)


def read(site_id, since):
    """The site's calendar from the database, kept for later. A fixed number of queries, unless it changes meanwhile."""
    # At the begin of a block: what blocks.py keeps for a version must not depend on who asked first.
    since = (since - LOOKS_BACK) // BLOCK_MINUTES * BLOCK_MINUTES
    version = _version(site_id)
    for _ in range(TRIES):
        found, before = _read(site_id, since, version), version
        version = _version(site_id)
        if version == before:
            break
    if len(_kept) >= SITES_KEPT:
        _kept.clear()
    _kept[site_id] = found
    return found


def _version(site_id):
    return CalendarVersion.objects.filter(pk=site_id).values_list("version", flat=True).first()


def _read(site_id, since, version):
    site = Site.objects.get(pk=site_id)
    protocols = Protocol.objects.filter(site=site_id).order_by("pk").prefetch_related("steps")
    templates = {protocol.pk: chains.templates(protocol) for protocol in protocols}
    zone = ZoneInfo(site.time_zone)
    bookables = tuple(_bookables(site_id, since, zone))
    return Calendar(
        version=version,
        since=since,
        zone=zone,
        country=site.country,
        subdivision=site.subdivision,
        bookables=bookables,
        protocols=templates,
        standard=_standard(protocols, templates),
        offered=frozenset().union(*(each.capabilities for each in bookables)),
        longest_clearance=max((each.clearance_minutes for each in bookables), default=0),
        supplies=stock.supply_spans(TracerSupply.objects.filter(site=site_id), zone),
    )


def _standard(protocols, templates):
    first = next((each for each in protocols if each.key == "V_THEN_Q" and each.is_active), None)
    return templates[first.pk] if first else ()


def _bookables(site_id, since, zone):
    resources = Resource.objects.filter(site=site_id, is_active=True).exclude(kind=ResourceKind.PATIENT)
    hours, reserved = _hours(site_id, since, zone), _reserved(site_id, since, zone)
    shifts, closed = _shifts(site_id, since), _closures(site_id, since)
    gas_checks = _gas_checks(site_id)
    for row in resources.select_related("room").order_by("pk"):
        yield Bookable(
            id=row.pk,
            name=row.name,
            capabilities=implied(row.capabilities),
            clearance_minutes=clearance_minutes(row),
            hours=tuple(hours[row.pk, False]),
            shifts=normal(shifts[row.pk, False]),
            closed=normal(closed[row.pk] + closed[None]),
            on_call_hours=tuple(hours[row.pk, True]),
            on_call_shifts=normal(shifts[row.pk, True]),
            gas_until=_gas_until(row, zone),
            gas_checks=tuple(gas_checks[row.pk]),
            reserved=tuple(reserved[row.pk]),
        )


def _gas_until(resource, zone):
    """Gas needs a room whose volume is known and whose exhaust was measured in the last six months."""
    if Capability.NEGATIVE_PRESSURE not in resource.capabilities:
        return None
    room = resource.room if has_room(resource) else None
    last = room and last_gas_day(room.volume_m3, room.exhaust_m3_per_h, room.exhaust_measured_on)
    return local_day_bounds(last, zone)[1] if last else 0


def _gas_checks(site_id):
    """The planned checks of rooms for gas by room, with the newest that stands of each."""
    newest = QualityCheck.objects.standing().filter(plan=OuterRef("pk")).order_by("-done_at", "-pk")
    plans = CheckPlan.objects.filter(site=site_id, is_active=True, kind__in=quality.OF_GAS)
    checks = defaultdict(list)
    for row in plans.select_related("room").annotate(
        done_at=Subquery(newest.values("done_at")[:1]), passed=Subquery(newest.values("passed")[:1])
    ):
        plan = quality.Plan(quality.Kind(row.kind), row.room.name, row.every_days, row.due_time)
        checks[row.room_id].append((plan, quality.Check(row.done_at, row.passed) if row.done_at else None))
    return checks


def clearance_minutes(resource):
    """Minutes that this room needs after every examination, beyond the protocol's."""
    return resource.room.clearance_minutes if resource.kind == ResourceKind.ROOM and has_room(resource) else 0


def has_room(resource):
    return hasattr(resource, "room")


def _hours(site_id, since, zone):
    """Weekly hours by (resource, on call)."""
    hours = defaultdict(list)
    for row in _not_over(OpeningHours.objects.filter(resource__site=site_id), since, zone):
        hours[row.resource_id, row.on_call].append(weekly(row))
    return hours


def weekly(row):
    """Opening hours as the engine takes them."""
    return WeeklyHours(row.weekday, row.opens, row.closes, row.starts_on, row.ends_on)


def _reserved(site_id, since, zone):
    reserved = defaultdict(list)
    for row in _not_over(ReservedSlot.objects.filter(resource__site=site_id), since, zone):
        hours = WeeklyHours(row.weekday, row.starts, row.ends, row.starts_on, row.ends_on)
        reserved[row.resource_id].append(ReservedHours(hours, row.open_to_all_minutes_before))
    return reserved


def _not_over(rows, since, zone):
    """Without those that were over before `since`, except for a night that began the evening before."""
    first = to_datetime(since).astimezone(zone).date() - timedelta(days=1)
    return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=first))


def _shifts(site_id, since):
    """Minutes by (resource, on call)."""
    rows, shifts = Shift.objects.filter(resource__site=site_id, resource__is_active=True), defaultdict(list)
    for on_call in (False, True):
        for resource_id, minutes in _spans(rows.filter(on_call=on_call), since).items():
            shifts[resource_id, on_call] = minutes
    return shifts


def _closures(site_id, since):
    return _spans(Closure.objects.filter(site=site_id), since)


def _spans(rows, since):
    """Minutes from `since` on, by resource; a minute that is only partly in a span belongs to it."""
    spans = defaultdict(list)
    rows = rows.filter(span__overlap=(to_datetime(since), None)).annotate(
        start_minute=EpochMinute("lower", "floor"), end_minute=EpochMinute("upper", "ceil")
    )
    for resource_id, start, end in rows.values_list("resource_id", "start_minute", "end_minute"):
        spans[resource_id].append((start, end))
    return spans


@lru_cache(maxsize=64)
def public_holidays(country, subdivision, first_year, last_year):
    """The public holidays of a country as a frozenset of dates."""
    years = range(first_year, last_year + 1)
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=years))
