"""The patient comes: identity, pregnancy and the safety questions, at the X-ray and once more at the scan."""

from django.db import transaction

from scheduling.engine import gates, screening
from scheduling.engine.problems import LATE, OUTCOMES
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, StepState
from scheduling.examinations import examination, facts, is_cleared
from scheduling.models import Arrival, Identifier, StepKind
from scheduling.services import problems, reservations, transitions
from scheduling.services import screening as answering
from scheduling.services.examination import tracks
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

TWO = "Check two identifiers: for example the full name and the date of birth, or the wristband."
ASK = "Ask about pregnancy in private, then say here that you have asked."
ASKED_AGAIN = ("pregnancy", "breastfeeding", "albumin_allergy", "oxygen", "cannot_keep_still")
"""The questions that are put again at every arrival; the others only while nobody knows the answer."""


def asks_pregnancy(order, now):
    """Whether this patient is asked about pregnancy at each arrival (rule PREG-2)."""
    return any(question.key == "pregnancy" for question in screening.questions_for(facts(order, now)))


@transaction.atomic
def check_in(
    appointment, *, identifiers, by, now, at=None, pregnancy_asked=False, answers=None, read_at=None
):
    """The patient is here: `at` the X-ray or the scan, or where the next arrival is due.

    `identifiers`: two or more of models.Identifier that were compared. `answers`: {question: answer} of the
    re-screening, read by the person at `read_at`. Raises Invalid with the field, Conflict with the sentence.
    """
    policy.permit(by, "visit.check_in")
    _check(appointment, identifiers, pregnancy_asked, now)
    if answers:
        policy.permit(by, "screening.answer")
        answering.answer(appointment.procedure.order, answers, by=by, now=now, read_at=read_at)
    appointment = reservations.locked(appointment)
    known = examination(appointment, now)
    if appointment.state in LIVE_APPOINTMENT and (refusal := gates.why_not_check_in(known)):
        raise Conflict(refusal)
    at = at or known.arrival_due or Arrival.At.SCAN
    _refuse_twice(appointment, at, known)
    if appointment.state in (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS):
        _came(appointment, now, by)
    else:
        transitions.move(appointment, AppointmentState.ARRIVED, arrived_at=now, arrived_by=by)
    arrival = Arrival.objects.create(
        appointment=appointment,
        at=at,
        arrived_at=now,
        identifiers=sorted(set(identifiers)),
        pregnancy_asked=pregnancy_asked,
        recorded_at=now,
        recorded_by=by,
    )
    if LATE in known.pending:
        problems.settle(appointment, [LATE], by=by, now=now, outcome=OUTCOMES[LATE][0])
    _record("visit.checked_in", appointment, by, at=str(at))
    return arrival


def _check(appointment, identifiers, pregnancy_asked, now):
    faults = {}
    if len(set(identifiers)) < 2 or not set(identifiers) <= set(Identifier.values):
        faults["identifiers"] = [TWO]
    if not pregnancy_asked and asks_pregnancy(appointment.procedure.order, now):
        faults["pregnancy_asked"] = [ASK]
    if faults:
        raise Invalid(next(iter(faults.values()))[0], fields=faults)


def _refuse_twice(appointment, at, known):
    """Who is at the X-ray already comes to the scan next, not to the X-ray again."""
    if known.checked_in and at == Arrival.At.XRAY:
        raise Conflict("The patient is already checked in at the X-ray. The next check-in is at the scan.")
    if at == Arrival.At.XRAY and not appointment.steps.filter(kind=StepKind.XRAY, elsewhere="").exists():
        raise Conflict("No chest X-ray is planned here. Check the patient in at the scan.")


def _came(appointment, at, by):
    appointment.arrived_at, appointment.arrived_by = at, by
    appointment.save(update_fields=["arrived_at", "arrived_by"])


@transaction.atomic
def undo_check_in(appointment, *, by, now):
    """The newest arrival is taken back; without another one the patient is expected again."""
    policy.permit(by, "visit.check_in")
    appointment = reservations.locked(appointment)
    if is_cleared(appointment):
        raise Conflict("The dose is cleared already; undo that first.")
    arrivals = list(appointment.arrivals.standing().order_by("pk"))
    _refuse_undo(appointment, arrivals)
    tracks.void(arrivals[-1:], reason="Undone.", by=by, now=now)
    if len(arrivals) > 1:
        _came(appointment, arrivals[-2].arrived_at, arrivals[-2].recorded_by)
    else:
        transitions.move(appointment, AppointmentState.BOOKED, arrived_at=None, arrived_by=None)
    _record("visit.check_in_undone", appointment, by)
    return appointment


def _refuse_undo(appointment, arrivals):
    steps = list(appointment.steps.all())
    if any(step.state == StepState.IN_PROGRESS for step in steps):
        raise Conflict("An acquisition is running. Undo its start first.")
    begun = [
        step.performed_start_at for step in steps if step.kind != StepKind.XRAY and step.performed_start_at
    ]
    if begun and (len(arrivals) < 2 or max(begun) >= arrivals[-1].arrived_at):
        raise Conflict("An acquisition has begun since the check-in. Undo that first.")


def _record(action, appointment, by, **data):
    audit.record(action, appointment, by=by, patients=[appointment.procedure.order.patient_id], **data)
