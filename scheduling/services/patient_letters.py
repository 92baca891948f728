"""The appointment letter: on paper, and by mail as a message row that is sent like every other."""

from django.db import transaction

from scheduling import letters, paper
from scheduling.engine.states import LIVE_APPOINTMENT
from scheduling.paper import letter
from scheduling.services import messages, reservations, transitions
from scheduling.services.messages.planning import why_no_mail
from vqflow import audit, policy
from vqflow.errors import Conflict

ACTION = "letter.print"


def data(appointment, *, now, detailed=True):
    """The letter as paper/letter.py has it; that of an appointment that has ended says so."""
    ended = "" if appointment.state in LIVE_APPOINTMENT else transitions.words(appointment.state)
    return letter.data(appointment, letters.visits(appointment), now=now, ended=ended, detailed=detailed)


@transaction.atomic
def pdf(appointment, *, by, now):
    """The letter as PDF bytes. Raises paper.CannotPrint where no font can show a name."""
    policy.permit(by, ACTION)
    made = paper.pdf(letter.LETTER, data(appointment, now=now))
    patients = [appointment.procedure.order.patient_id]
    audit.record("letter.printed", appointment, by=by, patients=patients, revision=appointment.revision)
    return made


def why_not_send(appointment):
    """A sentence why this letter cannot go by mail, or None."""
    if appointment.state not in LIVE_APPOINTMENT:
        return f"This appointment is {transitions.words(appointment.state)}; no letter is sent any more."
    return why_no_mail(appointment.procedure.order)


@transaction.atomic
def send(appointment, *, by, now):
    """Send the letter by mail, without what is examined unless the patient has agreed to that; returns the Message.

    Raises Conflict where it may not go, where one is on its way already, or where it cannot be printed.
    """
    policy.permit(by, "letter.send")
    appointment = reservations.locked(appointment)
    if refusal := why_not_send(appointment):
        raise Conflict(refusal)
    paper.pdf(letter.LETTER, data(appointment, now=now, detailed=is_detailed(appointment)))
    row = messages.letter(appointment, now=now)
    patients = [appointment.procedure.order.patient_id]
    audit.record("letter.sent", appointment, by=by, patients=patients, revision=appointment.revision)
    return row


def is_detailed(appointment):
    """Whether a mail may say what is examined."""
    return appointment.procedure.order.patient.detailed_email_consent
