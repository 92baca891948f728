"""Which room and which person, once the times are known: as few changes as can be."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ortools.sat.python import cp_model

from scheduling.engine.chain import Need, Step
from scheduling.engine.intervals import covering
from scheduling.engine.itinerary import Placed
from scheduling.engine.replan.day import Visit, is_patients
from scheduling.engine.replan.pools import Pools

Times = Mapping[int, Mapping[str, int]]
"""Per visit id the start of each step."""

SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class _Slot:
    visit: Visit
    step: Step
    number: int
    begins: int
    ends: int
    choices: Mapping[int, cp_model.IntVar]


def colour(pools: Pools, times: Times) -> dict[int, tuple[Placed, ...]] | None:
    """The steps of every visit of `times` with their rooms and people, or None where equal rooms are not equal.

    Down-times can make a class of equal rooms impossible to tell apart, though at each moment enough are free.
    """
    model = cp_model.CpModel()
    slots = [
        _slot(model, pools, visit, step, number, need, times[visit.id][step.key])
        for visit in pools.movable
        if visit.id in times
        for step in visit.steps
        for number, need in enumerate(step.needs)
        if not is_patients(need)
    ]
    for slot in slots:
        model.add(sum(slot.choices.values()) == slot.step.needs[slot.number].count)
    _one_at_a_time(model, pools, slots)
    _same_rooms(model, slots)
    model.maximize(sum(_kept(slot, who) * x for slot in slots for who, x in slot.choices.items()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = SECONDS
    solver.parameters.num_workers = 1
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    chosen = {
        (slot.visit.id, slot.step.key, slot.number): [w for w, x in slot.choices.items() if solver.value(x)]
        for slot in slots
    }
    return {
        visit.id: tuple(_placed(visit, step, times[visit.id][step.key], chosen) for step in visit.steps)
        for visit in pools.movable
        if visit.id in times
    }


def _slot(
    model: cp_model.CpModel, pools: Pools, visit: Visit, step: Step, number: int, need: Need, t: int
) -> _Slot:
    begins, ends = t - need.starts_before, t + need.ends_after_start
    choices = {
        who: model.new_bool_var(f"{visit.id} {step.key} {number} on {who}")
        for who in sorted(pools.able[need.capabilities])
        if covering(pools.free[who], begins, ends + pools.clearance(who)) is not None
    }
    return _Slot(visit, step, number, begins, ends, choices)


def _kept(slot: _Slot, who: int) -> int:
    """How much it is worth to stay with a room or person: most at the booked time itself."""
    booked = [(begins, ends) for other, begins, ends in slot.visit.occupied if other == who]
    if any(begins == slot.begins and ends >= slot.ends for begins, ends in booked):
        return 3
    return 1 if booked else 0


def _one_at_a_time(model: cp_model.CpModel, pools: Pools, slots: list[_Slot]) -> None:
    """At each moment at which a use begins, at most one of the uses that are running."""
    per_resource: dict[int, list[tuple[int, int, cp_model.IntVar]]] = defaultdict(list)
    for slot in slots:
        for who, x in slot.choices.items():
            per_resource[who].append((slot.begins, slot.ends + pools.clearance(who), x))
    for rows in per_resource.values():
        for moment in {begins for begins, _, _ in rows}:
            running = [x for begins, ends, x in rows if begins <= moment < ends]
            if len(running) > 1:
                model.add_at_most_one(running)


def _same_rooms(model: cp_model.CpModel, slots: list[_Slot]) -> None:
    rooms = {(slot.visit.id, slot.step.key): slot for slot in slots if slot.number == 0}
    for slot in rooms.values():
        other = rooms.get((slot.visit.id, slot.step.same_room_as or ""))
        if other is None:
            continue
        for who in slot.choices.keys() | other.choices.keys():
            model.add(slot.choices.get(who, 0) == other.choices.get(who, 0))


def _placed(visit: Visit, step: Step, t: int, chosen: Mapping[tuple[int, str, int], list[int]]) -> Placed:
    rows = [
        (who, t - need.starts_before, t + need.ends_after_start)
        for number, need in enumerate(step.needs)
        for who in ([visit.patient.id] if is_patients(need) else chosen[visit.id, step.key, number])
    ]
    return Placed(step.key, t, t + step.acquisition_minutes, tuple(rows))
