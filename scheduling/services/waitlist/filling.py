"""Free time is offered to those who wait: the best match first, each offer in a transaction of its own.

What is free and who waits is read from the rows, never remembered: running twice, late or in two workers at once
does no harm. A site is matched again only when its reservations, its calendar or its waitlist have changed
(WaitlistLook), or now and then, because doses and decisions change what is possible too.
"""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.contrib.postgres.aggregates import BitXor
from django.db import transaction
from django.db.models import Count, F, Func, Max

from scheduling.engine import itinerary as engine
from scheduling.engine import waitlist as matching
from scheduling.engine.calendars import local_day_bounds, to_minute
from scheduling.engine.states import EntryState
from scheduling.models import (
    CalendarVersion,
    Offer,
    Reservation,
    Resource,
    ResourceKind,
    Shift,
    Site,
    StepKind,
    WaitlistEntry,
    WaitlistLook,
)
from scheduling.services import holds, search
from scheduling.services.waitlist import entries, offers, wishing
from vqflow import housekeeping
from vqflow.errors import DomainError

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(minutes=5)
OFFERS_PER_RUN = 20
# The most patients who are told of one time where the first to answer gets it.
ASKED_AT_ONCE = 5
ITINERARIES_TRIED = 300
# Nobody is phoned at night, even where the department works.
PHONE_FROM, PHONE_UNTIL = time(7), time(21)
OFFERS_GO_OUT = f"Offers go out from {PHONE_FROM:%H:%M} to {PHONE_UNTIL:%H:%M}."


def fill(*, now):
    """End what is over, then offer free time at every site; returns how many offers were made."""
    housekeeping.beat("waitlist", now=now)
    offers.lapse(now=now)
    entries.end_over(now=now)
    live = WaitlistEntry.objects.live()
    made = 0
    for site in Site.objects.filter(pk__in=live.values("order__site")).order_by("pk"):
        if is_time_to_phone(site, now):
            made += _fill_site(site, now)
    return made


def is_time_to_phone(site, now):
    """Whether it is day on the site's clock, and somebody is at work."""
    if not PHONE_FROM <= now.astimezone(ZoneInfo(site.time_zone)).time() < PHONE_UNTIL:
        return False
    return Shift.objects.filter(resource__site=site, resource__is_active=True, span__contains=now).exists()


def _fill_site(site, now):
    made = 0
    while made < OFFERS_PER_RUN and (more := _offer_next(site, now)):
        made += more
    return made


@transaction.atomic
def _offer_next(site, now):
    """Make the best offer there is, if anything has changed; returns how many patients were told of it."""
    WaitlistLook.objects.get_or_create(site=site)
    look = WaitlistLook.objects.select_for_update(skip_locked=True).filter(pk=site.pk).first()
    if look is None:  # another worker is at it
        return 0
    # Read before the match: what changes meanwhile is seen as new by the next look.
    seen = _present_state(site, now)
    if look.seen == seen and look.looked_at > now - LOOK_AGAIN:
        return 0
    withdraw_what_is_gone(site, now=now)
    made, is_complete = _best_offer(site, now)
    if not made and is_complete:
        look.seen, look.looked_at = seen, now
        look.save(update_fields=["seen", "looked_at"])
    return made


def withdraw_what_is_gone(site, *, now):
    """Withdraw the offers that nobody holds and that somebody else has taken meanwhile."""
    told = Offer.objects.open().filter(entry__order__site=site, hold=None).with_people()
    for offer in told.order_by("pk"):
        if not wishing.can_still_be_had(offer, now=now) and offers.claimed_entry(offer.entry_id):
            offers.withdraw(offer, now=now)


def _present_state(site, now):
    """Everything that makes a new match worth while, as a short text."""
    today = now.astimezone(ZoneInfo(site.time_zone)).date()
    first = local_day_bounds(today, ZoneInfo(site.time_zone))[0]
    places = (
        Resource.objects.filter(site=site).exclude(kind=ResourceKind.PATIENT).values_list("pk", flat=True)
    )
    taken = Reservation.objects.occupying().filter(resource__in=list(places), end_minute__gt=first)
    # What only stays because nobody has released it yet occupies nothing.
    taken = taken.exclude(status=Reservation.Status.HELD, expires_at__lte=now)
    when = F("start_minute") + F("end_minute") * 2**24
    waiting = WaitlistEntry.objects.filter(order__site=site, state=EntryState.WAITING)
    parts = [
        today,
        site.waitlist_mode,
        CalendarVersion.objects.filter(pk=site.pk).values_list("version", flat=True).first(),
        *taken.aggregate(count=Count("pk"), mix=BitXor(_Mix(F("pk"), when))).values(),
        *waiting.aggregate(
            count=Count("pk"), mix=BitXor(_Mix(F("pk"), F("pk"))), at=Max("wishes_at")
        ).values(),
    ]
    return " ".join(str(part) for part in parts)


class _Mix(Func):
    function = "hashint8extended"


def _best_offer(site, now):
    """(how many patients were told, whether everybody could be looked at)"""
    board = wishing.board(site, now=now)
    is_complete = True
    for match in matching.matches(board.free, board.wishes):
        if site.waitlist_mode == matching.Mode.FIRST_COME:
            made = _ask_several(board, match, now)
        else:
            made = _offer(board.needs[match.entry], match.start, now)
        if made:
            return int(made), True
        is_complete = is_complete and made is not None
    return 0, is_complete


def _ask_several(board, best, now):
    """Tell the best few of the first start that really suits the best; nobody holds it. Returns how many were told."""
    proposal = _fitting(board.needs[best.entry], best.start, now)
    if proposal is None:
        return 0
    start, told = to_minute(proposal.lungs_start_at), 0
    for match in matching.sharing(board.free, board.wishes, start):
        if told < ASKED_AT_ONCE and _offer(board.needs[match.entry], start, now, exactly=True):
            told += 1
    return told


def _offer(need, start, now, *, exactly=False):
    """Offer this entry a time from `start` on: True when done, False when none fits, None when others work on it.

    `exactly`: that start and no other, which is not held.
    """
    proposal = _fitting(need, start, now, exactly=exactly)
    if proposal is None:
        return False
    with transaction.atomic():
        entry = offers.claimed_entry(need.entry.pk)
        if entry is None or entry.state != EntryState.WAITING or entry.wishes_at != need.entry.wishes_at:
            transaction.set_rollback(True)  # gives the locks back
            return None
        answer_by = min(
            now + timedelta(minutes=entry.order.site.offer_minutes),
            proposal.starts_at - timedelta(minutes=entry.notice_minutes),
        )
        try:
            held = None if exactly else _held(entry, proposal, answer_by, now)
        except DomainError as refusal:
            log.info("waitlist.not_held", entry=entry.pk, refusal=type(refusal).__name__)
            transaction.set_rollback(True)
            return False
        offers.make(entry, proposal, hold=held, answer_by=answer_by, now=now)
    return True


def _fitting(need, start, now, *, exactly=False):
    """The first whole visit that suits this patient, or None."""
    question = need.question(start, now=now)
    if all(step.key == StepKind.XRAY for step in question.steps):
        return None  # the appointment that it waits to move has just ended
    for found in engine.search(question, limit=ITINERARIES_TRIED):
        proposal = search.proposal(found, question)
        at = to_minute(proposal.lungs_start_at)
        if exactly and at > start:
            return None
        if need.suits(proposal, now) and not (exactly and at < start):
            return proposal
    return None


def _held(entry, proposal, answer_by, now):
    return holds.hold(
        entry.order,
        starts=proposal.starts,
        resource_ids=[each for step in proposal.steps for each in step.resource_ids],
        appointment=entry.appointment,
        lasts=answer_by - now,
        is_offer=True,
        by=entry.joined_by,
        now=now,
    )
