"""What is free, as the engine's integers: a site's calendar less what is occupied, and the steps of one order."""

from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.engine import adjustments, screening, tracers
from scheduling.engine.calendars import day_number, local_day_bounds, to_minute
from scheduling.engine.itinerary import Search
from scheduling.examinations import XRAY_RULES, facts
from scheduling.models import StepKind
from scheduling.services import chains
from scheduling.services.calendars import clearance_minutes, public_holidays
from scheduling.services.freetime import FreeTime
from scheduling.services.tracers import stock
from vqflow.pipelines import several

__all__ = ["clearance_minutes", "public_holidays", "search_for"]

GRID_MINUTES = 5


def search_for(
    order,
    *,
    first_day,
    days,
    now,
    xray_ended_at=None,
    free_of=None,
    skip=(),
    waived=frozenset(),
    hold=None,
    overbooking=False,
    lazy=False,
    under=several,
):
    """The engine's question for one order: `days` local days from `first_day` on, nothing before `now`.

    `xray_ended_at`: an X-ray that is done already. `waived`: rules of the X-ray window that a physician has
    overridden: without CXR-1 no X-ray is planned, without CXR-2 or CXR-3 that end of the window falls; None
    reads them. `free_of`: an appointment whose own reservations do not count; `hold`: the token of a hold whose
    rows do not count; `skip`: kinds of steps that are performed already. `overbooking`: rooms and people count
    as free whenever they are there. `lazy`: only the first days are read now, the others when the engine asks.
    `under`: carries out the statement in place of vqflow.pipelines.several, once it holds what it locks.
    One query while the calendar is unchanged.
    """
    zone = ZoneInfo(order.site.time_zone)
    earliest = max(local_day_bounds(first_day, zone)[0], to_minute(now) + 1)
    latest = max(earliest, local_day_bounds(first_day + timedelta(days=days - 1), zone)[1])
    time = FreeTime(order, earliest, latest, overbooking=overbooking, now=now, free_of=free_of, hold=hold)
    moment = time.first(lazy=lazy, under=under)
    if waived is None:
        waived = moment.overridden & XRAY_RULES
    steps = _steps(
        order, time.calendar, moment, skip=skip, waived=waived, xray_ended_at=xray_ended_at, now=now
    )
    return Search(
        steps=_with_doses(steps, order, time.calendar, moment, now=now, horizon=(earliest, latest)),
        resources=time.resources(),
        earliest=earliest,
        latest=latest,
        known_end=_ceil_minute(xray_ended_at) if xray_ended_at else None,
        day_of=day_number(zone),
        grid_minutes=GRID_MINUTES,
        known_until=time.known_until,
        more=time.resources,
        batches=moment.batches,
    )


def _ceil_minute(moment):
    return to_minute(moment + timedelta(seconds=59, microseconds=999999))


def _steps(order, calendar, moment, *, skip, waived, xray_ended_at, now):
    no_xray = bool(xray_ended_at) or "CXR-1" in waived
    protocol = order.procedure.protocol
    return chains.steps_of(
        calendar.protocols[protocol.pk],
        site=order.site,
        agent=protocol.agent,
        found=_circumstances(frozenset(moment.answers.items()), facts(order, now)),
        offered=calendar.offered,
        skip={*skip, *([StepKind.XRAY] if no_xray else [])},
        waived=waived,
    )


def _with_doses(steps, order, calendar, moment, *, now, horizon):
    """The steps with what they need of each tracer, and only the starts at which it is left."""
    templates = {each.kind: each for each in calendar.protocols[order.procedure.protocol_id] if each.tracer}
    if not templates or not (calendar.supplies or moment.batches):
        return steps
    person = facts(order, now)
    found = _circumstances(frozenset(moment.answers.items()), person)
    needs = {kind: tracers.need_of(each, found, person.age_years) for kind, each in templates.items()}
    kept = stock.kept(calendar.supplies, moment.single, calendar.zone, *horizon)
    return tracers.with_doses(steps, needs, moment.batches, kept, horizon)


@lru_cache(maxsize=256)
def _circumstances(answers, known):
    return adjustments.circumstances(screening.evaluate(dict(answers), known))
