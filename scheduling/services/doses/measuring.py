"""One dose, from the calibrator to the hand: measured, checked by a second person, approved, or thrown away."""

import math
from datetime import timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction

from scheduling import administrations
from scheduling.administrations import kbq
from scheduling.engine import administration as engine
from scheduling.engine import gates
from scheduling.engine.doses import PRODUCTS
from scheduling.engine.phases import Role
from scheduling.examinations import examination
from scheduling.models import Administration, Decision
from scheduling.services import reservations, tracers, vetting
from scheduling.services.doses import choosing, corrected, prescribing, steps
from scheduling.services.doses.choosing import UNDONE
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

OLDEST = timedelta(hours=12)
"""A measurement from before that is no measurement of today's dose."""
RULE = "DOSE"
GONE = {
    "administration_unit_dose_once": choosing.USED,
    "administration_once": "Somebody was faster: a dose is measured already.",
    "administration_within_batch": "More was drawn from this batch than it holds. Check the figure and the batch.",
}
DISCARD_REASONS = (
    "Not as prescribed.",
    "The patient does not come.",
    "The syringe leaked or broke.",
    "Too old to be given.",
)


@transaction.atomic
def measure(
    step, *, batch, measured_mbq, by, now, measured_at=None, volume_ml=None, weight_kg=None, is_extra=False
):
    """Record a dose as the calibrator shows it; returns the Administration.

    `weight_kg`: of a child, weighed today. `is_extra`: one more injection, after the step has had its dose. A dose
    that is not as prescribed is recorded too, but not given unless an authorised user approves it. Raises Conflict
    for a batch that is expired, failed, another patient's or used; Invalid for figures that cannot be right.
    """
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(step.appointment)
    step = appointment.steps.get(pk=step.pk)
    # Of two who draw from one vial at once the second sees what the first has drawn.
    batch = tracers.lock_drawn(step, batch)
    _refuse(gates.why_not_measure(examination(appointment, now), step.kind))
    _refuse(_why_not_another(step, is_extra=is_extra))
    _refuse(choosing.why_not(batch, appointment, step, now=now))
    measured_at = measured_at or now
    _check(batch, measured_mbq, measured_at, now)
    if weight_kg:
        prescribing.weigh(appointment, weight_kg, by=by, now=now)
    found = _prescription(appointment, step, batch, measured_at, now)
    row = _create(
        step=step,
        number=len(administrations.given(step)) + 1,
        batch=batch,
        product=batch.product,
        takes_all=batch.is_unit_dose,
        measured_mbq=measured_mbq,
        measured_at=measured_at,
        usable_until=batch.expires_at,
        volume_ml=volume_ml,
        particles=corrected.particles(batch, measured_mbq, measured_at),
        recorded_at=now,
        recorded_by=by,
        **_as_stored(found),
    )
    _draw(row, batch)
    steps.done(appointment, Role.DOSE, by=by, now=now, part=step.kind)
    record("dose.measured", row, by, batch=batch.pk, measured_mbq=str(measured_mbq), number=row.number)
    return row


def _why_not_another(step, *, is_extra):
    if administrations.waiting(step):
        return "A dose is measured already. Give it, or discard it first."
    had = administrations.given(step)
    if had and not is_extra:
        return "This step has had its dose. Measure an extra injection instead."
    return None if had or not is_extra else "Nothing has been given yet: this is the first dose."


def _check(batch, measured_mbq, measured_at, now):
    faults = {}
    if not 0 < measured_mbq <= corrected.MOST_MBQ:
        faults["measured_mbq"] = [corrected.TOO_HIGH]
    elif sentence := choosing.not_in_it(batch, measured_mbq, measured_at):
        faults["measured_mbq"] = [sentence]
    if measured_at > now:
        faults["measured_at"] = ["This time lies in the future. Enter the time of the measurement."]
    elif now - measured_at > OLDEST:
        faults["measured_at"] = ["This is more than 12 h ago. Measure the dose again."]
    if faults:
        raise Invalid("This measurement cannot be right.", fields=faults)


def _prescription(appointment, step, batch, measured_at, now):
    """What holds for this patient with this batch. Invalid where a child's weight is missing."""
    patient = prescribing.who(appointment, now)
    if lacking := prescribing.lacks(appointment, step, patient):
        raise Invalid(lacking, fields={"weight_kg": [lacking]})
    found = prescribing.prescription(appointment, step, patient)
    return engine.with_vial(found, choosing.activity_at(batch, measured_at), batch.particles or 0)


def _draw(dose, batch):
    """Count what was drawn on its batch, as it is at the calibration; Conflict where an extra one is not there."""
    held, drawn = choosing.activity_at(batch, dose.measured_at), _drawn(dose, batch)
    if dose.number == 1:
        return tracers.drawn(dose.step, batch, at=dose.measured_at, **drawn)
    left = tracers.drawn_extra(dose, **drawn)
    if left is not None:
        _refuse(choosing.too_little(batch, int(held * left / batch.activity_mbq), dose))
    return None


def _drawn(dose, batch):
    """kBq of the dose, and what they were at the batch's calibration; a generator makes more, so it loses nothing."""
    share = min(1, kbq(dose.measured_mbq) / max(1, choosing.activity_at(batch, dose.measured_at)))
    cost = 0 if PRODUCTS[batch.product].regrows else share * kbq(batch.activity_mbq)
    return {"activity_kbq": kbq(dose.measured_mbq), "reference_kbq": math.floor(cost)}


def _as_stored(found):
    return {
        "prescribed_mbq": Decimal(found.prescribed_kbq) / 1000,
        "lowest_mbq": Decimal(found.lowest_kbq) / 1000,
        "highest_mbq": Decimal(found.highest_kbq) / 1000,
        "most_particles": found.most_particles,
        "needs_approval": found.unpublished,
    }


def _create(**fields):
    try:
        with transaction.atomic():
            return Administration.objects.create(**fields)
    except IntegrityError as error:
        sentence = GONE.get(error.__cause__.diag.constraint_name)
        if sentence is None:
            raise
        raise Conflict(sentence) from error


@transaction.atomic
def check(dose, *, by, now):
    """A second person has compared label, patient and activity."""
    policy.permit(by, "dose.check")
    dose = locked(dose)
    _refuse(_why_not_change(dose))
    if dose.checked_by_id:
        raise Conflict("This dose has been checked.")
    if dose.recorded_by_id == by.pk:
        raise Conflict("You measured this dose yourself. Somebody else has to check it.")
    dose.checked_by = by
    dose.save(update_fields=["checked_by"])
    record("dose.checked", dose, by)
    return dose


@transaction.atomic
def override(dose, *, reason, by, now, physician=None):
    """An authorised user lets a dose be given that is not as prescribed. With `physician`, who said so by phone.

    Raises NotAllowed for anybody else, Conflict where there is nothing to approve.
    """
    policy.permit(by, "override.clinical_by_phone" if physician else "override.clinical")
    policy.permit(physician or by, "override.authorised_user")
    if not reason.strip():
        raise Invalid("Say why.", fields={"reason": ["An override needs a reason."]})
    dose = locked(dose)
    _refuse(_why_not_change(dose))
    if dose.override_id:
        raise Conflict("An authorised user has approved this dose already.")
    if not administrations.judge(dose, administrations.standing(dose.step), now).refusals:
        raise Conflict("This dose is as prescribed; nothing is to be approved.")
    order = dose.step.appointment.procedure.order
    dose.override = vetting.decide(
        order, Decision.Kind.OVERRIDE, RULE, reason.strip(), physician, by=by, now=now
    )
    dose.save(update_fields=["override"])
    record("dose.approved", dose, by, reason=reason.strip(), physician=dose.override.physician.username)
    return dose


@transaction.atomic
def discard(dose, *, reason, by, now):
    """The dose is thrown away. A unit dose is gone with it, and so is what was drawn from a vial."""
    policy.permit(by, "visit.perform")
    if not reason.strip():
        raise Invalid("Say why it is discarded.", fields={"reason": ["Say why it is discarded."]})
    dose = locked(dose)
    _refuse(_why_not_change(dose))
    if dose.number == 1 and not dose.takes_all:
        tracers.thrown_away(dose, **_drawn(dose, dose.batch))
    return _void(dose, "dose.discarded", reason.strip(), by, now)


@transaction.atomic
def undo(dose, *, by, now):
    """The measurement was recorded by mistake: the batch can be measured again."""
    policy.permit(by, "visit.perform")
    dose = locked(dose)
    _refuse(_why_not_change(dose))
    if dose.number > 1:
        tracers.not_drawn(dose)
    return _void(dose, "dose.measurement_undone", UNDONE, by, now)


def _void(dose, action, reason, by, now):
    dose.voided_at, dose.voided_by, dose.void_reason = now, by, reason
    dose.save(update_fields=["voided_at", "voided_by", "void_reason"])
    if dose.number == 1:
        steps.undone(dose.step.appointment, Role.DOSE, by=by, now=now, part=dose.step.kind)
    record(action, dose, by, reason=reason)
    return dose


def _why_not_change(dose):
    if dose.voided_at:
        return "This dose was discarded."
    return "This dose was given. Undo that first." if dose.given_at else None


def locked(dose):
    """The dose as it is now, with its appointment locked to the end of the transaction."""
    appointment = reservations.locked(dose.step.appointment)
    row = Administration.objects.select_related("step", "batch", "override").get(pk=dose.pk)
    row.step.appointment = appointment
    return row


def record(action, dose, by, **data):
    appointment = dose.step.appointment
    patients = [appointment.procedure.order.patient_id]
    audit.record(action, dose, by=by, patients=patients, step=dose.step.kind, product=dose.product, **data)


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)
