"""The free minutes of one resource in the forms in which a search asks for them, kept from search to search."""

from collections.abc import Iterable

from scheduling.engine import bitsets
from scheduling.engine.intervals import Intervals

_CHUNK = 64


class Timeline:
    """`free`, in the normal form of `intervals`; its bit set from `base` on; and where each interval begins.

    `base` is by default the first minute; those that are searched together share theirs. What has been asked for
    is kept: a department is searched many times between two bookings.
    """

    __slots__ = ("_runs", "base", "begins", "bits", "free")

    def __init__(self, free: Intervals, base: int | None = None) -> None:
        """Raises ValueError where a minute lies before the base."""
        first = free[0][0] if free else 0
        self.free = free
        self.base = first if base is None else base
        if free and first < self.base:
            raise ValueError("A timeline begins at its base.")
        self.begins = [start for start, _ in free]
        self.bits = bitsets.union(_chunks(free, self.base))
        self._runs: dict[int, int] = {1: self.bits}

    def runs(self, length: int) -> int:
        """The minutes, as bits from `base` on, from which `length` minutes in a row are free."""
        found = self._runs.get(length)
        if found is None:
            found = self._runs[length] = bitsets.eroded(self.bits, 0, length)
        return found


def _chunks(free: Intervals, base: int) -> Iterable[int]:
    """Bit sets of some intervals each: small numbers are added faster than long ones."""
    for at in range(0, len(free), _CHUNK):
        part = free[at : at + _CHUNK]
        first = part[0][0]
        yield sum([((1 << end - start) - 1) << start - first for start, end in part]) << first - base
