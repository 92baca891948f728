"""The worker's part of a re-plan. The only module that imports OR-Tools, which takes seconds to load.

Rows are claimed with a lease, as mail is: a worker that dies leaves a plan that another one takes up.
"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q

from scheduling.engine.replan import greedy, optimal
from scheduling.engine.replan.checker import problems
from scheduling.engine.states import ReplanState
from scheduling.models import Replan
from scheduling.services import brokenday, planrows, transitions
from vqflow import audit

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
LONGEST_RUN = 20
"""Plans in one run of the task: each takes two seconds."""
LOOKING = "Looking for the fewest patients to lose."
DONE = "This is the best plan found."
PROVEN = "No plan loses fewer patients."


def solve_due(*, now, seconds=optimal.SECONDS):
    """Solve the plans that wait, one after the other; returns how many. Safe to run many times at once."""
    solved = 0
    for _ in range(LONGEST_RUN):
        replan = claim(now=now)
        if replan is None:
            break
        _solve(replan, now=now, seconds=seconds)
        solved += 1
    return solved


@transaction.atomic
def claim(*, now):
    """Take the oldest plan that waits, for the length of LEASE; None where there is none."""
    waiting = Replan.objects.waiting(now).select_for_update(skip_locked=True, of=("self",))
    replan = waiting.select_related("disruption__site").order_by("requested_at", "pk").first()
    if replan is None:
        return None
    leased = {"leased_until": now + LEASE, "progress": LOOKING}
    if replan.state == ReplanState.GREEDY:
        return transitions.move(replan, ReplanState.COMPUTING, **leased)
    Replan.objects.filter(pk=replan.pk).update(**leased)
    replan.leased_until = leased["leased_until"]
    return replan


def _solve(replan, *, now, seconds):
    found = brokenday.of(replan.disruption.site, replan.day, now=now)
    if found.fingerprint != replan.based_on:
        _settle(replan, ReplanState.STALE, ended_at=now)
        return
    solved = optimal.solve(
        found.engine,
        greedy.repair(found.engine),
        seconds=seconds,
        told=lambda sentence: _tell(replan, sentence),
    )
    wrong = problems(found.engine, solved.plan)
    if wrong:  # shown to nobody; the repair that was checked when it was made stays
        log.error("replan.invalid", replan=replan.pk, problems=wrong[:5])
    _settle(
        replan,
        ReplanState.PROPOSED,
        write=None if wrong else lambda: planrows.write(replan, found, solved.plan),
        computed_at=now,
        proven_least_lost=solved.proven_least_lost and not wrong,
        progress=PROVEN if solved.proven_least_lost and not wrong else DONE,
    )


def _tell(replan, sentence):
    _ours(replan).update(progress=sentence)


def _ours(replan):
    """The row, as long as it is leased to us: accepted, discarded or taken over, it is not ours any more."""
    return Replan.objects.filter(
        Q(pk=replan.pk, state=ReplanState.COMPUTING, leased_until=replan.leased_until)
    )


@transaction.atomic
def _settle(replan, state, *, write=None, **fields):
    if not _ours(replan).select_for_update().exists():
        return
    if write is not None:
        write()
    transitions.move(replan, state, **fields)
    audit.record(f"replan.{state}", replan, by=None, site=replan.disruption.site.code)
