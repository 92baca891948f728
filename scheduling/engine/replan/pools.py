"""Who can serve which need, grouped into classes of equal rooms and people, and what is free of each."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from scheduling.engine.chain import Need, Step
from scheduling.engine.intervals import Intervals, clip, erode, intersect, normal, subtract, union
from scheduling.engine.replan.day import Day, Visit, allowed, anchor, hits, is_patients
from scheduling.engine.replan.stock import Stock

Class = tuple[int, ...]
"""Resource ids that serve the same needs and need the same clearance."""


@dataclass(frozen=True, slots=True)
class Pools:
    """A day made ready: `free` apart from the visits that stay, `movable` ones, and for each whether it was hit.

    `stock`: the doses that those who stay leave.
    """

    day: Day
    free: dict[int, Intervals]
    movable: tuple[Visit, ...]
    hit: frozenset[int]
    able: dict[frozenset[str], frozenset[int]]
    stock: Stock

    @classmethod
    def of(cls, day: Day) -> "Pools":
        hit = frozenset(each.visit for each in hits(day))
        movable = tuple(visit for visit in day.visits if _is_movable(visit, visit.id in hit))
        staying = [visit for visit in day.visits if visit not in movable]
        taken: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for visit in staying:
            for who, begins, ends in visit.occupied:
                taken[who].append((begins, ends))
        free = {each.id: subtract(each.free, normal(taken[each.id])) for each in day.resources}
        wanted = {need.capabilities for visit in movable for _, need in needs(visit)}
        able = {each: frozenset(r.id for r in day.resources if each <= r.capabilities) for each in wanted}
        return cls(day, free, movable, hit, able, Stock.of(day, staying))

    def classes(self, *, apart: bool) -> list[Class]:
        """Equal rooms and people together; `apart`: each one by itself."""
        groups: dict[object, list[int]] = defaultdict(list)
        for each in self.day.resources:
            serves = frozenset(key for key, ids in self.able.items() if each.id in ids)
            if serves:
                groups[each.id if apart else (serves, self.clearance(each.id))].append(each.id)
        return [tuple(group) for group in groups.values()]

    def clearance(self, resource_id: int) -> int:
        return self.day.clearance.get(resource_id, 0)

    def domain(self, visit: Visit, step: Step) -> Intervals:
        """The starts of one step by itself; the booked one too where the visit can stay."""
        found = self.stock.allowed(visit, step)
        for need in step.needs:
            found = intersect(found, self._serves(visit, need))
        if step.key == anchor(visit) and self.day.grid_minutes > 1:
            found = _on_grid(found, self.day.grid_minutes)
        if visit.id in self.hit:
            return found
        return union(found, ((visit.starts[step.key], visit.starts[step.key] + 1),))

    def _serves(self, visit: Visit, need: Need) -> Intervals:
        if is_patients(need):
            return erode(visit.patient.free, need.starts_before, need.ends_after_start)
        now, latest = self.day.now, self.day.latest
        return union(
            *[
                erode(
                    clip(self.free[who], now, latest),
                    need.starts_before,
                    need.ends_after_start + self.clearance(who),
                )
                for who in self.able[need.capabilities]
            ]
        )

    def gaps(self, who: int, low: int) -> list[int]:
        """The lengths in minutes of what is free of one room or person from `low` on."""
        return [end - start for start, end in clip(self.free[who], low, self.day.latest)]


def needs(visit: Visit) -> Iterator[tuple[Step, Need]]:
    """The needs for rooms and people, step by step."""
    return ((step, need) for step in visit.steps for need in step.needs if not is_patients(need))


def _is_movable(visit: Visit, is_hit: bool) -> bool:
    """A visit that is overdue but possible stays where it is: its times are over, the others' are not its."""
    in_windows = all(
        intersect(allowed(visit, step), ((visit.starts[step.key], visit.starts[step.key] + 1),))
        for step in visit.steps
    )
    return not visit.frozen and (is_hit or in_windows)


def _on_grid(starts: Intervals, grid: int) -> Intervals:
    return normal([(t, t + 1) for low, high in starts for t in range(-(-low // grid) * grid, high, grid)])
