"""What the start of an acquisition does to its dose, and the undo of that start. Part of the caller's transaction.

A step starts with the first inhalation or the injection: whoever starts it, from whichever page, gives the dose.
"""

from decimal import Decimal

from scheduling import administrations
from scheduling.engine.phases import Role
from scheduling.models import TracerBatch
from scheduling.services.doses import corrected, steps
from vqflow import audit
from vqflow.errors import Conflict

EXTRA_FIRST = "An extra injection was given. Undo that first."
EXTRA_WAITS = "An extra dose is measured. Discard that first."
NOT_GIVEN = "The injection was taken back."


def begun(appointment, begun_steps, *, by, now):
    """The measured dose of each of these steps is given now. Raises Conflict where its batch has failed since."""
    for step in begun_steps:
        dose = administrations.waiting(step)
        if dose is None:
            continue
        if dose.batch.state == TracerBatch.State.FAILED:
            raise Conflict(
                f"The batch of this dose failed: {dose.batch.failed_reason.rstrip('.')}. Discard the dose."
            )
        inject(appointment, dose, by=by, now=now)


def inject(appointment, dose, *, by, now):
    """Write down that a dose was given: until its residual is measured, all of it."""
    # A press that waited for the network may be older than what was typed in after it.
    dose.given_at, dose.given_by = max(now, dose.measured_at), by
    dose.administered_mbq = Decimal(administrations.activity_at(dose, dose.given_at)) / 1000
    dose.save(update_fields=["given_at", "given_by", "administered_mbq"])
    _record("dose.given", appointment, dose, by)


def taken_back(appointment, undone_steps, *, by, now):
    """These steps have not begun after all: their doses wait again."""
    for step in undone_steps:
        had = administrations.given(step)
        if len(had) > 1:
            raise Conflict(EXTRA_FIRST)
        if had and administrations.waiting(step):
            raise Conflict(EXTRA_WAITS)
        for dose in had:
            withdraw(appointment, dose, by=by, now=now)


def withdraw(appointment, dose, *, by, now):
    """A dose was not given after all. A residual that was measured stays readable among the corrections."""
    if dose.residual_mbq is not None:
        corrected.drop_residual(dose, reason=NOT_GIVEN, by=by, now=now)
        steps.undone(appointment, Role.RESIDUAL, by=by, now=now)
    dose.given_at = dose.given_by = dose.administered_mbq = None
    dose.save(
        update_fields=["given_at", "given_by", "administered_mbq", "residual_mbq", "residual_measured_at"]
    )
    _record("dose.giving_undone", appointment, dose, by)


def _record(action, appointment, dose, by):
    patients = [appointment.procedure.order.patient_id]
    about = {"administered_mbq": str(dose.administered_mbq)} if dose.given_at else {}
    audit.record(action, dose, by=by, patients=patients, product=dose.product, number=dose.number, **about)
