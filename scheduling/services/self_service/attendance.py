"""I am coming; I cannot come; I would like another time."""

from django.db import transaction

from scheduling.services import booking, confirmations, patient_wishes, reservations
from scheduling.services.self_service import standing
from vqflow import audit

BY_THE_PATIENT = "Cancelled by the patient"
LONGEST_REASON = 200


@transaction.atomic
def confirm(link, *, now):
    """The patient comes; returns the appointment. Said again, it changes nothing."""
    appointment, account = standing.locked(link, now=now)
    standing.refuse(standing.why_not_confirm(appointment, now))
    return confirmations.confirm(appointment, by=account, now=now)


@transaction.atomic
def cancel(link, *, now, reason=""):
    """The patient does not come: time and doses are free, and the referrer is told, as when the desk cancels.

    Pressed again, it stays cancelled and nothing is refused. `reason`: the patient's own words, if any.
    """
    appointment = reservations.locked(link.appointment)
    if _is_cancelled_by_patient(appointment):
        return appointment
    appointment, account = standing.locked(link, now=now)
    standing.refuse(standing.why_not_cancel(appointment, now))
    words = " ".join(reason.split())
    said = f"{BY_THE_PATIENT}: {words}"[:LONGEST_REASON] if words else BY_THE_PATIENT
    return booking.cancel(appointment, reason=said, by=account, now=now)


def _is_cancelled_by_patient(appointment):
    return appointment.state == "cancelled" and appointment.ended_reason.startswith(BY_THE_PATIENT)


@transaction.atomic
def ask_for_another_time(link, wish="", *, now):
    """The desk is asked to phone; returns the Task. The appointment stands until then."""
    appointment, account = standing.locked(link, now=now)
    standing.refuse(standing.why_not_ask(appointment, now))
    task = patient_wishes.note(appointment, wish, now=now)
    order = appointment.procedure.order
    audit.record("appointment.another_time_asked", appointment, by=account, patients=[order.patient_id])
    return task


def has_asked(link):
    """Whether the patient has asked for another time and nobody has phoned yet."""
    return patient_wishes.is_open(link.appointment)
