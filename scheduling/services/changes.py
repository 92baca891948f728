"""Two appointments change places, or one acquisition gets another length: all or nothing, every rule checked."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from scheduling.engine.states import StepState
from scheduling.models import Hold, ScheduledProcedureStep, StepKind
from scheduling.services import (
    call_ins,
    holds,
    lengthening,
    locked_days,
    messages,
    placements,
    recheck,
    reservations,
    search,
)
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

LONGEST_ACQUISITION_MINUTES = 240


@transaction.atomic
def swap(one, other, *, by, now):
    """Two appointments change places: each takes the other's starts of the steps that both still have to do.

    All or nothing, every rule checked for both; Conflict says which of them does not fit, and why. Returns both.
    """
    policy.permit(by, "appointment.move")
    if one.pk == other.pk:
        raise Invalid("Choose another appointment to change places with.")
    pair = {each.pk: reservations.locked(each) for each in sorted((one, other), key=lambda each: each.pk)}
    one, other = pair[one.pk], pair[other.pk]
    if one.site_id != other.site_id:
        raise Invalid("Both appointments must be at one site.")
    _refuse(search.why_not_move(one) or search.why_not_move(other))
    exchanges = _exchanges(one, other, now)
    held = [*holds.live_of(one.procedure.order), *holds.live_of(other.procedure.order)]
    all_days = locked_days.lock(
        one.site,
        [starts.values() for _, starts, _ in exchanges],
        now=now,
        patients=[each.procedure.order.patient.resource_id for each in (one, other)],
        tokens=held,
        steps=[step.pk for each in (one, other) for step in each.steps.all()],
    )
    for (appointment, starts, resource_ids), days in zip(exchanges, all_days, strict=True):
        _take_place(appointment, starts, resource_ids, days, by=by, now=now)
    reservations.end_holds(held, Hold.Outcome.RELEASED)
    for appointment in (one, other):
        messages.moved(appointment, now=now)
        call_ins.ask(appointment, now=now)
    return one, other


def _exchanges(one, other, now):
    """(appointment, its new starts, the rooms and people to take) for both."""
    pending = [recheck.staying(each, {}, now) for each in (one, other)]
    shared = pending[0].keys() & pending[1].keys()
    if shared <= {StepKind.XRAY}:
        raise Conflict("These two have no scan in common that is still to come. Move one of them instead.")
    rooms = [reservations.resource_ids(each) for each in (one, other)]
    return [
        (one, pending[0] | {kind: pending[1][kind] for kind in shared}, rooms[1]),
        (other, pending[1] | {kind: pending[0][kind] for kind in shared}, rooms[0]),
    ]


def _take_place(appointment, starts, resource_ids, days, *, by, now):
    zone = ZoneInfo(appointment.site.time_zone)
    question = recheck.question_of(appointment, days, now)
    try:
        found = recheck.fitting(question, starts, resource_ids, order=appointment.procedure.order, now=now)
    except Conflict as refusal:
        was = appointment.lungs_start_at.astimezone(zone)
        raise Conflict(f"The appointment of {was:%H:%M} does not fit there. {refusal.sentence}") from refusal
    placements.check_days(appointment, starts, by)
    before = placements.when(appointment)
    placements.move(appointment, recheck.Plan(question, found, starts))
    placements.record_move(appointment, before, by, swapped=True)


@transaction.atomic
def lengthen(step, *, minutes, by, now):
    """Give the acquisition of one step still to come `minutes` in all; later steps shift only if they must.

    The patient is told only if the time to come changes. Conflict says who is in the way.
    """
    policy.permit(by, "appointment.move")
    if not 1 <= minutes <= LONGEST_ACQUISITION_MINUTES:
        sentence = f"Enter minutes from 1 to {LONGEST_ACQUISITION_MINUTES}."
        raise Invalid(sentence, fields={"minutes": [sentence]})
    appointment = reservations.locked(step.appointment)
    _refuse(search.why_not_move(appointment))
    step = appointment.steps.get(pk=step.pk)
    if step.state != StepState.SCHEDULED or step.planned_start_at is None or step.simultaneous:
        raise Conflict(
            "Only an acquisition that is planned here and still to come can be given another length."
        )
    before, came = placements.when(appointment), placements.visits(appointment)
    longer = minutes - (step.planned_end_at - step.planned_start_at) // timedelta(minutes=1)
    ScheduledProcedureStep.objects.filter(pk=step.pk).update(acquisition_minutes=minutes)
    held = holds.live_of(appointment.procedure.order)
    plan = lengthening.plan(appointment, step, longer, now=now, tokens=held)
    placements.check_days(appointment, plan.starts, by)
    placements.move(appointment, plan)
    reservations.end_holds(held, Hold.Outcome.RELEASED)
    placements.tell(appointment, came, now)
    audit.record(
        "step.lengthened",
        step,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        step=step.kind,
        minutes=minutes,
        before=before,
        **placements.when(appointment),
    )
    return appointment


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)
