"""What the patient wishes of a time, and what the department weighs: the engine's ranking for one search."""

from dataclasses import dataclass
from datetime import date, time
from zoneinfo import ZoneInfo

from scheduling.engine import capacity
from scheduling.engine.ranking import EARLIEST_FIRST, Ranking, wished_minutes
from scheduling.models import PatientClass, Priority, StepKind
from scheduling.services import calendars, chains

EVERY_DAY = tuple(range(7))
DAY_BEGINS, DAY_ENDS = time(0), time(0)

# Costs are minutes that the patient would rather wait: a second trip is worth three hours of waiting, an hour
# between X-ray and lungs five minutes. A routine day of waiting weighs two hours, an urgent one two days.
WAITING_PER_DAY = {Priority.ROUTINE: 120, Priority.URGENT: 2880}
SECOND_TRIP, IDLE_PER_HOUR, GAP_PER_MINUTE = 180, 5, 1
OUTSIDE_WISHES = 480
PATIENT_LESS = 60
"""So many minutes may a flexible patient come later on a day, so that one more patient fits into it."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """`weekdays` (Monday is 0) and local times between which the patient would like to be examined.

    `same_day_only`: the X-ray on the day of the scan or not at all. `is_flexible`: any time will do, so one
    that leaves most room for others is taken.
    """

    weekdays: tuple[int, ...] = ()
    from_time: time | None = None
    until_time: time | None = None
    same_day_only: bool = False
    is_flexible: bool = False

    def __bool__(self):
        return any((self.weekdays, self.from_time, self.until_time, self.same_day_only, self.is_flexible))


def ranking(order, wishes, question):
    """The engine's Ranking for one order: earliest first unless something is wished for."""
    if not wishes:
        return EARLIEST_FIRST
    return Ranking(
        waiting_per_day=WAITING_PER_DAY.get(order.priority, 0),
        second_trip=0 if order.patient_class == PatientClass.INPATIENT else SECOND_TRIP,
        gap_per_minute=GAP_PER_MINUTE,
        idle_per_hour=IDLE_PER_HOUR,
        outside_wishes=OUTSIDE_WISHES,
        wished=_wished(wishes, order.site.time_zone, question),
        same_day_only=wishes.same_day_only,
        capacity=_capacity(order.site, question) if wishes.is_flexible else None,
        capacity_weight=PATIENT_LESS,
    )


def _capacity(site, question):
    """How many standard patients fewer fit on the day, or None where the search has not their rooms."""
    templates = calendars.at_hand(site.pk, question.earliest).standard
    lungs = chains.steps_of(templates, site=site, skip={StepKind.XRAY})
    return capacity.term(question, lungs) if lungs else None


def _wished(wishes, zone, question):
    if not (wishes.weekdays or wishes.from_time or wishes.until_time):
        return None
    return wished_minutes(
        wishes.weekdays or EVERY_DAY,
        wishes.from_time or DAY_BEGINS,
        wishes.until_time or DAY_ENDS,
        zone=ZoneInfo(zone),
        first_day=date.fromordinal(question.day_of(question.earliest)),
        last_day=date.fromordinal(question.day_of(max(question.earliest, question.latest - 1))),
    )
