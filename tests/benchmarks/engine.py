"""The search alone: ten best visits among 8 rooms and 4 people in 28 days that are 60 % full, no database."""

import random
import time

from scheduling.engine import itinerary
from scheduling.engine.intervals import normal, subtract
from scheduling.engine.itinerary import PATIENT, ResourceFree, Search, planned_step
from tests.benchmarks.figures import Figure, measures, percentile, timed

DAYS, DAY, OPENS, CLOSES = 28, 24 * 60, 7 * 60, 18 * 60
FULL = 0.6
RUNS, LIMIT = 300, 10
ROOMS = [{"xray"}, {"prep_bay"}, {"ventilation"}, {"gamma_camera_planar"}]
PEOPLE = [{"technologist_nm", "technologist_xray"}, {"technologist_nm"}]
STEPS = (
    planned_step(
        "xray",
        room=frozenset({"xray"}),
        setup_minutes=0,
        acquisition_minutes=10,
        clearance_minutes=0,
        technologist="technologist_xray",
    ),
    planned_step(
        "ventilation",
        room=frozenset({"ventilation"}),
        setup_minutes=5,
        acquisition_minutes=15,
        clearance_minutes=10,
        technologist="technologist_nm",
        prep_minutes=15,
        lag_min=70,
        lag_max=1430,
    ),
    planned_step(
        "perfusion",
        room=frozenset({"gamma_camera_planar"}),
        setup_minutes=5,
        acquisition_minutes=20,
        clearance_minutes=5,
        technologist="technologist_nm",
        lag_min=5,
        lag_max=20,
        same_day=True,
    ),
)


def question(seed):
    """A department of its own for each seed: two rooms of each kind, two people of each qualification."""
    dice = random.Random(seed)
    opened = normal([(day * DAY + OPENS, day * DAY + CLOSES) for day in range(DAYS)])
    able = [frozenset(each) for each in (*ROOMS, *ROOMS, *PEOPLE, *PEOPLE)]
    resources = [
        ResourceFree(number, f"resource {number}", capabilities, subtract(opened, _busy(dice)))
        for number, capabilities in enumerate(able)
    ]
    patient = ResourceFree(len(able), "patient", frozenset({PATIENT}), ((0, DAYS * DAY),))
    return Search(
        steps=STEPS,
        resources=(*resources, patient),
        earliest=0,
        latest=DAYS * DAY,
        day_of=lambda minute: minute // DAY,
        grid_minutes=5,
    )


def _busy(dice):
    """Examinations of 15 to 45 minutes with gaps between them, so that FULL of each day is taken."""
    taken = []
    for day in range(DAYS):
        minute = day * DAY + OPENS
        while minute < day * DAY + CLOSES:
            length = dice.randrange(15, 50, 5)
            gap = dice.expovariate(1) * length * (1 - FULL) / FULL
            taken.append((minute + round(gap), min(minute + round(gap) + length, day * DAY + CLOSES)))
            minute += round(gap) + length
    return normal([(start, end) for start, end in taken if start < end])


@measures("search.engine")
def ranked_top_ten():
    questions = [question(seed) for seed in range(20)]

    def ask(number):
        found = list(itinerary.search(questions[number % len(questions)], limit=LIMIT))
        assert len(found) == LIMIT

    # It waits for nothing: on a machine that is not busy, processor time is the time it takes.
    times = timed(ask, range(RUNS), clock=time.thread_time)
    yield Figure("search.engine.p50", percentile(times, 50), "ms", goal=0.5)
    yield Figure("search.engine.p95", percentile(times, 95), "ms", goal=1.0)
