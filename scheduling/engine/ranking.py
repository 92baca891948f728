"""What makes one visit better than another: whole-number costs, and the patient's wishes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, time
from zoneinfo import ZoneInfo

from scheduling.engine.calendars import WeeklyHours, open_minutes
from scheduling.engine.intervals import Intervals
from scheduling.engine.visit import Itinerary

DAY = 1440
HOUR = 60


@dataclass(frozen=True, slots=True)
class Ranking:
    """Weights of the cost of a visit, none negative; a smaller sum is better, and equal sums go by time.

    With the default weights every sum is 0: the earliest lung start first, then the X-ray on the same day and
    as late as possible.

    `waiting_per_day`: for every 1440 minutes from the begin of the search to the first lung step.
    `second_trip`: the X-ray, one that is still to be done, is on another local day than the lungs.
    `gap_per_minute`: between the end of a lung step and the start of the next.
    `idle_per_hour`: between the end of the X-ray and the first lung step.
    `outside_wishes`: for every step whose acquisition does not lie within `wished`, UTC minutes.
    `same_day_only`: no weight but a filter on what is offered: all steps on one local day.
    `capacity`: a further cost, times `capacity_weight`, that ranks the starts of the best day among each
    other; of that day `capacity_candidates` are looked at, spread evenly, the earliest among them.
    """

    waiting_per_day: int = 0
    second_trip: int = 0
    gap_per_minute: int = 0
    idle_per_hour: int = 0
    outside_wishes: int = 0
    wished: Intervals | None = None
    same_day_only: bool = False
    capacity: Callable[[Itinerary], int] | None = None
    capacity_weight: int = 1
    capacity_candidates: int = 16

    def __post_init__(self) -> None:
        weights = (
            self.waiting_per_day,
            self.second_trip,
            self.gap_per_minute,
            self.idle_per_hour,
            self.outside_wishes,
        )
        if min(weights) < 0 or self.capacity_candidates < 1:
            raise ValueError("A weight must not be negative, and capacity needs candidates.")

    @property
    def by_time_alone(self) -> bool:
        """Whether no sum of any visit is other than 0; the capacity term apart."""
        weights = self.waiting_per_day, self.second_trip, self.gap_per_minute, self.idle_per_hour
        return not any(weights) and (self.wished is None or not self.outside_wishes)


EARLIEST_FIRST = Ranking()


def wished_minutes(
    weekdays: Iterable[int], begins: time, ends: time, *, zone: ZoneInfo, first_day: date, last_day: date
) -> Intervals:
    """`Ranking.wished` of a patient who wishes to come on these weekdays (Monday is 0) between local times."""
    hours = [WeeklyHours(weekday, begins, ends) for weekday in weekdays]
    return open_minutes(hours, zone=zone, first_day=first_day, last_day=last_day)
