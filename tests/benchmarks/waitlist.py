"""Who gets free time: 500 patients who wait, matched by the engine alone."""

import random
import time

from scheduling.engine.intervals import normal
from scheduling.engine.waitlist import Free, Wish, matches
from tests.benchmarks.figures import Figure, measures, percentile, timed

WAITING, CHAINS, KINDS_OF_HOURS, DAYS, DAY = 500, 4, 12, 28, 24 * 60
RUNS = 300


def wishes(dice):
    """Patients of all priorities, two in three of whom have a time already."""
    found = []
    for number in range(WAITING):
        first = dice.randrange(DAYS)
        found.append(
            Wish(
                entry=number,
                chain=dice.randrange(CHAINS),
                hours=dice.randrange(KINDS_OF_HOURS),
                rank=dice.choice([0, 1, 1, 2, 2, 2, 2]),
                waits_since=-dice.randrange(20 * DAY),
                earliest=first * DAY + dice.randrange(DAY),
                before=min(DAYS, first + dice.randrange(1, 21)) * DAY,
                present=dice.choice([None, dice.randrange(DAYS * DAY), dice.randrange(DAYS * DAY)]),
            )
        )
    return found


def free(dice, days):
    """Starts in working hours of these days, in pieces of 5 to 60 minutes, and hours on some weekdays."""
    starts = {}
    for chain in range(CHAINS):
        pieces = [(day * DAY + dice.randrange(420, 1020, 5), dice.randrange(5, 60, 5)) for day in days * 8]
        starts[chain] = normal([(low, low + length) for low, length in pieces])
    hours = {}
    for kind in range(KINDS_OF_HOURS):
        weekdays, begins = dice.sample(range(7), 4), dice.choice([0, 480, 540, 720])
        hours[kind] = normal(
            [(day * DAY + begins, (day + 1) * DAY) for day in range(DAYS) if day % 7 in weekdays]
        )
    return Free(starts, hours, 5)


@measures("waitlist.engine")
def matched():
    dice = random.Random(8)
    waiting = wishes(dice)
    for name, days, goal in (("one day freed", [3], 1.0), ("28 days", list(range(DAYS)), None)):
        questions = [free(random.Random(seed), days) for seed in range(20)]

        def match(number, questions=questions):
            return matches(questions[number % 20], waiting)

        assert any(match(number) for number in range(20))
        # It waits for nothing: on a machine that is not busy, processor time is the time it takes.
        times = timed(match, range(RUNS), clock=time.thread_time)
        yield Figure(f"waitlist.engine.{WAITING}.{name}.p50", percentile(times, 50), "ms", goal=goal)
        yield Figure(f"waitlist.engine.{WAITING}.{name}.p95", percentile(times, 95), "ms")
