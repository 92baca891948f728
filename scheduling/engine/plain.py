"""The best visit around a start of the anchor where nothing competes: the usual case, and so the quick one."""

from scheduling.engine.chain import Chain
from scheduling.engine.completion import Found
from scheduling.engine.days import Days
from scheduling.engine.frame import Frame
from scheduling.engine.ranking import DAY, HOUR


def is_plain(chain: Chain) -> bool:
    """Whether the earliest lung steps and the latest X-ray are always the best, and always served.

    So it is unless a resource may be needed twice at one moment, steps may overlap or share a room, lags join
    steps that are no neighbours, or the patient's wishes weigh something.
    """
    ranking = chain.search.ranking
    return (
        chain.undisputed
        and chain.anchor <= 1
        and (ranking.wished is None or not ranking.outside_wishes)
        and not chain.joins
        and all(step.lag_min >= 0 for step in chain.search.steps[1:])
    )


class PlainCompletion:
    """As `completion.Completion`."""

    only_grows = True

    def __init__(self, chain: Chain, frame: Frame, bits: list[int], days: Days | None) -> None:
        """`frame` and `bits`: as of `reach.bits`."""
        self._chain, self._days = chain, days
        self.base, self.anchor_starts = frame.base, bits[chain.anchor]
        self._xray = bits[0] if chain.anchor else 0
        steps = chain.search.steps
        self._after = [
            (bits[at], *chain.gaps[at], steps[at].same_day, steps[at - 1].acquisition_minutes)
            for at in range(chain.anchor + 1, len(steps))
        ]

    def floor(self, start: int) -> int:
        """What every visit with this anchor start costs at least."""
        search = self._chain.search
        return search.ranking.waiting_per_day * (start - search.earliest) // DAY

    def best(self, start: int) -> Found | None:
        """The best visit; None if there is none."""
        cost, before, days = self.floor(start), start, self._days
        times = [start]
        for bits, least, most, same_day, length in self._after:
            rest = bits >> (before + least - self.base) & ((2 << most - least) - 1)
            t = before + least + (rest & -rest).bit_length() - 1
            if not rest or (same_day and days and not days.same(before, t)):
                return None
            cost += self._chain.search.ranking.gap_per_minute * (t - before - length)
            times.append(t)
            before = t
        if self._chain.anchor:
            return self._with_xray(start, times, cost)
        return (cost, tuple(times)) if self._known_day_kept(start) else None

    def _known_day_kept(self, start: int) -> bool:
        search = self._chain.search
        if search.known_end is None or self._days is None or not search.steps[0].same_day:
            return True
        return self._days.same(start, search.known_end)

    def _with_xray(self, start: int, times: list[int], cost: int) -> Found | None:
        least, most = self._chain.gaps[1]
        t = self._last_xray(start - most, start - least)
        if t is None:
            return None
        ranking, step = self._chain.search.ranking, self._chain.search.steps[0]
        if self._chain.search.steps[1].same_day or ranking.second_trip:
            one_day = self._days is None or self._days.same(start, t)
            if not one_day and self._chain.search.steps[1].same_day:
                return None
            cost += 0 if one_day else ranking.second_trip
        cost += ranking.idle_per_hour * max(0, start - t - step.acquisition_minutes) // HOUR
        return cost, (t, *times)

    def _last_xray(self, low: int, high: int) -> int | None:
        """The last start of the X-ray in [low, high]."""
        low = max(low, self.base)
        if low > high:
            return None
        starts = self._xray >> low - self.base & ((2 << high - low) - 1)
        return low + starts.bit_length() - 1 if starts else None
