"""Other starts of one step while all the others stay where they are."""

from collections.abc import Iterator, Mapping

from scheduling.engine import bitsets
from scheduling.engine.chain import Chain, Search
from scheduling.engine.heat import offered
from scheduling.engine.itinerary import fits
from scheduling.engine.pins import bounds
from scheduling.engine.visit import Itinerary


def times(search: Search, key: str, kept: Mapping[str, int]) -> Iterator[Itinerary]:
    """Every visit in which `key` starts at an offered minute and the other steps as in `kept`, in order of time.

    `kept` names every other step. Offered are, as in a search, multiples of the grid, and where two neighbouring
    ones cannot be had, the first minute between them that can.
    """
    search = search.complete()
    chain, at = Chain.of(search), [step.key for step in search.steps].index(key)
    limits = bounds(chain, kept)
    low, high = limits[chain.anchor]
    if any(least > most for least, most in limits):
        return
    frame, starts = chain.bits((low, high + 1))
    candidates = starts[at] & bitsets.span(limits[at][0], limits[at][1] + 1, frame.base)
    possible = {}
    for t in _minutes(candidates, frame.base):
        found = fits(search, {**kept, key: t})
        if not isinstance(found, str):
            possible[t] = found
    base = frame.base - frame.base % search.grid_minutes
    shown = offered(bitsets.union(1 << t - base for t in possible), search.grid_minutes)
    for t in _minutes(shown, base):
        yield possible[t]


def _minutes(starts: int, base: int) -> Iterator[int]:
    while starts:
        yield base + (starts & -starts).bit_length() - 1
        starts &= starts - 1
