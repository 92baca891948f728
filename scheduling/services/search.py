"""Proposals: whole visits that can be booked now, best first, and the reason when there are none."""

from dataclasses import dataclass
from datetime import datetime

from scheduling.engine import itinerary as engine
from scheduling.engine.calendars import to_datetime
from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.examinations import XRAY_RULES, resolved_rules
from scheduling.models import StepKind
from scheduling.services import availability, transitions
from vqflow import policy
from vqflow.errors import Conflict

LIMIT = 10
LONGEST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Placed:
    """One step of a proposal: acquisition times, its room, its technologist, and all resources it occupies."""

    kind: str
    starts_at: datetime
    ends_at: datetime
    room: str
    technologist: str
    resource_ids: tuple[int, ...]

    @property
    def label(self):
        return StepKind(self.kind).label


@dataclass(frozen=True, slots=True)
class Proposal:
    """A whole plan. `starts_at` is when the patient is first needed, preparation included.

    `visits`: (comes at, leaves at) of each coming, two where the X-ray is on an earlier local day.
    """

    steps: tuple[Placed, ...]
    starts_at: datetime
    ends_at: datetime
    visits: tuple[tuple[datetime, datetime], ...]

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


def proposals(order, *, first_day, days, by, now, xray_ended_at=None, limit=LIMIT):
    """(proposals, sentences): the best itineraries from `first_day` on, or why there are none.

    `xray_ended_at`: a chest X-ray or CT that was done elsewhere. Raises Conflict when the order cannot be booked.
    """
    policy.permit(by, "itinerary.search")
    if refusal := why_not_book(order):
        raise Conflict(refusal)
    question = availability.search_for(
        order,
        first_day=first_day,
        days=days,
        now=now,
        xray_ended_at=xray_ended_at,
        waived=waived_rules(order),
    )
    return _answer(question, limit)


def why_not_move(appointment):
    """A sentence why this appointment cannot be given another time, or None."""
    if appointment.state not in (AppointmentState.BOOKED, AppointmentState.ARRIVED):
        return f"This appointment is {transitions.words(appointment.state)}; it cannot be moved."
    # Without its end nobody knows how long the X-ray is good for.
    if any(step.state == StepState.IN_PROGRESS for step in appointment.steps.all()):
        return "The X-ray is in progress. End it or undo it, then move the appointment."
    return None


def moves(appointment, *, first_day, days, by, now, limit=LIMIT):
    """(proposals, sentences) for another time of an appointment; what is performed already stays.

    Raises Conflict when it cannot be moved any more.
    """
    policy.permit(by, "appointment.move")
    if refusal := why_not_move(appointment):
        raise Conflict(refusal)
    order = appointment.procedure.order
    question = availability.search_for(
        order, first_day=first_day, days=days, now=now, free_of=appointment, **performed_part(appointment)
    )
    return _answer(question, limit)


def performed_part(appointment):
    """What has happened of an appointment, as search_for takes it."""
    order, steps = appointment.procedure.order, list(appointment.steps.all())
    xray = next((step for step in steps if step.kind == StepKind.XRAY), None)
    done = [step.kind for step in steps if step.state in (StepState.COMPLETED, StepState.IN_PROGRESS)]
    return {
        "xray_ended_at": xray.performed_end_at if xray and xray.state == StepState.COMPLETED else None,
        "waived": waived_rules(order),
        "skip": done,
    }


def waived_rules(order):
    """The rules of the chest X-ray window that a physician has overridden for this order's next appointment."""
    return resolved_rules(order) & XRAY_RULES


def _answer(question, limit):
    found = [_proposal(each, question) for each in engine.search(question, limit=limit)]
    return found, [] if found else list(engine.blockers(question))


def _proposal(found, question):
    names = {resource.id: resource for resource in question.resources}
    steps = tuple(_placed(step, names) for step in found.steps)
    visits = tuple(_visit(each, names) for each in _by_visit(found.steps, question.day_of))
    return Proposal(steps, visits[0][0], visits[-1][1], visits)


def _by_visit(steps, day_of):
    """The steps of each coming: an X-ray on another local day than the lungs is one of its own."""
    xray, *lungs = steps
    if lungs and xray.step_key == StepKind.XRAY and day_of(xray.start) != day_of(lungs[0].start):
        return [[xray], lungs]
    return [steps]


def _visit(steps, names):
    """From when to when the patient is needed for these steps."""
    occupied = [span for step in steps for span in step.resources if "patient" in names[span[0]].capabilities]
    return (
        to_datetime(min(start for _, start, _ in occupied)),
        to_datetime(max(end for _, _, end in occupied)),
    )


def _placed(step, names):
    used = [names[resource_id] for resource_id, _, _ in step.resources]
    people = [
        resource.name for resource in used if any(c.startswith("technologist") for c in resource.capabilities)
    ]
    return Placed(
        kind=step.step_key,
        starts_at=to_datetime(step.start),
        ends_at=to_datetime(step.end),
        room=used[0].name,
        technologist=people[0] if people else "",
        resource_ids=tuple(resource.id for resource in used),
    )
