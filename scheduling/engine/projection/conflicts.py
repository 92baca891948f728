"""What will not work out as planned, found before it happens."""

from collections.abc import Iterable, Mapping

from scheduling.engine.intervals import covering
from scheduling.engine.projection.values import Conflict, Expected, Kind, Step, Surroundings, Visit

LATE_MINUTES = 15
"""From here on the delay of a patient is a conflict."""
TAKEN_MINUTES = 5
"""A room or person that is taken for as long as this beyond the plan is one too."""


def conflicts(visits: Iterable[Visit], found: Mapping[int, Expected], around: Surroundings) -> list[Conflict]:
    """In the order of the expected starts; of each visit the first delay alone, and every limit that is missed."""
    rows = [each for visit in visits for each in _of_visit(visit, found, around)]
    order = {kind: at for at, kind in enumerate(Kind)}
    return sorted(
        rows, key=lambda row: (row.at if row.at is not None else around.latest, row.step, order[row.kind])
    )


def _of_visit(visit: Visit, found: Mapping[int, Expected], around: Surroundings) -> Iterable[Conflict]:
    is_told, before_end = False, None
    for step in visit.steps:
        expected = found.get(step.id)
        if expected is None:
            continue
        if step.is_waiting:
            # The first delay of a visit says it all: what follows is late by that.
            delay = None if is_told else _delay(visit, step, expected)
            if delay is not None:
                yield delay
                is_told = True
            if expected.start is not None:
                yield from _limits(visit, step, expected.start, before_end)
            yield from _closing(visit, step, expected, around)
        before_end = expected.end


def _delay(visit: Visit, step: Step, expected: Expected) -> Conflict | None:
    if expected.start is None:
        kind = Kind.GONE
    elif expected.late > LATE_MINUTES:
        kind = Kind.LATE
    elif expected.resource is not None and expected.late >= TAKEN_MINUTES:
        kind = Kind.TAKEN
    else:
        return None
    return Conflict(kind, visit.id, step.id, expected.start, expected.late, resource=expected.resource)


def _limits(visit: Visit, step: Step, start: int, before_end: int | None) -> Iterable[Conflict]:
    if before_end is not None and step.most_lag is not None and start > before_end + step.most_lag:
        kind = Kind.XRAY_OVER if step.is_first_lungs else Kind.WAIT_OVER
        limit = before_end + step.most_lag
        yield Conflict(kind, visit.id, step.id, start, start - limit, limit)
    if step.expires is not None and start >= step.expires:
        yield Conflict(Kind.DOSE_EXPIRED, visit.id, step.id, start, start - step.expires, step.expires)


def _closing(visit: Visit, step: Step, expected: Expected, around: Surroundings) -> Iterable[Conflict]:
    """Where a room or person would have to stay longer than it is there, although the plan kept to that."""
    if expected.start is None or expected.end is None or step.start is None or step.end is None:
        return
    for each in step.takes:
        hours = around.hours.get(each.resource)
        stretch = covering(hours, *each.span(step.start, step.end)) if hours else None
        ends = each.span(expected.start, expected.end)[1]
        if stretch is not None and ends > stretch[1]:
            yield Conflict(
                Kind.CLOSED, visit.id, step.id, expected.start, ends - stretch[1], stretch[1], each.resource
            )
            return
