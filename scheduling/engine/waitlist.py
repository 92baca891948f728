"""Who of those who wait gets time that is free: by priority, then by fit, then by how long they have waited.

All times are UTC minutes. A start is that of the first lung acquisition, on the grid of bookable starts.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from scheduling.engine.chain import PATIENT, Chain, Search
from scheduling.engine.intervals import Intervals, next_at_or_after, union

_DAY = 24 * 60
_NO_TIME_YET = float("inf")


class Mode(StrEnum):
    """How an offer is made: to one patient, whose time is held, or to several, of whom the first gets it."""

    ONE_BY_ONE = "one_by_one"
    FIRST_COME = "first_come"


@dataclass(frozen=True, slots=True)
class Wish:
    """What one patient waits for: a start in [earliest, before) that suits the hours and is not in `unwanted`.

    `chain` and `hours` are keys of the starts and of the hours handed to `matches`: patients share them.
    `rank`: 0 is the most urgent. `present`: the start that this patient has now; without one, none is booked.
    """

    entry: int
    chain: int
    hours: int
    rank: int
    waits_since: int
    earliest: int
    before: int
    present: int | None = None
    unwanted: Intervals = ()


class Match(NamedTuple):
    """The earliest start that suits this entry. Matches sort as they are to be offered, the best first.

    `fit` is minus the whole days that are gained; who has no time at all yet gains the most.
    """

    rank: int
    fit: float
    waits_since: int
    entry: int
    start: int


@dataclass(frozen=True, slots=True)
class Free:
    """The free starts of each chain and the hours that patients ask for, in the normal form of `intervals`."""

    starts: Mapping[int, Intervals]
    hours: Mapping[int, Intervals]
    grid_minutes: int = 1


def starts_for_anybody(search: Search) -> Intervals:
    """The starts of the anchor that the rooms and people of this search allow, whoever the patient is.

    Where one resource would be needed twice at a moment a start may be too many; `itinerary.search` is exact.
    """
    always = ((search.earliest, search.latest),)
    resources = tuple(
        replace(each, free=always) if PATIENT in each.capabilities else each for each in search.resources
    )
    chain = Chain.of(replace(search, resources=resources))
    return union(*[chain.reach(window)[chain.anchor] for window in chain.windows()])


def matches(free: Free, wishes: Iterable[Wish]) -> list[Match]:
    """Each wish that can be met, with its earliest start: the best first. Exact, and the same for any order."""
    grid = free.grid_minutes
    starts = {key: _on_grid(each, grid) for key, each in free.starts.items()}
    hours = {key: _on_grid(each, grid) for key, each in free.hours.items()}
    found = []
    for wish in wishes:
        start = _first(starts.get(wish.chain, []), hours.get(wish.hours, []), wish, grid)
        if start is not None:
            found.append(_match(wish, start))
    found.sort()
    return found


def sharing(free: Free, wishes: Iterable[Wish], start: int) -> list[Match]:
    """Every wish that this one start would meet, the best first: whom to ask where the first to answer gets it."""
    return sorted(_match(wish, start) for wish in wishes if meets(free, wish, start))


def meets(free: Free, wish: Wish, start: int) -> bool:
    """Whether this start is free for this wish, suits it and is wanted."""
    if start % free.grid_minutes or not wish.earliest <= start < wish.before:
        return False
    if any(low <= start < high for low, high in wish.unwanted):
        return False
    every = free.starts.get(wish.chain, ()), free.hours.get(wish.hours, ())
    return all(next_at_or_after(each, start) == start for each in every)


def _match(wish: Wish, start: int) -> Match:
    gained = _NO_TIME_YET if wish.present is None else (wish.present - start) // _DAY
    return Match(wish.rank, -gained, wish.waits_since, wish.entry, start)


def _on_grid(minutes: Intervals, grid: int) -> list[int]:
    """Where the minutes that lie on the grid begin and end, in turn, as numbers of the grid."""
    bounds: list[int] = []
    for low, high in minutes:
        first, end = -(-low // grid), -(-high // grid)
        if first == end:
            continue
        if bounds and bounds[-1] == first:  # only minutes beside the grid lie between
            bounds[-1] = end
        else:
            bounds += (first, end)
    return bounds


def _first(starts: list[int], hours: list[int], wish: Wish, grid: int) -> int | None:
    """The earliest start in both sets, which are bounds on the grid, that the wish allows, or None."""
    at = _common(starts, hours, -(-wish.earliest // grid))
    while at is not None and at * grid < wish.before:
        if not wish.unwanted:
            return at * grid
        unwanted = next((high for low, high in wish.unwanted if low <= at * grid < high), None)
        if unwanted is None:
            return at * grid
        at = _common(starts, hours, -(-unwanted // grid))
    return None


def _common(one: list[int], other: list[int], at: int) -> int | None:
    """The first number from `at` on that lies in both sets, given by their bounds."""
    while True:
        # From one set to the other and back: each step passes over everything that only one of them has.
        before = at
        for bounds in (one, other):
            index = bisect_right(bounds, at)
            if not index % 2:
                if index == len(bounds):
                    return None
                at = bounds[index]
        if at == before:
            return at
