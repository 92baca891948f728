"""What booking, holding and moving ask again under locks: are these times still free, and if not, who was faster?"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from scheduling.engine import explanation
from scheduling.engine import itinerary as engine
from scheduling.engine.calendars import to_minute
from scheduling.engine.intervals import covering
from scheduling.engine.itinerary import Itinerary, Search
from scheduling.engine.lengths import with_lengths
from scheduling.engine.states import StepState
from scheduling.models import Hold, Reservation, StepKind
from scheduling.services import availability, occupations, search
from scheduling.services.locked_days import DAY_MINUTES, LockedDays, lock, wrong_start
from vqflow.errors import Conflict, Invalid

JUST_NOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class XrayElsewhere:
    """A chest X-ray or chest CT that another department has done."""

    ended_at: datetime
    place: str
    modality: str = "DX"


@dataclass(frozen=True, slots=True)
class Plan:
    """Times that may be had now, under locks. `double`: (resource, first minute) of what would be taken twice."""

    question: Search
    found: Itinerary
    starts: dict
    double: frozenset = frozenset()

    @property
    def resource_ids(self):
        return sorted({who for step in self.found.steps for who, _, _ in step.resources})


class NotAsChosen(Conflict):
    """What was chosen cannot be had just so, and nothing else was locked or looked at."""


def as_chosen_or_else(attempt, resource_ids):
    """What `attempt(only_chosen=...)` makes in a transaction: with the chosen rooms and people, or else with any.

    The first transaction ends before the second begins, with all its locks: nobody adds locks to those they have.
    """
    if resource_ids:
        with suppress(NotAsChosen), transaction.atomic():
            return attempt(only_chosen=True)
    with transaction.atomic():
        return attempt(only_chosen=False)


def new_visit(
    order,
    starts,
    resource_ids,
    *,
    now,
    xray=None,
    waived=None,
    tokens=(),
    overbooking=False,
    only_chosen=False,
):
    """The Plan of a first appointment at these starts, or Conflict with the sentence why not.

    `waived`: the rules that are overridden, where they are known. `tokens`: holds that are given up here.
    `overbooking`: rooms and people may be taken twice where they must. `only_chosen`: no others are locked, and
    where the visit needs others it is NotAsChosen.
    """
    if xray and xray.ended_at > now:
        sentence = "This X-ray lies in the future. Enter the time at which it ended."
        raise Invalid(sentence, fields={"xray_ended_at": [sentence]})
    patients = [order.patient.resource_id]
    only = resource_ids if only_chosen else None
    locked = LockedDays(
        order.site, [starts.values()], now=now, patients=patients, tokens=tokens, exact=True, only=only
    )
    [days] = locked.days
    waived = search.waived_rules(order) if waived is None else waived
    known = {"xray_ended_at": xray.ended_at if xray else None, "waived": waived}
    question = availability.search_for(order, **days, now=now, under=locked.take, **known)
    complete(question, starts)
    if only_chosen:
        return _as_chosen(question, starts, resource_ids)
    try:
        found = fitting(question, starts, resource_ids, order=order, now=now)
    except Conflict:
        if not overbooking:
            raise
        taken_twice = availability.search_for(order, **days, now=now, overbooking=True, **known)
        found = _overbooked(question, taken_twice, starts, resource_ids)
    double = search.taken_twice(found, question) if overbooking else frozenset()
    return Plan(question, found, dict(starts), double)


def _as_chosen(question, starts, resource_ids):
    """The Plan with the chosen rooms and people, as if there were no others."""
    chosen = frozenset(resource_ids)
    there = tuple(each for each in question.resources if each.id in chosen or "patient" in each.capabilities)
    minutes = {kind: to_minute(moment) for kind, moment in starts.items()}
    found = engine.fits(replace(question, resources=there), minutes)
    if isinstance(found, str):
        raise NotAsChosen(found)
    return Plan(question, found, dict(starts))


def other_time(appointment, starts, resource_ids, *, now, tokens=(), gives_up=False):
    """The Plan of other times for an appointment; of the steps still to come, those without a start stay.

    `gives_up`: its present time is freed first, in this transaction. Otherwise it only does not count.
    """
    if not starts:
        raise wrong_start("Choose a time.")
    order, steps = appointment.procedure.order, list(appointment.steps.all())
    starts = {**staying(appointment, starts, now), **starts}
    [days] = lock(
        order.site,
        [starts.values()],
        now=now,
        patients=[order.patient.resource_id],
        tokens=tokens,
        steps=[step.pk for step in steps] if gives_up else (),
        exact=True,
    )
    question = question_of(appointment, days, now)
    return Plan(question, fitting(question, starts, resource_ids, order=order, now=now), starts)


def question_of(appointment, days, now, hold=None):
    """The engine's question for what is still to come of an appointment, with this patient's own lengths."""
    order = appointment.procedure.order
    known = search.performed_part(appointment)
    question = availability.search_for(order, **days, now=now, free_of=appointment, hold=hold, **known)
    return with_lengths(question, search.own_lengths(appointment))


def staying(appointment, named, now):
    """The planned starts of the steps still to come that are not `named`; Conflict where one is past already."""
    waived = "CXR-1" in search.waived_rules(appointment.procedure.order)
    kept = {
        step.kind: step.planned_start_at
        for step in appointment.steps.all()
        if step.state == StepState.SCHEDULED
        and step.planned_start_at
        and step.kind not in named
        and not (waived and step.kind == StepKind.XRAY)
    }
    zone = ZoneInfo(appointment.site.time_zone)
    for kind, at in kept.items():
        if at <= now:
            label, local = StepKind(kind).label, at.astimezone(zone)
            raise Conflict(
                f"{label} was planned for {local:%H:%M} and is not done. Record it, or move it too."
            )
    return kept


def _overbooked(question, taken_twice, starts, resource_ids):
    """The plan in which the chosen rooms and people, or else those that are free, are taken before others."""
    minutes = {kind: to_minute(moment) for kind, moment in starts.items()}
    preferred = {step.key: resource_ids or _free_for(question, step, minutes) for step in question.steps}
    found = engine.fits(taken_twice, minutes, preferred)
    if isinstance(found, str):
        raise Conflict(found)
    return found


def _free_for(question, step, minutes):
    """Ids of what is really free around one step."""
    at = minutes[step.key]
    return [
        resource.id
        for resource in question.resources
        for need in step.needs
        if need.capabilities <= resource.capabilities
        and covering(resource.free, at - need.starts_before, at + need.ends_after_start)
    ]


def complete(question, starts):
    """Raise Invalid unless there is one start for each step of the question, and no other."""
    wanted = {step.key for step in question.steps}
    if set(starts) != wanted:
        names = ", ".join(StepKind(step.key).label for step in question.steps)
        raise wrong_start(f"Give a start for each of: {names}.")


def fitting(question, starts, resource_ids, *, order, now):
    """The engine's word on these times; the refusal says who was faster where somebody was."""
    site = order.site
    complete(question, starts)
    minutes = {kind: to_minute(moment) for kind, moment in starts.items()}
    found = engine.fits(question, minutes, {step.key: resource_ids for step in question.steps})
    if isinstance(found, str):
        faster = _who_was_faster(question, minutes, resource_ids, site, now)
        raise Conflict(faster or _with_reasons(found, question, minutes, order, now))
    return found


def _with_reasons(refusal, question, minutes, order, now):
    """The engine's sentence, followed by what occupies the rooms and people that it speaks of."""
    first, last = min(minutes.values()), max(minutes.values())
    times = occupations.Times(order.site.time_zone, about=last)
    around = (first - DAY_MINUTES, last + DAY_MINUTES)
    occupied = occupations.occupied(order.site, question, around, times=times, now=now, of=order)
    reasons = explanation.reasons(question, minutes, occupied, times)
    about = [each.sentence for each in reasons if each.headline == refusal and each.sentence != refusal]
    return " ".join([refusal, *dict.fromkeys(about)])


def _who_was_faster(question, minutes, resource_ids, site, now):
    """A sentence naming who holds, or has just taken, one of the proposal's own rooms or people, or None."""
    rooms_and_people = {r.id for r in question.resources if "patient" not in r.capabilities}
    first = min(minutes.values())
    last = max(minutes[step.key] + step.acquisition_minutes for step in question.steps)
    rows = (
        Reservation.objects.occupying()
        .filter(resource__in=rooms_and_people & set(resource_ids))
        .filter(start_minute__lt=last, end_minute__gt=first)
        .select_related("step__appointment__booked_by", "resource")
    )
    newly_booked = Q(step__appointment__booked_at__gt=now - JUST_NOW)
    held = Q(status=Reservation.Status.HELD, expires_at__gt=now)
    if taken := rows.filter(held).order_by("-expires_at", "pk").first():
        return f"{held_words(taken, site)} Choose another time."
    if taken := rows.filter(newly_booked).order_by("-step__appointment__booked_at", "pk").first():
        who = taken.step.appointment.booked_by.name
        return f"{who} was faster: {taken.resource.name} has just been booked. Choose another time."
    return None


def held_words(row, site):
    """Camera 1 is held by Kim Park until 10:32. `row` is a held reservation."""
    hold = Hold.objects.select_related("held_by").filter(pk=row.token).first()
    until = row.expires_at.astimezone(ZoneInfo(site.time_zone))
    who = "by a colleague" if hold is None else f"by {hold.held_by.name}"
    if hold is not None and hold.is_offer:
        who = "for a patient to whom it was offered,"
    return f"{row.resource.name} is held {who} until {until:%H:%M}."
