"""How many starts each local day still has: the numbers behind a calendar of the next weeks.

Counted is what `itinerary.search` would offer: multiples of the grid, and where two neighbouring multiples cannot
be had, the first minute between them that can. Where no two needs compete, a day is a few shifts of bit sets;
otherwise every start is tried by the code that searches.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from scheduling.engine import bitsets
from scheduling.engine.chain import Chain, Search, Window
from scheduling.engine.days import Days
from scheduling.engine.pins import visits
from scheduling.engine.ranking import Ranking

_DAY = 1440


@dataclass(frozen=True, slots=True)
class DayStarts:
    """One local day. `begins`: its first minute. `starts`: how many starts of the lungs belong to a whole visit.

    `first`: the earliest of them, None if there is none. `wished` and `first_wished`: the same of those visits
    that lie within the patient's wishes as a whole; without wishes they are equal to the others.
    """

    begins: int
    starts: int
    first: int | None
    wished: int
    first_wished: int | None


def by_day(search: Search) -> list[DayStarts]:
    """Every local day that the search touches, in order. `Ranking` counts as wishes and as "one day only"."""
    search = search.complete()
    chain, grid = Chain.of(_counted(search)), search.grid_minutes
    base = search.earliest - search.earliest % grid
    days = list(_days(search))
    every = fitting = 0
    for begins, ends in days:
        window = max(begins, search.earliest), min(ends, search.latest)
        found, wished = _starts(chain, window, (begins, ends))
        every |= found << window[0] - base
        fitting |= wished << window[0] - base
    every = offered(every, grid)
    fitting = every if search.ranking.wished is None else offered(fitting, grid)
    return [DayStarts(day[0], *_of_day(every, day, base), *_of_day(fitting, day, base)) for day in days]


def _days(search: Search) -> Iterator[Window]:
    days, minute = Days(search.day_of or (lambda minute: minute // _DAY)), search.earliest
    while minute < search.latest:
        yield days.bounds(minute)
        minute = days.bounds(minute)[1]


def _of_day(starts: int, day: Window, base: int) -> tuple[int, int | None]:
    """(how many, the first) of the starts on one day."""
    found = starts & bitsets.span(*day, base)
    return found.bit_count(), base + (found & -found).bit_length() - 1 if found else None


def _counted(search: Search) -> Search:
    """The search with the wish for one day as a rule, and a ranking that only tells whether the wishes are met."""
    first, *others = search.steps
    if search.ranking.same_day_only:
        others = [replace(step, same_day=True) for step in others]
    ranking = Ranking(outside_wishes=1, wished=search.ranking.wished)
    return replace(search, steps=(first, *others), ranking=ranking)


def _starts(chain: Chain, window: Window, day: Window) -> tuple[int, int]:
    """(all, within the wishes): the anchor's starts within the window, as bit sets from its first minute on."""
    tied = _tied(chain)
    if chain.undisputed and not chain.joins and tied is not None:
        return _by_sets(chain, window, day, tied)
    return _by_search(chain, window)


def _tied(chain: Chain) -> set[int] | None:
    """The steps that have to be on the anchor's day; None where two others have to be on one day."""
    steps, anchor = chain.search.steps, chain.anchor
    tied, at = {anchor}, anchor
    while at + 1 < len(steps) and steps[at + 1].same_day:
        at += 1
        tied.add(at)
    at = anchor
    while at > 0 and steps[at].same_day:
        at -= 1
        tied.add(at)
    joined = [at for at in range(1, len(steps)) if steps[at].same_day]
    return tied if all({at - 1, at} <= tied for at in joined) else None


def _by_sets(chain: Chain, window: Window, day: Window, tied: set[int]) -> tuple[int, int]:
    """By shifting and masking: exact where no two needs can ask for one resource at one moment."""
    search = chain.search
    frame, starts = chain.bits(window)
    if not starts[chain.anchor] or not _known_day_kept(chain, day, tied):
        return 0, 0
    base, far = frame.base, frame.high - frame.low
    ahead, same_day = window[0] - base, bitsets.span(*day, base)
    kept = [each & same_day if at in tied else each for at, each in enumerate(starts)]
    every = _from(_joined(chain, kept, far), ahead)
    if search.ranking.wished is None:
        return every, every
    ends = frame.high + max(step.acquisition_minutes for step in search.steps)
    free = bitsets.of_intervals(search.ranking.wished, base, ends, base)
    kept = [
        each & bitsets.eroded(free, 0, step.acquisition_minutes)
        for each, step in zip(kept, search.steps, strict=True)
    ]
    return every, _from(_joined(chain, kept, far), ahead)


def _from(starts: int, ahead: int) -> int:
    """The same set, counted from a minute that lies so far ahead."""
    return starts >> ahead if ahead >= 0 else starts << -ahead


def _known_day_kept(chain: Chain, day: Window, tied: set[int]) -> bool:
    """Whether an X-ray done elsewhere is on the day of a first step that asks for it."""
    known_end, first = chain.search.known_end, chain.search.steps[0]
    if known_end is None or not first.same_day or chain.search.day_of is None:
        return True
    return 0 in tied and day[0] <= known_end < day[1]


def _joined(chain: Chain, starts: list[int], far: int) -> int:
    """The anchor's starts from which the steps after it and before it can be reached, by the lags of neighbours."""
    gaps = [(max(least, -far), min(most, far)) for least, most in chain.gaps]
    after = starts[-1]
    for at in range(len(starts) - 2, chain.anchor - 1, -1):
        after = starts[at] & bitsets.dilated(after, -gaps[at + 1][1], -gaps[at + 1][0])
    before = starts[0]
    for at in range(1, chain.anchor + 1):
        before = starts[at] & bitsets.dilated(before, *gaps[at])
    return after & before


def _by_search(chain: Chain, window: Window) -> tuple[int, int]:
    every = fitting = 0
    for start, times in visits(chain, window):
        every |= 1 << start - window[0]
        if _within_wishes(chain, times):
            fitting |= 1 << start - window[0]
    return every, fitting


def _within_wishes(chain: Chain, times: tuple[int, ...]) -> bool:
    """The best visit is the one with the fewest steps outside, so this says whether any visit has none."""
    wished = chain.search.ranking.wished
    return wished is None or all(
        any(low <= t and t + step.acquisition_minutes <= high for low, high in wished)
        for t, step in zip(times, chain.search.steps, strict=True)
    )


def offered(starts: int, grid: int) -> int:
    """Of these starts, counted from a multiple of the grid, those that are offered."""
    multiples = bitsets.multiples(grid, starts.bit_length() // grid + 1)
    on_grid = starts & multiples
    # Per cell of the grid, whether it has any start: folded onto its first minute.
    some = bitsets.union(starts >> n for n in range(grid)) & multiples
    odd, found = some & ~on_grid & ~(on_grid >> grid), on_grid
    while odd:
        cell = (odd & -odd).bit_length() - 1
        inside = starts >> cell
        found |= (inside & -inside) << cell
        odd &= odd - 1
    return found
