"""A stretch of time in which the starts that resources can serve are held as bit sets."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from scheduling.engine import bitsets
from scheduling.engine.request import Need, ResourceFree

Gaps = list[tuple[int, int]]


class Frame:
    """The minutes [low, high), with bits counted from `base`; sets are made when they are asked for, and once."""

    __slots__ = ("_gaps", "_hints", "_served", "_shortest", "base", "high", "low")

    def __init__(
        self, base: int, low: int, high: int, shortest: Mapping[int, int], hints: dict[int, int]
    ) -> None:
        """`low` is not before `base`. `shortest`, by resource id: gaps of fewer minutes are of no use to it.

        `hints`, by resource id, are kept for the next frame: where in its free time the last one began.
        """
        self.base, self.low, self.high = base, low, high
        self._shortest, self._hints = shortest, hints
        self._gaps: dict[int, Gaps] = {}
        self._served: dict[tuple[int, int, int], int] = {}

    def serves(self, need: Need, pool: Sequence[ResourceFree]) -> int:
        """The starts at which as many of the pool as the need counts are free for all of it."""
        before, after, served = need.starts_before, need.ends_after_start, self._served
        found = []
        for resource in pool:
            key = (resource.id, before, after)
            if key not in served:
                gaps = self._gaps.get(resource.id)
                if gaps is None:
                    gaps = self._useful(resource)
                served[key] = bitsets.starts(gaps, before, after, self.base)
            found.append(served[key])
        return bitsets.at_least(found, need.count)

    def _useful(self, resource: ResourceFree) -> Gaps:
        """What the resource has free within the frame, in gaps that are long enough for anything."""
        free, shortest = resource.free, self._shortest.get(resource.id, 1)
        first = bitsets.reaching(free, self.low, self._hints.get(resource.id, 0))
        last = bisect_left(free, (self.high,), first)
        gaps = [(low, high) for low, high in free[first:last] if high - low >= shortest]
        if gaps and gaps[0][0] < self.low:
            gaps[0] = (self.low, gaps[0][1])
        if gaps and gaps[-1][1] > self.high:
            gaps[-1] = (gaps[-1][0], self.high)
        self._gaps[resource.id], self._hints[resource.id] = gaps, first
        return gaps
