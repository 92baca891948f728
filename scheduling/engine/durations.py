"""How long things really take in a department: medians and 90th percentiles of performed times, in whole minutes."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

LEAST_COUNT = 10
"""Fewer than these say nothing about the next patient."""
SHORTEST_MINUTES, LONGEST_MINUTES = 1, 4 * 60
"""What lies outside was not timed: an end that was forgotten, or start and end noted afterwards."""
FENCE = 3.0
"""Beyond three quartile distances a time is an outlier "far out" (Tukey, Exploratory Data Analysis, 1977)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`count` times were used, `left_out` were not. Both percentiles are rounded up to whole minutes."""

    count: int
    left_out: int
    median_minutes: int
    most_minutes: int

    @property
    def is_enough(self) -> bool:
        return self.count >= LEAST_COUNT


def measure(times: Iterable[tuple[Hashable, float]]) -> Mapping[Hashable, Measured]:
    """By key, from pairs of a key and minutes. Keys of which no time can be used are left out."""
    by_key: dict[Hashable, list[float]] = defaultdict(list)
    for key, minutes in times:
        by_key[key].append(minutes)
    found = {key: _measured(values) for key, values in by_key.items()}
    return {key: value for key, value in found.items() if value is not None}


def _measured(values: list[float]) -> Measured | None:
    timed = sorted(each for each in values if SHORTEST_MINUTES <= each <= LONGEST_MINUTES)
    if not timed:
        return None
    low, high = percentile(timed, 0.25), percentile(timed, 0.75)
    # Where most times are equal a minute beside them is none.
    reach = FENCE * max(high - low, 1.0)
    kept = [each for each in timed if low - reach <= each <= high + reach]
    return Measured(
        len(kept), len(values) - len(kept), _up(percentile(kept, 0.5)), _up(percentile(kept, 0.9))
    )


def percentile(ordered: list[float], share: float) -> float:
    """Interpolated between the two nearest of the ascending values, as PostgreSQL's percentile_cont."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def _up(minutes: float) -> int:
    # A hair above a whole minute is arithmetic, not time.
    return -int(-(minutes - 1e-9) // 1)
