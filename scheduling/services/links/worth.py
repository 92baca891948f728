"""What a link is worth now, and whom it is about. Reading one writes nothing: mail scanners open them all."""

from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext

from scheduling.engine.states import OfferState
from scheduling.models import Appointment, PatientLink, Purpose
from scheduling.services.links.making import GIVEN_UP, digest


class Standing(StrEnum):
    """What a link is worth now."""

    LIVE = "live"
    EXPIRED = "expired"
    MOVED = "moved"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"


def find(its_token):
    """The link of a token, whatever it is worth now; None when nobody was ever sent it."""
    return _with_people().filter(digest=digest(its_token)).first()


def of(pk):
    """The same by its number, for who has opened it a moment ago."""
    return _with_people().filter(pk=pk).first()


def found(its_token, *, now):
    """The link of a token if it is live now, else None."""
    link = find(its_token)
    return link if link is not None and standing(link, now=now) == Standing.LIVE else None


def _with_people():
    return PatientLink.objects.select_related(
        "message__order__patient",
        "message__order__site",
        "message__order__referrer",
        "message__order__procedure__protocol",
        "appointment__site",
        "appointment__procedure__order__patient",
        "offer__entry__appointment",
    )


def patient_of(link):
    """Whom a link is about: the order's patient, also after a merge of records."""
    return link.message.order.patient


def order_of(link):
    """The order that it was sent for."""
    return link.message.order


def site_of(link):
    """The department that has sent it."""
    return link.message.order.site


def standing(link, *, now):
    """What this link is worth now: a Standing."""
    if link.purpose == Purpose.STOP:
        return Standing.EXPIRED if now >= link.expires_at or link.revoked_at else Standing.LIVE
    ended = ENDED_BY.get(link.purpose, _by_nothing)(link)
    if ended:
        return ended
    if now >= link.expires_at or link.revoked_at:
        return Standing.EXPIRED
    return Standing.BLOCKED if link.wrong_tries >= PatientLink.WRONG_TRIES else Standing.LIVE


def _of_visit(link):
    """Why the appointment is not what the mail has said, or None."""
    if link.appointment.state in GIVEN_UP:
        return Standing.CANCELLED
    return Standing.MOVED if link.revision != link.appointment.revision else None


def _of_offer(link):
    """Why the time that the patient has taken is not the patient's any more, or None."""
    if link.offer.state != OfferState.ACCEPTED:
        return None
    taken = Appointment.objects.filter(procedure__order=link.message.order_id).order_by("-booked_at").first()
    if taken is None or taken.state in GIVEN_UP:
        return Standing.CANCELLED
    planned = {step.kind: step.planned_start_at for step in taken.steps.all()}
    starts = {kind: datetime.fromisoformat(at) for kind, at in link.offer.starts.items()}
    return None if planned.items() >= starts.items() else Standing.MOVED


def _by_nothing(link):
    return None


ENDED_BY = {Purpose.VISIT: _of_visit, Purpose.OFFER: _of_offer}


def why_not(link, *, now):
    """A sentence for the patient why this link opens nothing now, or None."""
    return sentence_of(standing(link, now=now))


def sentence_of(what):
    """The sentence of a Standing, in the present language; None for a live link."""
    return {
        Standing.LIVE: None,
        Standing.EXPIRED: gettext("This link has ended. If you have a question, please call us."),
        Standing.MOVED: gettext(
            "This link is about an earlier time. Your appointment has a new time. "
            "Please open the link in our newest message, or call us."
        ),
        Standing.CANCELLED: gettext(
            "This appointment is cancelled. Please do not come. If you want another time, please call us."
        ),
        Standing.BLOCKED: gettext(
            "A wrong date of birth was entered five times. To keep your data safe, this link is closed. "
            "Please call us."
        ),
    }[what]
