"""The examination itself: check-in, chest X-ray, dose clearance, the lung acquisitions, undo.

Planned times bind nobody here: what happened is recorded as it happened.
"""

from itertools import takewhile

from django.db import transaction

from scheduling.engine import gates
from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.examinations import examination, expected_at
from scheduling.models import MODALITY, Outcome, StepKind, Task
from scheduling.services import booking, call_ins, messages, reservations, transitions, vetting
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

ENDED = (StepState.COMPLETED, StepState.DISCONTINUED, StepState.CANCELLED)
UNDO_STEP = {
    StepState.IN_PROGRESS: StepState.SCHEDULED,
    StepState.COMPLETED: StepState.IN_PROGRESS,
    StepState.DISCONTINUED: StepState.IN_PROGRESS,
    StepState.CANCELLED: StepState.SCHEDULED,
}
READING = "reading of perfusion"
GONE = (AppointmentState.CANCELLED, AppointmentState.NO_SHOW)


@transaction.atomic
def check_in(appointment, *, identifiers_checked, by, now):
    """The patient is here, and name and date of birth (or wristband) were checked."""
    policy.permit(by, "visit.check_in")
    if not identifiers_checked:
        sentence = "Check two identifiers first: the full name, and the date of birth or the wristband."
        raise Invalid(sentence, fields={"identifiers_checked": [sentence]})
    appointment = reservations.locked(appointment)
    _refuse(gates.why_not_check_in(examination(appointment, now)))
    if appointment.state == AppointmentState.ARRIVED:  # back on another day: the identity is checked again
        appointment.arrived_at, appointment.arrived_by = now, by
        appointment.save(update_fields=["arrived_at", "arrived_by"])
    else:
        transitions.move(appointment, AppointmentState.ARRIVED, arrived_at=now, arrived_by=by)
    _record("visit.checked_in", appointment, by)
    return appointment


@transaction.atomic
def undo_check_in(appointment, *, by, now):
    policy.permit(by, "visit.check_in")
    appointment = reservations.locked(appointment)
    if appointment.dose_cleared_at:
        raise Conflict("The dose is cleared already; undo that first.")
    transitions.move(appointment, AppointmentState.BOOKED, arrived_at=None, arrived_by=None)
    _record("visit.check_in_undone", appointment, by)
    return appointment


@transaction.atomic
def record_xray(appointment, *, ended_at, by, now, elsewhere="", modality="DX"):
    """Confirm that the chest X-ray (or chest CT) is done: when it ended, and where if elsewhere."""
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(appointment)
    if ended_at > now:
        sentence = "This time lies in the future. Enter the time at which the X-ray ended."
        raise Invalid(sentence, fields={"ended_at": [sentence]})
    if appointment.state in GONE:
        raise Conflict(f"This appointment is {transitions.words(appointment.state)}.")
    step = _xray_step(appointment)
    if step.state != StepState.SCHEDULED:
        raise Conflict(f"The X-ray is {transitions.words(step.state)} already. Undo it to correct its time.")
    facts = {"performed_end_at": ended_at, "performed_by": by, "elsewhere": elsewhere, "modality": modality}
    transitions.move(step, StepState.COMPLETED, **facts)
    if elsewhere:
        reservations.release_step(step)
    _record("xray.confirmed", appointment, by, ended_at=ended_at.isoformat(), elsewhere=elsewhere)
    return step


def _xray_step(appointment):
    step = appointment.steps.filter(kind=StepKind.XRAY).first()
    if step is None:
        raise Conflict("This examination was planned without a chest X-ray, by a physician's override.")
    return step


@transaction.atomic
def clear_dose(appointment, *, by, now):
    """Everything holds that must hold before the dose is prepared: vetting, answers, and the X-ray window."""
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(appointment)
    _refuse(gates.why_not_clear_dose(examination(appointment, now)))
    appointment.dose_cleared_at, appointment.dose_cleared_by = now, by
    appointment.save(update_fields=["dose_cleared_at", "dose_cleared_by"])
    _record("dose.cleared", appointment, by)
    return appointment


@transaction.atomic
def undo_clear_dose(appointment, *, by, now):
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(appointment)
    if appointment.dose_cleared_at is None or appointment.state != AppointmentState.ARRIVED:
        raise Conflict("There is no dose clearance to undo.")
    appointment.dose_cleared_at = appointment.dose_cleared_by = None
    appointment.save(update_fields=["dose_cleared_at", "dose_cleared_by"])
    _record("dose.clearance_undone", appointment, by)
    return appointment


@transaction.atomic
def start(step, *, by, now):
    """The acquisition begins now: for a lung step the first inhalation or injection, after set-up."""
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(step.appointment)
    step = appointment.steps.get(pk=step.pk)
    _refuse(gates.why_not_start(examination(appointment, now), step.kind))
    for each in with_companions(appointment, step):
        transitions.move(each, StepState.IN_PROGRESS, performed_start_at=now, performed_by=by)
    if step.kind != StepKind.XRAY and appointment.state == AppointmentState.ARRIVED:
        transitions.move(appointment, AppointmentState.IN_PROGRESS)
        transitions.move(appointment.procedure.order, OrderState.IN_PROGRESS)
    _record("step.started", appointment, by, step=step.kind)
    return step


@transaction.atomic
def end(step, *, by, now):
    """The acquisition is complete. The last one fulfils the appointment."""
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(step.appointment)
    step = appointment.steps.get(pk=step.pk)
    _refuse(gates.why_not_end(examination(appointment, now), step.kind))
    for each in with_companions(appointment, step):
        transitions.move(each, StepState.COMPLETED, performed_end_at=now)
    _record("step.ended", appointment, by, step=step.kind)
    _ask_for_reading(appointment, step, now)
    fulfil_when_over(appointment, by)
    return step


def with_companions(appointment, step):
    """The step and those that are acquired together with it."""
    later = appointment.steps.filter(ordinal__gt=step.ordinal)
    return [step, *takewhile(lambda each: each.simultaneous, later)]


def _ask_for_reading(appointment, step, now):
    """A task for the physician when the acquisition that follows is held for a reading of this one."""
    held = appointment.steps.filter(ordinal=step.ordinal + 1, awaits_reading=True, state=StepState.SCHEDULED)
    if not held.exists():
        return
    Task.objects.get_or_create(
        order=appointment.procedure.order,
        kind=Task.Kind.CONSULT,
        about=READING,
        closed_at=None,
        defaults={
            "sentence": "Read perfusion now: ventilation waits for it.",
            "opened_at": now,
            "due_at": now,
        },
    )


@transaction.atomic
def discontinue(step, *, reason, by, now):
    """The acquisition was broken off; what follows may still be done."""
    policy.permit(by, "visit.perform")
    if not reason.strip():
        raise Invalid("Say why it was stopped.", fields={"reason": ["Say why it was stopped."]})
    appointment = reservations.locked(step.appointment)
    step = appointment.steps.get(pk=step.pk)
    _refuse(gates.why_not_end(examination(appointment, now), step.kind))
    for each in with_companions(appointment, step):
        facts = {"performed_end_at": now, "discontinued_reason": reason.strip()}
        transitions.move(each, StepState.DISCONTINUED, **facts)
    _record("step.discontinued", appointment, by, step=step.kind, reason=reason.strip())
    _ask_for_reading(appointment, step, now)
    fulfil_when_over(appointment, by)
    return step


@transaction.atomic
def leave_out(step, *, reason, by, now):
    """A lung acquisition that will not be done any more, after another has begun: the visit can end without it."""
    policy.permit(by, "visit.perform")
    if not reason.strip():
        raise Invalid("Say why it is left out.", fields={"reason": ["Say why it is left out."]})
    appointment = reservations.locked(step.appointment)
    step = appointment.steps.get(pk=step.pk)
    _refuse(gates.why_not_leave_out(examination(appointment, now), step.kind))
    give_up(appointment, step, reason=reason.strip(), by=by)
    return step


def give_up(appointment, step, *, reason, by):
    """The planned acquisition falls away and its time is free; part of the caller's transaction."""
    transitions.move(step, StepState.CANCELLED, discontinued_reason=reason)
    reservations.release_step(step)
    _record("step.left_out", appointment, by, step=step.kind, reason=reason)
    fulfil_when_over(appointment, by)


@transaction.atomic
def undo(step, *, by, now):
    """Take back the last thing that was recorded for this step; later steps must be undone first."""
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(step.appointment)
    step = appointment.steps.get(pk=step.pk)
    if appointment.state in GONE:
        raise Conflict(f"This appointment is {transitions.words(appointment.state)}.")
    together = with_companions(appointment, step)
    before = _state_before(appointment, together)
    if step.state == StepState.CANCELLED:
        reservations.take_back(appointment, step, now=now)
    _reopen(appointment)
    cleared = _cleared_facts(step, before)
    for each in together:
        transitions.move(each, before, **cleared)
    _back_to_arrived(appointment)
    _record("step.undone", appointment, by, step=step.kind)
    return step


def _state_before(appointment, together):
    """The state that an undo leads to, or Conflict why it cannot be taken back."""
    step = together[0]
    if step.simultaneous:
        raise Conflict("This was acquired together with the step before. Undo that one.")
    later = appointment.steps.filter(ordinal__gt=together[-1].ordinal).exclude(state=StepState.SCHEDULED)
    if later.exists():
        raise Conflict("A later step has begun. Undo that one first.")
    if step.elsewhere or (step.state == StepState.COMPLETED and step.performed_start_at is None):
        return StepState.SCHEDULED
    if step.state not in UNDO_STEP:
        raise Conflict("There is nothing to undo here.")
    return UNDO_STEP[step.state]


def _cleared_facts(step, before):
    """What is no longer true of a step that goes back to `before`."""
    cleared = {"performed_end_at": None, "discontinued_reason": ""}
    if before == StepState.SCHEDULED:
        cleared |= {"performed_start_at": None, "performed_by": None}
        if step.planned_start_at:  # it was planned here; without a plan the other place stays
            cleared |= {"elsewhere": "", "modality": MODALITY[StepKind(step.kind)]}
    return cleared


def _reopen(appointment):
    """A fulfilled appointment goes on; impossible once its report is signed."""
    if appointment.state == AppointmentState.FULFILLED:
        transitions.move(appointment, AppointmentState.IN_PROGRESS)
        transitions.move(appointment.procedure.order, OrderState.IN_PROGRESS)


def _back_to_arrived(appointment):
    """Without any lung acquisition begun, the patient is merely here again."""
    begun = appointment.steps.exclude(kind=StepKind.XRAY).exclude(state=StepState.SCHEDULED)
    if appointment.state == AppointmentState.IN_PROGRESS and not begun.exists():
        transitions.move(appointment, AppointmentState.ARRIVED)
        transitions.move(appointment.procedure.order, OrderState.SCHEDULED)


def why_not_no_show(appointment, now):
    """A sentence why this patient cannot be said to have stayed away, or None."""
    if now < expected_at(appointment):
        return "The patient is not expected yet."
    here = examination(appointment, now).checked_in
    return "The patient is here." if here and appointment.state == AppointmentState.ARRIVED else None


@transaction.atomic
def no_show(appointment, *, by, now):
    """The patient did not come: the time is freed and the order is to be booked again."""
    policy.permit(by, "appointment.no_show")
    appointment = reservations.locked(appointment)
    if refusal := why_not_no_show(appointment, now):
        raise Conflict(refusal)
    transitions.move(appointment, AppointmentState.NO_SHOW)
    reservations.release(appointment)
    order = appointment.procedure.order
    vetting.lapse_window_overrides(order, now=now)
    call_ins.close(order, now=now)
    transitions.move(order, booking.state_without_appointment(order))
    messages.cancelled(appointment, now=now)
    _record("appointment.no_show", appointment, by)
    return appointment


def mark_reported(*, order, by, now, term="", meaning=""):
    """The final report is signed: called by reporting in the same transaction.

    Its `term`, and what that means in words, stay with the order for whoever vets the patient's next one.
    """
    transitions.move(order, OrderState.REPORTED)
    if term:
        said = {"term": term, "meaning": meaning, "reported_at": now}
        Outcome.objects.update_or_create(order=order, defaults=said)
    audit.record("order.reported", order, by=by, patients=[order.patient_id])


def fulfil_when_over(appointment, by):
    """The last lung acquisition is over; an X-ray that was overridden and never done falls away."""
    lungs = appointment.steps.exclude(kind=StepKind.XRAY)
    if lungs.exclude(state__in=ENDED).exists():
        return
    appointment.steps.filter(kind=StepKind.XRAY, state=StepState.SCHEDULED).update(state=StepState.CANCELLED)
    transitions.move(appointment, AppointmentState.FULFILLED)
    transitions.move(appointment.procedure.order, OrderState.PERFORMED)
    _record("visit.fulfilled", appointment, by)


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)


def _record(action, appointment, by, **data):
    audit.record(action, appointment, by=by, patients=[appointment.procedure.order.patient_id], **data)
