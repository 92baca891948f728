"""Which starts of the anchor are offered, with the best visit around each, ranked lazily over growing windows."""

from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from scheduling.engine import reach
from scheduling.engine.chain import Chain, Search
from scheduling.engine.completion import Completion, Found
from scheduling.engine.days import Days
from scheduling.engine.distances import Window
from scheduling.engine.plain import PlainCompletion, is_plain
from scheduling.engine.ranking import DAY, HOUR
from scheduling.engine.reach import Scope

Finder = Completion | PlainCompletion
Offer = tuple[tuple[int, ...], Chain, tuple[int, ...]]
"""The cost, by which offers are ordered, the chain that knows the resources, and the starts of the steps."""


def ranked(search: Search, limit: int) -> Iterator[Offer]:
    """The `limit` best visits, best first."""
    if search.ranking.by_time_alone:
        yield from islice(_in_order(search, None), limit)
        return
    queue = _Queue(limit)
    for chain, completion, window in _stages(search):
        for found in _offered(chain, completion, window, queue.wants_from(completion)):
            queue.add(chain, found)
            # Waiting only grows: what costs no more than the wait until here stays ahead of all that follows.
            yield from queue.up_to(_waiting(search, found[1][chain.anchor]))
        yield from queue.up_to(_waiting(search, window[1]))
        if not queue.missing:
            return
    yield from queue.up_to(None)


def within(search: Search, low: int, high: int) -> Iterator[Offer]:
    """Every offer whose anchor starts in [low, high), in order of time."""
    return _in_order(search, (low, high))


def _in_order(search: Search, only: Window | None) -> Iterator[Offer]:
    for chain, completion, window in _stages(search, only):
        for found in _offered(chain, completion, window, _always):
            yield _cost(chain, found), chain, found[1]


def _always(_: int) -> bool:
    return True


def sum_of(chain: Chain, times: Sequence[int]) -> int:
    """The sum of `Ranking`, without the capacity term, for the starts of all steps."""
    search, anchor = chain.search, chain.anchor
    ranking = search.ranking
    ends = [t + step.acquisition_minutes for step, t in zip(search.steps, times, strict=True)]
    cost = _waiting(search, times[anchor])
    for at in range(anchor + 1, len(times)):
        cost += ranking.gap_per_minute * max(0, times[at] - ends[at - 1])
    if anchor:
        cost += ranking.idle_per_hour * max(0, times[anchor] - ends[anchor - 1]) // HOUR
        cost += ranking.second_trip * _other_day(chain, times)
    if ranking.wished is not None:
        wished = [
            any(low <= t and end <= high for low, high in ranking.wished)
            for t, end in zip(times, ends, strict=True)
        ]
        cost += ranking.outside_wishes * wished.count(False)
    return cost


def order_of(chain: Chain, times: Sequence[int]) -> tuple[int, ...]:
    """What decides among equal sums: early lungs, the X-ray on the same day, the X-ray late."""
    return (*times[chain.anchor :], _other_day(chain, times), *[-t for t in reversed(times[: chain.anchor])])


def _other_day(chain: Chain, times: Sequence[int]) -> int:
    before = times[chain.anchor - 1] if chain.anchor else chain.search.known_end
    day_of = chain.search.day_of
    return int(before is not None and day_of is not None and day_of(before) != day_of(times[chain.anchor]))


def _waiting(search: Search, start: int) -> int:
    return search.ranking.waiting_per_day * (start - search.earliest) // DAY


def _cost(chain: Chain, found: Found) -> tuple[int, ...]:
    return found[0], *order_of(chain, found[1])


class _Queue:
    """The best offers so far that have not been handed out, never more than are missing."""

    def __init__(self, limit: int) -> None:
        self.missing = limit
        self._offers: list[Offer] = []

    def wants_from(self, completion: Finder) -> Callable[[int], bool]:
        """Whether an offer around this start, later than all others, could be handed out."""

        def wants(start: int) -> bool:
            if len(self._offers) < self.missing:
                return True
            return self.missing > 0 and completion.floor(start) < self._offers[-1][0][0]

        return wants

    def add(self, chain: Chain, found: Found) -> None:
        insort(self._offers, (_cost(chain, found), chain, found[1]), key=lambda each: each[0])
        del self._offers[self.missing :]

    def up_to(self, cost: int | None) -> Iterator[Offer]:
        while self._offers and (cost is None or self._offers[0][0][0] <= cost):
            self.missing -= 1
            yield self._offers.pop(0)


def _stages(search: Search, only: Window | None = None) -> Iterator[tuple[Chain, Finder, Window]]:
    """Window after window of anchor starts that can belong to a whole chain."""
    chain = Chain.of(search)
    days = Days(search.day_of) if search.day_of else None
    plain = is_plain(chain)
    scope = _scope(chain, plain)
    for window in [only] if only else chain.windows(None if scope.base is None else _KEPT_WINDOW):
        until = chain.known_from(window)
        if search.known_until is not None and until > search.known_until:
            # Reading costs more than looking: at least as much again as is known.
            search = search.complete(max(until, 3 * search.known_until - 2 * search.earliest))
            chain = Chain.of(search)
            scope = _scope(chain, plain)
        # With the first minute of the next window, where a neighbour on the grid may lie.
        frame, bits = reach.bits(chain, (window[0], window[1] + 1), scope)
        if bits[chain.anchor] and plain:
            yield chain, PlainCompletion(chain, frame, bits, days), window
        elif bits[chain.anchor]:
            yield chain, Completion(chain, frame, bits, days), window


def _scope(chain: Chain, plain: bool) -> Scope:
    """In a plain search with the base of the timelines that are kept: then all of them are looked at together."""
    search = chain.search
    bases = [each.kept.base for each in search.resources if each.kept is not None] if plain else []
    base = min(bases, default=None)
    return Scope.of(chain, None if base is None or base % search.grid_minutes else base)


def _offered(
    chain: Chain, completion: Finder, window: Window, useful: Callable[[int], bool]
) -> Iterator[Found]:
    """The best visits around the offered starts, in order of time (`itinerary.search` says which starts)."""
    grid, visit = chain.search.grid_minutes, _Visits(completion)
    for first, count, starts in _parts(completion, window[0], grid):
        rest = starts & ((1 << count) - 1)
        while rest:
            cell = (rest & -rest).bit_length() - 1
            cell -= cell % grid
            start = first + cell
            if start >= window[1] or (completion.only_grows and not useful(start)):
                return
            inside = starts >> cell & ((2 << grid) - 1)
            rest &= -1 << cell + grid
            found = _in_cell(visit, inside, (start, min(start + grid, window[1])), grid, useful)
            if found is not None and useful(found[1][chain.anchor]):
                yield found


def _parts(completion: Finder, low: int, grid: int) -> Iterator[tuple[int, int, int]]:
    """The anchor's starts from `low` on in parts of some days: short sets are looked through faster.

    Each as the minute that its bits count from, how many minutes are its own, and the bits of these and of the
    next cell of the grid.
    """
    count = _PART - _PART % grid
    ahead = max(0, low - completion.base)
    ahead -= ahead % grid
    first, starts = completion.base + ahead, completion.anchor_starts >> ahead
    while starts:
        empty = ((starts & -starts).bit_length() - 1) // count * count
        starts >>= empty
        first += empty
        yield first, count, starts & ((2 << count + grid) - 1)
        starts >>= count
        first += count


_PART = 4 * 1440
_KEPT_WINDOW = 28 * 1440


def _in_cell(
    visit: "_Visits", inside: int, cell: Window, grid: int, useful: Callable[[int], bool]
) -> Found | None:
    """What is offered of the minutes from one multiple of the grid to the next; `inside` has bits for them."""
    if inside & 1 and useful(cell[0]):
        found = visit.around(cell[0])
        if found is not None:
            return found
    starts = [start for start in range(*cell) if inside >> (start - cell[0]) & 1]
    if not any(useful(start) for start in starts):
        return None
    if inside & 1 and (found := visit.around(cell[0])) is not None:
        return found
    if inside >> grid & 1 and visit.around(cell[0] + grid) is not None:
        return None
    return next((found for found in map(visit.around, starts) if found is not None), None)


class _Visits:
    """The best visits around starts, each looked for once."""

    def __init__(self, completion: Finder) -> None:
        self._best = completion.best
        self._known: dict[int, Found | None] = {}

    def around(self, start: int) -> Found | None:
        if start not in self._known:
            self._known[start] = self._best(start)
        return self._known[start]
