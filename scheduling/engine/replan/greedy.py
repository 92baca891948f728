"""The repair that is shown at once: keep what can stay, and find the nearest time for each visit that cannot."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from scheduling.engine import itinerary
from scheduling.engine.intervals import intersect
from scheduling.engine.itinerary import Itinerary, Placed
from scheduling.engine.replan.day import Day, Plan, Visit, anchor, hits, occupied_by, search_for
from scheduling.engine.replan.stock import Stock

Taken = dict[int, list[tuple[int, int]]]


def repair(day: Day) -> Plan:
    """First fit, the heaviest first, among them the earliest: nobody who can stay is moved for another."""
    hit = {each.visit for each in hits(day)}
    to_place = [visit for visit in day.visits if visit.id in hit and not visit.frozen]
    staying = [visit for visit in day.visits if visit.frozen or visit.id not in hit]
    taken: Taken = defaultdict(list)
    for visit in staying:
        _take(taken, visit.occupied)
    stock = Stock.of(day, staying)
    moved: dict[int, tuple[Placed, ...]] = {}
    doses: dict[int, Mapping[str, int]] = {}
    lost: set[int] = set()
    for visit in sorted(to_place, key=lambda each: (-each.weight, each.starts[anchor(each)], each.id)):
        found = nearest(day, visit, taken, stock)
        drawn = None if found is None else stock.take(visit, found.steps)
        if found is None or drawn is None:
            lost.add(visit.id)
            continue
        moved[visit.id] = found.steps
        _take(taken, occupied_by(day, visit, found.steps))
        if drawn:
            doses[visit.id] = drawn
    return Plan(moved, frozenset(lost), doses)


def nearest(
    day: Day, visit: Visit, taken: Mapping[int, list[tuple[int, int]]], stock: Stock
) -> Itinerary | None:
    """The same times elsewhere, else the first later ones, else the first that are allowed at all."""
    search = search_for(day, visit, taken, stock.allowed)
    if all(_has(step.allowed or (), visit.starts[step.key]) for step in search.steps):
        same = itinerary.fits(search, visit.starts, {step.key: visit.resource_ids for step in visit.steps})
        if isinstance(same, Itinerary):
            return same
    later = tuple(
        replace(step, allowed=intersect(step.allowed or (), ((visit.starts[step.key], day.latest),)))
        for step in search.steps
    )
    for steps in (later, search.steps):
        found = next(itinerary.search(replace(search, steps=steps), limit=1), None)
        if found is not None:
            return found
    return None


def _has(starts: tuple[tuple[int, int], ...], t: int) -> bool:
    return any(low <= t < high for low, high in starts)


def _take(taken: Taken, occupied: tuple[tuple[int, int, int], ...]) -> None:
    for who, begins, ends in occupied:
        taken[who].append((begins, ends))
