"""Doses in the model of a day: who draws from which batch where not all could have what they might want.

What a dose takes of its batch at the calibration grows from minute to minute. The curve is convex: the chords of half
hours lie above it, by less than 0.05 percent, so that no plan takes more than there is. A batch that holds enough for
everybody at their latest start needs no say: on most days nothing is added.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from ortools.sat.python import cp_model

from scheduling.engine import tracers
from scheduling.engine.chain import Step
from scheduling.engine.decay import before_decay
from scheduling.engine.doses import PRODUCTS, Batch, DoseNeed
from scheduling.engine.intervals import Intervals, clip, intersect, subtract
from scheduling.engine.replan.day import Visit
from scheduling.engine.replan.pools import Pools

Present = cp_model.IntVar
CHORD_MINUTES = 30
PARTS = 1024  # of a kBq, in which slopes are whole numbers


@dataclass(frozen=True, slots=True)
class Use:
    """One step that needs a dose: at which of its starts from which batch, and at which without any."""

    visit: Visit
    step: Step
    need: DoseNeed
    start: cp_model.IntVar
    domain: Intervals
    served: Mapping[int, Intervals]
    unlimited: Intervals


@dataclass(slots=True)
class Shortage:
    """`kept`, by visit: whether it stays with the doses that are its own. `drawn`, by visit and step: from which
    batch, as literals; a single batch without a literal is enough for all."""

    pools: Pools
    model: cp_model.CpModel
    kept: dict[int, cp_model.IntVar] = field(default_factory=dict)
    drawn: dict[tuple[int, str], dict[int, Present | None]] = field(default_factory=dict)
    taken: dict[int, list[cp_model.LinearExpr]] = field(default_factory=dict)

    def add(self, visits: list[tuple[Visit, Present, Mapping[str, cp_model.IntVar]]]) -> None:
        """`visits`: each with whether it takes place and with its starts."""
        uses = [use for visit, _, starts in visits for use in self._uses(visit, starts)]
        scarce = frozenset(self._scarce(uses))
        if not scarce:
            return
        self.taken = {number: [] for number in scarce}
        present = {visit.id: here for visit, here, _ in visits}
        for visit, here, starts in visits:
            if visit.claims and visit.id not in self.pools.hit:
                self._may_keep(visit, here, starts, scarce)
        for use in uses:
            self._add_use(use, present[use.visit.id], scarce)
        for number, taken in self.taken.items():
            self.model.add(cp_model.LinearExpr.sum(taken) <= self.pools.stock.batches[number].left_kbq)

    def switched(self) -> list[cp_model.LinearExpr]:
        """Visits that could keep their doses and do not."""
        return [1 - kept for kept in self.kept.values()]

    def doses(self, solver: cp_model.CpSolver, visit: Visit) -> Mapping[str, int]:
        """Per step the batch that a visit which takes place draws from."""
        if self.keeps(solver, visit):
            return {key: number for key, (number, _) in visit.claims.items()}
        found = {}
        for step in visit.steps:
            for number, literal in self.drawn.get((visit.id, step.key), {}).items():
                if literal is None or solver.value(literal):
                    found[step.key] = number
        return found

    def keeps(self, solver: cp_model.CpSolver, visit: Visit) -> bool:
        return visit.id in self.kept and bool(solver.value(self.kept[visit.id]))

    def _uses(self, visit: Visit, starts: Mapping[str, cp_model.IntVar]) -> Iterator[Use]:
        stock = self.pools.stock
        for step in visit.steps:
            if step.dose is None or not stock.limits(step):
                continue
            domain, served = self.pools.domain(visit, step), {}
            for batch in stock.batches.values():
                span = tracers.starts(batch, step.dose)
                within = clip(domain, *span) if span else ()
                if within:
                    served[batch.id] = within
            unlimited = intersect(domain, stock.unlimited(step))
            yield Use(visit, step, step.dose, starts[step.key], domain, served, unlimited)

    def _scarce(self, uses: list[Use]) -> Iterator[int]:
        """The batches that would not hold a dose for everybody who could draw from them, each at the latest start."""
        for batch in self.pools.stock.batches.values():
            most = [
                _cost(batch, use.need, use.served[batch.id][-1][1] - 1)
                for use in uses
                if batch.id in use.served
            ]
            if sum(most) > batch.left_kbq and not PRODUCTS[batch.product].regrows:
                yield batch.id

    def _may_keep(
        self, visit: Visit, present: Present, starts: Mapping[str, cp_model.IntVar], scarce: frozenset[int]
    ) -> None:
        """A visit that is not hit can stay as it is booked, and then its doses are taken as they are."""
        kept = self.kept[visit.id] = self.model.new_bool_var(f"keeps {visit.id}")
        self.model.add_implication(kept, present)
        for key, start in starts.items():
            self.model.add(start == visit.starts[key]).only_enforce_if(kept)
        for number, kbq in visit.claims.values():
            if number in scarce:
                self.taken[number].append(kept * kbq)

    def _add_use(self, use: Use, present: Present, scarce: frozenset[int]) -> None:
        visit, kept = use.visit, self.kept.get(use.visit.id)
        enough = [
            n for n, starts in use.served.items() if n not in scarce and not subtract(use.domain, starts)
        ]
        if enough:
            self.drawn[visit.id, use.step.key] = {enough[0]: None}
            return
        literals = {number: self.model.new_bool_var("") for number in use.served}
        self.drawn[visit.id, use.step.key] = dict(literals)
        ways = [*literals.values(), *([kept] if kept is not None else [])]
        if use.unlimited:
            ways.append(self._within(use, use.unlimited))
        self.model.add(sum(ways) == present)
        for number, literal in literals.items():
            self.model.add_linear_expression_in_domain(
                use.start, _domain(use.served[number])
            ).only_enforce_if(literal)
            if number in scarce:
                self._draw(use, self.pools.stock.batches[number], literal)

    def _within(self, use: Use, starts: Intervals) -> Present:
        literal = self.model.new_bool_var("")
        self.model.add_linear_expression_in_domain(use.start, _domain(starts)).only_enforce_if(literal)
        return literal

    def _draw(self, use: Use, batch: Batch, literal: Present) -> None:
        """What the dose takes of the batch, by the minute of its start."""
        first, last = use.served[batch.id][0][0], use.served[batch.id][-1][1] - 1
        least, most = _cost(batch, use.need, first), _cost(batch, use.need, last)
        more = self.model.new_int_var(0, most - least, "")
        self.taken[batch.id].append(literal * least + more)
        if most == least:
            return
        when: list[cp_model.LiteralT] = [literal]
        if most < _uncapped(batch, use.need, last):
            capped = self.model.new_bool_var("")  # no more is drawn than the particles allow
            self.model.add(more == most - least).only_enforce_if(literal, capped)
            when = [literal, ~capped]
        for low, high in pairwise([*range(first, last, CHORD_MINUTES), last]):
            begins, ends = (_uncapped(batch, use.need, t) for t in (low, high))
            slope = -(-(ends - begins) * PARTS // (high - low))
            reached = (begins - least) * PARTS + slope * (use.start - low)
            self.model.add(more * PARTS >= reached).only_enforce_if(*when)


def _uncapped(batch: Batch, need: DoseNeed, t: int) -> int:
    """What the full activity takes of the batch, in kBq at its calibration."""
    return before_decay(need.activity_kbq, t - batch.calibrated_at, PRODUCTS[batch.product].half_life)


def _cost(batch: Batch, need: DoseNeed, t: int) -> int:
    return tracers.draw(batch, need, t).reference_kbq


def _domain(starts: Intervals) -> cp_model.Domain:
    return cp_model.Domain.from_intervals([[low, high - 1] for low, high in starts])
