"""Sets of minutes as Python integers: bit n says that minute base + n is in the set.

Shifting and masking a day of minutes costs less than one pass of a Python loop, so start sets are computed in
this form. `base` is the caller's and must lie before every minute that matters: minutes before it are lost.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache

from scheduling.engine.intervals import Intervals, clip

_END = float("inf")
_NEAR = 8


def span(low: int, high: int, base: int) -> int:
    """The minutes of [low, high)."""
    low = max(low, base)
    return ((1 << (high - low)) - 1) << (low - base) if low < high else 0


def reaching(intervals: Intervals, low: int, hint: int | None = None) -> int:
    """The position of the first interval that ends after `low`.

    From `hint`, a position shortly after it, the way back is short: a month of intervals is more memory than a
    processor keeps at hand.
    """
    if hint and intervals[hint - 1][1] > low:
        nearest = max(0, hint - _NEAR)
        while hint > nearest and intervals[hint - 1][1] > low:
            hint -= 1
        if hint == 0 or intervals[hint - 1][1] <= low:
            return hint
    first = bisect_right(intervals, (low, _END))
    return first - 1 if first and intervals[first - 1][1] > low else first


def of_intervals(intervals: Intervals, low: int, high: int, base: int) -> int:
    """The minutes of `intervals`, in normal form, that lie in [low, high); `low` is not before `base`."""
    return union([span(max(low, start), min(high, end), base) for start, end in clip(intervals, low, high)])


def to_intervals(minutes: int, base: int) -> Intervals:
    """The same set in the normal form of `intervals`."""
    found = []
    at = base
    while minutes:
        gap = (minutes & -minutes).bit_length() - 1
        minutes >>= gap
        length = (~minutes & (minutes + 1)).bit_length() - 1
        found.append((at + gap, at + gap + length))
        minutes >>= length
        at += gap + length
    return tuple(found)


def eroded(free: int, before: int, after: int) -> int:
    """The starts t whose whole span [t - before, t + after) is free; the span must not be empty."""
    length, width = before + after, 1
    if length <= 0:
        raise ValueError("The span around a start must be at least one minute long.")
    while 2 * width <= length:
        free &= free >> width
        width *= 2
    if width < length:
        free &= free >> (length - width)
    return free << before if before >= 0 else free >> -before


def dilated(starts: int, low: int, high: int) -> int:
    """Every t + d with t in `starts` and low <= d <= high (both ends count)."""
    if low > high or not starts:
        return 0
    length, width = high - low + 1, 1
    while 2 * width <= length:
        starts |= starts << width
        width *= 2
    if width < length:
        starts |= starts << (length - width)
    return starts << low if low >= 0 else starts >> -low


def at_least(sets: Sequence[int], count: int) -> int:
    """The minutes that are in `count` or more of the sets."""
    if count == 1:
        found = 0
        for each in sets:
            found |= each
        return found
    levels = [0] * count
    for each in sets:
        for level in range(count - 1, 0, -1):
            levels[level] |= levels[level - 1] & each
        levels[0] |= each
    return levels[-1]


def union(sets: Iterable[int]) -> int:
    found = 0
    for each in sets:
        found |= each
    return found


@lru_cache(maxsize=32)
def multiples(step: int, count: int) -> int:
    """Bits 0, step, 2 * step and so on, `count` of them."""
    return ((1 << step * count) - 1) // ((1 << step) - 1)
