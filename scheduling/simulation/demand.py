"""The requests that come in: by chance, but the same for the same seed, whatever the set-up can do with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from scheduling.simulation.setups import DAY, Demand, Setup, Span

_QUARTER = 15


@dataclass(frozen=True, slots=True)
class Request:
    """`wish`: minutes of the day [from, to] at which the lung scan may begin; None for any time."""

    number: int
    asked_at: int
    priority: str
    within_days: int
    is_inpatient: bool
    needs_xray: bool
    wish: Span | None
    notice_minutes: int


def requests(setup: Setup, *, seed: int, days: int) -> list[Request]:
    """The requests of the days [0, days), in the order in which they come."""
    demand, dice = setup.demand, Random(f"{seed}:requests")
    asked = sorted(minute for day in range(days) for minute in _minutes(demand, day, dice))
    return [_request(setup, number, minute, dice) for number, minute in enumerate(asked)]


def _minutes(demand: Demand, day: int, dice: Random) -> Iterator[int]:
    hours, weights = list(demand.by_hour), list(demand.by_hour.values())
    for _ in range(poisson(dice, demand.per_weekday[day % 7])):
        yield day * DAY + dice.choices(hours, weights)[0] * 60 + dice.randrange(60)


def poisson(dice: Random, mean: float) -> int:
    """A Poisson number, by the exponential gaps between events of one unit of time."""
    count, at = 0, dice.expovariate(1)
    while at < mean:
        count, at = count + 1, at + dice.expovariate(1)
    return count


def _request(setup: Setup, number: int, minute: int, dice: Random) -> Request:
    # Every die is thrown for everybody: another share must not change who comes when.
    demand = setup.demand
    priority = dice.choices(demand.priorities, [each.share for each in demand.priorities])[0]
    is_inpatient = dice.random() < demand.inpatients
    needs_xray = dice.random() < demand.need_xray
    is_flexible = dice.random() < demand.flexible
    wish = _wish(setup, dice)
    return Request(
        number=number,
        asked_at=minute,
        priority=priority.name,
        within_days=priority.within_days,
        is_inpatient=is_inpatient,
        needs_xray=needs_xray,
        wish=None if is_inpatient or is_flexible else wish,
        notice_minutes=demand.inpatient_notice_minutes if is_inpatient else demand.notice_minutes,
    )


def _wish(setup: Setup, dice: Random) -> Span:
    length = min(dice.choice(setup.demand.wish_hours) * 60, setup.closes - setup.opens)
    begins = setup.opens + dice.randint(0, (setup.closes - setup.opens - length) // _QUARTER) * _QUARTER
    return begins, begins + length
