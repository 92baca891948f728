"""The waitlist of one site as the engine takes it: who wants what, and which starts there are for whom."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.engine import itinerary
from scheduling.engine import waitlist as engine
from scheduling.engine.calendars import WeeklyHours, local_day_bounds, open_minutes, to_datetime, to_minute
from scheduling.engine.intervals import normal, subtract
from scheduling.engine.states import EntryState, OfferState
from scheduling.examinations import XRAY_RULES, circumstances, resolved_rules
from scheduling.models import Hold, Offer, Priority, WaitlistEntry
from scheduling.services import availability, recheck, search
from scheduling.services.waitlist.entries import LEAST_GAIN

RANKS = {Priority.STAT: 0, Priority.URGENT: 1, Priority.ROUTINE: 2}
LONGEST_LIST = 1000
# Somebody has to pick up the phone.
LEAST_TO_ANSWER = timedelta(minutes=15)
# The latest day of an offer, from today.
HORIZON_DAYS = 60
# How far behind the engine's first start a whole visit that suits exactly is looked for.
SEARCHED_DAYS = 14
# Beside a time that several have been told of, no other is offered until that one is settled.
ROUND_MINUTES = 60
NOT_TAKEN = (OfferState.DECLINED, OfferState.EXPIRED)
MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Need:
    """What one entry wants, judged exactly on whole visits. `unwanted` are the local days it did not take."""

    entry: WaitlistEntry
    zone: ZoneInfo
    unwanted: frozenset

    def question(self, start, *, now):
        """The engine's question for this patient, from the day before `start` (an X-ray may lie on it)."""
        today = now.astimezone(self.zone).date()
        first_day = max(today, to_datetime(start).astimezone(self.zone).date() - timedelta(days=1))
        days = min((self.entry.last_day - first_day).days + 1, SEARCHED_DAYS)
        period = {"first_day": first_day, "days": max(days, 1)}
        if self.entry.appointment_id:
            return recheck.question_of(self.entry.appointment, period, now)
        return availability.search_for(self.entry.order, **period, now=now, waived=None)

    def suits(self, proposal, now):
        """Whether every coming to the clinic is at a time that the patient has asked for."""
        entry = self.entry
        if proposal.starts_at < now + notice(entry):
            return False
        if entry.appointment_id and proposal.lungs_start_at > entry.appointment.lungs_start_at - LEAST_GAIN:
            return False
        if proposal.lungs_start_at.astimezone(self.zone).date() in self.unwanted:
            return False
        return all(self._suits(comes_at.astimezone(self.zone)) for comes_at, _ in proposal.visits)

    def _suits(self, local):
        entry = self.entry
        return (
            entry.first_day <= local.date() <= entry.last_day
            and (not entry.weekdays or local.weekday() in entry.weekdays)
            and (entry.comes_from is None or entry.comes_from <= local.time() <= entry.comes_until)
        )


def can_still_be_had(offer, *, now):
    """Whether the times of an offer that nobody holds are still free for its patient."""
    entry = WaitlistEntry.objects.with_people().get(pk=offer.entry_id)
    need = Need(entry, ZoneInfo(entry.order.site.time_zone), frozenset())
    question = need.question(to_minute(offer.lungs_start_at), now=now)
    starts = {kind: to_minute(datetime.fromisoformat(at)) for kind, at in offer.starts.items()}
    return set(starts) == {step.key for step in question.steps} and not isinstance(
        itinerary.fits(question, starts), str
    )


def notice(entry):
    """From the offer to the door, at least."""
    return timedelta(minutes=entry.notice_minutes) + LEAST_TO_ANSWER


@dataclass(frozen=True, slots=True)
class Board:
    """All who wait at one site. `needs` are theirs by entry, for the exact word."""

    free: engine.Free
    wishes: list[engine.Wish]
    needs: dict[int, Need]


@dataclass(slots=True)
class _Groups:
    """Keys for what patients share: chains of steps, and hours of the week."""

    numbers: dict = field(default_factory=dict)

    def number(self, key):
        return self.numbers.setdefault(key, len(self.numbers))


def board(site, *, now):
    """The Board of a site. The number of queries grows with the kinds of examination, not with the patients."""
    zone = ZoneInfo(site.time_zone)
    today = now.astimezone(zone).date()
    waiting = _waiting(site, now)
    not_taken = _days_not_taken(waiting, zone)
    chains, hours, wishes, needs, examples = _Groups(), _Groups(), [], {}, {}
    for entry in waiting:
        chain = chains.number(_chain(entry, now))
        examples.setdefault(chain, entry)
        need = needs[entry.pk] = Need(entry, zone, frozenset(not_taken.get(entry.pk, ())))
        wishes.append(_wish(need, chain, hours.number(_hours(entry)), now))
    last_day = min(
        max((entry.last_day for entry in waiting), default=today), today + timedelta(days=HORIZON_DAYS)
    )
    asked = _told_of(site)
    free = engine.Free(
        starts={chain: _starts(entry, today, last_day, asked, now) for chain, entry in examples.items()},
        hours={number: _open(key, zone, today, last_day) for key, number in hours.numbers.items()},
        grid_minutes=availability.GRID_MINUTES,
    )
    return Board(free, wishes, needs)


def _waiting(site, now):
    """Who waits and has no time in the hands of the desk at this moment."""
    in_hand = Hold.objects.live().filter(order__site=site, expires_at__gt=now).values("order")
    found = (
        WaitlistEntry.objects.filter(order__site=site, state=EntryState.WAITING)
        .exclude(order__in=in_hand)
        .with_people()
        .prefetch_related(
            "order__answers", "order__decisions", "appointment__steps", "appointment__procedure__order"
        )
        .order_by("joined_at", "pk")
    )
    return list(found[:LONGEST_LIST])


def _days_not_taken(waiting, zone):
    """{entry: the local days of offers that it did not take since its wishes were changed}"""
    wishes_at = {entry.pk: entry.wishes_at for entry in waiting}
    rows = Offer.objects.filter(entry__in=wishes_at, state__in=NOT_TAKEN)
    found = {}
    for pk, offered_at, at in rows.values_list("entry", "offered_at", "lungs_start_at"):
        if offered_at >= wishes_at[pk]:
            found.setdefault(pk, set()).add(at.astimezone(zone).date())
    return found


def _chain(entry, now):
    """What decides which starts there are, apart from the patient's own time."""
    order = entry.order
    known = search.done_part(entry.appointment) if entry.appointment_id else {"skip": ()}
    return (
        order.priority,  # kept hours and people on call are there for some only
        order.procedure.protocol_id,
        resolved_rules(order) & XRAY_RULES,
        circumstances(order, now),
        known.get("xray_ended_at"),
        tuple(known["skip"]),
    )


def _hours(entry):
    return tuple(entry.weekdays), entry.comes_from


def _wish(need, chain, hours, now):
    entry = need.entry
    present = to_minute(entry.appointment.lungs_start_at) if entry.appointment_id else None
    before = local_day_bounds(entry.last_day, need.zone)[1]
    if present is not None:
        before = min(before, present - LEAST_GAIN // timedelta(minutes=1) + 1)
    return engine.Wish(
        entry=entry.pk,
        chain=chain,
        hours=hours,
        rank=RANKS[entry.order.priority],
        waits_since=to_minute(entry.joined_at),
        earliest=max(local_day_bounds(entry.first_day, need.zone)[0], to_minute(now + notice(entry))),
        before=before,
        present=present,
        unwanted=normal([local_day_bounds(day, need.zone) for day in need.unwanted]),
    )


def _starts(entry, today, last_day, asked, now):
    """The starts of one kind of examination, less those about which several patients are asked already."""
    order, known = entry.order, {"waived": None}
    if entry.appointment_id:
        known = search.performed_part(entry.appointment)
    days = (last_day - today).days + 1
    question = availability.search_for(order, first_day=today, days=days, now=now, **known)
    return subtract(engine.starts_for_anybody(question), asked)


def _open(key, zone, first_day, last_day):
    """The minutes at which the lungs may start for patients who come on these weekdays, not before this time."""
    weekdays, comes_from = key
    # Until midnight: the lungs start some time after the patient has come.
    hours = [WeeklyHours(day, comes_from or MIDNIGHT, MIDNIGHT) for day in weekdays or range(7)]
    return open_minutes(hours, zone=zone, first_day=first_day, last_day=last_day)


def _told_of(site):
    """The minutes around the starts that several patients have been told of and that nobody holds."""
    starts = Offer.objects.open().filter(entry__order__site=site, hold=None)
    around = [to_minute(at) for at in starts.values_list("lungs_start_at", flat=True)]
    return normal([(at - ROUND_MINUTES, at + ROUND_MINUTES + 1) for at in around])
