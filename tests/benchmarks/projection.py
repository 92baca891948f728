"""Where the day is going: 60 patients at noon with everybody late, and a department ten times as large."""

import random
import time
from dataclasses import replace

from scheduling.engine.projection import Step, Surroundings, Taken, Visit, project
from scheduling.services import durations, projections
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile, timed

PATIENTS, RUNS = 60, 60
OPENS, NOON, LATEST = 7 * 60, 12 * 60, 24 * 60
ROOMS_OF_EACH, PEOPLE = 4, 10
ENGINE_MS, READ_MS, GROWTH = 10, 25, 20
"""Ten times the patients make ten times the calls; beyond that it is the processor's cache."""


@measures("projection")
def projected():
    """The engine alone, then the demonstration's day as lists and the board read it."""
    small = timed(_at_noon(1), range(RUNS))
    # Processor time: on a shared machine a long run is interrupted and a short one is not.
    least, large = (timed(_at_noon(times), range(RUNS), clock=time.process_time) for times in (1, 10))
    yield Figure("projection.day.p50", percentile(small, 50), "ms")
    yield Figure("projection.day.p95", percentile(small, 95), "ms", goal=ENGINE_MS)
    yield Figure("projection.tenfold.p50", percentile(large, 50), "ms")
    yield Figure("projection.tenfold.growth", large[0] / least[0], "times", goal=GROWTH)
    site, day, now = clinic.site(), clinic.today(), clinic.now()
    read = timed(lambda _: projections.expected(site, day, now), range(RUNS))
    yield Figure("projection.read.p50", percentile(read, 50), "ms")
    yield Figure("projection.read.p95", percentile(read, 95), "ms", goal=READ_MS)
    yield Figure("projection.read.patients", len(projections.expected(site, day, now)), "patients")
    ninety = timed(lambda _: durations.read(site, now=now), range(10))
    yield Figure("projection.durations.p50", percentile(ninety, 50), "ms")


def _at_noon(times):
    """A call that projects a full day of so many times 60 patients."""
    visits, around = _day(times), Surroundings(latest=LATEST)
    return lambda _: project(visits, now=NOON, around=around)


def _day(times):
    dice = random.Random(60)
    wished = [_visit(dice, number, times) for number in range(PATIENTS * times)]
    plan = project(wished, now=0, around=Surroundings(latest=LATEST)).steps
    planned = [
        replace(visit, steps=tuple(_planned(step, plan[step.id]) for step in visit.steps)) for visit in wished
    ]
    return [replace(visit, steps=tuple(_happened(dice, step) for step in visit.steps)) for visit in planned]


def _visit(dice, number, times):
    start = dice.randrange(OPENS, OPENS + 6 * 60)
    who, room = dice.randrange(PEOPLE * times), dice.randrange(ROOMS_OF_EACH * times)
    xray = Step(number * 3, start, start + 10, _takes(times, 0, room, who, 3, 2))
    bay = Taken(1 * ROOMS_OF_EACH * times + room, 20, -5, until_start=True)
    ventilation = Step(
        number * 3 + 1, start + 80, start + 95, (bay, *_takes(times, 2, room, who, 5, 10)), lag=60
    )
    perfusion = Step(
        number * 3 + 2, start + 100, start + 120, _takes(times, 3, room, who, 5, 5), lag=5, most_lag=20
    )
    return Visit(number, (xray, ventilation, perfusion), is_here=dice.random() < 0.7)


def _takes(times, kind, room, who, before, after):
    """A room of this kind, and a person; their numbers do not meet."""
    people = 4 * ROOMS_OF_EACH * times
    return (Taken(kind * ROOMS_OF_EACH * times + room, before, after), Taken(people + who, before, 0))


def _planned(step, expected):
    if expected.start is None:
        return step
    return replace(step, start=expected.start, end=expected.end)


def _happened(dice, step):
    """Up to noon everything began up to 20 minutes late, and most of it is over."""
    begun = step.start + dice.randrange(20)
    if begun > NOON:
        return step
    ended = begun + step.planned_minutes + dice.randrange(8)
    return replace(step, begun=begun, ended=ended if ended <= NOON else None)
