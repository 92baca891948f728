"""The acquisitions of an examination: dose clearance, start and end, broken off, left out, undo; and who stays away.

Planned times bind nobody here: what happened is recorded as it happened.
"""

from itertools import takewhile

from django.db import transaction

from scheduling.engine import gates
from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.examinations import examination, expected_at, is_here
from scheduling.models import MODALITY, HandOver, Outcome, StepKind, Task
from scheduling.services import (
    booking,
    call_ins,
    countrates,
    messages,
    quality,
    reservations,
    transitions,
    vetting,
)
from scheduling.services.doses import injections
from scheduling.services.examination import deviations, tracks, xrays
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
    checked = quality.present(appointment.site, now)
    _refuse(gates.why_not_start(examination(appointment, now, quality=checked), step.kind))
    together = with_companions(appointment, step)
    for each in together:
        transitions.move(each, StepState.IN_PROGRESS, performed_start_at=now, performed_by=by)
    tracks.follow_start(appointment, together, by=by, now=now)
    injections.begun(appointment, together, by=by, now=now)
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
    together = with_companions(appointment, step)
    for each in together:
        transitions.move(each, StepState.COMPLETED, performed_end_at=now)
    tracks.follow_end(appointment, together, now=now)
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
    _refuse(gates.why_not_stop(examination(appointment, now), step.kind))
    stop(appointment, with_companions(appointment, step), reason=reason.strip(), by=by, now=now)
    _ask_for_reading(appointment, step, now)
    deviations.note_perfusion_only(appointment, step, reason=reason.strip(), by=by, now=now)
    fulfil_when_over(appointment, by)
    return step


def stop(appointment, together, *, reason, by, now, by_ending=False):
    """The running acquisition and its companions are broken off; part of the caller's transaction.

    `by_ending`: with the whole examination (services/examination/endings.py).
    """
    facts = {"performed_end_at": now, "discontinued_reason": reason, "by_ending": by_ending}
    for each in together:
        transitions.move(each, StepState.DISCONTINUED, **facts)
    tracks.follow_end(appointment, together, now=now)
    _record("step.discontinued", appointment, by, step=together[0].kind, reason=reason)


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
    _refuse(why_not_undo(appointment))
    together = with_companions(appointment, step)
    before = _state_before(appointment, together)
    if step.state == StepState.CANCELLED:
        reservations.take_back(appointment, step, now=now)
    _follow_undo(appointment, together, before, by=by, now=now)
    reopen(appointment)
    cleared = _cleared_facts(step, before)
    for each in together:
        transitions.move(each, before, **cleared)
    deviations.take_back(appointment, step, by=by, now=now)
    _back_to_arrived(appointment)
    _record("step.undone", appointment, by, step=step.kind)
    return step


def why_not_undo(appointment):
    """What was completed as limited is taken back as a whole."""
    limited = HandOver.objects.filter(appointment=appointment).exclude(limited="").exists()
    return "This examination is complete as limited. Take that back first." if limited else None


def _follow_undo(appointment, together, before, *, by, now):
    """The small steps go back with the acquisition."""
    step = together[0]
    if before == StepState.IN_PROGRESS:
        tracks.follow_undo_end(appointment, together, step.performed_end_at)
    elif step.kind == StepKind.XRAY:
        xrays.forget(step, by=by, now=now)
    elif step.state != StepState.CANCELLED and step.performed_start_at:
        tracks.follow_undo_start(appointment, together, step.performed_start_at, by=by, now=now)
        injections.taken_back(appointment, together, by=by, now=now)
        countrates.forget(together, by=by, now=now)


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


def reopen(appointment):
    """A fulfilled appointment goes on; impossible once its report is signed. Part of the caller's transaction."""
    if appointment.state == AppointmentState.FULFILLED:
        transitions.move(appointment, AppointmentState.IN_PROGRESS, awaits_release=False)
        # What goes on is handed over anew at its end.
        HandOver.objects.filter(appointment=appointment, limited="").delete()
        transitions.move(appointment.procedure.order, OrderState.IN_PROGRESS)
        for xray in appointment.steps.filter(kind=StepKind.XRAY, state=StepState.CANCELLED):
            transitions.move(xray, StepState.SCHEDULED)  # it fell away when the visit was over


def _back_to_arrived(appointment):
    """Without any lung acquisition begun, the patient is merely here again."""
    never = [StepState.SCHEDULED, StepState.CANCELLED]  # to come, or left out
    begun = appointment.steps.exclude(kind=StepKind.XRAY).exclude(state__in=never)
    if appointment.state == AppointmentState.IN_PROGRESS and not begun.exists():
        transitions.move(appointment, AppointmentState.ARRIVED)
        transitions.move(appointment.procedure.order, OrderState.SCHEDULED)


def why_not_no_show(appointment, now):
    """A sentence why this patient cannot be said to have stayed away, or None."""
    if now < expected_at(appointment):
        return "The patient is not expected yet."
    here = appointment.state == AppointmentState.ARRIVED and is_here(appointment, now)
    return "The patient is here." if here else None


@transaction.atomic
def no_show(appointment, *, by, now):
    """The patient did not come: the time is freed and the order is to be booked again."""
    policy.permit(by, "appointment.no_show")
    appointment = reservations.locked(appointment)
    if refusal := why_not_no_show(appointment, now):
        raise Conflict(refusal)
    transitions.move(appointment, AppointmentState.NO_SHOW)
    order = appointment.procedure.order
    vetting.lapse_window_overrides(order, now=now)
    call_ins.close(order, now=now)
    transitions.move(order, booking.state_without_appointment(order))
    messages.cancelled(appointment, now=now)
    _record("appointment.no_show", appointment, by)
    reservations.release(appointment)  # last, as in booking.call_off
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


def mark_amended(*, order, by, now, term, meaning):
    """The final report has been amended: called by reporting in the same transaction. Its new term stays with the
    order."""
    said = {"term": term, "meaning": meaning, "reported_at": now}
    Outcome.objects.update_or_create(order=order, defaults=said)
    audit.record("order.amended", order, by=by, patients=[order.patient_id])


def mark_unreported(*, order, by):
    """The final report was retracted: the order waits for a report again, and has no result until then."""
    transitions.move(order, OrderState.PERFORMED)
    Outcome.objects.filter(order=order).delete()
    audit.record("order.unreported", order, by=by, patients=[order.patient_id])


def fulfil_when_over(appointment, by):
    """The last lung acquisition is over; an X-ray that was overridden and never done falls away."""
    lungs = appointment.steps.exclude(kind=StepKind.XRAY)
    if lungs.exclude(state__in=ENDED).exists():
        return
    appointment.steps.filter(kind=StepKind.XRAY, state=StepState.SCHEDULED).update(state=StepState.CANCELLED)
    transitions.move(
        appointment, AppointmentState.FULFILLED, awaits_release=appointment.site.releases_patients
    )
    transitions.move(appointment.procedure.order, OrderState.PERFORMED)
    _record("visit.fulfilled", appointment, by)


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)


def _record(action, appointment, by, **data):
    audit.record(action, appointment, by=by, patients=[appointment.procedure.order.patient_id], **data)
