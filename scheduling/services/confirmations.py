"""The patient has said that the time is good: by the link in a mail, or told to the desk."""

from django.db import transaction

from scheduling.engine.states import AppointmentState
from scheduling.models import Task
from scheduling.services import reservations, transitions
from vqflow import audit, policy
from vqflow.errors import Conflict

ACTION = "appointment.confirm"


def why_not(appointment, now):
    """A sentence why nobody confirms this appointment any more, or None."""
    if appointment.state != AppointmentState.BOOKED:
        return f"This appointment is {transitions.words(appointment.state)}; there is nothing to confirm."
    if appointment.starts_at <= now:
        return "The appointment has begun; there is nothing to confirm."
    return None


@transaction.atomic
def confirm(appointment, *, by, now):
    """The patient comes at this time; returns the appointment. Whoever said so first stands; a move asks again.

    Calls about mail that did not arrive are closed: the patient knows the time.
    """
    policy.permit(by, ACTION)
    appointment = reservations.locked(appointment)
    if refusal := why_not(appointment, now):
        raise Conflict(refusal)
    if appointment.confirmed_at is None:
        mark(appointment, by=by, now=now)
    return appointment


def mark(appointment, *, by, now):
    """Write it to an appointment that the caller has locked."""
    appointment.confirmed_at, appointment.confirmed_by = now, by
    appointment.save(update_fields=["confirmed_at", "confirmed_by"])
    _calls_about(appointment).update(closed_at=now, closed_by=by)
    audit.record(
        "appointment.confirmed",
        appointment,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        revision=appointment.revision,
    )


def _calls_about(appointment):
    about = f"appointment:{appointment.pk}:"
    return Task.objects.filter(kind=Task.Kind.PHONE, about__startswith=about, closed_at=None)
