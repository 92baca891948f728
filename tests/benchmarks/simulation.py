"""Patients booked in months at full load: the ranking that spares room for others, first-fit, and hindsight.

The example department with one camera, asked for a tenth more visits than it can hold. BENCH_LONG=1 takes 100 months
in place of 30, and more time to prove the best plan.
"""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean

from scheduling.engine import capacity, itinerary
from scheduling.engine.ranking import Ranking
from scheduling.simulation import setups
from scheduling.simulation.figures import interval
from scheduling.simulation.hindsight import optimum
from scheduling.simulation.months import booked
from scheduling.simulation.reading import load
from scheduling.simulation.setups import CAPACITY, DAY, FIRST_FIT, Priority
from tests.benchmarks.engine import LIMIT, STEPS, question
from tests.benchmarks.figures import Figure, measures, percentile, timed

LONG = bool(os.environ.get("BENCH_LONG"))
RUNS = 120
SEEDS = range(1, 101 if LONG else 31)
WARM_UP_DAYS, DAYS = 7, 4 * 7
FULL_LOAD = 1.1
VISITS_PER_DAY = 19  # fit on an empty day: `Day.packed`, and the best plan of CP-SAT
HINDSIGHT_SEEDS = range(1, 11 if LONG else 4)
HINDSIGHT_LOAD = 1.4  # with less, an empty diary takes in nearly everybody, whoever books
HINDSIGHT_SECONDS = 60 if LONG else 12


def department(full_load):
    """The kits of the example are left out: they are not what is compared."""
    setup = load(Path(setups.__file__).with_name("setups") / "one_camera.toml")
    a_day = VISITS_PER_DAY * full_load
    asked = tuple(a_day if weekday in setup.weekdays else 0.0 for weekday in range(7))
    return replace(setup, kits=(), demand=replace(setup.demand, per_weekday=asked))


@measures("search.capacity")
def ranked_top_ten():
    """As search.engine, with the capacity term; the term is made anew for each search, as in a request."""
    questions = [question(seed) for seed in range(20)]
    lungs = (replace(STEPS[1], lag_min=0, lag_max=None), STEPS[2])

    def ask(number):
        asked = questions[number % len(questions)]
        ranking = Ranking(capacity=capacity.term(asked, lungs))
        found = list(itinerary.search(replace(asked, ranking=ranking), limit=LIMIT))
        assert len(found) == LIMIT

    times = timed(ask, range(RUNS), clock=time.thread_time)
    yield Figure("search.capacity.p50", percentile(times, 50), "ms", goal=10)
    yield Figure("search.capacity.p95", percentile(times, 95), "ms")


@measures("simulation.booked")
def patients_booked():
    """Of the requests after the first week, which only fills the diary; the same patients come to both."""
    setup = department(FULL_LOAD)
    with ProcessPoolExecutor(2) as pool:
        first_fit = list(pool.map(partial(_booked, replace(setup, ranking=FIRST_FIT)), SEEDS))
        spared = list(pool.map(partial(_booked, replace(setup, ranking=CAPACITY)), SEEDS))
    gains = [100 * (more / less - 1) for less, more in zip(first_fit, spared, strict=True)]
    gain = interval(gains)
    yield Figure("simulation.booked.gain", gain.mean, "%", goal=5, at_least=True)
    yield Figure("simulation.booked.gain.low", gain.low, "% (95 %)")
    yield Figure("simulation.booked.gain.high", gain.high, "% (95 %)")
    yield Figure("simulation.booked.gain.worst", min(gains), "%", goal=0, at_least=True)
    yield Figure("simulation.booked.first_fit", fmean(first_fit), "patients")
    yield Figure("simulation.booked.capacity", fmean(spared), "patients")
    yield Figure("simulation.booked.months", len(SEEDS), "seeds")


@measures("simulation.hindsight")
def share_of_hindsight():
    """One week from an empty diary, everybody to be seen within two open days: small enough for a close bound."""
    setup = department(HINDSIGHT_LOAD)
    setup = replace(setup, demand=replace(setup.demand, priorities=(Priority("all", 1, 2),)))
    first_fit, spared, best, bound = [], [], [], []
    for seed in HINDSIGHT_SEEDS:
        stories = booked(setup, seed=seed, days=7)
        found = optimum(setup, stories, seconds=HINDSIGHT_SECONDS)
        first_fit.append(_count(booked(replace(setup, ranking=FIRST_FIT), seed=seed, days=7)))
        spared.append(_count(stories))
        best.append(found.booked)
        bound.append(found.bound)
    yield Figure("simulation.hindsight.first_fit", sum(first_fit) / sum(bound), "of bound")
    yield Figure("simulation.hindsight.capacity", sum(spared) / sum(bound), "of bound")
    yield Figure("simulation.hindsight.best_plan", sum(best) / sum(bound), "of bound")


def _booked(setup, seed):
    return _count(booked(setup, seed=seed, days=DAYS), since=WARM_UP_DAYS * DAY)


def _count(stories, since=0):
    return sum(1 for story in stories if story.appointments and story.request.asked_at >= since)
