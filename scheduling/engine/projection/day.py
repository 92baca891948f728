"""Where the day is going: when everything that is still to come is to be expected, and what will not work out.

Real progress comes first: what has ended, what runs, who is here. The rest keeps its planned time, or the first
later one at which the step before is over and the rooms and people are free; who waits longer lets nobody behind
wait who can be served in between. All times are UTC minutes. The plan itself is never changed here.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from math import ceil

from scheduling.engine.projection.conflicts import conflicts
from scheduling.engine.projection.values import Expected, Projection, Step, Surroundings, Taken, Visit


def project(visits: Sequence[Visit], *, now: int, around: Surroundings) -> Projection:
    """The expected times of all steps, from what is known at the minute `now`.

    Nothing is expected before its plan, before `now`, before the step before it and its lag, or while a room or
    person that it needs is with another visit or gone; where nothing is late it is the plan. Patients are served
    in the order of the plan; who is due and not here yet comes in as if arriving now.
    """
    day = _Day(now, around)
    for visit in visits:
        day.record(visit)
    waiting = [
        (step.start + day.shift(visit), at, number)
        for at, visit in enumerate(visits)
        for number, step in enumerate(visit.steps)
        if step.is_waiting and step.start is not None
    ]
    for _, at, number in sorted(waiting):
        day.place(visits[at], number)
    return Projection(day.found, tuple(conflicts(visits, day.found, around)))


class _Day:
    """The day as far as it is known: what is expected, and who has which room and person from when to when."""

    def __init__(self, now: int, around: Surroundings) -> None:
        self.now, self.around = now, around
        self.found: dict[int, Expected] = {}
        self.busy: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for resource, spans in around.gone.items():
            self.busy[resource] = list(spans)

    def record(self, visit: Visit) -> None:
        """What has happened, or runs."""
        for step in visit.steps:
            if step.ended is not None:
                begun = step.ended if step.begun is None else step.begun
                self._take(step, begun, step.ended)
                self.found[step.id] = Expected(begun, step.ended, _late(step, begun))
            elif step.is_running and step.begun is not None:
                end = self._running_until(step, step.begun)
                self._take(step, step.begun, end)
                self.found[step.id] = Expected(step.begun, end, _late(step, step.begun))

    def _running_until(self, step: Step, begun: int) -> int:
        """What was reported; by its small steps, where they are recorded; or its usual end; once that is over, what
        nine of ten keep to; then any minute now."""
        if step.reported_end is not None and step.reported_end >= self.now:
            return step.reported_end
        if step.progress is not None:
            return self.now + ceil(step.usual_minutes * (1 - step.progress))
        usual = begun + step.usual_minutes
        longest = begun + max(step.usual_minutes, step.most_minutes or 0)
        return next((end for end in (usual, longest) if end >= self.now), self.now)

    def shift(self, visit: Visit) -> int:
        """Minutes by which a patient who is due and not here comes later in the order than the plan says."""
        due = self._due(visit)
        return 0 if due is None else max(0, self.now - due)

    def _due(self, visit: Visit) -> int | None:
        """When a patient is to come who is not here; None for one who is."""
        first = next((step for step in visit.steps if step.is_waiting), None)
        if visit.is_here or first is None or first.start is None:
            return None
        return first.start - first.lead_minutes

    def place(self, visit: Visit, number: int) -> None:
        step, before = visit.steps[number], self._before(visit, number)
        if step.start is None or (before is not None and before[1].end is None):
            self.found[step.id] = Expected(None, None)
            return
        if step.start > self.around.latest:
            # Of another day, about which nothing is known here.
            self.found[step.id] = Expected(step.start, step.end)
            return
        if step.with_before and before is not None and before[0].ended is None:
            self._beside(step, before[1])
            return
        wanted = max(step.start, step.usable or 0, self._soonest(visit, step))
        if step.reported_end is not None:
            wanted = max(wanted, step.reported_end - step.usual_minutes)
        if before is not None and before[1].end is not None:
            wanted = max(wanted, before[1].end + step.lag)
        start, waits_for = self._free_from(step, wanted)
        if start > self.around.latest:
            self.found[step.id] = Expected(None, None, resource=waits_for)
            return
        end = start + step.usual_minutes
        self._take(step, start, end)
        self.found[step.id] = Expected(start, end, start - step.start, waits_for)

    def _before(self, visit: Visit, number: int) -> tuple[Step, Expected] | None:
        """The step before that was not left out."""
        for step in reversed(visit.steps[:number]):
            if step.id in self.found:
                return step, self.found[step.id]
        return None

    def _soonest(self, visit: Visit, step: Step) -> int:
        due = self._due(visit)
        return self.now + step.lead_minutes if due is not None and due < self.now else self.now

    def _beside(self, step: Step, main: Expected) -> None:
        if main.start is not None:
            late = main.start - (step.start or main.start)
            end = main.start + step.usual_minutes
            self.found[step.id] = Expected(main.start, end, max(0, late), main.resource)

    def _free_from(self, step: Step, wanted: int) -> tuple[int, int | None]:
        """The first start from `wanted` on at which all that the step takes is free, and what it waited for last."""
        start, waits_for, is_moved = wanted, None, True
        while is_moved:
            is_moved = False
            for each in step.takes:
                until = self._taken_until(each, *each.span(start, start + step.usual_minutes))
                if until is not None:
                    start, waits_for, is_moved = until + each.before, each.resource, True
        return start, waits_for

    def _taken_until(self, taken: Taken, begins: int, ends: int) -> int | None:
        """The end of the first stretch that keeps this one from being free, or None."""
        rows = self.busy[taken.resource]
        at = bisect_right(rows, (begins, begins))
        if at and rows[at - 1][1] > begins:
            return rows[at - 1][1]
        return rows[at][1] if at < len(rows) and rows[at][0] < ends else None

    def _take(self, step: Step, start: int, end: int) -> None:
        for each in step.takes:
            begins, ends = each.span(start, end)
            # What is over counts too: the set-up for the next one cannot have begun before.
            if ends > begins:
                self._add(each.resource, begins, ends)

    def _add(self, resource: int, begins: int, ends: int) -> None:
        """Kept disjoint and in order: what really happened may overlap."""
        rows = self.busy[resource]
        at = bisect_right(rows, (begins, begins))
        while at and rows[at - 1][1] >= begins:
            at -= 1
        upto = at
        while upto < len(rows) and rows[upto][0] <= ends:
            begins, ends = min(begins, rows[upto][0]), max(ends, rows[upto][1])
            upto += 1
        del rows[at:upto]
        insort(rows, (begins, ends))


def _late(step: Step, start: int) -> int:
    return max(0, start - step.start) if step.start is not None else 0
