"""From a projected day to what lists, the board and the front desk show."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from scheduling.engine import projection
from scheduling.engine.calendars import to_datetime, to_minute
from scheduling.engine.projection import Kind, Projection, Surroundings
from scheduling.services.projections import reading, repairs, words
from scheduling.services.projections.reading import Read
from scheduling.services.projections.repairs import Repair


@dataclass(frozen=True, slots=True)
class Ahead:
    """A conflict in one sentence, before it happens. `step`: its id; `at`: when that is expected.

    `repair`: what to report so that the day is planned anew, or None where the patient is to be moved by hand.
    """

    kind: Kind
    appointment: UUID
    step: int
    at: datetime | None
    sentence: str
    repair: Repair | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """One appointment that is not over. `starts_at`: when its next step begins, or began if it runs.

    `ends_at`: when the last of it ends. None for both: not on this day. `late_minutes`: of the next step.
    `called_at`: when the patient is needed for it, with preparation and set-up; `starts_at` where it runs.
    `is_running`: a step runs. `is_here`: the patient is checked in. `steps`: {step id: (start, end)} as aware
    datetimes, None where there is none. `warnings`: what will not work out, as Ahead.
    """

    starts_at: datetime | None
    ends_at: datetime | None
    called_at: datetime | None
    late_minutes: int
    is_running: bool
    is_here: bool
    steps: dict[int, tuple[datetime | None, datetime | None]]
    warnings: tuple[Ahead, ...] = ()


def expected(site, day, now):
    """{appointment id: Expectation} of every appointment of a local day that is not over.

    `expectation.starts_at`, `.late_minutes` and `.warnings` (each with its `.sentence`) are what a row of a list
    shows. Where nothing is late they are the planned times. One query, two on the first call of a day in a process.
    """
    read, found = of_day(site, day, now=now)
    warned = defaultdict(list)
    for each in ahead(read, found):
        warned[each.appointment].append(each)
    expectations = [(visit.id, _expectation(visit, found)) for visit in read.visits]
    return {pk: replace(each, warnings=tuple(warned[pk])) for pk, each in expectations if each is not None}


def of_day(site, day, *, now, hours=None):
    """(Read, Projection) of a local day. `hours`: {resource: when it is there}, for what would run beyond them."""
    read = reading.read(site, day, now=now)
    around = Surroundings(latest=read.high, gone=read.gone, hours=hours or {})
    return read, projection.project(read.visits, now=to_minute(now), around=around)


def ahead(read: Read, found: Projection):
    """The conflicts of a projected day as Ahead, in the order of their expected times."""
    behind = repairs.Repairs(read, found)
    for each in found.conflicts:
        yield Ahead(
            each.kind,
            each.visit,
            each.step,
            _at(each.at),
            words.sentence(each, read.kinds[each.step], read.names, read.zone),
            behind.of(each),
        )


def _expectation(visit, found):
    """None for a visit of which nothing is left."""
    steps = [(step, found.steps[step.id]) for step in visit.steps if step.id in found.steps]
    left = [(step, each) for step, each in steps if step.is_running or step.is_waiting]
    if not left:
        return None
    first, following = left[0]
    ends = [each.end for _, each in left]
    return Expectation(
        starts_at=_at(following.start),
        ends_at=None if None in ends else _at(max(ends)),
        called_at=_at(following.start if first.is_running else _called(first, following.start)),
        late_minutes=following.late,
        is_running=first.is_running,
        is_here=visit.is_here,
        steps={step.id: (_at(each.start), _at(each.end)) for step, each in steps},
    )


def _called(step, start):
    return None if start is None else start - step.lead_minutes


def _at(minute):
    return None if minute is None else to_datetime(minute)
