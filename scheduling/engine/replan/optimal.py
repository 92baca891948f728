"""The best repair of a day: first the fewest patients lost, proven; then the fewest and lightest changes.

Imports OR-Tools: the worker's `services/solving.py` is the only module that may import this one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ortools.sat.python import cp_model

from scheduling.engine.itinerary import Placed
from scheduling.engine.replan.colouring import Times, colour
from scheduling.engine.replan.day import Day, Plan, Visit, change_cost, lost_weight, occupied_by
from scheduling.engine.replan.model import DayModel
from scheduling.engine.replan.pools import Pools

SECONDS, LEAST_LOSS_SECONDS, WORKERS = 1.5, 0.9, 2  # 2 s and 1 s with the making of the model
SOLVED = (cp_model.OPTIMAL, cp_model.FEASIBLE)


@dataclass(frozen=True, slots=True)
class Solved:
    """`proven_least_lost`: no plan loses less weight of patients. Seconds are the solver's own."""

    plan: Plan
    proven_least_lost: bool
    least_lost_seconds: float
    seconds: float


def solve(
    day: Day,
    start: Plan,
    *,
    seconds: float = SECONDS,
    workers: int = WORKERS,
    told: Callable[[str], None] = lambda sentence: None,
) -> Solved:
    """A plan at least as good as `start` (the greedy repair) within about `seconds`. `told` hears of progress."""
    pools = Pools.of(day)
    found = _attempt(pools, start, seconds, workers, told, apart=False)
    if found is None:  # equal rooms that down-times make unequal
        found = _attempt(pools, start, seconds / 2, workers, told, apart=True)
    if found is None or _worth(day, found.plan) >= _worth(day, start):
        proven = found is not None and found.proven_least_lost
        proven = proven and lost_weight(day, found.plan if found else start) == lost_weight(day, start)
        return Solved(
            start, proven, found.least_lost_seconds if found else 0.0, found.seconds if found else 0.0
        )
    return found


def _worth(day: Day, plan: Plan) -> tuple[int, int]:
    return lost_weight(day, plan), change_cost(day, plan)


def _attempt(
    pools: Pools, start: Plan, seconds: float, workers: int, told: Callable[[str], None], *, apart: bool
) -> Solved | None:
    made = DayModel.of(pools, apart=apart)
    made.hint(start.moved, start.lost)
    made.model.minimize(made.lost_weight())
    solver = _solver(min(seconds / 2, LEAST_LOSS_SECONDS), workers)
    status = solver.solve(made.model)
    if status not in SOLVED:
        return None
    first, spent = solver.wall_time, solver.wall_time
    least, proven = round(solver.objective_value), status == cp_model.OPTIMAL and made.is_exact
    told(
        "The fewest patients to lose are known."
        if proven
        else "Looking for a plan that loses fewer patients."
    )
    times = _times(made, solver)
    made.model.add(made.lost_weight() <= least)
    if least < lost_weight(pools.day, start):
        _hint_times(made, times)
    made.model.minimize(made.change_cost())
    solver = _solver(seconds - spent, workers)
    if solver.solve(made.model) in SOLVED:
        spent += solver.wall_time
        lighter = _plan(pools, _times(made, solver))
        if lighter is not None:
            return Solved(lighter, proven, first, spent)
    plan = _plan(pools, times)
    return None if plan is None else Solved(plan, proven, first, spent)


def _solver(seconds: float, workers: int) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.05, seconds)
    solver.parameters.num_workers = workers
    return solver


def _times(made: DayModel, solver: cp_model.CpSolver) -> Times:
    return {
        each.visit.id: {key: solver.value(start) for key, start in each.starts.items()}
        for each in made.visits
        if solver.value(each.present)
    }


def _hint_times(made: DayModel, times: Times) -> None:
    made.model.clear_hints()  # type: ignore[no-untyped-call]  # OR-Tools gives it no types
    for each in made.visits:
        made.model.add_hint(each.present, each.visit.id in times)
        for key, start in each.starts.items():
            made.model.add_hint(start, times.get(each.visit.id, each.visit.starts)[key])


def _plan(pools: Pools, times: Times) -> Plan | None:
    placed = colour(pools, times)
    if placed is None:
        return None
    moved = {
        visit.id: placed[visit.id]
        for visit in pools.movable
        if visit.id in placed and not _is_kept(pools, visit, placed[visit.id])
    }
    return Plan(moved, frozenset(visit.id for visit in pools.movable if visit.id not in times))


def _is_kept(pools: Pools, visit: Visit, placed: tuple[Placed, ...]) -> bool:
    """The same times with the same rooms and people."""
    return visit.id not in pools.hit and set(occupied_by(pools.day, visit, placed)) <= set(visit.occupied)
