"""Whole visits, best first: chest X-ray, ventilation, perfusion, each with its room and people.

`search` finds them, `fits` checks given times by the same code, `blockers` says why there are none.
All times are UTC minutes (`calendars.to_minute`, `calendars.to_datetime`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from scheduling.engine import assignment, refusal
from scheduling.engine.assignment import Slot
from scheduling.engine.chain import (
    PATIENT,
    PREP_BAY,
    XRAY_STEP,
    Chain,
    Need,
    Pool,
    ResourceFree,
    Search,
    Step,
    planned_step,
)
from scheduling.engine.intervals import Intervals, covering, last_at_or_before, next_at_or_after

__all__ = [
    "PATIENT",
    "PREP_BAY",
    "XRAY_STEP",
    "Itinerary",
    "Need",
    "Placed",
    "ResourceFree",
    "Search",
    "Step",
    "blockers",
    "fits",
    "planned_step",
    "search",
]


@dataclass(frozen=True, slots=True)
class Placed:
    """One acquisition [start, end) and, per need in order, (resource id, occupied from, occupied to)."""

    step_key: str
    start: int
    end: int
    resources: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Itinerary:
    """`steps` in the protocol's order; a smaller `cost` is better."""

    steps: tuple[Placed, ...]
    cost: tuple[int, ...]


Preferred = Mapping[str, Collection[int]]


def search(search: Search, *, limit: int) -> Iterator[Itinerary]:
    """The `limit` best itineraries, best first, computed as they are asked for; one per start of the lungs.

    Cost: start of the first lung step, then of the following ones in turn, then 1 if the X-ray is on another
    local day, then the X-ray as late as possible. Exact: equal to trying every start with every resource.
    """
    return islice(_all(Chain.of(search)), limit)


def fits(search: Search, starts: Mapping[str, int], preferred: Preferred | None = None) -> Itinerary | str:
    """The itinerary with these starts, or the sentence why it cannot be. `starts` names every step.

    `preferred`: per step, ids of the resources to take where they are free.
    """
    chain = Chain.of(search)
    times = [starts[step.key] for step in search.steps]
    sentence = refusal.off_time(chain, times)
    if sentence is not None:
        return sentence
    slots = [_slots(chain, at, t, preferred) for at, t in enumerate(times)]
    chosen = _choose(chain, dict(enumerate(slots)))
    if chosen is None:
        free = [[bool(slot.candidates) for slot in each] for each in slots]
        return refusal.unserved(chain, free)
    return _itinerary(chain, times, slots, chosen)


def blockers(search: Search) -> tuple[str, ...]:
    """Sentences that say which step or link has no answer; empty if the search has one."""
    chain = Chain.of(search)
    if next(_all(chain), None) is not None:
        return ()
    return refusal.nothing_found(chain)


def _all(chain: Chain) -> Iterator[Itinerary]:
    for window in chain.windows():
        reach = chain.reach(window)
        for start in _on_grid(reach[chain.anchor], chain.search.grid_minutes):
            found = _best_from(chain, start, reach)
            if found is not None:
                yield found


def _on_grid(starts: Intervals, grid: int) -> Iterator[int]:
    for low, high in starts:
        yield from range(-(-low // grid) * grid, high, grid)


def _best_from(chain: Chain, start: int, reach: list[Intervals]) -> Itinerary | None:
    anchor, count = chain.anchor, len(chain.search.steps)
    if anchor == 0 and not refusal.same_day_kept(chain, 0, start, None):
        return None
    # The lung steps first, in order, then the X-ray before them: the order of the cost.
    order = (*range(anchor + 1, count), *range(anchor - 1, -1, -1))
    return _complete(chain, order, {anchor: start}, {anchor: _slots(chain, anchor, start)}, reach)


def _complete(
    chain: Chain,
    order: tuple[int, ...],
    times: dict[int, int],
    slots: dict[int, list[Slot]],
    reach: list[Intervals],
) -> Itinerary | None:
    """The best whole visit that begins with the steps already placed, or None.

    Resources are tried at every depth: two lung steps that need one camera at once fail before any X-ray.
    """
    chosen = _choose(chain, slots)
    if chosen is None:
        return None
    if not order:
        by_step = range(len(times))
        return _itinerary(chain, [times[at] for at in by_step], [slots[at] for at in by_step], chosen)
    at, rest = order[0], order[1:]
    for t in _next_starts(chain, at, times, reach[at]):
        found = _complete(chain, rest, {**times, at: t}, {**slots, at: _slots(chain, at, t)}, reach)
        if found is not None:
            return found
    return None


def _next_starts(chain: Chain, at: int, times: Mapping[int, int], starts: Intervals) -> Iterator[int]:
    """The starts of a step beside the placed one, best first: early after it, late before it."""
    if at > chain.anchor:
        least, most = chain.gaps[at]
        before = times[at - 1]
        t = next_at_or_after(starts, before + least)
        while t is not None and t <= before + most:
            if refusal.same_day_kept(chain, at, t, before):
                yield t
            t = next_at_or_after(starts, t + 1)
        return
    least, most = chain.gaps[at + 1]
    after = times[at + 1]
    t = last_at_or_before(starts, after - least)
    while t is not None and t >= after - most:
        if refusal.same_day_kept(chain, at + 1, after, t):
            yield t
        t = last_at_or_before(starts, t - 1)


def _slots(chain: Chain, at: int, t: int, preferred: Preferred | None = None) -> list[Slot]:
    step, wanted = chain.search.steps[at], ()
    first: Collection[int] = preferred.get(step.key, wanted) if preferred else wanted
    return [
        _slot(chain, pool, t - need.starts_before, t + need.ends_after_start, first)
        for need, pool in zip(step.needs, chain.pools[at], strict=True)
    ]


def _slot(chain: Chain, pool: Pool, begins: int, ends: int, first: Collection[int]) -> Slot:
    """Who is free for the span, best first: preferred, then smallest free run, then the order given."""
    if begins < chain.search.earliest or ends > chain.search.latest:
        return Slot(begins, ends, ())
    found: list[tuple[bool, int, int, int]] = []
    for resource in pool:
        run = covering(resource.free, begins, ends)
        if run is not None:
            found.append((resource.id not in first, run[1] - run[0], len(found), resource.id))
    if len(found) > 1:
        found.sort()
    return Slot(begins, ends, tuple([each[3] for each in found]))


def _choose(chain: Chain, slots: Mapping[int, list[Slot]]) -> dict[int, list[int]] | None:
    """Per placed step the resource ids of its needs, or None."""
    flat: list[Slot] = []
    begins: dict[int, int] = {}
    for at in sorted(slots):  # in the protocol's order, so that `fits` chooses what `search` chose
        begins[at] = len(flat)
        flat += slots[at]
    pairs = [(begins[a], begins[b]) for a, b in chain.room_pairs if a in begins and b in begins]
    chosen = assignment.choose(flat, pairs)
    if chosen is None:
        return None
    return {at: list(chosen[begins[at] : begins[at] + len(each)]) for at, each in slots.items()}


def _itinerary(
    chain: Chain, times: list[int], slots: list[list[Slot]], chosen: Mapping[int, list[int]]
) -> Itinerary:
    placed = []
    for at, (step, t) in enumerate(zip(chain.search.steps, times, strict=True)):
        used = zip(chosen[at], slots[at], strict=True)
        occupied = tuple([(resource, slot.begins, slot.ends) for resource, slot in used])
        placed.append(Placed(step.key, t, t + step.acquisition_minutes, occupied))
    return Itinerary(tuple(placed), _cost(chain, times))


def _cost(chain: Chain, times: list[int]) -> tuple[int, ...]:
    anchor, day_of = chain.anchor, chain.search.day_of
    before = times[anchor - 1] if anchor else chain.search.known_end
    other_day = before is not None and day_of is not None and day_of(before) != day_of(times[anchor])
    return (*times[anchor:], int(other_day), *(-t for t in reversed(times[:anchor])))
