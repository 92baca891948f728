"""The search alone, no database: ten best visits among 8 rooms and 4 people in 28 days that are 60 % full."""

import random
import time
from dataclasses import replace

from scheduling.engine import capacity, itinerary
from scheduling.engine.intervals import covering, normal, subtract
from scheduling.engine.itinerary import PATIENT, Ranking, ResourceFree, Search, planned_step
from scheduling.engine.timeline import Timeline
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


def question(seed, *, days=DAYS, rooms=2, people=2):
    """A department of its own for each seed: so many rooms of each kind and people of each qualification."""
    dice = random.Random(seed)
    opened = normal([(day * DAY + OPENS, day * DAY + CLOSES) for day in range(days)])
    able = [frozenset(each) for each in (*ROOMS * rooms, *PEOPLE * people)]
    resources = [
        _resource(number, capabilities, subtract(opened, _busy(dice, days)))
        for number, capabilities in enumerate(able)
    ]
    patient = ResourceFree(len(able), "patient", frozenset({PATIENT}), ((0, days * DAY),))
    return Search(
        steps=STEPS,
        resources=(*resources, patient),
        earliest=0,
        latest=days * DAY,
        day_of=lambda minute: minute // DAY,
        grid_minutes=5,
    )


def _resource(number, capabilities, free):
    """With its timeline, which the services too keep until somebody books (services/blocks.py)."""
    return ResourceFree(number, f"resource {number}", capabilities, free, Timeline(free))


def _busy(dice, days):
    """Examinations of 15 to 45 minutes with gaps between them, so that FULL of each day is taken."""
    taken = []
    for day in range(days):
        minute = day * DAY + OPENS
        while minute < day * DAY + CLOSES:
            length = dice.randrange(15, 50, 5)
            gap = dice.expovariate(1) * length * (1 - FULL) / FULL
            taken.append((minute + round(gap), min(minute + round(gap) + length, day * DAY + CLOSES)))
            minute += round(gap) + length
    return normal([(start, end) for start, end in taken if start < end])


def milliseconds(questions, *, runs=RUNS, limit=LIMIT):
    """Sorted times of a search, over all questions in turn."""

    def ask(number):
        found = list(itinerary.search(questions[number % len(questions)], limit=limit))
        assert len(found) == limit

    # It waits for nothing: on a machine that is not busy, processor time is the time it takes.
    return timed(ask, range(runs), clock=time.thread_time)


@measures("search.engine")
def ranked_top_ten():
    questions = [question(seed) for seed in range(20)]
    times = milliseconds(questions)
    yield Figure("search.engine.p50", percentile(times, 50), "ms", goal=0.5)
    yield Figure("search.engine.p95", percentile(times, 95), "ms", goal=1.0)
    weighed = [replace(each, ranking=WEIGHED) for each in questions]
    yield Figure("search.engine.weighed.p50", percentile(milliseconds(weighed, runs=100), 50), "ms")
    slow = [_brute_force_milliseconds(each) for each in questions[:3]]
    fast = [milliseconds([each], runs=9) for each in questions[:3]]
    ratios = sorted(one / percentile(other, 50) for one, other in zip(slow, fast, strict=True))
    yield Figure("search.engine.brute_force", ratios[1], "times as long")
    yield from _with_capacity(questions)
    yield from _growth()


WEIGHED = Ranking(waiting_per_day=100, second_trip=150, gap_per_minute=1, idle_per_hour=10)


def _with_capacity(questions):
    """The term is made anew for every search, as the free time is new for every search."""

    def ask(number):
        asked = questions[number % len(questions)]
        ranking = Ranking(capacity=capacity.term(asked, STEPS[1:]), capacity_weight=100)
        assert len(list(itinerary.search(replace(asked, ranking=ranking), limit=LIMIT))) == LIMIT

    times = timed(ask, range(100), clock=time.thread_time)
    yield Figure("search.engine.capacity.p50", percentile(times, 50), "ms", goal=10)
    yield Figure("search.engine.capacity.p95", percentile(times, 95), "ms")


def _growth():
    """A large department, and what more days and more rooms cost."""
    for days in (28, 91, 364):
        times = milliseconds([question(seed, days=days) for seed in range(10)], runs=60)
        yield Figure(f"search.engine.{days}_days.p50", percentile(times, 50), "ms")
    large = [question(seed, days=91, rooms=10, people=8) for seed in range(5)]
    times = milliseconds(large, runs=100)
    yield Figure("search.engine.40_rooms_16_people_91_days.p50", percentile(times, 50), "ms")
    yield Figure("search.engine.40_rooms_16_people_91_days.p95", percentile(times, 95), "ms", goal=5.0)


def _brute_force_milliseconds(asked):
    """Every start of every step against every resource; it must find the same starts of the first day or two."""
    begun = time.thread_time()
    wanted = _brute_force(asked)
    took = (time.thread_time() - begun) * 1000
    found = [tuple(each.start for each in one.steps) for one in itinerary.search(asked, limit=LIMIT)]
    assert found == wanted
    return took


def _brute_force(asked):
    """The offered starts are multiples of the grid, or the first minute between two that are no starts."""
    grid, found = asked.grid_minutes, []
    for cell in range(asked.earliest, asked.latest, grid):
        visit = _visit(asked, cell)
        if visit is None and _visit(asked, cell + grid) is None:
            visit = next(filter(None, (_visit(asked, v) for v in range(cell + 1, cell + grid))), None)
        if visit is not None:
            found.append(visit)
        if len(found) == LIMIT:
            break
    return found


def _visit(asked, v):
    xray, ventilation, perfusion = asked.steps
    if not _served(asked, ventilation, v):
        return None
    ends = v + ventilation.acquisition_minutes
    after = range(ends + perfusion.lag_min, ends + perfusion.lag_max + 1)
    q = next((t for t in after if t // DAY == v // DAY and _served(asked, perfusion, t)), None)
    if q is None:
        return None
    last, first = (
        v - xray.acquisition_minutes - ventilation.lag_min,
        v - xray.acquisition_minutes - ventilation.lag_max,
    )
    x = next((t for t in range(last, first - 1, -1) if _served(asked, xray, t)), None)
    return None if x is None else (x, v, q)


def _served(asked, step, t):
    """Whether for each need somebody is free. In these steps nobody is needed twice at one moment."""
    return all(
        any(
            need.capabilities <= resource.capabilities
            and covering(resource.free, t - need.starts_before, t + need.ends_after_start)
            for resource in asked.resources
        )
        for need in step.needs
    )
