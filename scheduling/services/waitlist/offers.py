"""One offer of a time to one patient: made, then accepted, declined, not answered in time, or withdrawn."""

from datetime import UTC, datetime

from django.db import transaction

from scheduling.engine.states import EntryState, OfferState
from scheduling.models import Appointment, Offer, Order, Task, WaitlistEntry
from scheduling.services import booking, messages, reservations, transitions, waitlist
from scheduling.templatetags import clock
from vqflow import audit, policy
from vqflow.errors import Conflict

ENDED_WORDS = {
    OfferState.ACCEPTED: "This offer was accepted already.",
    OfferState.DECLINED: "This offer was declined. The time is offered to somebody else.",
    OfferState.EXPIRED: "This offer was not answered in time. Find a time on the page of the order.",
    OfferState.WITHDRAWN: "This time is not free any more. The patient still waits for another.",
}


def locked_entry(entry):
    """The entry as it is now, locked to the end of the transaction with its appointment and order.

    Always in the order appointment, order, entry, as booking takes them: no two ever wait in a circle.
    """
    if entry.appointment_id:
        Appointment.objects.select_for_update(no_key=True).get(pk=entry.appointment_id)
    Order.objects.select_for_update(no_key=True).get(pk=entry.order_id)
    WaitlistEntry.objects.select_for_update(no_key=True).get(pk=entry.pk)
    return WaitlistEntry.objects.with_people().get(pk=entry.pk)


def claimed_entry(pk):
    """The same without waiting: None when somebody else works on any of the three."""
    entry = WaitlistEntry.objects.filter(pk=pk).first()
    rows = (
        [(Appointment, entry.appointment_id), (Order, entry.order_id), (WaitlistEntry, pk)] if entry else []
    )
    for model, key in rows:
        # The foreign keys that others check need only this weaker lock to be free.
        locked = model.objects.select_for_update(skip_locked=True, no_key=True)
        if key is not None and not locked.filter(pk=key).exists():
            return None
    return WaitlistEntry.objects.with_people().get(pk=pk) if entry else None


def make(entry, proposal, *, hold, answer_by, now):
    """Offer the proposal to the patient: a call for the desk, and a mail where the patient reads mail.

    In the caller's transaction, with the entry locked. `hold` is None where the first to answer gets the time.
    """
    offer = Offer.objects.create(
        entry=entry,
        hold=hold,
        starts={kind: _iso(at) for kind, at in proposal.starts.items()},
        resource_ids=[each for step in proposal.steps for each in step.resource_ids],
        visits=[[_iso(starts), _iso(ends)] for starts, ends in proposal.visits],
        comes_at=proposal.starts_at,
        lungs_start_at=proposal.lungs_start_at,
        offered_at=now,
        answer_by=answer_by,
    )
    transitions.move(entry, EntryState.OFFERED)
    _call(offer, now=now)
    messages.offered(offer, now=now)
    _record("offer.made", offer, by=None, comes_at=_iso(offer.comes_at), is_held=hold is not None)
    return offer


def _call(offer, *, now):
    order, zone = offer.entry.order, offer.entry.order.site.time_zone
    kept = "is kept" if offer.hold_id else "can be had"
    Task.objects.create(
        order=order,
        kind=Task.Kind.PHONE,
        about=f"offer:{offer.pk}",
        sentence=(
            f"Phone the patient: {clock.day_at(offer.comes_at, zone)}, {clock.time_at(offer.comes_at, zone)} "
            f"{kept} until {clock.time_at(offer.answer_by, zone)}. Write the answer on the waitlist."
        ),
        opened_at=now,
        due_at=offer.answer_by,
    )


@transaction.atomic
def accept(offer, *, by, now):
    """The patient takes the time: book it, or move the appointment to it. Returns the appointment.

    Raises Conflict when the offer is over, or somebody was faster.
    """
    policy.permit(by, "offer.answer")
    offer = _answerable(offer, now)
    entry = offer.entry
    _settle(offer, OfferState.ACCEPTED, by=by, now=now)
    transitions.move(entry, EntryState.TAKEN, ended_at=now, ended_by=by)
    chosen = {"starts": starts_of(offer), "resource_ids": offer.resource_ids, "hold": offer.hold}
    _record("offer.accepted", offer, by=by)
    if entry.appointment_id:
        return booking.move(entry.appointment, **chosen, by=by, now=now)
    return booking.book(entry.order, **chosen, by=by, now=now)


@transaction.atomic
def decline(offer, *, by, now):
    """The patient does not want this time and goes on waiting; it is offered to the next."""
    policy.permit(by, "offer.answer")
    offer = _answerable(offer, now)
    _give_back(offer, OfferState.DECLINED, by=by, now=now)
    return offer


def lapse(*, now):
    """End the open offers whose time to answer is over, or whose time is not kept any more; returns how many."""
    ended = 0
    for pk, entry_pk in list(_lapsed(now).values_list("pk", "entry_id")):
        with transaction.atomic():
            if claimed_entry(entry_pk) is None:
                continue
            offer = _lapsed(now).with_people().filter(pk=pk).first()
            if offer is not None:
                late = offer.answer_by <= now
                _give_back(offer, OfferState.EXPIRED if late else OfferState.WITHDRAWN, by=None, now=now)
                ended += 1
    return ended


def _lapsed(now):
    opened = Offer.objects.open()
    return opened.filter(answer_by__lte=now) | opened.filter(hold__isnull=False).exclude(hold__outcome="live")


def withdraw(offer, *, now):
    """The time is not to be had any more; the patient goes on waiting. The entry is locked by the caller."""
    _give_back(offer, OfferState.WITHDRAWN, by=None, now=now)


def end(entry, state, *, by, now):
    """End an entry that the caller has locked; an open offer is withdrawn with it."""
    offer = entry.offers.open().with_people().first()
    if offer is not None:
        _give_back(offer, OfferState.WITHDRAWN, by=by, now=now)
        entry.refresh_from_db(fields=["state"])
    transitions.move(entry, state, ended_at=now, ended_by=by)
    audit.record(
        f"waitlist.{state}", entry, by=by, site=entry.order.site.code, patients=[entry.order.patient_id]
    )


def starts_of(offer):
    """{kind of step: aware datetime}, as booking takes it."""
    return {kind: datetime.fromisoformat(at) for kind, at in offer.starts.items()}


def why_not_answer(offer, now):
    """A sentence why this offer cannot be answered any more, or None."""
    if offer.state != OfferState.OPEN:
        return ENDED_WORDS[OfferState(offer.state)]
    return ENDED_WORDS[OfferState.EXPIRED] if offer.answer_by <= now else None


def _answerable(offer, now):
    """The offer as it is now, locked with its entry; Conflict when it is over."""
    locked_entry(offer.entry)
    offer = Offer.objects.with_people().get(pk=offer.pk)
    if refusal := why_not_answer(offer, now):
        raise Conflict(refusal)
    return offer


def _give_back(offer, state, *, by, now):
    """The offer ends without being taken: its time is free for the next, and its patient waits on."""
    _settle(offer, state, by=by, now=now)
    transitions.move(offer.entry, EntryState.WAITING)
    if offer.hold_id:
        reservations.release_hold(offer.hold)
    _record(f"offer.{state}", offer, by=by)
    waitlist.time_freed()


def _settle(offer, state, *, by, now):
    answered = {"answered_by": by} if state in (OfferState.ACCEPTED, OfferState.DECLINED) else {}
    transitions.move(offer, state, answered_at=now, **answered)
    calls = Task.objects.filter(kind=Task.Kind.PHONE, about=f"offer:{offer.pk}", closed_at=None)
    calls.update(closed_at=now, closed_by=by)


def _iso(moment):
    return moment.astimezone(UTC).isoformat()


def _record(action, offer, *, by, **data):
    order = offer.entry.order
    audit.record(action, offer, by=by, site=order.site.code, patients=[order.patient_id], **data)
