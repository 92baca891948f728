"""Keep a time for a few minutes while it is talked over, or offer it to a patient: hold, extend, release.

Confirming a hold is booking (or moving) with it: `booking.book(..., hold=...)`. Nobody's own hold is in their way.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from scheduling.engine import itinerary as engine
from scheduling.engine.calendars import to_minute
from scheduling.models import Hold, Order
from scheduling.services import availability, recheck, reservations, search
from vqflow import audit, policy
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import Role
from vqflow.pipelines import several
from vqflow.statements import Compiled, selected

LASTS = timedelta(minutes=5)
LONGEST = timedelta(minutes=30)


def hold(
    order, *, starts, by, now, resource_ids=(), xray=None, appointment=None, lasts=LASTS, is_offer=False
):
    """Keep `starts` ({kind of step: start of its acquisition}) for the order until `now + lasts`; returns the Hold.

    With `appointment` it is another time for it, and starts that are not given stay. What else was held for the
    order, or by this user, is released first; an offer to a patient leaves the user's other holds alone.
    Raises Conflict with the sentence why not, Invalid for starts that are not those of the protocol.
    """
    if not is_offer:  # nobody's rights are asked when a time falls to who waits
        policy.permit(by, "appointment.move" if appointment else "appointment.book")
    chosen = {"starts": starts, "resource_ids": resource_ids, "xray": xray, "appointment": appointment}
    held = partial(_hold, order, **chosen, by=by, now=now, lasts=lasts, is_offer=is_offer)
    return recheck.as_chosen_or_else(held, () if appointment else resource_ids)


def _hold(order, *, starts, resource_ids, xray, appointment, by, now, lasts, is_offer, only_chosen):
    if appointment:
        appointment = reservations.locked(appointment)
        order = appointment.procedure.order
        _refuse(search.why_not_move(appointment))
    else:
        order = locked_order(order)
        _refuse(search.why_not_book(order))
    former = _former(order, by, is_offer)
    if appointment:
        plan = recheck.other_time(appointment, starts, resource_ids, now=now, tokens=former)
    else:
        plan = recheck.new_visit(
            order, starts, resource_ids, now=now, xray=xray, tokens=former, only_chosen=only_chosen
        )
    reservations.end_holds(former, Hold.Outcome.RELEASED)
    made = Hold.objects.create(
        order=order,
        appointment=appointment,
        held_by=by,
        held_at=now,
        expires_at=now + lasts,
        is_offer=is_offer,
        starts={kind: at.astimezone(UTC).isoformat() for kind, at in plan.starts.items()},
        resource_ids=plan.resource_ids,
        xray=asdict(xray) | {"ended_at": xray.ended_at.isoformat()} if xray else None,
    )
    reservations.keep(made, plan.found, plan.question, own=appointment)
    audit.record("time.held", made, by=by, patients=[order.patient_id], starts=made.starts, is_offer=is_offer)
    return made


def _former(order, by, is_offer):
    """Ids of the live holds that a new one takes the place of."""
    # One account stands for all patients of a site: what it holds for others is not this one's to give up.
    only_of_order = is_offer or by.role == Role.PATIENT
    which = Q(order=order) if only_of_order else Q(order=order) | Q(held_by=by, is_offer=False)
    return list(Hold.objects.live().filter(which).values_list("pk", flat=True))


def locked_order(order):
    """The order as it is now, locked to the end of the transaction, with its people loaded."""
    return locked_order_and(order)[0]


def locked_order_and(order, *asked):
    """The order as `locked_order` has it, and cursors with the answers to further statements about it, as it is now."""
    # Two statements: rows joined to a locked one are those of before the wait. NO KEY: what is written for an order
    # elsewhere (a message, a hold, a task) shares its key, and must not wait for us while we wait for it.
    lock = "SELECT 1 FROM scheduling_order WHERE id = %s FOR NO KEY UPDATE", [order.pk]
    _, found, *answers = several([lock, _ORDER.asked(pk=order.pk), *asked])
    return _ORDER.made(found.fetchall())[0], *answers


_ORDER = Compiled(lambda pk: Order.objects.filter(pk=pk).with_people(), pk=-1)


@transaction.atomic
def extend(hold, *, by, now, lasts=LASTS):
    """Keep the time until `now + lasts`, but never longer than half an hour in all; returns the Hold.

    Raises Conflict when the hold is over.
    """
    _permit(hold, by)
    until = max(hold.expires_at, min(now + lasts, hold.held_at + LONGEST))
    if not reservations.extend(hold, expires_at=until, now=now):
        hold.refresh_from_db(fields=["outcome"])
        raise Conflict(over_words(hold))
    hold.expires_at = until
    return hold


@transaction.atomic
def release(hold, *, by, now):
    """Give the time back before its end; a hold that is over already stays as it is."""
    _permit(hold, by)
    reservations.release_hold(hold)
    hold.refresh_from_db(fields=["outcome"])
    return hold


def why_not_use(hold, user):
    """A sentence why this user cannot extend, release or confirm the hold, or None."""
    if hold.is_offer or hold.held_by_id == user.pk:
        return None
    return f"{hold.held_by.name} holds this time. Choose another, or ask for it."


def is_over(hold, now):
    return hold.outcome != Hold.Outcome.LIVE or hold.expires_at <= now


def over_words(hold):
    """What to tell somebody whose hold has ended; its outcome must be that of now."""
    if hold.outcome == Hold.Outcome.RELEASED:
        return "This time is not held any more. Choose again."
    until = hold.expires_at.astimezone(ZoneInfo(hold.order.site.time_zone))
    return f"The time was held until {until:%H:%M}. Confirm it while it is still free, or choose again."


def live_of(order):
    """Ids of what is held for the order."""
    return [pk for (pk,) in selected(LIVE, [order.pk])]


LIVE = "SELECT id FROM scheduling_hold WHERE order_id = %s AND outcome = 'live'"


def token_of(order):
    """The token of what is held for the order, which is not in the way of its own search, or None."""
    return order.holds.live().values_list("pk", flat=True).first()


def proposal(hold, *, now):
    """(what is held as a Proposal, None), or (None, the sentence why it cannot be had any more)."""
    starts, order = starts_of(hold), hold.order
    zone = ZoneInfo(order.site.time_zone)
    days = [at.astimezone(zone).date() for at in starts.values()]
    period = {"first_day": min(days) - timedelta(days=1), "days": (max(days) - min(days)).days + 3}
    if hold.appointment:
        question = recheck.question_of(hold.appointment, period, now, hold=hold.pk)
    else:
        ended_at = datetime.fromisoformat(hold.xray["ended_at"]) if hold.xray else None
        question = availability.search_for(
            order, **period, now=now, xray_ended_at=ended_at, waived=None, hold=hold.pk
        )
    if set(starts) != {step.key for step in question.steps}:
        return None, "The examination has changed since this time was chosen. Search again."
    minutes = {kind: to_minute(at) for kind, at in starts.items()}
    found = engine.fits(question, minutes, dict.fromkeys(minutes, hold.resource_ids))
    return (None, found) if isinstance(found, str) else (search.proposal(found, question), None)


def starts_of(hold):
    """{kind of step: aware datetime}, as booking takes it."""
    return {kind: datetime.fromisoformat(at) for kind, at in hold.starts.items()}


def _permit(hold, by):
    policy.permit(by, "appointment.hold")
    if refusal := why_not_use(hold, by):
        raise NotAllowed(refusal)


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)
