"""Where whole visits are still to be had: each day of the next weeks with how many starts it has, in one query."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

import holidays

from scheduling.engine import heat as engine
from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.intervals import clip
from scheduling.engine.itinerary import PATIENT
from scheduling.services import availability, calendars, recheck, search, wishes
from scheduling.services.occupancy import OWN_HOLD
from scheduling.services.search import NO_WISHES
from vqflow import policy
from vqflow.errors import Conflict

CLOSED, NO_STAFF = "Closed", "Nobody on shift"
WEEKS = 6
DAYS = WEEKS * 7


@dataclass(frozen=True, slots=True)
class Day:
    """One local day. `starts`: how many starts of the lungs whole visits have, `wished` those within the wishes.

    `best_at`: the first of those that fit the wishes, else the first of all, None without any. `closed`: why
    nobody can come at all, as a word or the name of a holiday; empty on a day that is open.
    """

    day: date
    starts: int
    wished: int
    best_at: datetime | None
    closed: str = ""


def of_order(order, *, first_day, by, now, days=DAYS, xray_ended_at=None, wished=NO_WISHES):
    """The Days of `days` local days from `first_day` on for a first appointment. What is held for it is free.

    Raises Conflict when the order cannot be booked.
    """
    policy.permit(by, "itinerary.search")
    if refusal := search.why_not_book(order):
        raise Conflict(refusal)
    question = availability.search_for(
        order,
        first_day=first_day,
        days=days,
        now=now,
        xray_ended_at=xray_ended_at,
        waived=None,
        hold=OWN_HOLD,
    )
    return _days(order, question, first_day, days, wished)


def of_appointment(appointment, *, first_day, by, now, days=DAYS, wished=NO_WISHES):
    """The same for another time of an appointment; what is performed stays. Conflict when it cannot be moved."""
    policy.permit(by, "appointment.move")
    if refusal := search.why_not_move(appointment):
        raise Conflict(refusal)
    period = {"first_day": first_day, "days": days}
    question = recheck.question_of(appointment, period, now, hold=OWN_HOLD)
    return _days(appointment.procedure.order, question, first_day, days, wished)


def _days(order, question, first_day, days, wished):
    ranking = replace(wishes.ranking(order, wished, question), capacity=None)
    found = {question.day_of(each.begins): each for each in engine.by_day(replace(question, ranking=ranking))}
    calendar = calendars.at_hand(order.site_id, question.earliest)
    needed = {
        need.capabilities
        for step in question.steps
        for need in step.needs
        if PATIENT not in need.capabilities
    }
    shown = []
    for number in range(days):
        day = first_day + timedelta(days=number)
        each = found.get(day.toordinal())
        closed = "" if each and each.starts else _closed(calendar, needed, day)
        shown.append(_shown(day, each, closed))
    return tuple(shown)


def _shown(day, found, closed):
    if found is None:
        return Day(day, 0, 0, None, closed)
    best = found.first if found.first_wished is None else found.first_wished
    return Day(day, found.starts, found.wished, None if best is None else to_datetime(best), closed)


def _closed(calendar, needed, day):
    """Why some step has no room or nobody at all on a day; empty where each has one."""
    begins, ends = local_day_bounds(day, calendar.zone)
    there = [
        bookable.capabilities
        for bookable, minutes in zip(calendar.bookables, calendar.open_in(begins, ends), strict=True)
        if clip(minutes, begins, ends)
    ]
    missing = [wanted for wanted in needed if not any(wanted <= able for able in there)]
    if not missing:
        return ""
    if day in (names := holiday_names(calendar.country, calendar.subdivision, day.year)):
        return names[day]
    is_staff = all(any(each.startswith("technologist") for each in wanted) for wanted in missing)
    return NO_STAFF if is_staff else CLOSED


@lru_cache(maxsize=64)
def holiday_names(country, subdivision, year):
    """{date: name} of the public holidays of one year, in English where the calendar has it."""
    known = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language="en_US")
    return {day: name.split(";")[0] for day, name in known.items()}
