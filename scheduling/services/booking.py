"""Book, move and cancel an appointment: lock and re-check (recheck.py), then write appointment, steps, reservations."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from scheduling.engine.calendars import to_datetime
from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.models import (
    MODALITY,
    Appointment,
    Decision,
    Order,
    ScheduledProcedureStep,
    StepKind,
)
from scheduling.services import (
    messages,
    numbers,
    recheck,
    reservations,
    search,
    transitions,
    vetting,
)
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

MOVED_FIELDS = [
    "revision",
    "starts_at",
    "ends_at",
    "xray_ends_at",
    "lungs_start_at",
    "window_override",
    "xray_shortest",
    "xray_longest",
    "dose_cleared_at",
    "dose_cleared_by",
]


@dataclass(frozen=True, slots=True)
class XrayElsewhere:
    """A chest X-ray or chest CT that another department has done."""

    ended_at: datetime
    place: str
    modality: str = "DX"


@transaction.atomic
def book(order, *, starts, by, now, resource_ids=(), xray=None):
    """Book the order at `starts` ({kind of step: start of its acquisition}) and return the appointment.

    `resource_ids` are the rooms and people of the chosen proposal; others of the same kind are taken where
    those are gone. `xray` is an XrayElsewhere. Raises Conflict with the sentence why not, Invalid for starts
    that are not those of the protocol.
    """
    policy.permit(by, "appointment.book")
    # Two queries: rows joined to a locked one are those of before the wait.
    Order.objects.select_for_update().get(pk=order.pk)
    order = Order.objects.with_people().get(pk=order.pk)
    if refusal := search.why_not_book(order):
        raise Conflict(refusal)
    waived = search.waived_rules(order)
    _check_xray(xray, now)
    question = recheck.locked_question(
        order, starts, now, xray_ended_at=xray.ended_at if xray else None, waived=waived
    )
    found = recheck.fitting(question, starts, resource_ids, now)
    appointment = _new_appointment(order, found, question, xray, waived, by=by, now=now)
    _write_steps(appointment, order, found, question, xray, by=by, now=now)
    transitions.move(order, OrderState.SCHEDULED)
    audit.record("appointment.booked", appointment, by=by, patients=[order.patient_id], **_when(appointment))
    messages.plan(appointment, now=now)
    return appointment


@transaction.atomic
def move(appointment, *, starts, by, now, resource_ids=()):
    """Give an appointment other times; what has been performed stays. Every rule is checked again."""
    policy.permit(by, "appointment.move")
    appointment = reservations.locked(appointment)
    order = appointment.procedure.order
    if refusal := search.why_not_move(appointment):
        raise Conflict(refusal)
    question = recheck.locked_question(
        order, starts, now, free_of=appointment, **search.performed_part(appointment)
    )
    found = recheck.fitting(question, starts, resource_ids, now, free_of=appointment)
    _check_day(appointment, starts, by)
    before = _when(appointment)
    reservations.release(appointment)
    _apply_move(appointment, found, question)
    audit.record(
        "appointment.moved",
        appointment,
        by=by,
        patients=[order.patient_id],
        before=before,
        **_when(appointment),
    )
    messages.moved(appointment, now=now)
    return appointment


def _check_day(appointment, starts, by):
    """Another day is the desk's to give; the camera moves patients within the day."""
    zone = ZoneInfo(appointment.site.time_zone)
    days = {at.astimezone(zone).date() for at in (appointment.lungs_start_at, max(starts.values()))}
    if len(days) > 1:
        policy.permit(by, "appointment.move_to_another_day")


@transaction.atomic
def cancel(appointment, *, reason, by, now):
    """Cancel the appointment and free its time; the order goes back to the list of what is to be booked."""
    policy.permit(by, "appointment.cancel")
    if not reason.strip():
        raise Invalid("Say why the appointment is cancelled.", fields={"reason": ["Say why."]})
    appointment = reservations.locked(appointment)
    if appointment.steps.filter(state=StepState.IN_PROGRESS).exists():
        raise Conflict("An acquisition is running. End it or undo it, then cancel the appointment.")
    transitions.move(appointment, AppointmentState.CANCELLED, ended_reason=reason.strip())
    appointment.steps.filter(state=StepState.SCHEDULED).update(state=StepState.CANCELLED)
    reservations.release(appointment)
    order = appointment.procedure.order
    vetting.lapse_window_overrides(order, now=now)
    transitions.move(order, state_without_appointment(order))
    audit.record(
        "appointment.cancelled", appointment, by=by, patients=[order.patient_id], reason=reason.strip()
    )
    messages.cancelled(appointment, now=now)
    return appointment


def state_without_appointment(order):
    """Where an order stands when its appointment falls away."""
    vetted = order.decisions.filter(kind=Decision.Kind.VETTING).exists()
    return OrderState.VETTED if vetted else OrderState.REQUESTED


def _check_xray(xray, now):
    if xray and xray.ended_at > now:
        sentence = "This X-ray lies in the future. Enter the time at which it ended."
        raise Invalid(sentence, fields={"xray_ended_at": [sentence]})


def _new_appointment(order, found, question, xray, waived, *, by, now):
    site, spans = order.site, _patient_spans(found, question)
    return Appointment.objects.create(
        site=site,
        procedure=order.procedure,
        starts_at=to_datetime(min(start for start, _ in spans)),
        ends_at=to_datetime(max(end for _, end in spans)),
        xray_ends_at=xray.ended_at if xray else _xray_end(found),
        lungs_start_at=_lungs_start(found),
        xray_shortest=site.xray_shortest,
        xray_longest=site.xray_longest,
        window_override=bool(waived),
        booked_at=now,
        booked_by=by,
    )


def _patient_spans(found, question):
    patients = {resource.id for resource in question.resources if "patient" in resource.capabilities}
    return [(start, end) for step in found.steps for who, start, end in step.resources if who in patients]


def _xray_end(found):
    return next((to_datetime(step.end) for step in found.steps if step.step_key == StepKind.XRAY), None)


def _lungs_start(found):
    return next(to_datetime(step.start) for step in found.steps if step.step_key != StepKind.XRAY)


def _write_steps(appointment, order, found, question, xray, *, by, now):
    """The steps of the protocol; an X-ray done elsewhere is a step that is completed already."""
    protocol_steps = list(order.procedure.protocol.steps.all())
    placed = {step.step_key: step for step in found.steps}
    rows = []
    for row, sps_id in zip(protocol_steps, numbers.step_ids(len(protocol_steps)), strict=True):
        step = ScheduledProcedureStep(
            appointment=appointment,
            ordinal=row.ordinal,
            kind=row.kind,
            sps_id=sps_id,
            modality=MODALITY[row.kind],
        )
        if row.kind in placed:
            step.planned_start_at = to_datetime(placed[row.kind].start)
            step.planned_end_at = to_datetime(placed[row.kind].end)
        elif xray and row.kind == StepKind.XRAY:
            step.elsewhere, step.modality, step.state = xray.place, xray.modality, StepState.COMPLETED
            step.performed_end_at, step.performed_by = xray.ended_at, by
        else:
            continue
        rows.append(step)
    ScheduledProcedureStep.objects.bulk_create(rows)
    reservations.reserve(appointment, rows, found, question)


def _apply_move(appointment, found, question):
    """Write the new times to the appointment and its steps, and reserve them under the next revision."""
    spans = _patient_spans(found, question)
    appointment.revision += 1
    appointment.starts_at = to_datetime(min(start for start, _ in spans))
    appointment.ends_at = to_datetime(max(end for _, end in spans))
    appointment.xray_ends_at = _xray_end(found) or _performed_xray_end(appointment)
    appointment.lungs_start_at = _lungs_start(found)
    appointment.window_override = bool(search.waived_rules(appointment.procedure.order))
    appointment.xray_shortest = appointment.site.xray_shortest
    appointment.xray_longest = appointment.site.xray_longest
    # What was checked for the old time has to be checked again for the new one.
    appointment.dose_cleared_at = appointment.dose_cleared_by = None
    appointment.save(update_fields=MOVED_FIELDS)
    steps = list(appointment.steps.all())
    placed = {step.step_key: step for step in found.steps}
    for step in steps:
        if step.kind in placed:
            step.planned_start_at = to_datetime(placed[step.kind].start)
            step.planned_end_at = to_datetime(placed[step.kind].end)
            step.save(update_fields=["planned_start_at", "planned_end_at"])
        elif step.state == StepState.SCHEDULED:  # an X-ray that a physician has waived since
            step.planned_start_at = step.planned_end_at = None
            step.save(update_fields=["planned_start_at", "planned_end_at"])
    reservations.reserve(appointment, steps, found, question)


def _performed_xray_end(appointment):
    xray = appointment.steps.filter(kind=StepKind.XRAY).first()
    return xray.performed_end_at if xray else None


def _when(appointment):
    """The planned times for the audit trail."""
    return {
        "revision": appointment.revision,
        "starts_at": appointment.starts_at.isoformat(),
        "ends_at": appointment.ends_at.isoformat(),
        "lungs_start_at": appointment.lungs_start_at.isoformat(),
    }
