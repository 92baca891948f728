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
    """What the frames of one chain, window after window, have in common."""

    shortest: Mapping[int, int]
    """By resource id: for fewer minutes it is never asked. Only of resources without a timeline."""
    hints: dict[int, int]
    """By resource id: where in its free time the last window ended."""
    base: int | None = None
    """From here the bits of all frames count, where it lies before them: that of the resources' timelines."""

    @classmethod
    def of(cls, chain: "Chain", base: int | None = None) -> "Scope":
        shortest: dict[int, int] = {}
        for step, pools in zip(chain.search.steps, chain.pools, strict=True):
            for need, pool in zip(step.needs, pools, strict=True):
                length = need.starts_before + need.ends_after_start
                for resource in pool:
                    if resource.kept is None and shortest.get(resource.id, length) >= length:
                        shortest[resource.id] = length
        return cls(shortest, {}, base)


def bits(chain: "Chain", window: Window, scope: Scope) -> tuple[Frame, list[int]]:
    """Per step the starts of whole chains whose anchor starts within the half-open `window`.

    The frame's base is a multiple of `grid_minutes`.
    """
    ranges = _ranges(chain, window)
    none = [0] * len(ranges)
    if any(low >= high for low, high in ranges):
        return Frame(window[0], window[0], window[0], {}, {}), none
    frame = _frame(chain, ranges, scope)
    if len(chain.rooms) == 1:
        return frame, _reach(chain, frame, ranges, chain.rooms[0]) or none
    found = none
    for rooms in chain.rooms:
        reached = _reach(chain, frame, ranges, rooms) or none
        found = [one | other for one, other in zip(found, reached, strict=True)]
    return frame, found


def starts(chain: "Chain", at: int, window: Window, rooms: Rooms) -> tuple[int, int]:
    """The starts of one step by itself within the half-open `window`, and the base they count from."""
    search = chain.search
    before, after = chain.margins[at]
    low, high = max(window[0], search.earliest + before), min(window[1], search.latest - after + 1)
    if low >= high:
        return 0, low
    frame = _around(chain, low - before, high - 1 + after, Scope({}, {}))
    return _step(chain, frame, at, (low, high), rooms), frame.base


def _ranges(chain: "Chain", window: Window) -> list[Window]:
    """Per step, the half-open range of its starts that lags and the period leave."""
    search, ranges = chain.search, []
    for (before, after), (least, most) in zip(chain.margins, chain.spans[chain.anchor], strict=True):
        low = max(search.earliest + before, window[0] + least)
        high = min(search.latest - after + 1, window[1] + most)
        ranges.append((low, high))
    if search.known_end is not None:
        low, high = search.known_end + chain.gaps[0][0], search.known_end + chain.gaps[0][1] + 1
        ranges[0] = (max(low, ranges[0][0]), min(high, ranges[0][1]))
    return ranges


def _frame(chain: "Chain", ranges: Sequence[Window], scope: Scope) -> Frame:
    """The frame that holds these starts with all that is occupied around them."""
    base = min([low - before for (low, _), (before, _) in zip(ranges, chain.margins, strict=True)])
    top = max([high - 1 + after for (_, high), (_, after) in zip(ranges, chain.margins, strict=True)])
    return _around(chain, base, top, scope)


def _around(chain: "Chain", base: int, top: int, scope: Scope) -> Frame:
    search = chain.search
    base -= base % search.grid_minutes
    if scope.base is not None and scope.base <= base:
        base = scope.base
    return Frame(base, max(base, search.earliest), min(top, search.latest), scope.shortest, scope.hints)


def _reach(chain: "Chain", frame: Frame, ranges: Sequence[Window], rooms: Rooms) -> list[int] | None:
    """Per step the starts of whole chains, None if there are none; the X-ray, whose range is wide, comes last."""
    far = frame.high - frame.low
    gaps = [(max(least, -far), min(most, far)) for least, most in chain.gaps]
    found = [0] * len(ranges)
    last = len(ranges) - 1
    for at in range(last, -1, -1):
        found[at] = _step(chain, frame, at, ranges[at], rooms)
        if at < last:
            found[at] &= bitsets.dilated(found[at + 1], -gaps[at + 1][1], -gaps[at + 1][0])
        if not found[at]:
            return None
    for i, j, least, most in chain.joins:
        most, least = min(most, far), max(least, -far)
        found[j] &= bitsets.dilated(found[i], least, most)
        found[i] &= bitsets.dilated(found[j], -most, -least)
    for at in range(1, len(found)):
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
