"""A day of 40 patients loses a camera, or a kit, at 10:00: the repair shown at once, the proof, the plan.

Ten days are booked first-fit on four cameras of 45 minutes, where each camera counts. No database: it is the
worker's computation alone.
"""

import time
from itertools import count, islice

from scheduling.engine.replan import greedy, optimal
from scheduling.engine.replan.checker import problems
from tests.benchmarks.figures import Figure, measures, percentile
from tests.scheduling.engine.replan import days

DAYS, PATIENTS = 10, 40


def full_days():
    """On some days the last of the patients finds no time: these are left out."""
    booked = (
        days.booked_day(seed, patients=PATIENTS, cameras=4, ventilations=3, bays=4, people=8)
        for seed in count()
    )
    return list(islice((day for day in booked if len(day.visits) == PATIENTS), DAYS))


@measures("replan.camera")
def a_camera_is_lost():
    yield from solved(
        "replan.camera", [days.broken(day, gone=days.camera_ids(day)[:1]) for day in full_days()]
    )


@measures("replan.kit")
def a_kit_fails():
    """The second of three: the doses that the others have left are shared."""
    yield from solved("replan.kit", short_of_doses(6000, 4000, 5000))


@measures("replan.scarce")
def a_kit_fails_where_the_others_hold_little():
    """For one patient in seven there is no dose, whoever gets those that are left: more than can always be proven."""
    yield from solved("replan.scarce", short_of_doses(4500, 3500, 2500), unproven=None)


def short_of_doses(*activities_mbq):
    kits = [days.kit(n, at=days.OPENS + 120 * n, mbq=mbq) for n, mbq in enumerate(activities_mbq)]
    dosed = [days.broken(days.dosed(day, kits), gone=()) for day in full_days()]
    return [days.failed(day, 1) for day in dosed]


def solved(name, broken, unproven=0):
    """The figures of these days; `unproven`: on how many of them the least loss may stay unproven, None for any."""
    # The repair waits for nothing: processor time is its time on a machine that is not busy.
    repaired, repairs = timed_each(greedy.repair, broken, clock=time.thread_time)
    pairs = list(zip(broken, repairs, strict=True))
    planned, plans = timed_each(lambda pair: optimal.solve(*pair), pairs)
    assert not any(problems(day, plan) for day, plan in pairs)
    assert not any(problems(day, found.plan) for day, found in zip(broken, plans, strict=True))
    proofs = sorted(found.least_lost_seconds * 1000 for found in plans)
    yield Figure(f"{name}.greedy.p50", percentile(repaired, 50), "ms", goal=20)
    yield Figure(f"{name}.greedy.max", repaired[-1], "ms", goal=20)
    yield Figure(f"{name}.least_loss.p50", percentile(proofs, 50), "ms", goal=1000)
    yield Figure(f"{name}.least_loss.max", proofs[-1], "ms", goal=1000)
    not_proven = sum(not found.proven_least_lost for found in plans)
    yield Figure(f"{name}.least_loss.unproven", not_proven, "days", goal=unproven)
    yield Figure(f"{name}.final.max", planned[-1], "ms", goal=2000)
    yield Figure(f"{name}.lost.greedy", sum(len(plan.lost) for plan in repairs), "patients")
    yield Figure(f"{name}.lost.best", sum(len(found.plan.lost) for found in plans), "patients")


def timed_each(call, arguments, *, clock=time.perf_counter):
    """(Milliseconds of each call, sorted; the answers in order)."""
    times, answers = [], []
    for argument in arguments:
        begun = clock()
        answers.append(call(argument))
        times.append((clock() - begun) * 1000)
    return sorted(times), answers
