"""What is dropped on the board: a step, or with it the whole visit, at another time, in another room or with another
person. It is checked as every move is; what it leaves can be taken again as long as nobody else has.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from scheduling.engine import itinerary as engine
from scheduling.engine.calendars import to_minute
from scheduling.engine.states import StepState
from scheduling.models import Hold, Reservation, ResourceKind, StepKind
from scheduling.services import booking, occupations, placements, recheck, reservations, search
from vqflow import policy
from vqflow.errors import Conflict

DAY_MINUTES = 24 * 60
NOT_MOVABLE = "Only a step that is planned here and still to come can be moved."
MOVED_AGAIN = "This appointment has been changed since. Look where it stands now."


@dataclass(frozen=True, slots=True)
class Former:
    """Where an appointment stood before a drop. `revision` is the one that the drop gave it.

    `starts`: per kind of step still to come its start, `resources`: the ids of its rooms and people.
    """

    appointment: UUID
    revision: int
    starts: dict[str, datetime]
    resources: dict[str, list[int]]


@transaction.atomic
def drop(step, *, starts_at, by, now, resource=None, whole=False):
    """Move one step to `starts_at`, or with `whole` its visit by as much; returns (the appointment, its Former).

    `resource`: the room or person that it was dropped on. What rides on the step moves with it. Conflict says
    why not, also where the time is free but not there.
    """
    policy.permit(by, "appointment.move")
    appointment = _movable(step.appointment)
    steps = list(appointment.steps.all())
    step = next(each for each in steps if each.pk == step.pk)
    if not _is_to_come(step) or step.simultaneous:
        raise Conflict(NOT_MOVABLE)
    shift = starts_at - step.planned_start_at
    former = _former(appointment, steps)
    moving = [each for each in steps if _is_to_come(each)] if whole else _with_riders(step, steps)
    starts = {each.kind: each.planned_start_at + shift for each in moving}
    wanted = {step.kind: resource} if resource else {}
    return _take(appointment, former, starts, wanted, by=by, now=now)


@transaction.atomic
def take(appointment, *, starts, resource_ids, by, now):
    """Move an appointment to a proposal; returns (the appointment, its Former)."""
    policy.permit(by, "appointment.move")
    appointment = _movable(appointment)
    former = _former(appointment, appointment.steps.all())
    booking.move(appointment, starts=starts, resource_ids=resource_ids, by=by, now=now)
    return _after(appointment, former)


@transaction.atomic
def take_back(former, appointment, *, by, now):
    """Put an appointment back where it stood, with the same rooms and people, and return it.

    Conflict where it has been changed since, or its place was taken meanwhile.
    """
    policy.permit(by, "appointment.move")
    appointment = _movable(appointment)
    if appointment.revision != former.revision:
        raise Conflict(MOVED_AGAIN)
    plan, held = _plan(appointment, former.starts, former.resources, now)
    for placed in plan.found.steps:
        missing = set(former.resources.get(placed.step_key, ())) - {who for who, _, _ in placed.resources}
        for resource in plan.question.resources:
            if resource.id in missing:
                raise Conflict(_why_not_there(appointment, plan, placed, resource.id, resource.name, now))
    return _write(appointment, plan, held, by=by, now=now)


def _movable(appointment):
    appointment = reservations.locked(appointment)
    if refusal := search.why_not_move(appointment):
        raise Conflict(refusal)
    return appointment


def _is_to_come(step):
    return step.state == StepState.SCHEDULED and step.planned_start_at is not None


def _with_riders(step, steps):
    """The step, and those that are acquired together with it."""
    riders = [each for each in steps if each.simultaneous and each.ordinal == step.ordinal + 1]
    return [step, *filter(_is_to_come, riders)]


def _former(appointment, steps):
    starts = {step.kind: step.planned_start_at for step in steps if _is_to_come(step)}
    resources = {kind: [] for kind in starts}
    rows = Reservation.objects.occupying().filter(step__appointment=appointment, step__kind__in=starts)
    rows = rows.exclude(resource__kind=ResourceKind.PATIENT).order_by("pk")
    for kind, resource in rows.values_list("step__kind", "resource"):
        resources[kind].append(resource)
    return Former(appointment.pk, appointment.revision, starts, resources)


def _take(appointment, former, starts, wanted, *, by, now):
    plan, held = _plan(appointment, starts, former.resources, now, wanted)
    for placed in plan.found.steps:
        resource = wanted.get(placed.step_key)
        if resource and resource.pk not in {who for who, _, _ in placed.resources}:
            raise Conflict(_why_not_there(appointment, plan, placed, resource.pk, resource.name, now))
    _write(appointment, plan, held, by=by, now=now)
    return _after(appointment, former)


def _plan(appointment, starts, resources, now, wanted=None):
    """(the Plan of these starts with these rooms and people where they are free, holds that are given up for it)"""
    held = list(appointment.procedure.order.holds.live().values_list("pk", flat=True))
    # Without naming rooms: what was just booked in one of them says nothing of why a step cannot be dropped.
    plan = recheck.other_time(appointment, starts, (), now=now, tokens=held, gives_up=True)
    minutes = {kind: to_minute(at) for kind, at in plan.starts.items()}
    able = {resource.id: resource.capabilities for resource in plan.question.resources}
    preferred = {
        kind: _preferred(of_step, (wanted or {}).get(kind), able) for kind, of_step in resources.items()
    }
    found = engine.fits(plan.question, minutes, preferred)
    return recheck.Plan(plan.question, found, plan.starts), held


def _preferred(present, wanted, able):
    """The present rooms and people, but for those whose place the wanted one takes."""
    if wanted is None:
        return present
    can = able.get(wanted.pk, frozenset())
    return [wanted.pk, *(each for each in present if not can & able.get(each, frozenset()))]


def _write(appointment, plan, held, *, by, now):
    placements.check_days(appointment, plan.starts, by)
    placements.rebook(appointment, plan, by=by, now=now, on_board=True)
    reservations.end_holds(held, Hold.Outcome.RELEASED)
    return appointment


def _after(appointment, former):
    appointment.refresh_from_db(fields=["revision"])
    return appointment, Former(former.appointment, appointment.revision, former.starts, former.resources)


def _why_not_there(appointment, plan, placed, resource_id, name, now):
    """Why this room or person cannot take the step, although its time could be had elsewhere."""
    step = next(each for each in plan.question.steps if each.key == placed.step_key)
    label = StepKind(step.key).label.lower()
    able = next((each.capabilities for each in plan.question.resources if each.id == resource_id), None)
    need = next((need for need in step.needs if able is not None and need.capabilities <= able), None)
    if need is None:
        return f"{name} cannot be used for {label}. Choose another."
    low, high = placed.start - need.starts_before, placed.start + need.ends_after_start
    times = occupations.Times(appointment.site.time_zone, about=low)
    around = (low - DAY_MINUTES, high + DAY_MINUTES)
    own, order = (None, appointment), appointment.procedure.order
    occupied = occupations.occupied(
        appointment.site, plan.question, around, times=times, now=now, own=own, of=order
    )
    for each in occupied.get(resource_id, ()):
        if each.start < high and each.end > low:
            return f"{name} {each.words}. Choose another time, or another room or person."
    return f"{name} cannot take this {label}: its steps need the same room. Move the whole visit."
