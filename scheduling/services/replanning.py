"""Plans for a broken day: the greedy repair at once, then a worker's better one (solving.py)."""

from zoneinfo import ZoneInfo

from django.db import transaction

from scheduling.engine.replan import greedy
from scheduling.engine.states import ReplanState
from scheduling.models import Disruption, Replan
from scheduling.services import brokenday, planrows, transitions
from vqflow import audit, nudge, policy
from vqflow.errors import Conflict, Invalid

TASK = "scheduling.solve_replans"
WAITING = "The best plan is being computed."
NOBODY = "Nobody's appointment is affected."


@transaction.atomic
def propose(disruption, *, by, now, day=None):
    """A new plan for one local day of a disruption, by default its first that is not over; others of it end here.

    The repair is there at once; a worker is asked for the best plan.
    """
    policy.permit(by, "disruption.report")
    disruption = (
        Disruption.objects.select_for_update(of=("self",), no_key=True)
        .select_related("site")
        .get(pk=disruption.pk)
    )
    if disruption.closed_at:
        raise Conflict("This is over already. Report it again if it came back.")
    day = day or first_day(disruption, now)
    if not first_day(disruption, now) <= day <= last_day(disruption):
        raise Invalid("This day is not part of it.", fields={"day": ["Choose a day on which it lasts."]})
    end_open(disruption, by=by, now=now, day=day)
    found = brokenday.of(disruption.site, day, now=now)
    plan = greedy.repair(found.engine)
    affected = planrows.effects(disruption, found)
    replan = Replan.objects.create(
        disruption=disruption,
        day=day,
        state=ReplanState.GREEDY if affected else ReplanState.PROPOSED,
        based_on=found.fingerprint,
        requested_at=now,
        requested_by=by,
        progress=WAITING if affected else NOBODY,
        proven_least_lost=not affected,
        computed_at=None if affected else now,
        visits=len(found.appointments),
        lost_by_greedy=len(plan.lost),
    )
    planrows.write(replan, found, plan)
    patients = {each.procedure.order.patient_id for each in found.appointments}
    audit.record("replan.proposed", replan, by=by, patients=sorted(patients), day=day.isoformat())
    if affected:
        nudge.nudge(TASK)
    return replan


def first_day(disruption, now):
    return max(now, disruption.starts_at).astimezone(_zone(disruption)).date()


def last_day(disruption):
    return disruption.ends_at.astimezone(_zone(disruption)).date()


def _zone(disruption):
    return ZoneInfo(disruption.site.time_zone)


def end_open(disruption, *, by, now, **which):
    """Discard the open plans of a disruption; part of the caller's transaction."""
    for replan in disruption.replans.open().filter(**which).select_for_update(no_key=True):
        transitions.move(replan, ReplanState.DISCARDED, ended_at=now, ended_by=by)


def why_not_accept(replan, *, now):
    """A sentence why this plan cannot be accepted any more, or None."""
    if not replan.is_open:
        return f"This plan is {transitions.words(replan.state)}. Compute it again."
    if brokenday.fingerprint(replan.disruption.site, replan.day, now=now) != replan.based_on:
        return "The day has changed since this plan was made. Compute it again."
    return None
