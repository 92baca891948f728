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
        self._chain, self._days = chain, days
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
        self._rest: list[int] = []
        self._weighs = any(self._outside)
        self.only_grows = not self._weighs
        self._near_wished = _near(chain, frame, self._wished) if self._weighs else []
        self._best: Found | None = None

    def floor(self, start: int) -> int:
        """What every visit with this anchor start costs at least; with `only_grows` never less for a later one."""
        cost = self._own(start)
        return cost + sum([self._unwished(at, start) for at in self._order]) if self._weighs else cost

    def _own(self, start: int) -> int:
        ranking, at = self._chain.search.ranking, self._chain.anchor
        cost = ranking.waiting_per_day * (start - self._chain.search.earliest) // DAY
        if self._outside[at] >> (start - self.base) & 1:
            cost += ranking.outside_wishes
        return cost

    def _unwished(self, at: int, start: int) -> int:
        """What a step costs for sure, as none of its starts around this anchor start is within the wishes."""
        wished = self._near_wished[at] >> (start - self.base) & 1
        return 0 if wished else self._chain.search.ranking.outside_wishes

    def best(self, start: int) -> Found | None:
        """The best visit; None if there is none. `start` is one of the anchor's reach."""
        self._best = None
        self._times = {self._chain.anchor: start}
        if not self._known_day_kept(start) or not self._served(self._chain.anchor):
            return None
        self._rest = [0] * (len(self._order) + 1)
        for depth in range(len(self._order) - 1, -1, -1):
            self._rest[depth] = self._rest[depth + 1] + self._least(self._order[depth], start)
        self._place(0, self._own(start))
        return self._best

    def _least(self, at: int, start: int) -> int:
        """What a step costs at least, whatever the others do."""
        cost = self._unwished(at, start) if self._weighs else 0
        if at + 1 != self._chain.anchor:
            return cost
        least, most = self._chain.spans[self._chain.anchor][at]
        outside, costs = self._chain.search.ranking.outside_wishes, []
        for low, high, trip in self._stretches(at, start + least, start + most):
            for starts, added in ((self._wished[at], 0), (self._outside[at], outside)):
                t = self.base + _last(starts, high - self.base)
                if t >= max(low, self.base):
                    costs.append(trip + added + self._idle(at, t))
        return min(costs, default=cost)

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
        for first, last, trip in self._stretches(at, low, high):
            yield from self._earlier(at, first, last, cost, trip)

    def _stretches(self, at: int, low: int, high: int) -> list[tuple[int, int, int]]:
        """[low, high] of a step before the anchor, in the order in which equal sums are ranked.

        Each with what it costs there to come on another day than the anchor.
        """
        same_day = self._chain.search.steps[at + 1].same_day
        if self._days is None or (at + 1 != self._chain.anchor and not same_day):
            return [(low, high, 0)]
        begins, ends = self._days.bounds(self._times[at + 1])
        found = [(max(low, begins), min(high, ends - 1), 0)]
        if not same_day:
            trip = self._chain.search.ranking.second_trip
            found += [(max(low, ends), high, trip), (low, min(high, begins - 1), trip)]
        return found

    def _idle(self, at: int, t: int) -> int:
        """What the time between a step just before the anchor and the anchor costs."""
        if at + 1 != self._chain.anchor:
            return 0
        ends = t + self._chain.search.steps[at].acquisition_minutes
        waits = max(0, self._times[self._chain.anchor] - ends)
        return self._chain.search.ranking.idle_per_hour * waits // HOUR

    def _later(self, at: int, low: int, high: int, cost: int) -> Iterator[tuple[int, int]]:
        base, ranking, rest = self.base, self._chain.search.ranking, self._remaining(at)
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
            if self._hopeless(cost + added + rest):
                return
            if t - base == outside_at:
                added += ranking.outside_wishes
                if self._hopeless(cost + added + rest):
                    outside, t = 0, t + 1
                    continue
            yield t, added
            t += 1

    def _earlier(self, at: int, low: int, high: int, cost: int, trip: int) -> Iterator[tuple[int, int]]:
        base, ranking, rest = self.base, self._chain.search.ranking, self._remaining(at)
        wished, outside = self._wished[at], self._outside[at]
        t = high
        while t >= low:
            wished_at, outside_at = _last(wished, t - base), _last(outside, t - base)
            t = base + max(wished_at, outside_at)
            if t < low or t < base:
                return
            added = trip + self._idle(at, t)
            if self._hopeless(cost + added + rest):
                return
            if t - base == outside_at:
                added += ranking.outside_wishes
                if self._hopeless(cost + added + rest):
                    outside, t = 0, t - 1
                    continue
            yield t, added
            t -= 1

    def _remaining(self, at: int) -> int:
        """What the steps that are placed after this one cost at least."""
        return self._rest[self._order.index(at) + 1]

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


def _near(chain: Chain, frame: Frame, starts: list[int]) -> list[int]:
    """Per step, the anchor starts from which one of its `starts` can be reached."""
    far = frame.high - frame.low
    spans = [(max(least, -far), min(most, far)) for least, most in chain.spans[chain.anchor]]
    return [bitsets.dilated(each, -most, -least) for each, (least, most) in zip(starts, spans, strict=True)]


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
