"""The best visit around a start of the anchor where nothing competes: the usual case, and so the quick one."""

from bisect import bisect_right

from scheduling.engine import reach
from scheduling.engine.chain import Chain, Need, Pool, Window
from scheduling.engine.completion import Found
from scheduling.engine.days import Days
from scheduling.engine.frame import Frame
from scheduling.engine.intervals import Intervals, last_at_or_before
from scheduling.engine.ranking import DAY, HOUR
from scheduling.engine.reach import Scope

_END = float("inf")
_NEVER = -(1 << 60)


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
    """As `completion.Completion`; the X-ray's starts are looked up only around those of the lungs."""

    only_grows = True

    def __init__(
        self, chain: Chain, frame: Frame, bits: list[int], days: Days | None, window: Window
    ) -> None:
        """`frame` and `bits`: as of `reach.bits` for the window, from the anchor on."""
        self._chain, self._days, self._window = chain, days, window
        self._misses = False
        self.base, self.anchor_starts = frame.base, bits[chain.anchor]
        steps = chain.search.steps
        self._after = [
            (bits[at], *chain.gaps[at], steps[at].same_day, steps[at - 1].acquisition_minutes)
            for at in range(chain.anchor + 1, len(steps))
        ]

    def floor(self, start: int) -> int:
        """What every visit with this anchor start costs at least."""
        search = self._chain.search
        return search.ranking.waiting_per_day * (start - search.earliest) // DAY

    def hopeful(self, starts: int) -> int:
        """Of these anchor starts, bits as of `anchor_starts`, those that may belong to a visit.

        All of them until one has had no X-ray: the others may have none either, and that is found out at once.
        """
        if not self._misses:
            return starts
        self._misses = False
        frame, bits = reach.bits(self._chain, self._window, Scope.of(self._chain, 0))
        found = bits[self._chain.anchor]
        ahead = frame.base - self.base
        return starts & (found << ahead if ahead >= 0 else found >> -ahead)

    def best(self, start: int) -> Found | None:
        """The best visit; None if there is none."""
        cost, before, days = self.floor(start), start, self._days
        times = [start]
        for bits, least, most, same_day, length in self._after:
            rest = bits >> (before + least - self.base)
            t = before + least + (rest & -rest).bit_length() - 1
            if not rest or t > before + most or (same_day and days and not days.same(before, t)):
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
            self._misses = True
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
        search = self._chain.search
        step, pools = search.steps[0], self._chain.pools[0]
        low, t = max(low, search.earliest), min(high, search.latest - step.acquisition_minutes)
        # Each need in turn moves the start back; where none has moved it since its own turn, all are served.
        at, kept, count = 0, 0, len(step.needs)
        if step.allowed is not None:
            t = _not_after(step.allowed, t)
        while kept < count and t >= low:
            last = self._last_served(step.needs[at], pools[at], t)
            if last == t:
                kept += 1
            else:
                t, kept = last, 1
                if step.allowed is not None and t >= low and (last := _not_after(step.allowed, t)) != t:
                    t, kept = last, 0
            at = at + 1 if at + 1 < count else 0
        return t if t >= low else None

    def _last_served(self, need: Need, pool: Pool, t: int) -> int:
        """The last start, not after `t`, at which one of the pool can serve the need."""
        search, before, after = self._chain.search, need.starts_before, need.ends_after_start
        t, last = min(t, search.latest - after), _NEVER
        for resource in pool:
            free = resource.free
            at = bisect_right(free, (t - before, _END)) - 1
            while at >= 0:
                begins, ends = free[at]
                if ends - after <= last:
                    break
                if ends - begins >= before + after:
                    last = ends - after
                    break
                at -= 1
            if last >= t:
                last = t
                break
        return last if last - before >= search.earliest else _NEVER


def _not_after(starts: Intervals, t: int) -> int:
    found = last_at_or_before(starts, t)
    return _NEVER if found is None else found
