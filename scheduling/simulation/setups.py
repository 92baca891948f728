"""What is simulated: rooms, people, kits, requests and mishaps of a department."""

from collections.abc import Mapping
from dataclasses import dataclass

from scheduling.engine.catalogue import Protocol

DAY = 24 * 60
FIRST_FIT, CAPACITY = "first_fit", "capacity"
RANKINGS = (CAPACITY, FIRST_FIT)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Unit:
    """A room, or one person. `spans`: minutes of an open day; `group`: what the figures call it.

    `breaks_down_every_days`: mean number of open days between two breakdowns, 0 for never.
    """

    id: int
    name: str
    group: str
    capabilities: frozenset[str]
    spans: tuple[Span, ...]
    is_room: bool
    breaks_down_every_days: float = 0.0
    repair_minutes: float = 0.0


@dataclass(frozen=True, slots=True)
class Kit:
    """Doses for one step, for starts from `ready` (minute of every open day) until they expire."""

    step: str
    ready: int
    lasts_minutes: int
    doses: int


@dataclass(frozen=True, slots=True)
class Priority:
    """`within_days`: open days after that of the request; a later scan is no use to the patient."""

    name: str
    share: float
    within_days: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Requests: how many on each weekday, at what hours, and what the patients need and wish.

    `flexible`: share of the outpatients who come at any time; the others can begin the lung scan only within a
    window of one of `wish_hours`, the same every day. An inpatient comes at any time.
    `notice_minutes`: from the request to the earliest arrival.
    """

    per_weekday: tuple[float, ...]
    by_hour: Mapping[int, float]
    need_xray: float
    inpatients: float
    flexible: float
    wish_hours: tuple[int, ...]
    notice_minutes: int
    inpatient_notice_minutes: int
    priorities: tuple[Priority, ...]


@dataclass(frozen=True, slots=True)
class Mishaps:
    """What makes a day differ from its plan.

    `late_mean_minutes` and `late_spread_minutes`: of a normal distribution; early is negative. `repeat`: share
    of the acquisitions whose pictures are taken again. `durations`: least, most frequent and greatest multiple
    of each planned time (triangular). `overtime_limit_minutes`: nothing begins later after closing.
    """

    no_show: float
    late_mean_minutes: float
    late_spread_minutes: float
    repeat: float
    repeat_minutes: int
    durations: tuple[float, float, float]
    overtime_limit_minutes: int


@dataclass(frozen=True, slots=True)
class Run:
    weeks: int
    warm_up_weeks: int
    seeds: int


@dataclass(frozen=True, slots=True)
class Setup:
    """`xray_lag`: planned minutes from the X-ray to the lungs: 1 to 24 h with 10 minutes in hand at either end."""

    name: str
    protocol: Protocol
    ranking: str
    grid_minutes: int
    weekdays: frozenset[int]
    opens: int
    closes: int
    units: tuple[Unit, ...]
    kits: tuple[Kit, ...]
    demand: Demand
    mishaps: Mishaps
    run: Run
    xray_lag: tuple[int, int] = (70, 1430)

    def is_open(self, day: int) -> bool:
        return day % 7 in self.weekdays

    def open_days(self, first: int, last: int) -> list[int]:
        """Of the days [first, last)."""
        return [day for day in range(first, last) if self.is_open(day)]

    def last_day(self, asked_day: int, within_days: int) -> int:
        """The open day that is `within_days` open days after `asked_day`."""
        day = asked_day
        while within_days:
            day += 1
            within_days -= self.is_open(day)
        return day
