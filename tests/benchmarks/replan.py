"""A day of 40 patients loses a camera at 10:00: the repair shown at once, the proof of the least loss, the plan.

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


def broken_days():
    """Full days only: on some the last of the patients finds no time."""
    booked = (
        days.booked_day(seed, patients=PATIENTS, cameras=4, ventilations=3, bays=4, people=8)
        for seed in count()
    )
    full = islice((day for day in booked if len(day.visits) == PATIENTS), DAYS)
    return [days.broken(day, gone=days.camera_ids(day)[:1]) for day in full]


@measures("replan")
def a_camera_is_lost():
    broken = broken_days()
    # The repair waits for nothing: processor time is its time on a machine that is not busy.
    repaired, repairs = timed_each(greedy.repair, broken, clock=time.thread_time)
    solved, plans = timed_each(lambda pair: optimal.solve(*pair), list(zip(broken, repairs, strict=True)))
    assert not any(problems(day, plan) for day, plan in zip(broken, repairs, strict=True))
    assert not any(problems(day, found.plan) for day, found in zip(broken, plans, strict=True))
    proofs = sorted(found.least_lost_seconds * 1000 for found in plans)
    yield Figure("replan.greedy.p50", percentile(repaired, 50), "ms", goal=20)
    yield Figure("replan.greedy.max", repaired[-1], "ms", goal=20)
    yield Figure("replan.least_loss.p50", percentile(proofs, 50), "ms", goal=1000)
    yield Figure("replan.least_loss.max", proofs[-1], "ms", goal=1000)
    yield Figure(
        "replan.least_loss.unproven", sum(not found.proven_least_lost for found in plans), "days", goal=0
    )
    yield Figure("replan.final.max", solved[-1], "ms", goal=2000)
    yield Figure("replan.lost.greedy", sum(len(plan.lost) for plan in repairs), "patients")
    yield Figure("replan.lost.best", sum(len(found.plan.lost) for found in plans), "patients")


def timed_each(call, arguments, *, clock=time.perf_counter):
    """(Milliseconds of each call, sorted; the answers in order)."""
    times, answers = [], []
    for argument in arguments:
        begun = clock()
        answers.append(call(argument))
        times.append((clock() - begun) * 1000)
    return sorted(times), answers
