"""Why not at this time: the engine's explanation of one wanted time, or of a period without any, for a person.

It asks the question of search and booking, and adds in words what occupies each room and person.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from scheduling.engine import explanation as engine
from scheduling.engine import itinerary
from scheduling.engine.calendars import to_datetime, to_minute
from scheduling.engine.relaxation import Freed
from scheduling.models import Reservation, StepKind
from scheduling.services import availability, holds, locked_days, occupations, recheck, search, wishes
from scheduling.services.search import LONGEST_DAYS, NO_WISHES, Proposal
from vqflow import policy
from vqflow.errors import Conflict, Invalid

AROUND = timedelta(days=7)
"""So far on each side the nearest times are looked for."""
TOUCHED = 26 * 60
"""Minutes around the wanted starts in which resources are looked at: a day for the X-ray, and its preparation."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One room, person or rule in the way of a step."""

    sentence: str
    resource_id: int | None


@dataclass(frozen=True, slots=True)
class Blocked:
    """One step that cannot be had. `sentences` say what is missing, the reasons why."""

    kind: str
    starts_at: datetime | None
    sentences: tuple[str, ...]
    reasons: tuple[Reason, ...]

    @property
    def label(self):
        return StepKind(self.kind).label


@dataclass(frozen=True, slots=True)
class Change:
    """One change that alone would make the time possible; with a proposal it can be booked as things stand.

    `appointment_id`: what is booked there, where it would have to be moved first.
    """

    kind: str
    sentence: str
    proposal: Proposal | None
    appointment_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WhyNot:
    """`proposal`: the wanted time can be had after all, and nothing else is said."""

    proposal: Proposal | None
    steps: tuple[Blocked, ...] = ()
    before: Proposal | None = None
    after: Proposal | None = None
    changes: tuple[Change, ...] = ()


def why_not(order, *, starts, by, now, first_day=None, days=None, xray_ended_at=None, wished=NO_WISHES):
    """The WhyNot of these starts ({kind of step: start of its acquisition}, of any of the steps).

    Without any, of `days` days from `first_day` on: `after` is then the first time that comes later. Raises
    Invalid for starts that cannot be meant, Conflict when the order cannot be booked at all.
    """
    policy.permit(by, "itinerary.search")
    if refusal := search.why_not_book(order):
        raise Conflict(refusal)

    hold = holds.token_of(order)

    def ask(**period):
        known = {"xray_ended_at": xray_ended_at, "waived": None, "hold": hold}
        question = availability.search_for(order, **period, now=now, **known)
        return replace(question, ranking=wishes.ranking(order, wished, question))

    if starts:
        return _of_starts(Case(order, ask, now), starts)
    return _of_period(Case(order, ask, now), first_day, days)


def why_not_move(appointment, *, starts, by, now, first_day=None, days=None, wished=NO_WISHES):
    """The same for another time of an appointment; what has been performed stays."""
    policy.permit(by, "appointment.move")
    if refusal := search.why_not_move(appointment):
        raise Conflict(refusal)
    order = appointment.procedure.order
    hold = holds.token_of(order)

    def ask(**period):
        question = recheck.question_of(appointment, period, now, hold=hold)
        return replace(question, ranking=wishes.ranking(order, wished, question))

    if starts:
        return _of_starts(Case(order, ask, now, appointment), starts)
    return _of_period(Case(order, ask, now, appointment), first_day, days)


def lungs_of(order, appointment=None):
    """The kind of the first lung step that is still to be done: what a wanted time is the start of, or None."""
    done = search.performed_part(appointment)["skip"] if appointment else ()
    steps = [row.kind for row in order.procedure.protocol.steps.all() if row.kind != StepKind.XRAY]
    return next((kind for kind in steps if kind not in done), None)


@dataclass(frozen=True, slots=True)
class Case:
    """`ask(first_day, days)` puts the engine's question; `appointment` is the one to be moved."""

    order: object
    ask: object
    now: datetime
    appointment: object = None

    def explained(self, question, minutes, around, about):
        times = occupations.Times(self.order.site.time_zone, about=about)
        occupied = occupations.occupied(
            self.order.site, question, around, times=times, now=self.now, own=(self.order, self.appointment)
        )
        return _answer(engine.explain(question, minutes, occupied, times), question)


def _of_starts(case, starts):
    question = case.ask(**_days(case.order.site, starts, case.now))
    unknown = set(starts) - {step.key for step in question.steps}
    if unknown:
        sentence = f"No {StepKind(min(unknown)).label.lower()} is to be done. Leave its start out."
        raise Invalid(sentence, fields={"starts": [sentence]})
    minutes = {kind: to_minute(moment) for kind, moment in starts.items()}
    first, last = min(minutes.values()), max(minutes.values())
    return case.explained(question, minutes, (first - TOUCHED, last + TOUCHED), last)


def _of_period(case, first_day, days):
    question = case.ask(first_day=first_day, days=days)
    found = case.explained(question, {}, (question.earliest, question.latest), question.earliest)
    if found.proposal is not None:
        return found
    later = case.ask(first_day=first_day + timedelta(days=days), days=LONGEST_DAYS)
    first = next(itinerary.search(later, limit=1), None)
    return replace(found, after=first and search.proposal(first, later))


def _days(site, starts, now):
    """The days to ask about, as availability.search_for takes them; Invalid for starts that cannot be meant."""
    first, last = locked_days.checked_range(starts.values(), now)
    zone = ZoneInfo(site.time_zone)
    first_day = max(now, first - AROUND).astimezone(zone).date()
    return {"first_day": first_day, "days": ((last + AROUND).astimezone(zone).date() - first_day).days + 1}


def _answer(found, question):
    def shown(visit):
        return visit and search.proposal(visit, question)

    booked = _booked(found.changes)
    return WhyNot(
        shown(found.found),
        tuple(_blocked(each) for each in found.steps),
        shown(found.before),
        shown(found.after),
        tuple(
            Change(each.kind.value, each.sentence, shown(each.itinerary), booked.get(number))
            for number, each in enumerate(found.changes)
        ),
    )


def _booked(changes):
    """{number of a change: id of the one appointment that is in its way}, in one query."""
    freed = {
        number: [term for term in each.terms if isinstance(term, Freed)]
        for number, each in enumerate(changes)
        if each.kind == engine.ChangeKind.FREE
    }
    spans = [term for terms in freed.values() for term in terms]
    if not spans:
        return {}
    rows = Reservation.objects.filter(
        status__in=(Reservation.Status.BOOKED, Reservation.Status.OVERBOOKED),
        resource__in={term.resource_id for term in spans},
        start_minute__lt=max(term.end for term in spans),
        end_minute__gt=min(term.start for term in spans),
    ).values_list("resource_id", "start_minute", "end_minute", "step__appointment")
    found = {number: _meeting(terms, rows) for number, terms in freed.items()}
    return {number: ids.pop() for number, ids in found.items() if len(ids) == 1}


def _meeting(terms, rows):
    return {
        appointment
        for resource, start, end, appointment in rows
        for term in terms
        if resource == term.resource_id and start < term.end and term.start < end
    }


def _blocked(step):
    reasons = {}
    for each in step.reasons:
        if each.sentence != each.headline:
            reasons.setdefault(each.sentence, each.resource_id)
    return Blocked(
        step.step_key,
        None if step.start is None else to_datetime(step.start),
        step.headlines,
        tuple(Reason(sentence, resource_id) for sentence, resource_id in reasons.items()),
    )
