"""The aftercare sheet: on paper, and by mail as a link; beside it as PDF for who agreed to read what was examined."""

from django.db import transaction

from scheduling import paper
from scheduling.engine.states import AppointmentState
from scheduling.paper import aftercare as sheet
from scheduling.services import messages, reservations
from scheduling.services.messages.planning import why_no_mail
from vqflow import audit, policy
from vqflow.errors import Conflict


def why_not(appointment):
    """A sentence why there is no sheet yet, or None: it tells of tracers, and of all of them."""
    if appointment.state == AppointmentState.FULFILLED:
        return None
    return "The examination has not ended. The sheet tells what was given, so it is printed afterwards."


def data(appointment, *, now):
    """The sheet as paper/aftercare.py has it, for the patient's own hand."""
    return sheet.data(appointment, now=now, in_person=True)


@transaction.atomic
def pdf(appointment, *, by, now):
    """The sheet as PDF bytes. Raises Conflict before the end, and paper.CannotPrint where no font can show a name."""
    policy.permit(by, "aftercare.print")
    if refusal := why_not(appointment):
        raise Conflict(refusal)
    made = paper.pdf(sheet.AFTERCARE, data(appointment, now=now))
    _record("aftercare.printed", appointment, by)
    return made


def why_not_send(appointment):
    """A sentence why this sheet cannot go by mail, or None."""
    order = appointment.procedure.order
    return why_not(appointment) or why_no_mail(order, "sheet")


@transaction.atomic
def send(appointment, *, by, now):
    """Send a link to the sheet by mail; returns the Message. Raises Conflict where it may not go, or is on its way."""
    policy.permit(by, "aftercare.print")
    appointment = reservations.locked(appointment)
    if refusal := why_not_send(appointment):
        raise Conflict(refusal)
    if appointment.procedure.order.patient.detailed_email_consent:
        # It goes as PDF too: a name that no font has is told now, not at night.
        paper.pdf(sheet.AFTERCARE, data(appointment, now=now))
    row = messages.aftercare(appointment, now=now)
    _record("aftercare.sent", appointment, by)
    return row


def _record(action, appointment, by):
    audit.record(action, appointment, by=by, patients=[appointment.procedure.order.patient_id])
