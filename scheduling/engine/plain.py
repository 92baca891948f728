"""The best visit around a start of the anchor where nothing competes: the usual case, and so the quick one."""

from bisect import bisect_right

from scheduling.engine.chain import Chain, Need, Pool, ResourceFree
from scheduling.engine.completion import Found
from scheduling.engine.days import Days
from scheduling.engine.frame import Frame
from scheduling.engine.intervals import Intervals, last_at_or_before
from scheduling.engine.ranking import DAY, HOUR

_END = float("inf")
_NEVER = -(1 << 60)


def is_plain(chain: Chain) -> bool:
    """Whether the earliest lung steps and the latest X-ray are always the best, and always served.

    So it is unless a resource may be needed twice at one moment, steps may overlap or share a room, lags join
    steps that are no neighbours, or the patient's wishes weigh something.
    """
    ranking = chain.search.ranking
    return (
        chain.anchor <= 1
        and (ranking.wished is None or not ranking.outside_wishes)
        and not any(chain.contests)
        and not chain.room_pairs
        and not chain.joins
        and all(step.lag_min >= 0 for step in chain.search.steps[1:])
    )


class PlainCompletion:
    """As `completion.Completion`; the X-ray's starts are looked up only around those of the lungs."""

    def __init__(self, chain: Chain, frame: Frame, bits: list[int], days: Days | None) -> None:
        """`frame` and `bits`: as of `reach.bits` from the anchor on."""
        self._chain, self._days = chain, days
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
        t = before = min(high, search.latest - step.acquisition_minutes)
        low = max(low, search.earliest)
        # Each need in turn moves the start back; where none does any more, all are served.
        while t >= low:
            if step.allowed is not None:
                t = _not_after(step.allowed, t)
            for need, pool in zip(step.needs, pools, strict=True):
                t = self._last_served(need, pool, t)
                if t < low:
                    return None
            if t == before:
                return t
            before = t
        return None

    def _last_served(self, need: Need, pool: Pool, t: int) -> int:
        """The last start, not after `t`, before which not enough of the pool can serve the need; or low enough."""
        earliest, latest = self._chain.search.earliest, self._chain.search.latest
        t = min(t, latest - need.ends_after_start)
        found = sorted([_last_start(each, need, t, earliest) for each in pool], reverse=True)
        return found[need.count - 1] if len(found) >= need.count else earliest - 1


def _not_after(starts: Intervals, t: int) -> int:
    found = last_at_or_before(starts, t)
    return _NEVER if found is None else found


def _last_start(resource: ResourceFree, need: Need, t: int, earliest: int) -> int:
    """The last start, not after `t`, at which the resource serves the need, nothing of it before `earliest`."""
    free, before, after = resource.free, need.starts_before, need.ends_after_start
    at = bisect_right(free, (t - before, _END)) - 1
    while at >= 0:
        begins, ends = free[at]
        if ends <= earliest:
            break
        last = min(t, ends - after)
        if last - before >= max(begins, earliest):
            return last
        at -= 1
    return _NEVER
