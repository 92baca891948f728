"""The starts of the steps of a chain as bit sets, window after window of anchor starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scheduling.engine import bitsets
from scheduling.engine.distances import Window
from scheduling.engine.frame import Frame
from scheduling.engine.request import ResourceFree

if TYPE_CHECKING:
    from scheduling.engine.chain import Chain

Rooms = Mapping[int, ResourceFree]


@dataclass(frozen=True, slots=True)
class Scope:
    """The steps whose starts are looked up, window after window, in one chain."""

    first: int
    """The steps before this one count as if they were not asked for."""
    shortest: Mapping[int, int]
    """By resource id: for fewer minutes it is never asked."""
    hints: dict[int, int]
    """By resource id: where in its free time the last window ended."""

    @classmethod
    def of(cls, chain: "Chain", first: int) -> "Scope":
        shortest: dict[int, int] = {}
        for at in range(first, len(chain.pools)):
            for need, pool in zip(chain.search.steps[at].needs, chain.pools[at], strict=True):
                length = need.starts_before + need.ends_after_start
                for resource in pool:
                    if shortest.get(resource.id, length) >= length:
                        shortest[resource.id] = length
        return cls(first, shortest, {})


def bits(chain: "Chain", window: Window, scope: Scope) -> tuple[Frame, list[int]]:
    """Per step the starts of whole chains whose anchor starts within the half-open `window`.

    The frame's base is a multiple of `grid_minutes`.
    """
    ranges, first = _ranges(chain, window), scope.first
    none = [0] * len(ranges)
    if any(low >= high for low, high in ranges[first:]):
        return Frame(window[0], window[0], window[0], {}, {}), none
    frame = _frame(chain, ranges, scope)
    if len(chain.rooms) == 1:
        return frame, _reach(chain, frame, ranges, chain.rooms[0], first) or none
    found = none
    for rooms in chain.rooms:
        reached = _reach(chain, frame, ranges, rooms, first) or none
        found = [one | other for one, other in zip(found, reached, strict=True)]
    return frame, found


def starts(chain: "Chain", at: int, window: Window, rooms: Rooms) -> tuple[int, int]:
    """The starts of one step by itself within the half-open `window`, and the base they count from."""
    step, search = chain.search.steps[at], chain.search
    low = max(window[0], search.earliest)
    high = min(window[1], search.latest - step.acquisition_minutes + 1)
    if low >= high:
        return 0, low
    frame = _frame(chain, [(low, high)] * (at + 1), Scope(at, {}, {}))
    return _step(chain, frame, at, (low, high), rooms), frame.base


def _ranges(chain: "Chain", window: Window) -> list[Window]:
    """Per step, the half-open range of its starts that lags alone leave."""
    search, ranges = chain.search, []
    for step, (least, most) in zip(search.steps, chain.spans[chain.anchor], strict=True):
        low = max(search.earliest, window[0] + least)
        high = min(search.latest - step.acquisition_minutes + 1, window[1] + most)
        ranges.append((low, high))
    if search.known_end is not None:
        low, high = search.known_end + chain.gaps[0][0], search.known_end + chain.gaps[0][1] + 1
        ranges[0] = (max(low, ranges[0][0]), min(high, ranges[0][1]))
    return ranges


def _frame(chain: "Chain", ranges: Sequence[Window], scope: Scope) -> Frame:
    """The frame that holds these starts with all that is occupied around them."""
    search, first = chain.search, scope.first
    base, top = ranges[first]
    for at in range(first, len(ranges)):
        (low, high), (before, after) = ranges[at], chain.margins[at]
        base, top = min(base, low - before), max(top, high - 1 + after)
    base -= base % search.grid_minutes
    return Frame(base, max(base, search.earliest), min(top, search.latest), scope.shortest, scope.hints)


def _reach(
    chain: "Chain", frame: Frame, ranges: Sequence[Window], rooms: Rooms, first: int
) -> list[int] | None:
    """Per step the starts of whole chains, None if there are none; the X-ray, whose range is wide, comes last."""
    far = frame.high - frame.low
    gaps = [(max(least, -far), min(most, far)) for least, most in chain.gaps]
    found = [0] * len(ranges)
    last = len(ranges) - 1
    for at in range(last, first - 1, -1):
        found[at] = _step(chain, frame, at, ranges[at], rooms)
        if at < last:
            found[at] &= bitsets.dilated(found[at + 1], -gaps[at + 1][1], -gaps[at + 1][0])
        if not found[at]:
            return None
    for i, j, least, most in chain.joins if not first else ():
        most, least = min(most, far), max(least, -far)
        found[j] &= bitsets.dilated(found[i], least, most)
        found[i] &= bitsets.dilated(found[j], -most, -least)
    for at in range(first + 1, len(found)):
        found[at] &= bitsets.dilated(found[at - 1], *gaps[at])
    return found


def _step(chain: "Chain", frame: Frame, at: int, window: Window, rooms: Rooms) -> int:
    """The starts of one step within `window`, with the room that `rooms` chooses for it."""
    step = chain.search.steps[at]
    found = bitsets.span(*window, frame.base)
    if step.allowed is not None:
        found &= bitsets.of_intervals(step.allowed, max(window[0], frame.base), window[1], frame.base)
    for position, (need, pool) in enumerate(zip(step.needs, chain.pools[at], strict=True)):
        if not found:
            return 0
        found &= frame.serves(need, (rooms[at],) if position == 0 and at in rooms else pool)
    return found
