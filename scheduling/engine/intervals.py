"""Sets of minutes as sorted, disjoint, half-open intervals of integers.

In normal form intervals are not empty, ascend and do not touch: (8, 9) and (9, 10) are written (8, 10).
Every function returns normal form; every function but `normal` and `union` expects it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

Intervals = tuple[tuple[int, int], ...]

_END = float("inf")


def normal(pairs: Iterable[tuple[int, int]]) -> Intervals:
    """The minutes of `pairs`, which may overlap, touch, be empty or come in any order."""
    merged: list[tuple[int, int]] = []
    start = end = None
    for low, high in sorted(pair for pair in pairs if pair[0] < pair[1]):
        if end is None or start is None:
            start, end = low, high
        elif low > end:
            merged.append((start, end))
            start, end = low, high
        elif high > end:
            end = high
    if start is not None and end is not None:
        merged.append((start, end))
    return tuple(merged)


def union(*sets: Intervals) -> Intervals:
    if len(sets) == 1:
        return sets[0]
    return normal([pair for each in sets for pair in each])


def intersect(one: Intervals, other: Intervals) -> Intervals:
    if len(one) == 1:
        return clip(other, *one[0])
    if len(other) == 1:
        return clip(one, *other[0])
    common: list[tuple[int, int]] = []
    i = j = 0
    while i < len(one) and j < len(other):
        low, high = one[i]
        other_low, other_high = other[j]
        if high <= other_high:
            i += 1
        else:
            high = other_high
            j += 1
        if other_low > low:
            low = other_low
        if low < high:
            common.append((low, high))
    return tuple(common)


def subtract(one: Intervals, other: Intervals) -> Intervals:
    """The minutes of `one` that are not in `other`."""
    left: list[tuple[int, int]] = []
    j = 0
    for start, high in one:
        low = start
        while j < len(other) and other[j][1] <= low:
            j += 1
        k = j
        while k < len(other) and other[k][0] < high:
            if low < other[k][0]:
                left.append((low, other[k][0]))
            low = other[k][1]
            k += 1
        if low < high:
            left.append((low, high))
    return tuple(left)


def clip(intervals: Intervals, low: int, high: int) -> Intervals:
    """The minutes of `intervals` in [low, high)."""
    if not intervals or low >= high:
        return ()
    if low <= intervals[0][0] and intervals[-1][1] <= high:
        return intervals
    first = bisect_right(intervals, (low, _END)) - 1
    if first < 0 or intervals[first][1] <= low:
        first += 1
    kept = list(intervals[first : bisect_left(intervals, (high,))])
    if kept:
        kept[0] = (max(low, kept[0][0]), kept[0][1])
        kept[-1] = (kept[-1][0], min(high, kept[-1][1]))
    return tuple(kept)


def erode(free: Intervals, before: int, after: int) -> Intervals:
    """The starts t whose whole span [t - before, t + after) is free.

    `before` or `after` may be negative, as for preparation that is over before t; the span must not be empty.
    """
    if before + after <= 0:
        raise ValueError("The span around a start must be at least one minute long.")
    length = before + after
    return tuple([(low + before, high - after + 1) for low, high in free if high - low >= length])


def dilate(starts: Intervals, low: int, high: int) -> Intervals:
    """Every t + d with t in `starts` and low <= d <= high (both ends count)."""
    if low > high:
        return ()
    return normal([(start + low, end + high) for start, end in starts])


def covering(intervals: Intervals, low: int, high: int) -> tuple[int, int] | None:
    """The interval that holds all of [low, high), or None."""
    at = bisect_right(intervals, (low, _END)) - 1
    return intervals[at] if at >= 0 and intervals[at][1] >= high else None


def contains(intervals: Intervals, t: int) -> bool:
    return covering(intervals, t, t + 1) is not None


def next_at_or_after(starts: Intervals, t: int) -> int | None:
    at = bisect_right(starts, (t, _END)) - 1
    if at >= 0 and starts[at][1] > t:
        return t
    return starts[at + 1][0] if at + 1 < len(starts) else None


def last_at_or_before(starts: Intervals, t: int) -> int | None:
    at = bisect_right(starts, (t, _END)) - 1
    return min(t, starts[at][1] - 1) if at >= 0 else None
