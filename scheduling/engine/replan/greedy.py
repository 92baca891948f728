"""The repair that is shown at once: keep what can stay, and find the nearest time for each visit that cannot."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from scheduling.engine import itinerary
from scheduling.engine.intervals import intersect
from scheduling.engine.itinerary import Itinerary, Placed
from scheduling.engine.replan.day import Day, Plan, Visit, allowed, anchor, hits, occupied_by, search_for

Taken = dict[int, list[tuple[int, int]]]


def repair(day: Day) -> Plan:
    """First fit, the heaviest first, among them the earliest: nobody who can stay is moved for another."""
    hit = {each.visit for each in hits(day)}
    to_place = [visit for visit in day.visits if visit.id in hit and not visit.frozen]
    taken: Taken = defaultdict(list)
    for visit in day.visits:
        if visit.frozen or visit.id not in hit:
            _take(taken, visit.occupied)
    moved: dict[int, tuple[Placed, ...]] = {}
    lost: set[int] = set()
    for visit in sorted(to_place, key=lambda each: (-each.weight, each.starts[anchor(each)], each.id)):
        found = nearest(day, visit, taken)
        if found is None:
            lost.add(visit.id)
        else:
            moved[visit.id] = found.steps
            _take(taken, occupied_by(day, visit, found.steps))
    return Plan(moved, frozenset(lost))


def nearest(day: Day, visit: Visit, taken: Mapping[int, list[tuple[int, int]]]) -> Itinerary | None:
    """The same times elsewhere, else the first later ones, else the first that are allowed at all."""
    search = search_for(day, visit, taken)
    if all(_has(allowed(visit, step), visit.starts[step.key]) for step in visit.steps):
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
