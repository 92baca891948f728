"""A stretch of time in which the starts that resources can serve are held as bit sets."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from scheduling.engine import bitsets
from scheduling.engine.request import Need, ResourceFree


class Frame:
    """The minutes [low, high), with bits counted from `base`; sets are made when they are asked for, and once."""

    __slots__ = ("_hints", "_runs", "_shortest", "base", "high", "low")

    def __init__(
        self, base: int, low: int, high: int, shortest: Mapping[int, int], hints: dict[int, int]
    ) -> None:
        """`low` is not before `base`. `shortest`, by resource id: for fewer minutes it is never asked.

        `hints`, by resource id, are kept for the next frame: where in its free time the last one ended.
        """
        self.base, self.low, self.high = base, low, high
        self._shortest, self._hints = shortest, hints
        self._runs: dict[int, int] = {}

    def serves(self, need: Need, pool: Sequence[ResourceFree]) -> int:
        """The starts at which as many of the pool as the need counts are free for all of it.

        Whoever asks cuts off those that begin or end outside of the frame.
        """
        before, length, base = need.starts_before, need.starts_before + need.ends_after_start, self.base
        free = []
        for resource in pool:
            kept = resource.kept
            if kept is None:
                free.append(self._serves(resource, length))
                continue
            ahead, begins = kept.base - base, kept.runs(length)
            free.append(begins if not ahead else begins << ahead if ahead > 0 else begins >> -ahead)
        minutes = bitsets.at_least(free, need.count)
        return minutes << before if before >= 0 else minutes >> -before

    def _serves(self, resource: ResourceFree, length: int) -> int:
        """The minutes from which on a resource without a timeline is free for `length` minutes."""
        shortest = self._shortest.get(resource.id, 1)
        if resource.id not in self._runs:
            self._runs[resource.id] = self._free_for(resource, shortest)
        begins = self._runs[resource.id]
        return bitsets.eroded(begins, 0, length - shortest + 1) if length > shortest else begins

    def _free_for(self, resource: ResourceFree, length: int) -> int:
        """The minutes from which on the resource is free for `length` minutes of the frame."""
        base, low, high = self.base, self.low, self.high
        free = resource.free
        first = bitsets.reaching(free, low, self._hints.get(resource.id))
        last = bisect_left(free, (high,), first)
        self._hints[resource.id] = last
        if first == last:
            return 0
        found, less = 0, length - 1
        if free[first][0] < low:
            found = bitsets.span(low, free[first][1] - less, base)
            first += 1
        # Sets that have nothing in common are united by adding them.
        found += sum(
            [
                ((1 << end - start - less) - 1) << start - base
                for start, end in free[first:last]
                if end - start > less
            ]
        )
        return found & bitsets.span(low, high - less, base) if free[last - 1][1] > high else found
