"""Whole visits, best first: chest X-ray, ventilation, perfusion, each with its room and people.

`search` finds them, `fits` checks given times by the same code, `blockers` says why there are none.
All times are UTC minutes (`calendars.to_minute`, `calendars.to_datetime`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from scheduling.engine import offers, refusal, service
from scheduling.engine.chain import (
    PATIENT,
    PREP_BAY,
    XRAY_STEP,
    Chain,
    Lag,
    Need,
    ResourceFree,
    Search,
    Step,
    planned_step,
)
from scheduling.engine.days import Days
from scheduling.engine.ranking import DAY, Ranking
from scheduling.engine.visit import Itinerary, Placed

__all__ = [
    "PATIENT",
    "PREP_BAY",
    "XRAY_STEP",
    "Itinerary",
    "Lag",
    "Need",
    "Placed",
    "Ranking",
    "ResourceFree",
    "Search",
    "Step",
    "blockers",
    "fits",
    "planned_step",
    "search",
]

UNTIMELY = "These starts do not keep the distances and the times that the steps ask for."


def search(search: Search, *, limit: int) -> Iterator[Itinerary]:
    """The `limit` best itineraries, best first, computed as they are asked for; one per start of the lungs.

    Cost: the sum of `Ranking`; then start of the first lung step, then of the following ones in turn, then 1 if
    the X-ray is on another local day, then the X-ray as late as possible. Exact: equal to trying every start
    with every resource. The first lung step is offered at every multiple of `grid_minutes` at which a visit can
    start, and where two neighbouring multiples cannot, at the first minute between them that can.
    """
    wanted = _on_one_day(search)
    if search.ranking.capacity is None:
        return islice(_ranked(wanted, limit), limit)
    return islice(_spared(wanted, limit), limit)


def fits(
    search: Search, starts: Mapping[str, int], preferred: service.Preferred | None = None
) -> Itinerary | str:
    """The itinerary with these starts, or the sentence why it cannot be. `starts` names every step.

    `preferred`: per step, ids of the resources to take where they are free.
    """
    return fits_chain(Chain.of(search.complete()), [starts[step.key] for step in search.steps], preferred)


def fits_chain(
    chain: Chain, times: Sequence[int], preferred: service.Preferred | None = None
) -> Itinerary | str:
    """The same where the chain is known; `times` are those of its steps, in their order."""
    sentence = refusal.off_time(chain, times)
    if sentence is not None:
        return sentence
    if not chain.timely(times):
        return UNTIMELY
    able_of = {at: service.able(chain, at, t, preferred) for at, t in enumerate(times)}
    taken = service.taken(chain, dict(enumerate(times)), able_of) if chain.in_turn(times) else None
    if taken is None:
        return refusal.unserved(chain, service.served(chain, list(able_of.values())))
    cost = (offers.sum_of(chain, times), *offers.order_of(chain, times))
    return _itinerary(chain, cost, times, taken)


def blockers(search: Search) -> tuple[str, ...]:
    """Sentences that say which step or link has no answer; empty if the search has one."""
    if next(_ranked(_on_one_day(search), 1), None) is not None:
        return ()
    return refusal.nothing_found(Chain.of(_on_one_day(search.complete())))


def _on_one_day(search: Search) -> Search:
    if not search.ranking.same_day_only:
        return search
    first, *others = search.steps
    return replace(search, steps=(first, *[replace(step, same_day=True) for step in others]))


def _ranked(search: Search, limit: int) -> Iterator[Itinerary]:
    served = _Served()
    return (served.at(offer) for offer in offers.ranked(search, limit))


def _spared(search: Search, limit: int) -> Iterator[Itinerary]:
    """As `_ranked`, but the day of the best visit first, in the order of what its starts leave for others."""
    ranking, best = search.ranking, next(offers.ranked(search, 1), None)
    if best is None or ranking.capacity is None:
        return
    weighed, served = [], _Served()
    for offer in _candidates(search, best):
        each = served.at(offer)
        cost = each.cost[0] + ranking.capacity_weight * ranking.capacity(each)
        weighed.append((cost, offer, Itinerary(each.steps, (cost, *each.cost[1:]))))
    weighed.sort(key=lambda each: each[2].cost)
    yield from [each[2] for each in weighed]
    shown = {offer[2] for _, offer, _ in weighed}
    for offer in offers.ranked(search, limit + len(shown)):
        if offer[2] not in shown:
            yield served.at(offer)


def _candidates(search: Search, best: offers.Offer) -> list[offers.Offer]:
    """Of the day of the best offer so many as the capacity term looks at, the earliest and the best among them."""
    _, chain, times = best
    if search.day_of is None:
        low, high = times[chain.anchor], times[chain.anchor] + DAY
    else:
        low, high = Days(search.day_of).bounds(times[chain.anchor])
    every = list(offers.within(search, max(low, search.earliest), min(high, search.latest)))
    count = min(search.ranking.capacity_candidates, len(every))
    chosen = [every[len(every) * n // count] for n in range(count)]
    if all(each[2] != times for each in chosen):
        chosen[-1] = best
    return chosen


class _Served:
    """The whole visits of offers: quick where all of one chain are undisputed, which is the usual case."""

    def __init__(self) -> None:
        self._quick: service.BestFits | None = None

    def at(self, offer: offers.Offer) -> Itinerary:
        cost, chain, times = offer
        taken = self._best_fits(chain, times) if chain.undisputed else None
        if taken is None:
            able_of = {at: service.able(chain, at, t) for at, t in enumerate(times)}
            taken = service.taken(chain, dict(enumerate(times)), able_of)
        if taken is None:
            raise AssertionError("The sets of starts promise what no choice of resources keeps.")
        return _itinerary(chain, cost, times, taken)

    def _best_fits(self, chain: Chain, times: Sequence[int]) -> service.Taken | None:
        if self._quick is None or self._quick.chain is not chain:
            self._quick = service.BestFits(chain)
        return self._quick.at(times)


def _itinerary(chain: Chain, cost: tuple[int, ...], times: Sequence[int], taken: service.Taken) -> Itinerary:
    placed = [
        Placed(step.key, t, t + step.acquisition_minutes, occupied)
        for step, t, occupied in zip(chain.search.steps, times, taken, strict=True)
    ]
    return Itinerary(tuple(placed), cost)
