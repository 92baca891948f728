"""The nearest visits around a wanted start, whatever stands in the way there."""

from scheduling.engine import bitsets
from scheduling.engine.chain import Chain, Window
from scheduling.engine.completion import Completion
from scheduling.engine.days import Days
from scheduling.engine.intervals import last_at_or_before, next_at_or_after
from scheduling.engine.pins import Starts, bounds, placed, times_at
from scheduling.engine.plain import PlainCompletion, is_plain
from scheduling.engine.visit import Itinerary

_FIRST_LOOK = 8 * 60
"""Minutes on each side that are searched first, together; then each side by itself, three times as far."""

Times = tuple[int, ...]
Finder = Completion | PlainCompletion
BACK, ON = -1, 1


def beside(chain: Chain, starts: Starts) -> tuple[Itinerary | None, Itinerary | None]:
    """The last visit whose lungs start before the wanted time and the first after it, the other steps as they fit.

    Where the next multiple of the grid on the far side is a visit too, it stands in for the odd minute.
    """
    search = chain.search
    t = starts.get(search.steps[chain.anchor].key, min(starts.values()))
    low, high = max(search.earliest, t - _FIRST_LOOK), min(search.latest + 1, t + _FIRST_LOOK)
    look = _look(chain, (low, high)) if low < high else None
    found = (
        _within(chain, look, (low, t), BACK) or _beyond(chain, min(low, t), BACK),
        _within(chain, look, (t + 1, high), ON) or _beyond(chain, max(high, t + 1), ON),
    )
    before, after = [None if times is None else placed(chain, times) for times in found]
    return before, after


def _beyond(chain: Chain, t: int, way: int) -> Times | None:
    """The same in growing windows from t on, to the end of the search."""
    end = chain.search.latest + 1 if way == ON else chain.search.earliest
    length = 3 * _FIRST_LOOK
    while (end - t) * way > 0:
        far = min(end, t + length) if way == ON else max(end, t - length)
        window = min(t, far), max(t, far)
        found = _within(chain, _look(chain, window), window, way)
        if found is not None:
            return found
        t, length = far, length * 3
    return None


def _look(chain: Chain, window: Window) -> Finder:
    """What finds the visits of a window, as the search does."""
    wide, days = (window[0], window[1] + 1), Days(chain.search.day_of) if chain.search.day_of else None
    if is_plain(chain):
        return PlainCompletion(chain, *chain.bits(wide), days)
    return Completion(chain, *chain.bits(wide), days)


def _within(chain: Chain, look: Finder | None, window: Window, way: int) -> Times | None:
    """The first visit, or going back the last, whose lungs start within `window`."""
    if look is None or window[0] >= window[1]:
        return None
    rest = look.anchor_starts & bitsets.span(*window, look.base)
    while rest:
        one = rest & -rest if way == ON else 1 << (rest.bit_length() - 1)
        start = look.base + one.bit_length() - 1
        found = look.best(start)
        if found is not None:
            return _rounded(chain, look, start, way) or found[1]
        rest ^= one
    return None


def _rounded(chain: Chain, completion: Finder, start: int, way: int) -> Times | None:
    """The visit at the next multiple of the grid, if there is one and the window knows it."""
    even = start + (-start * way) % chain.search.grid_minutes * way
    known = even >= completion.base and completion.anchor_starts >> (even - completion.base) & 1
    found = completion.best(even) if known and even != start else None
    return found and found[1]


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
            return placed(chain, found)
    return None
