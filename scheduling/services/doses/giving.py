"""A measured dose reaches the patient: given, where, what was left in the syringe, and all of that taken back."""

from decimal import Decimal

from django.db import transaction

from scheduling import administrations
from scheduling.engine import gates, scancodes
from scheduling.engine.phases import Role
from scheduling.engine.scancodes import Sort
from scheduling.engine.states import StepState
from scheduling.examinations import examination
from scheduling.models import Administration
from scheduling.services import visits
from scheduling.services.doses import corrected, injections, steps
from scheduling.services.doses.measuring import locked, record
from vqflow import policy
from vqflow.errors import Conflict, Invalid

ANOTHER_PATIENT = "This wristband is another patient's. Do not inject. Check who is on the table."
ANOTHER_DOSE = "This label is of another dose. Do not inject. Take the dose of this patient."
NO_LABEL = "This is no code of a wristband or a dose. Scan again."
SITES = ("Left antecubital vein", "Right antecubital vein", "Left hand", "Right hand", "Central line")


@transaction.atomic
def give(dose, *, by, now, injection_site="", scanned=""):
    """The injection or first inhalation, now: it starts the acquisition with all its gates.

    `scanned`: what was read from the wristband or the label at the bedside, one after the other; it must be of this
    patient and this dose. Raises Conflict where the dose may not be given.
    """
    policy.permit(by, "visit.perform")
    dose = locked(dose)
    if dose.voided_at or dose.given_at:
        raise Conflict("This dose was discarded." if dose.voided_at else "This dose has been given.")
    _check_labels(dose, scanned)
    appointment, rows = dose.step.appointment, administrations.standing(dose.step)
    if refusal := administrations.why_not_give(dose, rows, appointment.site, now):
        raise Conflict(refusal)
    if injection_site:
        dose.injection_site = injection_site
        dose.save(update_fields=["injection_site"])
    if dose.step.state == StepState.SCHEDULED:
        visits.start(dose.step, by=by, now=now)
    elif refusal := gates.why_not_measure(examination(appointment, now), dose.step.kind):
        raise Conflict(refusal)
    else:
        injections.begun(appointment, [dose.step], by=by, now=now)
    dose.refresh_from_db()
    return dose


def _check_labels(dose, scanned):
    for text in scanned.split():
        code = scancodes.read(text)
        if code is None or code.sort not in (Sort.PATIENT, Sort.DOSE):
            raise Invalid(NO_LABEL, fields={"scanned": [NO_LABEL]})
        if code.sort is Sort.PATIENT and code.number != dose.step.appointment.procedure.order.patient_id:
            raise Conflict(ANOTHER_PATIENT)
        if code.sort is Sort.DOSE and code.number != dose.pk:
            raise Conflict(ANOTHER_DOSE)


@transaction.atomic
def residual(dose, *, residual_mbq, by, now, measured_at=None):
    """What was left in the syringe, crucible or nebuliser: what the patient got is computed from it."""
    policy.permit(by, "visit.perform")
    dose, measured_at = locked(dose), measured_at or now
    if dose.voided_at or dose.given_at is None:
        raise Conflict("This dose has not been given.")
    if dose.residual_mbq is not None:
        raise Conflict("The residual is recorded already. Undo it, or correct it with a reason.")
    got = administrations.administered_kbq(dose, residual_mbq=residual_mbq, residual_measured_at=measured_at)
    _check_residual(dose, residual_mbq, measured_at, got, now)
    dose.residual_mbq, dose.residual_measured_at = residual_mbq, measured_at
    dose.administered_mbq = Decimal(got) / 1000
    dose.save(update_fields=["residual_mbq", "residual_measured_at", "administered_mbq"])
    steps.done(dose.step.appointment, Role.RESIDUAL, by=by, now=now)
    record(
        "dose.residual", dose, by, residual_mbq=str(residual_mbq), administered_mbq=str(dose.administered_mbq)
    )
    return dose


def _check_residual(dose, residual_mbq, measured_at, got, now):
    faults = {}
    if residual_mbq < 0 or got < 0:
        sentence = "More cannot be left than was there. Check the figure, and its unit (MBq)."
        faults["residual_mbq"] = [sentence]
    if not dose.given_at <= measured_at <= now:
        faults["measured_at"] = ["The residual is measured after the injection, and not in the future."]
    if faults:
        raise Invalid("This residual cannot be right.", fields=faults)


@transaction.atomic
def describe(dose, *, injection_site, by, now):
    """Where it was injected, written down afterwards."""
    policy.permit(by, "visit.perform")
    dose = locked(dose)
    if dose.voided_at or dose.given_at is None:
        raise Conflict("This dose has not been given.")
    if not injection_site.strip():
        sentence = "Say where it was injected."
        raise Invalid(sentence, fields={"injection_site": [sentence]})
    dose.injection_site = injection_site.strip()
    dose.save(update_fields=["injection_site"])
    record("dose.described", dose, by)
    return dose


@transaction.atomic
def undo(dose, *, by, now):
    """Take back the last thing that was recorded of a dose: its residual, or that it was given."""
    policy.permit(by, "visit.perform")
    dose = locked(dose)
    appointment, step = dose.step.appointment, dose.step
    if dose.voided_at or dose.given_at is None:
        raise Conflict("There is nothing to undo here.")
    if dose.residual_mbq is not None:
        return _undo_residual(dose, by, now)
    if _later(dose):
        raise Conflict(injections.EXTRA_FIRST)
    if dose.number == 1:
        if step.state != StepState.IN_PROGRESS:
            raise Conflict("The acquisition has ended. Undo its end first.")
        visits.undo(step, by=by, now=now)
        dose.refresh_from_db()
        return dose
    injections.withdraw(appointment, dose, by=by, now=now)
    return dose


def _later(dose):
    later = Administration.objects.standing().filter(step=dose.step, number__gt=dose.number)
    return later.exists()


def _undo_residual(dose, by, now):
    corrected.drop_residual(dose, reason="The residual was taken back.", by=by, now=now)
    dose.administered_mbq = Decimal(administrations.administered_kbq(dose)) / 1000
    dose.save(update_fields=["residual_mbq", "residual_measured_at", "administered_mbq"])
    steps.undone(dose.step.appointment, Role.RESIDUAL, by=by, now=now)
    record("dose.residual_undone", dose, by)
    return dose
