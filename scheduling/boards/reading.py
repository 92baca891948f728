"""One board, from its rows and visits."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduling.boards import rows, visits
from scheduling.boards.values import Board
from scheduling.engine.calendars import local_day_bounds, to_minute
from scheduling.engine.intervals import union
from scheduling.services import projections

DAYS_OF_WEEK = 7


def of_week(day):
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def board(site, first_day, days, *, now):
    """The Board of `days` local days of a site from `first_day` on; with expected times if that is the day of now.

    Then it shows also who was planned before it and is still on a camera or waits for one.
    """
    zone, minute = ZoneInfo(site.time_zone), to_minute(now)
    shown = tuple(
        (day, *local_day_bounds(day, zone)) for day in (first_day + timedelta(days=n) for n in range(days))
    )
    low, high = shown[0][1], shown[-1][2]
    held = visits.holds(site, now)
    reserved = rows.reserved_rows(site, low, high, minute)
    calendar = rows.calendar(site, low)
    is_now = days == 1 and low <= minute < high
    expected, ahead, known = (
        _expected(site, first_day, now, calendar, (low, high)) if is_now else ({}, (), ())
    )
    found = visits.visits(site, low, high, minute, reserved, expected)
    if before := set(known) - set(found):
        late = rows.rows_of(before, low, expected)
        found |= visits.of_before(site, before, minute, late, expected)
        reserved = [*late, *reserved]
    steps = {step.id: (visit, step) for visit in found.values() for step in visit.steps}
    return Board(
        zone=zone,
        days=shown,
        rows=tuple(rows.rows(site, calendar, reserved, steps, held, (low, high), minute)),
        visits=tuple(sorted(found.values(), key=lambda visit: (_begins(visit, low), str(visit.id)))),
        batches=tuple(rows.batches(site, low, high)),
        held=tuple(held.values()),
        ahead=ahead,
    )


def _expected(site, day, now, calendar, span):
    """({step: its engine.projection.Expected}, what will not work out, the visits) of the day of now."""
    there, called = calendar.open_in(*span), calendar.open_in(*span, on_call=True)
    hours = {
        each.id: union(one, other) for each, one, other in zip(calendar.bookables, there, called, strict=True)
    }
    read, found = projections.of_day(site, day, now=now, hours=hours)
    return found.steps, tuple(projections.ahead(read, found)), [visit.id for visit in read.visits]


def _begins(visit, low):
    """When a visit begins on these days: its X-ray may lie on an earlier one."""
    starts = [_shown_at(step) for step in visit.steps]
    return min((at for at in starts if at is not None and at >= low), default=0)


def _shown_at(step):
    return step.start if step.start is not None else step.performed_start or step.performed_end
