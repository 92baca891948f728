"""A time offered from the waitlist, answered by the patient."""

from django.db import transaction
from django.utils.translation import gettext_noop as _

from scheduling.engine.states import OfferState
from scheduling.models import Offer
from scheduling.services import links, site_accounts
from scheduling.services.self_service import standing
from scheduling.services.waitlist import entries
from scheduling.services.waitlist import offers as waitlist_offers
from vqflow.errors import Conflict, Invalid

GONE = _("This time is not free any more. You are still on our list, and we will offer you another.")
DECLINED = _("You have said that this time does not suit you. You are still on our list.")
ACCEPTED = _("You have taken this time already.")
TOO_LATE = _("The time to answer is over. You are still on our list, and we will offer you another.")
ENDED_WORDS = {
    OfferState.ACCEPTED: ACCEPTED,
    OfferState.DECLINED: DECLINED,
    OfferState.EXPIRED: TOO_LATE,
    OfferState.WITHDRAWN: GONE,
}


def why_not_answer(offer, now):
    """A sentence for the patient why this offer cannot be answered any more, or None."""
    if offer.state != OfferState.OPEN:
        return ENDED_WORDS[OfferState(offer.state)]
    return TOO_LATE if offer.answer_by <= now else None


@transaction.atomic
def accept(link, *, now):
    """Take the offered time; returns the appointment, confirmed. Pressed again, it answers the same."""
    offer, account = _locked(link, now)
    if offer.state == OfferState.ACCEPTED:
        return entries.live_appointment(offer.entry.order)
    standing.refuse(why_not_answer(offer, now))
    try:
        appointment = waitlist_offers.accept(offer, by=account, now=now)
    except (Conflict, Invalid) as refusal:
        raise Conflict(GONE) from refusal
    return standing.come_to(appointment, account, now)


@transaction.atomic
def decline(link, *, now):
    """The patient does not want this time and goes on waiting. Pressed again, it answers the same."""
    offer, account = _locked(link, now)
    if offer.state == OfferState.DECLINED:
        return offer
    standing.refuse(why_not_answer(offer, now))
    return waitlist_offers.decline(offer, by=account, now=now)


def _locked(link, now):
    """(the offer as it is now, the account), its entry locked to the end of the transaction."""
    entry = waitlist_offers.locked_entry(link.offer.entry)
    link.refresh_from_db(fields=["revoked_at", "expires_at", "wrong_tries"])
    standing.refuse(links.why_not(link, now=now))
    return Offer.objects.with_people().get(pk=link.offer_id), site_accounts.PATIENTS.of(entry.order.site)
