"""Why not at one refused time: the reasons, the nearest visits and the single changes, by the engine alone."""

import random
import time

from scheduling.engine.explanation import Kind, Occupied, explain
from scheduling.engine.intervals import subtract
from scheduling.engine.pins import best_at
from tests.benchmarks.engine import CLOSES, DAY, DAYS, OPENS, question
from tests.benchmarks.figures import Figure, measures, percentile, timed

DEPARTMENTS, TIMES_EACH = 20, 15


@measures("explain.engine")
def why_not():
    """Lungs at a refused multiple of five minutes within the opening hours of the department of engine.py."""
    cases = [case for seed in range(DEPARTMENTS) for case in refused(seed)]

    def ask(case):
        search, starts, occupied = case
        found = explain(search, starts, occupied)
        assert found.found is None
        assert found.reasons

    # It waits for nothing: on a machine that is not busy, processor time is the time it takes.
    times = timed(ask, cases, clock=time.thread_time)
    yield Figure("explain.engine.p50", percentile(times, 50), "ms", goal=1.0)
    yield Figure("explain.engine.p95", percentile(times, 95), "ms")


def refused(seed):
    """TIMES_EACH wanted times of one department that are no visit, with what occupies its rooms and people."""
    search, dice = question(seed), random.Random(seed)
    occupied = {resource.id: _words(resource) for resource in search.resources}
    found = []
    while len(found) < TIMES_EACH:
        day = dice.randrange(1, DAYS - 1) * DAY
        starts = {"ventilation": day + dice.randrange(OPENS, CLOSES, 5)}
        if best_at(search, starts) is None:
            found.append((search, starts, occupied))
    return found


def _words(resource):
    taken = subtract(((0, DAYS * DAY),), resource.free)
    return tuple(Occupied(low, high, Kind.BOOKED, "is busy until later") for low, high in taken)
