"""The best visit around one start of the anchor: the lung steps early after it, the X-ray late before it."""

from collections.abc import Iterator

from scheduling.engine import bitsets, service
from scheduling.engine.chain import Chain
from scheduling.engine.days import Days
from scheduling.engine.frame import Frame
from scheduling.engine.ranking import DAY, HOUR

Found = tuple[int, tuple[int, ...]]
"""Sum of `Ranking` and the starts in the protocol's order."""


class Completion:
    """Finds the best visit for one anchor start after the other, within one frame of a chain."""

    def __init__(self, chain: Chain, frame: Frame, reach: list[int], days: Days | None) -> None:
        """`frame` and `reach`: as of `reach.bits`."""
        self._chain, self._frame, self._days = chain, frame, days
        self.base, self.anchor_starts = frame.base, reach[chain.anchor]
        self._wished, self._outside = _by_wishes(chain, frame, reach)
        anchor, count = chain.anchor, len(reach)
        # The lung steps first, in order, then the X-ray before them: the order in which equal sums are ranked.
        self._order = (*range(anchor + 1, count), *range(anchor - 1, -1, -1))
        placed = [anchor]
        self._bounds: list[list[tuple[int, int, int]]] = []
        for at in self._order:
            self._bounds.append([(other, *chain.spans[other][at]) for other in _bound_to(chain, at, placed)])
            placed.append(at)
        self._times: dict[int, int] = {}
        self._able: dict[int, list[service.Able]] = {}
        self._best: Found | None = None

    def floor(self, start: int) -> int:
        """What every visit with this anchor start costs at least."""
        ranking, at = self._chain.search.ranking, self._chain.anchor
        cost = ranking.waiting_per_day * (start - self._chain.search.earliest) // DAY
        if self._outside[at] >> (start - self._frame.base) & 1:
            cost += ranking.outside_wishes
        return cost

    def best(self, start: int) -> Found | None:
        """The best visit; None if there is none. `start` is one of the anchor's reach."""
        self._best = None
        self._times = {self._chain.anchor: start}
        if not self._known_day_kept(start) or not self._served(self._chain.anchor):
            return None
        self._place(0, self.floor(start))
        return self._best

    def _known_day_kept(self, start: int) -> bool:
        search = self._chain.search
        if self._chain.anchor or not search.steps[0].same_day or search.known_end is None or not self._days:
            return True
        low, high = self._days.bounds(search.known_end)
        return low <= start < high

    def _served(self, at: int) -> bool:
        """Whether the step just placed leaves everybody one place to be at; the sets know no more."""
        chain, times = self._chain, self._times
        pairs = [pair for pair in chain.room_pairs if at in pair and pair[0] in times and pair[1] in times]
        if not pairs and not self._clashes(at):
            return True
        able_of = {each: service.able(chain, each, t) for each, t in times.items()}
        return service.taken(chain, times, able_of) is not None

    def _clashes(self, at: int) -> bool:
        return any(service.clashes(self._chain, each, self._times) for each in self._times if each >= at)

    def _place(self, depth: int, cost: int) -> None:
        if depth == len(self._order):
            self._best = (cost, tuple([self._times[at] for at in range(depth + 1)]))
            return
        at = self._order[depth]
        for t, added in self._starts(depth, cost):
            self._times[at] = t
            if self._served(at):
                self._place(depth + 1, cost + added)
        self._times.pop(at, None)

    def _starts(self, depth: int, cost: int) -> Iterator[tuple[int, int]]:
        """Starts of the next step with what they add to the cost, in the order in which equal sums are ranked.

        A start that cannot beat what has been found meanwhile is left out.
        """
        at, times = self._order[depth], self._times
        low = max([times[other] + least for other, least, _ in self._bounds[depth]])
        high = min([times[other] + most for other, _, most in self._bounds[depth]])
        if at > self._chain.anchor:
            if self._days and self._chain.search.steps[at].same_day:
                begins, ends = self._days.bounds(times[at - 1])
                low, high = max(low, begins), min(high, ends - 1)
            yield from self._later(at, low, high, cost)
            return
        if self._days is None:
            yield from self._earlier(at, low, high, cost, 0)
            return
        begins, ends = self._days.bounds(times[at + 1])
        same_day = self._chain.search.steps[at + 1].same_day
        if at + 1 != self._chain.anchor and not same_day:
            yield from self._earlier(at, low, high, cost, 0)
            return
        yield from self._earlier(at, max(low, begins), min(high, ends - 1), cost, 0)
        if not same_day:
            trip = self._chain.search.ranking.second_trip
            yield from self._earlier(at, max(low, ends), high, cost, trip)
            yield from self._earlier(at, low, min(high, begins - 1), cost, trip)

    def _later(self, at: int, low: int, high: int, cost: int) -> Iterator[tuple[int, int]]:
        base, ranking = self._frame.base, self._chain.search.ranking
        before = self._times[at - 1] + self._chain.search.steps[at - 1].acquisition_minutes
        wished, outside = self._wished[at], self._outside[at]
        t = low
        while t <= high:
            wished_at, outside_at = _first(wished, t - base), _first(outside, t - base)
            nearest = [each for each in (wished_at, outside_at) if each is not None]
            if not nearest:
                return
            t = base + min(nearest)
            if t > high:
                return
            added = ranking.gap_per_minute * max(0, t - before)
            if self._hopeless(cost + added):
                return
            if t - base == outside_at:
                added += ranking.outside_wishes
                if self._hopeless(cost + added):
                    outside, t = 0, t + 1
                    continue
            yield t, added
            t += 1

    def _earlier(self, at: int, low: int, high: int, cost: int, trip: int) -> Iterator[tuple[int, int]]:
        base, ranking, anchor = self._frame.base, self._chain.search.ranking, self._chain.anchor
        length = self._chain.search.steps[at].acquisition_minutes
        wished, outside = self._wished[at], self._outside[at]
        t = high
        while t >= low:
            wished_at, outside_at = _last(wished, t - base), _last(outside, t - base)
            t = base + max(wished_at, outside_at)
            if t < low or t < base:
                return
            added = trip
            if at + 1 == anchor:
                added += ranking.idle_per_hour * max(0, self._times[anchor] - t - length) // HOUR
            if self._hopeless(cost + added):
                return
            if t - base == outside_at:
                added += ranking.outside_wishes
                if self._hopeless(cost + added):
                    outside, t = 0, t - 1
                    continue
            yield t, added
            t -= 1

    def _hopeless(self, cost: int) -> bool:
        return self._best is not None and cost >= self._best[0]


def _first(minutes: int, at: int) -> int | None:
    """The first of the set that is not before `at`."""
    rest = minutes >> at if at > 0 else minutes
    return max(at, 0) + (rest & -rest).bit_length() - 1 if rest else None


def _last(minutes: int, at: int) -> int:
    """The last of the set that is not after `at`, or -1."""
    return (minutes & ((1 << at + 1) - 1)).bit_length() - 1 if at >= 0 else -1


def _bound_to(chain: Chain, at: int, placed: list[int]) -> list[int]:
    """The placed steps that a lag joins to this one: its neighbours, and those of `Step.lags`."""
    joined = {j if i == at else i for i, j, *_ in chain.joins if at in (i, j)}
    return [other for other in placed if abs(other - at) == 1 or other in joined]


def _by_wishes(chain: Chain, frame: Frame, reach: list[int]) -> tuple[list[int], list[int]]:
    """Per step, the starts within the patient's wishes and the others."""
    ranking = chain.search.ranking
    if ranking.wished is None or not ranking.outside_wishes:
        return reach, [0] * len(reach)
    far = frame.high + max(step.acquisition_minutes for step in chain.search.steps)
    free = bitsets.of_intervals(ranking.wished, frame.base, far, frame.base)
    wished = [
        each & bitsets.eroded(free, 0, step.acquisition_minutes)
        for step, each in zip(chain.search.steps, reach, strict=True)
    ]
    return wished, [each & ~good for each, good in zip(reach, wished, strict=True)]
