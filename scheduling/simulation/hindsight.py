"""How many requests could have been booked by somebody who knew them all beforehand? CP-SAT answers.

An upper bound in two more respects: rooms and people of a kind are one resource of so many, nobody is tied to one
of them, and the X-ray takes its time but no room. OR-Tools takes more than a second to load: import this from
benchmarks only.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduling.engine.catalogue import XRAY
from scheduling.engine.request import PATIENT, Need
from scheduling.engine.steps import steps_of
from scheduling.simulation.demand import Request
from scheduling.simulation.setups import DAY, Setup
from scheduling.simulation.stories import Story

Pool = frozenset[int]


@dataclass(frozen=True, slots=True)
class Hindsight:
    """`booked`: in the best plan found; no plan books more than `bound`."""

    booked: int
    bound: int


@dataclass(slots=True)
class _Load:
    """What one pool has to bear on one day: intervals, (presence, minutes) of the work, when the first can begin."""

    intervals: list[cp_model.IntervalVar] = field(default_factory=list)
    work: list[tuple[cp_model.IntVar, int]] = field(default_factory=list)
    earliest: int = sys.maxsize


def optimum(setup: Setup, stories: Sequence[Story], *, seconds: float, workers: int = 2) -> Hindsight:
    """The most of these requests that any plan books, each by its own deadline and within its own wish.

    `stories`: as they were booked, which is where the search for a better plan begins. Kits are left out.
    """
    plan = _Plan(setup)
    for story in stories:
        plan.add(story)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    status = solver.solve(plan.finished())
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Hindsight(0, len(stories))
    # The first bound of the solver may be above the number of requests.
    return Hindsight(
        round(solver.objective_value), min(len(stories), int(solver.best_objective_bound + 1e-6))
    )


class _Plan:
    def __init__(self, setup: Setup) -> None:
        self._setup, self._model = setup, cp_model.CpModel()
        self._steps = steps_of(setup.protocol.steps, xray_lag=(0, None), skip=(XRAY,))
        self._loads: dict[tuple[Pool, int], _Load] = defaultdict(_Load)
        self._booked: list[cp_model.IntVar] = []
        self._before_lungs = _xray_minutes(setup)
        # Preparation and set-up come first, on an empty day too.
        self._opens = setup.opens + max((need.starts_before for need in self._steps[0].needs), default=0)

    def add(self, story: Story) -> None:
        """At most one day of those before the deadline."""
        request, model = story.request, self._model
        earliest = request.asked_at + request.notice_minutes + self._before_lungs * request.needs_xray
        last = self._setup.last_day(request.asked_at // DAY, request.within_days)
        hinted = story.appointments[0].lungs.start if story.appointments else None
        on_day = []
        for day in self._setup.open_days(earliest // DAY, last + 1):
            low, high = request.wish or (0, DAY - 1)
            low, high = max(earliest, day * DAY + max(low, self._opens)), day * DAY + high
            if low <= high:
                here = model.new_bool_var(f"{request.number} on {day}")
                starts = self._visit(request, day, here, low, high)
                self._hint(here, starts, story, hinted, day)
                on_day.append(here)
        booked = model.new_bool_var(f"{request.number}")
        model.add(sum(on_day) == booked)
        self._booked.append(booked)

    def finished(self) -> cp_model.CpModel:
        for (pool, day), load in self._loads.items():
            closed, minutes = self._closed(pool, day, load.earliest)
            fixed = [
                self._model.new_fixed_size_interval_var(low, high - low, "closed") for low, high, _ in closed
            ]
            demands = [1] * len(load.intervals) + [count for _, _, count in closed]
            self._model.add_cumulative([*load.intervals, *fixed], demands, len(pool))
            # The sum of all work of a day: implied, but without it the bound hardly moves.
            self._model.add(sum(length * here for here, length in load.work) <= minutes)
        self._model.maximize(sum(self._booked))
        return self._model

    def _visit(
        self, request: Request, day: int, here: cp_model.IntVar, low: int, high: int
    ) -> list[cp_model.IntVar]:
        model, starts, ends = self._model, list[cp_model.IntVar](), (day + 1) * DAY
        for at, step in enumerate(self._steps):
            start = model.new_int_var(low, high if at == 0 else ends, f"{request.number} {step.key} {day}")
            if at:
                low += self._steps[at - 1].acquisition_minutes + step.lag_min
                least = self._steps[at - 1].acquisition_minutes + step.lag_min
                model.add(start >= starts[-1] + least).only_enforce_if(here)
                if step.lag_max is not None:
                    model.add(start <= starts[-1] + least - step.lag_min + step.lag_max).only_enforce_if(here)
            starts.append(start)
            for need in step.needs:
                if PATIENT not in need.capabilities:
                    self._occupy(need, start, here, day, low)
        return starts

    def _occupy(self, need: Need, start: cp_model.IntVar, here: cp_model.IntVar, day: int, low: int) -> None:
        length = need.starts_before + need.ends_after_start
        able = self._able(need)
        begins = start - need.starts_before
        interval = self._model.new_optional_fixed_size_interval_var(begins, length, here, "")
        # Whoever can do this may be part of a wider pool, which then bears it too.
        for pool in {
            self._able(each) for step in self._steps for each in step.needs if each.capabilities != {PATIENT}
        }:
            if able <= pool:
                load = self._loads[pool, day]
                load.intervals.append(interval)
                load.work.append((here, length))
                load.earliest = min(load.earliest, low - need.starts_before)

    def _able(self, need: Need) -> Pool:
        return frozenset(unit.id for unit in self._setup.units if need.capabilities <= unit.capabilities)

    def _closed(self, pool: Pool, day: int, earliest: int) -> tuple[list[tuple[int, int, int]], int]:
        """Spans of the day with the number of units that are away, and the minutes of all who are there from
        `earliest` on."""
        units = [unit for unit in self._setup.units if unit.id in pool]
        edges = sorted({0, DAY, *(at for unit in units for span in unit.spans for at in span)})
        closed, minutes = [], 0
        for low, high in pairwise(edges):
            there = sum(any(begins <= low < ends for begins, ends in unit.spans) for unit in units)
            minutes += there * max(0, high - max(low, earliest - day * DAY))
            if there < len(pool):
                closed.append((day * DAY + low, day * DAY + high, len(pool) - there))
        return closed, minutes

    def _hint(
        self,
        here: cp_model.IntVar,
        starts: Iterable[cp_model.IntVar],
        story: Story,
        hinted: int | None,
        day: int,
    ) -> None:
        chosen = hinted is not None and hinted // DAY == day
        self._model.add_hint(here, chosen)
        if chosen:
            placed = [step.start for step in story.appointments[0].steps if step.step_key != XRAY]
            for start, minute in zip(starts, placed, strict=True):
                self._model.add_hint(start, minute)


def _xray_minutes(setup: Setup) -> int:
    """From the arrival for the X-ray to the earliest lung step after it."""
    xray = next((step for step in setup.protocol.steps if step.kind == XRAY), None)
    return 0 if xray is None else xray.setup_minutes + xray.acquisition_minutes + setup.xray_lag[0]
