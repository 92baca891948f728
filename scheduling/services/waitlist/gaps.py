"""Who of those that wait would fit a free stretch of a room; one of them is offered the time, or booked there."""

from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction

from scheduling.engine import itinerary as engine
from scheduling.engine.intervals import clip
from scheduling.engine.itinerary import ResourceFree
from scheduling.engine.states import EntryState
from scheduling.models import StepKind, WaitlistEntry
from scheduling.services import booking, holds
from scheduling.services.search import Proposal, proposal
from scheduling.services.waitlist import entries, offers, wishing
from vqflow import policy
from vqflow.errors import Conflict, Invalid

MOST = 5
MOST_TRIED = 25
ITINERARIES_TRIED = 40
AROUND_MINUTES = 24 * 60
"""A visit may begin so long before the stretch: its X-ray lies up to a day before the lungs."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One who waits, with the first whole visit that uses the stretch and suits the patient."""

    entry: WaitlistEntry
    proposal: Proposal


def fitting(room, start, end, *, by, now):
    """Up to MOST Fits of the free minutes [start, end) of a room, in the order in which free time is offered."""
    policy.permit(by, "waitlist.view")
    found, board = [], wishing.board(room.site, now=now)
    for wish in _by_turn(board, start, end)[:MOST_TRIED]:
        need = board.needs[wish.entry]
        chosen = _within(need, room, start, end, now)
        if chosen is not None:
            found.append(Fit(need.entry, chosen))
        if len(found) == MOST:
            break
    return found


def _by_turn(board, start, end):
    """The wishes for a start near the stretch: the most urgent first, then who has no time yet, then the oldest."""
    near = [
        w for w in board.wishes if w.before > start - AROUND_MINUTES and w.earliest < end + AROUND_MINUTES
    ]
    return sorted(near, key=lambda wish: (wish.rank, wish.present is not None, wish.waits_since, wish.entry))


def _within(need, room, start, end, now):
    """The first Proposal with a step in this room and within these minutes that suits the patient, or None."""
    question = need.question(start, now=now)
    if all(step.key == StepKind.XRAY for step in question.steps):
        return None  # the appointment that it waits to move has just ended
    able = next((each.capabilities for each in question.resources if each.id == room.pk), frozenset())
    # Without the rooms that could stand in for it, whatever is found uses this one.
    resources = tuple(
        _only(each, start, end) if each.id == room.pk else each
        for each in question.resources
        if each.id == room.pk or not (each.capabilities & able) or _is_person(each)
    )
    latest = min(question.latest, end + AROUND_MINUTES)
    if question.earliest >= latest:
        return None
    narrowed = replace(question, resources=resources, latest=latest)
    for itinerary in engine.search(narrowed, limit=ITINERARIES_TRIED):
        if any(who == room.pk for step in itinerary.steps for who, _, _ in step.resources):
            chosen = proposal(itinerary, narrowed)
            if need.suits(chosen, now):
                return chosen
    return None


def _only(resource, start, end):
    return ResourceFree(resource.id, resource.name, resource.capabilities, clip(resource.free, start, end))


def _is_person(resource):
    return any(each.startswith("technologist") or each == "patient" for each in resource.capabilities)


@transaction.atomic
def offer(entry, *, starts, resource_ids, by, now):
    """Keep the time for this patient and offer it, as the waitlist does by itself; returns the Offer."""
    policy.permit(by, "waitlist.manage")
    entry = _waiting(entry)
    if not starts:
        raise Invalid("Choose a time.", fields={"starts": ["Choose a time."]})
    answer_by = now + timedelta(minutes=entry.order.site.offer_minutes)
    answer_by = min(answer_by, min(starts.values()) - timedelta(minutes=entry.notice_minutes))
    if answer_by <= now:
        raise Conflict("There is too little time to offer this. Phone the patient and book it.")
    held = holds.hold(
        entry.order,
        starts=starts,
        resource_ids=resource_ids,
        appointment=entry.appointment,
        lasts=answer_by - now,
        is_offer=True,
        by=by,
        now=now,
    )
    chosen, gone = holds.proposal(held, now=now)
    if gone:
        raise Conflict(gone)
    return offers.make(entry, chosen, hold=held, answer_by=answer_by, now=now)


@transaction.atomic
def book(entry, *, starts, resource_ids, by, now):
    """The patient has said yes: book the time, or move the appointment to it. Returns the appointment."""
    policy.permit(by, "waitlist.manage")
    entry = _waiting(entry)
    chosen = {"starts": starts, "resource_ids": resource_ids, "by": by, "now": now}
    if entry.appointment_id:
        appointment = booking.move(entry.appointment, **chosen)
    else:
        appointment = booking.book(entry.order, **chosen)
    offers.end(entry, EntryState.TAKEN, by=by, now=now)
    return appointment


def _waiting(entry):
    entry = offers.locked_entry(entry)
    if entry.state == EntryState.OFFERED:
        raise Conflict("A time is offered to this patient already. Write the answer on the waitlist.")
    if entry.state != EntryState.WAITING:
        raise Conflict(entries.NOT_WAITING)
    return entry
