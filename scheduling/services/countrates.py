"""Counts over the lungs after each part, and what is decided where the second does not outshine the first."""

from django.db import transaction

from scheduling import administrations
from scheduling.engine.countrates import SETTLES, Grade, Way
from scheduling.engine.phases import Role
from scheduling.engine.states import StepState
from scheduling.models import CountRate, StepKind
from scheduling.services import reservations
from scheduling.services.doses import steps
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

MOST_PER_SECOND = 1_000_000
UNDONE = "Recorded by mistake."
SECOND_TRACER = (
    "The second tracer was there by then. Enter when the first part was counted, before the second."
)
SETTLE_REASONS = {
    Way.SUBTRACT: "The first part is subtracted from the second when it is read.",
    Way.LIMITED: "No more tracer and no more time; the reader is told.",
}


@transaction.atomic
def record(step, *, counts_per_second, by, now, measured_at=None):
    """Counts per second over the lungs, in the view and window of the other part; the newest counts.

    Of the first part they are what it leaves behind, of the second both tracers together. Raises Conflict where the
    step has not begun, Invalid for figures that cannot be right.
    """
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(step.appointment)
    step = appointment.steps.get(pk=step.pk)
    measured_at = measured_at or now
    _refuse(_why_not_count(step))
    _check(appointment, step, counts_per_second, measured_at, now)
    row = CountRate.objects.create(
        step=step,
        of=CountRate.Of.FIRST if is_first(appointment, step) else CountRate.Of.TOTAL,
        counts_per_second=counts_per_second,
        measured_at=measured_at,
        recorded_at=now,
        recorded_by=by,
    )
    if row.of == CountRate.Of.TOTAL:
        steps.done(appointment, Role.COUNTS, by=by, now=now)
    _record("counts.recorded", appointment, row, by, counts_per_second=counts_per_second)
    return row


def is_first(appointment, step):
    """Whether it is the first lung part that was or will be done."""
    lungs = appointment.steps.exclude(kind=StepKind.XRAY).exclude(state=StepState.CANCELLED)
    return not lungs.filter(ordinal__lt=step.ordinal).exists()


def _why_not_count(step):
    if step.kind == StepKind.XRAY:
        return "Counts are measured over the lungs, not in the X-ray."
    if step.state in (StepState.SCHEDULED, StepState.CANCELLED):
        return f"{step.get_kind_display()} has not started."
    return None


def _check(appointment, step, counts_per_second, measured_at, now):
    faults = {}
    later = appointment.steps.exclude(kind=StepKind.XRAY).filter(ordinal__gt=step.ordinal)
    if later.filter(performed_start_at__lt=measured_at).exclude(simultaneous=True).exists():
        faults["measured_at"] = [SECOND_TRACER]
    if not 0 < counts_per_second <= MOST_PER_SECOND:
        faults["counts_per_second"] = [
            f"Enter more than 0 and at most {MOST_PER_SECOND:,} counts per second."
        ]
    if measured_at > now:
        faults["measured_at"] = ["This time lies in the future. Enter the time of the measurement."]
    elif measured_at < step.performed_start_at:
        faults["measured_at"] = ["This is before the part began. Enter the time of the measurement."]
    if faults:
        raise Invalid("This count rate cannot be right.", fields=faults)


@transaction.atomic
def undo(rate, *, by, now):
    """The count rate was recorded by mistake: the one before counts again."""
    policy.permit(by, "visit.perform")
    rate = _locked(rate)
    if rate.voided_at:
        raise Conflict("This was taken back already.")
    rate.voided_at, rate.voided_by, rate.void_reason = now, by, UNDONE
    rate.save(update_fields=["voided_at", "voided_by", "void_reason"])
    if rate.of == CountRate.Of.TOTAL and administrations.count_rate(rate.step) is None:
        steps.undone(rate.step.appointment, Role.COUNTS, by=by, now=now)
    _record("counts.undone", rate.step.appointment, rate, by)
    return rate


@transaction.atomic
def settle(rate, *, way, by, now, note=""):
    """Decide about a ratio that is too low: the first part is subtracted, or it is completed as limited.

    To add tracer, wait or repeat is to measure again, and needs no decision. Raises Conflict where nothing is to be
    decided.
    """
    policy.permit(by, "visit.perform")
    if way not in SETTLES:
        raise Invalid("Choose one of the ways.", fields={"way": ["Choose one of the ways."]})
    rate = _locked(rate)
    appointment = rate.step.appointment
    found = administrations.comparison(appointment, list(appointment.steps.all()))
    newest = administrations.count_rate(rate.step)
    if found is None or found.grade is not Grade.TOO_LOW or found.second != rate.step.kind or newest != rate:
        raise Conflict("There is nothing to decide about this count rate.")
    if rate.settled:
        raise Conflict("This has been decided already.")
    rate.settled, rate.settled_note = str(way), note.strip() or SETTLE_REASONS[Way(way)]
    rate.save(update_fields=["settled", "settled_note"])
    _record("counts.settled", appointment, rate, by, way=str(way), ratio=round(found.ratio, 2))
    return rate


def forget(steps, *, by, now):
    """These steps have not begun after all: what was counted in them is taken back with their start."""
    CountRate.objects.standing().filter(step__in=steps).update(
        voided_at=now, voided_by=by, void_reason="The start was undone."
    )


def _locked(rate):
    appointment = reservations.locked(rate.step.appointment)
    row = CountRate.objects.select_related("step").get(pk=rate.pk)
    row.step.appointment = appointment
    return row


def _record(action, appointment, row, by, **data):
    patients = [appointment.procedure.order.patient_id]
    audit.record(action, row, by=by, patients=patients, of=row.of, **data)


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)
