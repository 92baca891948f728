"""Local days, found from a function that numbers the day of a minute."""

from collections.abc import Callable

LONGEST_DAY = 26 * 60
"""Minutes of the longest local day: the clock of Antarctica/Troll goes back by two hours."""
_DAY = 24 * 60


class Days:
    """The bounds of local days; each is looked up once and then known."""

    __slots__ = ("_bounds", "_day_of", "_last")

    def __init__(self, day_of: Callable[[int], int]) -> None:
        self._day_of = day_of
        self._bounds: dict[int, tuple[int, int]] = {}
        self._last = (0, 0)

    def bounds(self, minute: int) -> tuple[int, int]:
        """The minutes [begins, ends) of the local day of `minute`."""
        if self._last[0] <= minute < self._last[1]:
            return self._last
        day = self._day_of(minute)
        found = self._bounds.get(day)
        if found is None:
            found = self._bounds[day] = self._begin(day, minute), self._begin(day + 1, minute + _DAY)
        self._last = found
        return found

    def same(self, one: int, other: int) -> bool:
        """Whether two minutes lie on one local day."""
        low, high = self._last
        if low <= one < high:
            return low <= other < high
        low, high = self.bounds(one)
        return low <= other < high

    def _begin(self, day: int, near: int) -> int:
        """The first minute of a day or a later one, at most a day's length away from `near`."""
        for known, (begins, _) in self._bounds.items():
            guess = begins + (day - known) * _DAY
            if self._day_of(guess - 1) < day <= self._day_of(guess):
                return guess
        before, after = near - LONGEST_DAY, near + LONGEST_DAY
        while after - before > 1:
            middle = (before + after) // 2
            if self._day_of(middle) < day:
                before = middle
            else:
                after = middle
        return after
