"""The day as a constraint model: equal rooms are one cumulative resource, not one choice per room.

With one optional interval per room the solver finds no proof in 20 s; with `add_cumulative` per class of equal
rooms (down-time is a fixed task) and the cut on room time it proves the fewest patients to lose in 10-95 ms.
Imports OR-Tools, which takes seconds to load: only the worker's module may import it.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduling.engine.chain import Need, Step
from scheduling.engine.intervals import subtract
from scheduling.engine.itinerary import Placed
from scheduling.engine.replan.day import (
    EARLY_PER_SLOT,
    GAP_PER_SLOT,
    LATE_PER_SLOT,
    MOVED,
    SLOT_MINUTES,
    Visit,
    promised,
)
from scheduling.engine.replan.pools import Class, Pools, needs
from scheduling.engine.replan.shortage import Shortage

Starts = Mapping[str, int]
NeedAt = tuple[str, int]
"""Key of a step and the number of the need within it."""


@dataclass(slots=True)
class VisitVars:
    visit: Visit
    present: cp_model.IntVar
    starts: dict[str, cp_model.IntVar]
    earliest: dict[str, int]
    classes: dict[NeedAt, dict[Class, cp_model.IntVar]] = field(default_factory=dict)


@dataclass(slots=True)
class DayModel:
    """`lost`: visits for which not even alone a time is left. `is_exact`: the model forbids nothing possible."""

    pools: Pools
    classes: list[Class]
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    visits: list[VisitVars] = field(default_factory=list)
    lost: list[Visit] = field(default_factory=list)
    is_exact: bool = True
    shortage: Shortage = field(init=False)

    def __post_init__(self) -> None:
        self.shortage = Shortage(self.pools, self.model)

    @classmethod
    def of(cls, pools: Pools, *, apart: bool) -> "DayModel":
        """`apart`: each room by itself, for the rare day on which equal rooms cannot be told apart afterwards."""
        made = cls(pools, pools.classes(apart=apart))
        tasks: dict[Class, list[tuple[cp_model.IntervalVar, int]]] = defaultdict(list)
        for visit in pools.movable:
            made._add_visit(visit, tasks)
        for each in made.classes:
            made._add_class(each, tasks[each])
        made._add_room_time()
        made.shortage.add([(each.visit, each.present, each.starts) for each in made.visits])
        return made

    def lost_weight(self) -> cp_model.LinearExpr:
        terms = [each.visit.weight * (1 - each.present) for each in self.visits]
        return cp_model.LinearExpr.sum([*terms, sum(visit.weight for visit in self.lost)])

    def change_cost(self) -> cp_model.LinearExpr:
        """The same sum as `day.change_cost`, as variables, and a little for each visit that gets other doses."""
        terms = [term for each in self.visits for term in self._costs(each)]
        return cp_model.LinearExpr.sum([*terms, *self.shortage.switched()])

    def hint(self, moved: Mapping[int, tuple[Placed, ...]], lost: frozenset[int]) -> None:
        self.model.clear_hints()  # type: ignore[no-untyped-call]  # OR-Tools gives it no types
        for each in self.visits:
            visit = each.visit
            self.model.add_hint(each.present, visit.id not in lost)
            placed = {step.step_key: step.start for step in moved.get(visit.id, ())}
            for key, start in each.starts.items():
                self.model.add_hint(start, placed.get(key, visit.starts[key]))

    def _add_visit(self, visit: Visit, tasks: dict[Class, list[tuple[cp_model.IntervalVar, int]]]) -> None:
        domains = {step.key: self.pools.domain(visit, step) for step in visit.steps}
        if not all(domains.values()):
            self.lost.append(visit)
            return
        model, name = self.model, str(visit.id)
        each = VisitVars(
            visit,
            model.new_bool_var(f"present {name}"),
            {
                key: model.new_int_var_from_domain(
                    cp_model.Domain.from_intervals([[low, high - 1] for low, high in starts]), f"{key} {name}"
                )
                for key, starts in domains.items()
            },
            {key: starts[0][0] for key, starts in domains.items()},
        )
        self.visits.append(each)
        self._add_lags(each)
        self._add_patient(each)
        for step in visit.steps:
            for number, need in enumerate(step.needs):
                if need.capabilities in self.pools.able:
                    self._add_need(each, step, number, need, tasks)

    def _add_lags(self, each: VisitVars) -> None:
        known, steps = each.visit.known_end, {step.key: step for step in each.visit.steps}
        for at, step in enumerate(each.visit.steps):
            start = each.starts[step.key]
            if at:
                before = each.visit.steps[at - 1]
                end = each.starts[before.key] + before.acquisition_minutes
                self._between(start - end, step.lag_min, step.lag_max, each)
            elif known is not None:
                self._between(start - known, step.lag_min, step.lag_max, each)
            for lag in step.lags:
                if lag.step in steps:
                    end = each.starts[lag.step] + steps[lag.step].acquisition_minutes
                    self._between(start - end, lag.lag_min, lag.lag_max, each)

    def _between(self, gap: cp_model.LinearExpr, least: int, most: int | None, each: VisitVars) -> None:
        self.model.add(gap >= least).only_enforce_if(each.present)
        if most is not None:
            self.model.add(gap <= most).only_enforce_if(each.present)

    def _add_patient(self, each: VisitVars) -> None:
        """The patient is in one place at a time."""
        intervals = [
            self.model.new_optional_fixed_size_interval_var(
                each.starts[step.key] - need.starts_before,
                need.starts_before + need.ends_after_start,
                each.present,
                f"patient {step.key} {each.visit.id}",
            )
            for step in each.visit.steps
            for need in step.needs
            if need.capabilities not in self.pools.able
        ]
        if len(intervals) > 1:
            self.model.add_no_overlap(intervals)

    def _add_need(
        self,
        each: VisitVars,
        step: Step,
        number: int,
        need: Need,
        tasks: dict[Class, list[tuple[cp_model.IntervalVar, int]]],
    ) -> None:
        shared = step.same_room_as if number == 0 else None
        chosen = self._choices(each, need, each.classes.get((shared, 0)) if shared else None)
        each.classes[step.key, number] = chosen
        if number == 0 and any(later.same_room_as == step.key for later in each.visit.steps):
            return  # the later step's interval covers this one too
        begins = each.starts[step.key] - need.starts_before
        length = need.starts_before + need.ends_after_start
        for group, literal in chosen.items():
            clearance = self.pools.clearance(group[0])
            name = f"{step.key} {number} {each.visit.id}"
            if shared is None:
                interval = self.model.new_optional_fixed_size_interval_var(
                    begins, length + clearance, literal, name
                )
            else:
                interval = self._spanning(each, step, need, literal, clearance, name)
            tasks[group].append((interval, need.count))
        if any(self.pools.clearance(group[0]) for group in chosen) and _uses(each.visit, need) > 1:
            self.is_exact = self.is_exact and shared is not None

    def _choices(
        self, each: VisitVars, need: Need, shared: dict[Class, cp_model.IntVar] | None
    ) -> dict[Class, cp_model.IntVar]:
        """The classes that can serve a need, each with the literal that it does."""
        able = self.pools.able[need.capabilities]
        groups = [group for group in self.classes if group[0] in able and len(group) >= need.count]
        if shared is not None:
            for group, literal in shared.items():
                if group not in groups:
                    self.model.add(literal == 0)
            return {group: literal for group, literal in shared.items() if group in groups}
        if len(groups) == 1:
            return {groups[0]: each.present}
        literals = {group: self.model.new_bool_var("") for group in groups}
        self.model.add(sum(literals.values()) == each.present)
        return literals

    def _spanning(
        self, each: VisitVars, step: Step, need: Need, literal: cp_model.IntVar, clearance: int, name: str
    ) -> cp_model.IntervalVar:
        """One room from the first step that shares it to the end of the last: nobody comes in between."""
        first = next(other for other in each.visit.steps if other.key == step.same_room_as)
        begins = each.starts[first.key] - first.needs[0].starts_before
        ends = each.starts[step.key] + need.ends_after_start + clearance
        idle_most = first.acquisition_minutes + (step.lag_max if step.lag_max is not None else 10**6)
        idle_most -= first.needs[0].ends_after_start + need.starts_before
        if idle_most >= self._shortest(need):
            self.is_exact = False
        size = self.model.new_int_var(1, 24 * 60, f"size {name}")
        return self.model.new_optional_interval_var(begins, size, ends, literal, name)

    def _shortest(self, need: Need) -> int:
        able = self.pools.able[need.capabilities]
        return min(
            other.starts_before + other.ends_after_start
            for visit in self.pools.movable
            for _, other in needs(visit)
            if able & self.pools.able[other.capabilities]
        )

    def _add_class(self, group: Class, tasks: list[tuple[cp_model.IntervalVar, int]]) -> None:
        if not tasks:
            return
        low, high = self._horizon()
        down = [
            self.model.new_fixed_size_interval_var(start, end - start, "closed")
            for who in group
            for start, end in subtract(((low, high),), self.pools.free[who])
        ]
        intervals = [interval for interval, _ in tasks] + down
        self.model.add_cumulative(intervals, [demand for _, demand in tasks] + [1] * len(down), len(group))

    def _horizon(self) -> tuple[int, int]:
        """Wide enough for everything that can be placed."""
        booked = [
            t for visit in self.pools.movable for _, begins, ends in visit.occupied for t in (begins, ends)
        ]
        return min([self.pools.day.now, *booked]) - 1, max([self.pools.day.latest, *booked]) + 1

    def _add_room_time(self) -> None:
        """The energy cut: what is placed after a moment needs no more than the pool's free time after it.

        The same counted in uses: a free gap holds only so many of the shortest.
        """
        for able in set(self.pools.able.values()):
            uses = sorted(
                (use for each in self.visits for use in self._earliest_uses(each, able)),
                key=lambda use: use[0],
                reverse=True,
            )
            for at in range(len(uses)):
                if at + 1 < len(uses) and uses[at + 1][0] == uses[at][0]:
                    continue
                later = uses[: at + 1]
                gaps = [gap for who in able for gap in self.pools.gaps(who, uses[at][0])]
                shortest = min(minutes for _, minutes, _ in later)
                self.model.add(sum(minutes * present for _, minutes, present in later) <= sum(gaps))
                self.model.add(sum(present for *_, present in later) <= sum(g // shortest for g in gaps))

    def _earliest_uses(self, each: VisitVars, able: frozenset[int]) -> list[tuple[int, int, cp_model.IntVar]]:
        """(earliest begin, minutes, present) of every use that can only be served from this pool."""
        return [
            (
                each.earliest[step.key] - need.starts_before,
                need.starts_before + need.ends_after_start,
                each.present,
            )
            for step, need in needs(each.visit)
            for _ in range(need.count)
            if self.pools.able[need.capabilities] <= able
        ]

    def _costs(self, each: VisitVars) -> list[cp_model.LinearExpr]:
        model, visit = self.model, each.visit
        is_moved = model.new_bool_var(f"moved {visit.id}")
        for key, start in each.starts.items():
            model.add(start == visit.starts[key]).only_enforce_if(~is_moved, each.present)
        terms = [is_moved * (SLOT_MINUTES * MOVED)]
        for key in promised(visit):
            late = model.new_int_var(0, 24 * 60, f"late {key} {visit.id}")
            early = model.new_int_var(0, 24 * 60, f"early {key} {visit.id}")
            model.add(late >= each.starts[key] - visit.starts[key]).only_enforce_if(each.present)
            model.add(early >= visit.starts[key] - each.starts[key]).only_enforce_if(each.present)
            terms += [late * (LATE_PER_SLOT * visit.weight), early * EARLY_PER_SLOT]
        lungs = [step for step in visit.steps if step.key != "xray"]
        for before, after in pairwise(lungs):
            gap = model.new_int_var(-24 * 60, 24 * 60, f"gap {visit.id}")
            between = each.starts[after.key] - each.starts[before.key] - before.acquisition_minutes
            model.add(gap == between).only_enforce_if(each.present)
            model.add(gap == 0).only_enforce_if(~each.present)
            terms.append(gap * GAP_PER_SLOT)
        return terms


def _uses(visit: Visit, need: Need) -> int:
    return sum(other.capabilities == need.capabilities for _, other in needs(visit))
