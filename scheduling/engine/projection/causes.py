"""Behind a delay: the step that everything else waits for, where something can be done about it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from scheduling.engine.projection.values import Expected, Step, Visit


class Causes:
    """What each step of a projected day waits for.

    Followed back: to who has the room or person until this one gets it, and to the step before in the visit.
    """

    def __init__(self, visits: Sequence[Visit], found: Mapping[int, Expected]) -> None:
        self.found = found
        self.steps: dict[int, Step] = {}
        self.former: dict[int, Step] = {}
        self.ends: dict[tuple[int, int], int] = {}
        """(resource, minute): the step that has it until then."""
        for visit in visits:
            known = [step for step in visit.steps if step.id in found]
            self.steps.update((step.id, step) for step in known)
            self.former.update((step.id, former) for former, step in pairwise(known))
            for step in known:
                self._note(step, found[step.id])

    def root(self, step_id: int) -> int:
        """The id of the step at the beginning of a chain of delays; of one that waits for nothing, its own."""
        seen = {step_id}
        while (before := self._behind(step_id)) is not None and before not in seen:
            seen.add(before)
            step_id = before
        return step_id

    def _note(self, step: Step, expected: Expected) -> None:
        if expected.start is not None and expected.end is not None:
            for each in step.takes:
                ends = each.span(expected.start, expected.end)[1]
                self.ends[each.resource, ends] = step.id

    def _behind(self, step_id: int) -> int | None:
        """What this step waits for, or None."""
        step, expected = self.steps[step_id], self.found[step_id]
        if not step.is_waiting:
            return None
        if expected.start is None:
            return self._unplaced(step)
        for each in step.takes:
            if each.resource == expected.resource:
                return self.ends.get((each.resource, expected.start - each.before))
        former = self.former.get(step_id)
        if former is None or expected.late == 0:
            return None
        ended = self.found[former.id].end
        return former.id if ended is not None and ended + step.lag == expected.start else None

    def _unplaced(self, step: Step) -> int | None:
        former = self.former.get(step.id)
        return former.id if former is not None and self.found[former.id].end is None else None
