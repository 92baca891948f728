"""Whether a link still speaks for its appointment, and what its patient may do with it now."""

from datetime import timedelta

from django.utils.translation import gettext_noop as _

from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import Hold, Priority, StepKind
from scheduling.models.links import Purpose
from scheduling.services import confirmations, links, reservations, site_accounts
from vqflow.errors import Conflict

CANCELLED = _("This appointment is cancelled. Please call us if you still need one.")
BEGUN = _("Your appointment has begun or is over. Please speak to us, or call us.")
NOT_OPEN = _("Please call us about this.")
TOO_LATE = _("It is too late to change this here. Please call us.")
URGENT = _("Your appointment is urgent. Please call us before you change it.")
PARTLY_DONE = _("A part of your appointment is done already. Please call us about the rest.")
KEPT_BY_US = _("We are just looking for a time for you. Please call us, or try again in a few minutes.")


def locked(link, *, now):
    """(appointment, the account that acts), locked to the end of the transaction; Conflict where the link has ended."""
    appointment = reservations.locked(link.appointment)
    refuse(why_not_speak(link, appointment, now))
    return appointment, site_accounts.PATIENTS.of(appointment.site)


def why_not_speak(link, appointment, now):
    """A sentence why this link speaks for the appointment no longer, or None."""
    # As both are after a wait: whoever has moved the appointment meanwhile has ended the link.
    link.refresh_from_db(fields=["revoked_at", "expires_at", "revision", "wrong_tries"])
    link.appointment = appointment
    return links.why_not(link, now=now)


def why_not_confirm(appointment, now):
    """A sentence why the patient cannot confirm any more, or None."""
    if appointment.state == AppointmentState.CANCELLED:
        return CANCELLED
    if appointment.state != AppointmentState.BOOKED or appointment.starts_at <= now:
        return BEGUN
    return None


def why_not_ask(appointment, now):
    """A sentence why the patient cannot ask for another time here, or None."""
    return why_not_confirm(appointment, now)


def why_not_cancel(appointment, now):
    """A sentence why the patient cannot cancel here, or None."""
    return _why_not_change(appointment, appointment.site.patients_cancel, now)


def why_not_move(appointment, now):
    """A sentence why the patient cannot choose another time here, or None."""
    return _why_not_change(appointment, appointment.site.patients_move, now)


def _why_not_change(appointment, is_open, now):
    if refusal := why_not_confirm(appointment, now):
        return refusal
    if not is_open:
        return NOT_OPEN
    # Who may have a clot in the lungs does not put the examination off alone (URGENT and STAT).
    if appointment.procedure.order.priority != Priority.ROUTINE:
        return URGENT
    if any(_is_done_here(step) for step in appointment.steps.all()):
        return PARTLY_DONE
    return TOO_LATE if appointment.starts_at < earliest(appointment.site, now) else None


def _is_done_here(step):
    """An X-ray that another department has done binds nobody to come."""
    return step.state != StepState.SCHEDULED and not (step.kind == StepKind.XRAY and step.elsewhere)


def earliest(site, now):
    """Before this moment patients change nothing themselves."""
    return now + timedelta(hours=site.patients_notice_hours)


def kept_by_us(appointment, account, now):
    """Whether the desk keeps a time for this patient at this moment, or one is offered from the waitlist."""
    holds = Hold.objects.live().filter(order=appointment.procedure.order, expires_at__gt=now)
    return holds.exclude(held_by=account, is_offer=False).exists()


def refuse(sentence):
    if sentence:
        raise Conflict(sentence)


def come_to(appointment, account, now):
    """The patient has chosen this time, which says that it is good; returns the appointment."""
    if appointment.confirmed_at is None and why_not_confirm(appointment, now) is None:
        confirmations.mark(appointment, by=account, now=now)
    return appointment


def new_link(appointment, *, now):
    """The link of the newest message about the present time, for who has just chosen it on a page; None without one."""
    rows = appointment.messages.filter(
        revision=appointment.revision, kind__in=links.VISIT_KINDS - links.STOP_KINDS
    )
    message = rows.select_related("order__patient").order_by("due_at", "pk").first()
    if message is None:
        return None
    ends = appointment.ends_at + links.AFTER_VISIT
    return links.find(links.ensure(message, Purpose.VISIT, now=now, expires_at=ends))
