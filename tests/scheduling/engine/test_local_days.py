"""Visits on the days when the clock changes, in ten zones: what the wall clock says is what is offered."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.engine import calendars
from scheduling.engine.days import Days
from scheduling.engine.itinerary import Need, ResourceFree, Search, Step, search
from scheduling.engine.ranking import wished_minutes
from tests.scheduling.engine.test_calendars import (
    DAY,
    EVERY_DAY,
    SHIFTS,
    ZONES,
    by_wall_clock,
    clock_changes,
)

GRID = 15


def asked(zone, day, steps, shifts):
    """Three local days around `day`; the nth step has the nth room, open as the nth of the shifts."""
    first, last = day - DAY, day + DAY
    rooms = tuple(
        ResourceFree(n, f"Room {n}", frozenset({f"room {n}"}), opened(zone, first, last, shift))
        for n, shift in enumerate(shifts)
    )
    earliest = calendars.local_day_bounds(first, zone)[0]
    latest = calendars.local_day_bounds(last, zone)[1]
    day_of = calendars.day_number(zone)
    return Search(steps, rooms, earliest, latest, None, day_of, grid_minutes=GRID)


def hours(shift):
    return [calendars.WeeklyHours(weekday, *SHIFTS[shift]) for weekday in EVERY_DAY]


def opened(zone, first, last, shift):
    return calendars.open_minutes(hours(shift), zone=zone, first_day=first, last_day=last)


def step(key, number, **more):
    return Step(key, 30, (Need(frozenset({f"room {number}"}), 5, 40),), **more)


def within(free, starts):
    return {t for t in starts if all(minute in free for minute in range(t - 5, t + 40))}


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("shift", ["day", "afternoon", "night"])
def test_a_start_is_offered_exactly_when_the_wall_clock_reads_open(zone_name, shift):
    zone = ZoneInfo(zone_name)
    for day in clock_changes(zone):
        wanted = asked(zone, day, (step("q", 0),), [shift])
        found = {each.steps[0].start for each in search(wanted, limit=1000)}
        free = by_wall_clock(hours(shift), zone, day - DAY, day + DAY)
        assert found == within(free, range(min(free) // GRID * GRID, max(free) + 1, GRID)), (zone_name, day)


@pytest.mark.parametrize("zone_name", ZONES)
def test_a_chain_over_noon_stays_on_its_local_day_when_the_clock_changes(zone_name):
    """Ventilation in the day shift, perfusion in the afternoon of the same local day, 1 to 6 hours later."""
    zone = ZoneInfo(zone_name)
    for day in clock_changes(zone):
        lungs = (step("v", 0), step("q", 1, lag_min=60, lag_max=360, same_day=True))
        wanted = asked(zone, day, lungs, ["day", "afternoon"])
        found = {each.steps[0].start: each.steps[1].start for each in search(wanted, limit=1000)}
        mornings = by_wall_clock(hours("day"), zone, day - DAY, day + DAY)
        afternoons = by_wall_clock(hours("afternoon"), zone, day - DAY, day + DAY)
        q_starts = sorted(within(afternoons, afternoons))
        expected = {}
        for v in within(mornings, range(min(mornings) // GRID * GRID, max(mornings) + 1, GRID)):
            after = (q for q in q_starts if v + 90 <= q <= v + 390 and local(q, zone) == local(v, zone))
            q = next(after, None)
            if q is not None:
                expected[v] = q
        assert found == expected, (zone_name, day)


def local(minute, zone):
    return calendars.to_datetime(minute).astimezone(zone).date()


@pytest.mark.parametrize("zone_name", [*ZONES, "Antarctica/Troll"])
def test_the_bounds_of_a_day_are_its_midnights(zone_name):
    zone = ZoneInfo(zone_name)
    days = Days(calendars.day_number(zone))
    for change in clock_changes(zone):
        for day in (change - DAY, change, change + DAY, change + 9 * DAY):
            low, high = calendars.local_day_bounds(day, zone)
            for minute in (low, low + 200, high - 1):
                assert days.bounds(minute) == (low, high)
            assert days.same(low, high - 1)
            assert not days.same(low, high)


def test_wishes_are_local_hours_on_both_sides_of_the_change():
    berlin, sunday = ZoneInfo("Europe/Berlin"), datetime(2026, 10, 25).date()  # noqa: DTZ001  a date
    found = wished_minutes(
        [5, 6], time(13), time(17), zone=berlin, first_day=sunday - 7 * DAY, last_day=sunday + DAY
    )
    read = [
        (local(low, berlin), calendars.to_datetime(low).astimezone(berlin).time(), high - low)
        for low, high in found
    ]
    assert read == [
        (sunday - timedelta(days=7), time(13), 240),
        (sunday - DAY, time(13), 240),
        (sunday, time(13), 240),
    ]
