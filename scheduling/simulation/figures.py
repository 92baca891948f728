"""What simulated months come to: one number per figure and seed, and their mean with its 95 % interval."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist, fmean, stdev
from typing import TypeVar

from scheduling.simulation.setups import DAY, Unit
from scheduling.simulation.stories import End, Months, Story, Use, Work

T = TypeVar("T")

_T_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
    2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""Student's t: 97.5 % quantile for 1 to 30 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over seeds; the true one lies within `half` on either side in 95 of 100 such runs."""

    mean: float
    half: float

    @property
    def low(self) -> float:
        return self.mean - self.half

    @property
    def high(self) -> float:
        return self.mean + self.half


def interval(values: Sequence[float]) -> Interval:
    """Student's t interval of two or more independent values."""
    return Interval(fmean(values), t_975(len(values) - 1) * stdev(values) / sqrt(len(values)))


def t_975(freedom: int) -> float:
    if freedom <= len(_T_975):
        return _T_975[freedom - 1]
    # Cornish-Fisher expansion about the normal quantile: right to 0.0005 from 30 degrees of freedom on.
    z = NormalDist().inv_cdf(0.975)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2


def figures(months: Months) -> dict[str, float]:
    """Figures of the days after the warm-up; names and units as in the table."""
    setup = months.setup
    open_days = setup.open_days(months.warm_up_days, months.days)
    asked = [s for s in months.stories if s.request.asked_at >= months.warm_up_days * DAY]
    scanned = [s for s in months.stories if s.left_at is not None and s.left_at >= months.warm_up_days * DAY]
    uses = [use for use in months.uses if use.begins >= months.warm_up_days * DAY]
    overtime = _overtime(uses, open_days, setup.closes)
    return {
        "requests per day": len(asked) / len(open_days),
        "patients scanned per day": len(scanned) / len(open_days),
        "requests without a time, %": _percent(asked, lambda s: s.end is End.LOST),
        "patients who stayed away, %": _percent(asked, lambda s: s.end is End.NO_SHOW),
        "patients sent home, too late, %": _percent(asked, lambda s: s.sent_home > 0),
        "days waited for the scan, mean": _mean(_days_waited(asked)),
        "days waited for the scan, 90 %": _ninety(_days_waited(asked)),
        "minutes in the department, mean": _mean(_stays(scanned)),
        "minutes in the department, 90 %": _ninety(_stays(scanned)),
        "of these in a queue, mean": _mean([s.queued_minutes for s in scanned]),
        "lungs begun late, minutes, mean": _mean(_late(scanned)),
        "overtime, minutes per day": _mean(overtime),
        "days with over 15 min overtime, %": _percent(overtime, lambda minutes: minutes > 15),
        "minutes broken down per day": _broken(months, len(open_days)),
        **_utilisation(setup.units, uses, len(open_days)),
    }


def summary(each_seed: Sequence[Mapping[str, float]]) -> dict[str, Interval]:
    return {name: interval([values[name] for values in each_seed]) for name in each_seed[0]}


def differences(
    one: Sequence[Mapping[str, float]], other: Sequence[Mapping[str, float]]
) -> dict[str, Interval]:
    """`other` less `one`, seed by seed: the same patients come to both, so chance largely cancels out."""
    return {
        name: interval([b[name] - a[name] for a, b in zip(one, other, strict=True)])
        for name in one[0]
        if name in other[0]
    }


def _overtime(uses: Sequence[Use], open_days: Sequence[int], closes: int) -> list[float]:
    """Per open day, the minutes from closing to the end of the last pictures."""
    last = dict.fromkeys(open_days, 0.0)
    for use in uses:
        day = int(use.begins // DAY)
        if use.work is not Work.CLEARANCE and day in last:
            last[day] = max(last[day], use.ends - day * DAY - closes)
    return list(last.values())


def _days_waited(stories: Sequence[Story]) -> list[float]:
    """From the request to the time first booked, so that nobody who is still to come is left out."""
    return [(s.appointments[0].lungs.start - s.request.asked_at) / DAY for s in stories if s.appointments]


def _stays(stories: Sequence[Story]) -> list[float]:
    return [s.left_at - s.arrived_at for s in stories if s.left_at is not None and s.arrived_at is not None]


def _late(stories: Sequence[Story]) -> list[float]:
    return [
        s.lungs_begun_at - s.appointments[-1].lungs.start for s in stories if s.lungs_begun_at is not None
    ]


def _broken(months: Months, open_days: int) -> float:
    """Minutes within opening hours, of all rooms together."""
    setup, total = months.setup, 0.0
    for day in setup.open_days(months.warm_up_days, months.days):
        low, high = day * DAY + setup.opens, day * DAY + setup.closes
        total += sum(max(0, min(high, each.ends) - max(low, each.begins)) for each in months.outages)
    return total / open_days


def _utilisation(units: Sequence[Unit], uses: Sequence[Use], open_days: int) -> dict[str, float]:
    """Per group of rooms or people, the share of its hours in use, set-up and clearance included. Overtime counts
    as use but not as hours, so more than 100 % is possible."""
    used: dict[int, float] = {unit.id: 0.0 for unit in units}
    for use in uses:
        used[use.unit] += use.ends - use.begins
    hours = {unit.id: open_days * sum(high - low for low, high in unit.spans) for unit in units}
    shares = {}
    for group in dict.fromkeys(unit.group for unit in units):
        ids = [unit.id for unit in units if unit.group == group]
        shares[f"in use, %: {group}"] = 100 * sum(used[i] for i in ids) / sum(hours[i] for i in ids)
    return shares


def _percent(values: Sequence[T], holds: Callable[[T], bool]) -> float:
    return 100 * sum(map(holds, values)) / len(values) if values else 0.0


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def _ninety(values: Sequence[float]) -> float:
    """Nine of ten are not above it."""
    return sorted(values)[ceil(0.9 * len(values)) - 1] if values else 0.0
