"""Proposals: whole visits that can be booked now, best first, and the reason when there are none."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby

from scheduling.engine import adjustments
from scheduling.engine import itinerary as engine
from scheduling.engine.calendars import to_datetime, to_minute
from scheduling.engine.intervals import covering
from scheduling.engine.lengths import with_lengths
from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.examinations import XRAY_RULES, circumstances
from scheduling.models import StepKind
from scheduling.services import availability, calendars, transitions, wishes
from vqflow import policy
from vqflow.errors import Conflict
from vqflow.statements import selected

LIMIT = 10
NO_WISHES = wishes.Wishes()
LONGEST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Placed:
    """One step of a proposal: acquisition times, its room, its technologist, and all resources it occupies.

    `spans`: (resource id, from, to) in minutes, with preparation, set-up and clearance.
    """

    kind: str
    starts_at: datetime
    ends_at: datetime
    room: str
    technologist: str
    resource_ids: tuple[int, ...]
    spans: tuple[tuple[int, int, int], ...] = field(default=(), compare=False)

    @property
    def label(self):
        return StepKind(self.kind).label


@dataclass(frozen=True, slots=True)
class Proposal:
    """A whole plan. `starts_at` is when the patient is first needed, preparation included.

    `visits`: (comes at, leaves at) of each coming, two where the X-ray is on an earlier local day. `resources`: the
    rooms and people of the search by id.
    """

    steps: tuple[Placed, ...]
    starts_at: datetime
    ends_at: datetime
    visits: tuple[tuple[datetime, datetime], ...]
    double: tuple[str, ...] = ()
    resources: dict = field(default_factory=dict, compare=False, repr=False)

    @property
    def lungs_start_at(self):
        return next(step.starts_at for step in self.steps if step.kind != StepKind.XRAY)

    @property
    def starts(self):
        return {step.kind: step.starts_at for step in self.steps}


def why_not_book(order):
    """A sentence why this order cannot be booked now, or None."""
    if order.state not in (OrderState.REQUESTED, OrderState.VETTED):
        return f"This order is {order.state.replace('_', ' ')}."
    if order.state == OrderState.REQUESTED and not order.is_stat:
        return "A nuclear physician has to vet this order before it is booked."
    if not order.procedure.protocol.is_bookable:
        return (
            f"“{order.procedure.protocol.name}” cannot be booked yet. Ask the physician for another protocol."
        )
    return None


def proposals(
    order,
    *,
    first_day,
    days,
    by,
    now,
    xray_ended_at=None,
    wished=NO_WISHES,
    hold=None,
    overbooking=False,
    limit=LIMIT,
):
    """(proposals, sentences): the best itineraries from `first_day` on, or why there are none.

    `xray_ended_at`: a chest X-ray or CT that was done elsewhere. `wished`: the patient's Wishes. `hold`:
    the token of one's own hold, which is not in the way. `overbooking`: rooms and people may be taken twice.
    Raises Conflict when the order cannot be booked.
    """
    policy.permit(by, "itinerary.search")
    if refusal := why_not_book(order) or (overbooking and why_not_overbook(order, by)):
        raise Conflict(refusal)
    asked = {"first_day": first_day, "days": days, "now": now, "xray_ended_at": xray_ended_at, "waived": None}
    question = availability.search_for(order, **asked, hold=hold, overbooking=overbooking, lazy=True)
    question = replace(question, ranking=wishes.ranking(order, wished, question))
    if overbooking:
        really_free = availability.search_for(order, **asked, hold=hold)
        return _answer(question, limit, really_free)
    return _answer(question, limit)


def why_not_overbook(order, by):
    """A sentence why this user cannot take rooms and people twice for this order, or None."""
    if not order.is_stat:
        return "Only a STAT order can be overbooked. Choose a free time."
    return policy.why_not(by, "appointment.overbook")


def notes(order, now):
    """Sentences on how the answers to the safety questions change the plan of this order."""
    offered = calendars.at_hand(order.site_id, to_minute(now)).offered
    found = circumstances(order, now)
    return adjustments.notes(found, agent=order.procedure.protocol.agent, offered=offered)


def why_not_move(appointment):
    """A sentence why this appointment cannot be given another time, or None."""
    if appointment.state not in (AppointmentState.BOOKED, AppointmentState.ARRIVED):
        return f"This appointment is {transitions.words(appointment.state)}; it cannot be moved."
    # Without its end nobody knows how long the X-ray is good for.
    if any(step.state == StepState.IN_PROGRESS for step in appointment.steps.all()):
        return "The X-ray is in progress. End it or undo it, then move the appointment."
    return None


def moves(appointment, *, first_day, days, by, now, wished=NO_WISHES, hold=None, limit=LIMIT):
    """(proposals, sentences) for another time of an appointment; what is performed already stays.

    `hold`: the token of one's own hold, which is not in the way. Raises Conflict when it cannot be moved any more.
    """
    policy.permit(by, "appointment.move")
    if refusal := why_not_move(appointment):
        raise Conflict(refusal)
    order = appointment.procedure.order
    question = availability.search_for(
        order,
        first_day=first_day,
        days=days,
        now=now,
        free_of=appointment,
        hold=hold,
        lazy=True,
        **performed_part(appointment),
    )
    question = replace(
        with_lengths(question, own_lengths(appointment)), ranking=wishes.ranking(order, wished, question)
    )
    return _answer(question, limit)


def performed_part(appointment):
    """What has happened of an appointment, as search_for takes it."""
    return {**done_part(appointment), "waived": waived_rules(appointment.procedure.order)}


def done_part(appointment):
    """The same without the rules that are waived; steps may come prefetched."""
    steps = list(appointment.steps.all())
    xray = next((step for step in steps if step.kind == StepKind.XRAY), None)
    return {
        "xray_ended_at": xray.performed_end_at if xray and xray.state == StepState.COMPLETED else None,
        "skip": [step.kind for step in steps if not _is_still_to_do(step)],
    }


def _is_still_to_do(step):
    """Lungs that were broken off or left out are not done again; an X-ray that was broken off is."""
    if step.kind == StepKind.XRAY:
        return step.state not in (StepState.COMPLETED, StepState.IN_PROGRESS)
    return step.state == StepState.SCHEDULED


def own_lengths(appointment):
    """{kind of step: minutes} where this patient's acquisition was given another length than the protocol's."""
    return {step.kind: step.acquisition_minutes for step in appointment.steps.all()}


def waived_rules(order):
    """The rules of the chest X-ray window that a physician has overridden for this order's next appointment."""
    # No safety question belongs to these rules, so no changed answer undoes an override.
    return frozenset(rule for (rule,) in selected(WAIVED, [order.pk, sorted(XRAY_RULES)]))


WAIVED = """SELECT rule FROM scheduling_decision
    WHERE order_id = %s AND kind = 'override' AND lapsed_at IS NULL AND rule = ANY(%s)"""


def _answer(question, limit, really_free=None):
    found = list(engine.search(question, limit=limit))
    names = _names(question) if found else {}
    found = [_proposal(each, question, names, really_free) for each in found]
    return found, [] if found else list(engine.blockers(question))


def taken_twice(found, question):
    """(resource id, first minute) of what an itinerary takes although the question does not have it free."""
    free = {resource.id: resource.free for resource in question.resources}
    return frozenset(
        (who, start)
        for step in found.steps
        for who, start, end in step.resources
        if covering(free[who], start, end) is None
    )


def proposal(found, question, really_free=None):
    """One of the engine's itineraries as a Proposal; with `really_free` it names what would be taken twice."""
    return _proposal(found, question, _names(question), really_free)


def _names(question):
    return {resource.id: resource for resource in question.resources}


def _proposal(found, question, names, really_free):
    double = {who for who, _ in taken_twice(found, really_free)} if really_free else ()
    mains = (found.steps[0], *found.steps)
    steps = tuple(_placed(step, main, names) for step, main in zip(found.steps, mains, strict=False))
    visits = tuple(_visit(each, names) for each in _by_visit(found.steps, question.day_of))
    doubled = tuple(names[each].name for each in sorted(double))
    return Proposal(steps, visits[0][0], visits[-1][1], visits, doubled, names)


def _by_visit(steps, day_of):
    """The steps of each coming: those on another local day are one of their own."""
    return [list(each) for _, each in groupby(steps, key=lambda step: day_of(step.start))]


def _visit(steps, names):
    """From when to when the patient is needed for these steps."""
    occupied = [span for step in steps for span in step.resources if "patient" in names[span[0]].capabilities]
    return to_datetime(min([span[1] for span in occupied])), to_datetime(max([span[2] for span in occupied]))


def _placed(step, main, names):
    """One step; a companion without resources of its own is in the room of the step it rides on."""
    used = [names[resource_id] for resource_id, _, _ in (step.resources or main.resources)]
    people = (resource.name for resource in used if _is_technologist(resource.capabilities))
    return Placed(
        kind=step.step_key,
        starts_at=to_datetime(step.start),
        ends_at=to_datetime(step.end),
        room=used[0].name,
        technologist=next(people, ""),
        resource_ids=tuple([resource_id for resource_id, _, _ in step.resources]),
        spans=step.resources,
    )


@lru_cache(maxsize=256)
def _is_technologist(capabilities):
    return any(each.startswith("technologist") for each in capabilities)
