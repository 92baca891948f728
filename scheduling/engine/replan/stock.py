"""The doses of a day that is planned anew: what its batches have left while visits keep, give back and take theirs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scheduling.engine import tracers
from scheduling.engine.chain import Step
from scheduling.engine.doses import Batch, DoseNeed
from scheduling.engine.intervals import Intervals, contains, intersect, normal, subtract, union
from scheduling.engine.itinerary import Placed
from scheduling.engine.replan.day import Day, Visit, allowed


@dataclass(slots=True)
class Stock:
    """`batches`, by id: what they have left. `full`: the same if every visit of the day gave its doses back."""

    batches: dict[int, Batch]
    full: tuple[Batch, ...]

    @classmethod
    def of(cls, day: Day, keeping: Iterable[Visit]) -> "Stock":
        """What is left of the day's batches when these visits keep their doses and all others give them back."""
        batches = {batch.id: batch for batch in day.batches}
        for visit in keeping:
            for number, kbq in visit.claims.values():
                batches[number] = replace(batches[number], left_kbq=batches[number].left_kbq - kbq)
        return cls(batches, day.batches)

    def limits(self, step: Step) -> bool:
        """Whether the step needs a tracer that the department keeps on this day."""
        need = step.dose
        return (
            need is not None
            and step.allowed is not None
            and any(batch.product == need.product for batch in self.full)
        )

    def allowed(self, visit: Visit, step: Step) -> Intervals:
        """The starts at which the step may be placed with what is left."""
        if step.dose is None or not self.limits(step):
            return allowed(visit, step)
        possible = union(_served(self.batches.values(), step.dose), self.unlimited(step))
        return intersect(visit.windows[step.key], possible)

    def unlimited(self, step: Step) -> Intervals:
        """The starts at which the step needs no dose of these: the department does not keep the tracer then."""
        if step.dose is None or step.allowed is None:
            return ()
        return subtract(step.allowed, _served(self.full, step.dose))

    def take(self, visit: Visit, placed: Iterable[Placed]) -> Mapping[str, int] | None:
        """Draw the doses of a visit: the batch of each step; None, and nothing drawn, if they are not all there."""
        starts, batches, drawn = {step.step_key: step.start for step in placed}, dict(self.batches), {}
        for step in visit.steps:
            if step.dose is None or not self.limits(step) or contains(self.unlimited(step), starts[step.key]):
                continue
            draw = tracers.choose(batches.values(), step.dose, starts[step.key])
            if draw is None:
                return None
            batches[draw.batch.id] = tracers.without(draw)
            drawn[step.key] = draw.batch.id
        self.batches = batches
        return drawn


def _served(batches: Iterable[Batch], need: DoseNeed) -> Intervals:
    return normal([span for span in (tracers.starts(batch, need) for batch in batches) if span])
