"""The nearest visits around a wanted start, whatever stands in the way there."""

from collections.abc import Iterator

from scheduling.engine.chain import Chain, Window
from scheduling.engine.completion import Completion
from scheduling.engine.intervals import last_at_or_before, next_at_or_after
from scheduling.engine.pins import Starts, around, bounds, placed, times_at
from scheduling.engine.visit import Itinerary

_FIRST_LOOK = 6 * 60
"""Minutes that are searched first; then three times as many."""

Times = tuple[int, ...]


def beside(chain: Chain, starts: Starts) -> tuple[Itinerary | None, Itinerary | None]:
    """The last visit whose lungs start before the wanted time and the first after it, the other steps as they fit.

    Where the next multiple of the grid on the far side is a visit too, it stands in for the odd minute.
    """
    search = chain.search
    t = starts.get(search.steps[chain.anchor].key, min(starts.values()))
    found = (
        _first(chain, _windows(t, search.earliest, -1)),
        _first(chain, _windows(t + 1, search.latest + 1, 1)),
    )
    before, after = [None if times is None else placed(search, times) for times in found]
    return before, after


def _windows(t: int, end: int, way: int) -> Iterator[tuple[Window, int]]:
    """Growing windows from t on, until `end`, each with the way it is gone through."""
    length = _FIRST_LOOK
    while (end - t) * way > 0:
        far = max(end, t - length) if way < 0 else min(end, t + length)
        yield (min(t, far), max(t, far)), way
        t, length = far, length * 3


def _first(chain: Chain, windows: Iterator[tuple[Window, int]]) -> Times | None:
    for window, way in windows:
        completion, anchors = around(chain, window, {})
        for start in (_upward if way > 0 else _downward)(completion.base, anchors):
            found = completion.best(start)
            if found is not None:
                return _rounded(chain, completion, start, way) or found[1]
    return None


def _rounded(chain: Chain, completion: Completion, start: int, way: int) -> Times | None:
    """The visit at the next multiple of the grid, if there is one and the window knows it."""
    even = start + (-start * way) % chain.search.grid_minutes * way
    known = even >= completion.base and completion.anchor_starts >> (even - completion.base) & 1
    found = completion.best(even) if known and even != start else None
    return found and found[1]


def _upward(base: int, rest: int) -> Iterator[int]:
    while rest:
        first = rest & -rest
        rest ^= first
        yield base + first.bit_length() - 1


def _downward(base: int, rest: int) -> Iterator[int]:
    while rest:
        last = rest.bit_length() - 1
        rest ^= 1 << last
        yield base + last


def of_step(chain: Chain, at: int, t: int, kept: Starts) -> Itinerary | None:
    """The visit with the `kept` starts in which the step at `at` starts nearest to t, but not at t."""
    key = chain.search.steps[at].key
    low, high = bounds(chain, kept)[chain.anchor]
    starts = chain.reach((low, high + 1))[at] if low <= high else ()
    later, earlier = next_at_or_after(starts, t + 1), last_at_or_before(starts, t - 1)
    while later is not None or earlier is not None:
        if earlier is None or (later is not None and later - t <= t - earlier):
            tried, later = later, next_at_or_after(starts, (later or t) + 1)
        else:
            tried, earlier = earlier, last_at_or_before(starts, earlier - 1)
        found = None if tried is None else times_at(chain, {**kept, key: tried})
        if found is not None:
            return placed(chain.search, found)
    return None
