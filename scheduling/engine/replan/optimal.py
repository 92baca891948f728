"""The best repair of a day: first the fewest patients lost, proven; then the fewest and lightest changes.

Imports OR-Tools: the worker's `services/solving.py` is the only module that may import this one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ortools.sat.python import cp_model

from scheduling.engine.itinerary import Placed
from scheduling.engine.replan.colouring import Times, colour
from scheduling.engine.replan.day import Day, Plan, Visit, change_cost, lost_weight, occupied_by
from scheduling.engine.replan.model import DayModel
from scheduling.engine.replan.pools import Pools
from scheduling.engine.replan.stock import Stock

SECONDS, LEAST_LOSS_SECONDS, WORKERS = 1.5, 0.9, 2  # 2 s and 1 s with the making of the model
Moved = Mapping[int, tuple[Placed, ...]]
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


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the solver says: when each visit starts, and where doses are `scarce`, from which batches they are drawn
    and who gets others than before (`redosed`)."""

    times: Times
    doses: Mapping[int, Mapping[str, int]]
    redosed: frozenset[int]
    scarce: bool

    @classmethod
    def of(cls, made: DayModel, solver: cp_model.CpSolver) -> "_Answer":
        here = [each for each in made.visits if solver.value(each.present)]
        shortage = made.shortage
        return cls(
            {
                each.visit.id: {key: solver.value(start) for key, start in each.starts.items()}
                for each in here
            },
            {each.visit.id: shortage.doses(solver, each.visit) for each in here},
            frozenset(
                each.visit.id
                for each in here
                if each.visit.id in shortage.kept and not shortage.keeps(solver, each.visit)
            ),
            bool(shortage.taken),
        )


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
    answer = _Answer.of(made, solver)
    made.model.add(made.lost_weight() <= least)
    if least < lost_weight(pools.day, start):
        _hint_times(made, answer.times)
    made.model.minimize(made.change_cost())
    solver = _solver(seconds - spent, workers)
    if solver.solve(made.model) in SOLVED:
        spent += solver.wall_time
        lighter = _plan(pools, _Answer.of(made, solver))
        if lighter is not None:
            return Solved(lighter, proven, first, spent)
    plan = _plan(pools, answer)
    return None if plan is None else Solved(plan, proven, first, spent)


def _solver(seconds: float, workers: int) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(0.05, seconds)
    solver.parameters.num_workers = workers
    return solver


def _hint_times(made: DayModel, times: Times) -> None:
    made.model.clear_hints()  # type: ignore[no-untyped-call]  # OR-Tools gives it no types
    for each in made.visits:
        made.model.add_hint(each.present, each.visit.id in times)
        for key, start in each.starts.items():
            made.model.add_hint(start, times.get(each.visit.id, each.visit.starts)[key])


def _plan(pools: Pools, answer: _Answer) -> Plan | None:
    placed = colour(pools, answer.times)
    if placed is None:
        return None
    moved = {
        visit.id: placed[visit.id]
        for visit in pools.movable
        if visit.id in placed and (visit.id in answer.redosed or not _is_kept(pools, visit, placed[visit.id]))
    }
    lost = frozenset(visit.id for visit in pools.movable if visit.id not in answer.times)
    doses = (
        {number: answer.doses[number] for number in moved} if answer.scarce else _enough(pools, moved, lost)
    )
    return Plan(moved, lost, {number: drawn for number, drawn in doses.items() if drawn})


def _enough(pools: Pools, moved: Moved, lost: frozenset[int]) -> dict[int, Mapping[str, int]]:
    """The doses of those who move, where there are enough for everybody."""
    visits = pools.day.visits
    stock = Stock.of(pools.day, [visit for visit in visits if visit.id not in moved and visit.id not in lost])
    return {visit.id: stock.take(visit, moved[visit.id]) or {} for visit in visits if visit.id in moved}


def _is_kept(pools: Pools, visit: Visit, placed: tuple[Placed, ...]) -> bool:
    """The same times with the same rooms and people."""
    return visit.id not in pools.hit and set(occupied_by(pools.day, visit, placed)) <= set(visit.occupied)
