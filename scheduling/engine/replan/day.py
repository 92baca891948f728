"""One site's day that has to be planned anew: what is free, who is booked, and what a plan says of each visit.

All times are UTC minutes. A visit is kept as it is booked, or moved, or lost: it cannot be done today.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from scheduling.engine.chain import PATIENT, Need, ResourceFree, Search, Step
from scheduling.engine.doses import Batch
from scheduling.engine.intervals import Intervals, clip, covering, intersect, normal, subtract
from scheduling.engine.itinerary import Placed

Occupied = tuple[int, int, int]
"""(resource id, from, to), half-open; a room's own clearance is part of it."""
Claim = tuple[int, int]
"""(batch id, kBq at its calibration): the dose that is planned for a step."""

SLOT_MINUTES = 5
LATE_PER_SLOT, EARLY_PER_SLOT, MOVED, GAP_PER_SLOT = 5, 8, 30, 1
"""What a change costs: per slot later (times the weight), per slot earlier, per moved visit, per slot from V to Q."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment of the day. `steps` are those still to be done, in the protocol's order.

    `starts`: the booked start of each step; `occupied`: what it has reserved, as it stands in the database.
    `windows`: the starts that are allowed if it is moved, per step: not in the past, nobody called earlier than
    promised by more than the department allows, the day's end, a step that stays where it is as one minute.
    `weight`: how much it counts to lose it. `known_end`: end of an X-ray that is done, as in `Search`.
    `spoiled`: steps that have lost what they were booked with, so that the visit is planned anew: a dose, an X-ray.
    `claims`: per step the dose that is its own; a step without one may have it from any batch of the day.
    A `frozen` visit is left alone whatever happens.
    """

    id: int
    weight: int
    steps: tuple[Step, ...]
    starts: Mapping[str, int]
    occupied: tuple[Occupied, ...]
    windows: Mapping[str, Intervals]
    patient: ResourceFree
    known_end: int | None = None
    spoiled: frozenset[str] = frozenset()
    frozen: bool = False
    claims: Mapping[str, Claim] = field(default_factory=dict)

    @property
    def resource_ids(self) -> frozenset[int]:
        return frozenset([who for who, _, _ in self.occupied])


@dataclass(frozen=True, slots=True)
class Day:
    """`resources`: rooms and people with what is free apart from `visits`: open, on shift, not broken, not taken
    by anybody else. `clearance`: minutes that a room needs of its own after every examination.

    `now`: what lies before it has happened. `latest`: nothing is planned beyond it. `day_of` as in `Search`.
    `batches`: what doses are drawn from; `left_kbq` with the claims of all `visits` given back.
    """

    resources: tuple[ResourceFree, ...]
    visits: tuple[Visit, ...]
    now: int
    latest: int
    clearance: Mapping[int, int] = field(default_factory=dict)
    day_of: Callable[[int], int] | None = None
    grid_minutes: int = SLOT_MINUTES
    batches: tuple[Batch, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """`moved`: the new steps of each visit that changes its times, its rooms and people or its doses. Others are kept.

    `doses`: of these visits, per step the id of the batch from which its dose is to be drawn.
    """

    moved: Mapping[int, tuple[Placed, ...]]
    lost: frozenset[int]
    doses: Mapping[int, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """Why a visit cannot be done as booked: a resource that is gone at the minute `at`, or a step that has to move."""

    visit: int
    at: int
    resource: int | None = None
    step: str | None = None


def hits(day: Day) -> Iterator[Hit]:
    """What of the booked visits cannot be as planned, from now on; frozen ones included."""
    free = {resource.id: resource.free for resource in day.resources}
    for visit in day.visits:
        for who, begins, ends in visit.occupied:
            left = max(begins, day.now)
            if left < ends and covering(free.get(who, ()), left, ends) is None:
                yield Hit(visit.id, begins, resource=who)
        for step in visit.steps:
            if not starts_allowed(visit, step):
                yield Hit(visit.id, visit.starts[step.key], step=step.key)


def starts_allowed(visit: Visit, step: Step) -> bool:
    """Whether the tracer's times or the X-ray that is late leave the booked start of this step."""
    t = visit.starts[step.key]
    if step.key in visit.spoiled:
        return False
    return step.allowed is None or covering(step.allowed, t, t + 1) is not None


def search_for(
    day: Day,
    visit: Visit,
    taken: Mapping[int, list[tuple[int, int]]],
    starts: Callable[[Visit, Step], Intervals] | None = None,
) -> Search:
    """The engine's question for one visit, when `taken` per resource is occupied by the others.

    `starts`: at which a step may be placed, `allowed` by default.
    """
    starts = starts or allowed
    steps = tuple(replace(step, allowed=starts(visit, step)) for step in visit.steps)
    rows = [
        replace(each, free=_cleared(subtract(each.free, normal(taken.get(each.id, ()))), day, each.id))
        for each in day.resources
    ]
    return Search(
        steps=steps,
        resources=(*rows, visit.patient),
        earliest=day.now,
        latest=day.latest,
        known_end=visit.known_end,
        day_of=day.day_of,
        grid_minutes=day.grid_minutes,
    )


def allowed(visit: Visit, step: Step) -> Intervals:
    """The starts at which a step may be placed, if all others keep their doses."""
    window = visit.windows[step.key]
    return window if step.allowed is None else intersect(window, step.allowed)


def _cleared(free: Intervals, day: Day, resource_id: int) -> Intervals:
    """What is left of each gap when the room has to be cleared before the next one comes."""
    minutes = day.clearance.get(resource_id, 0)
    if not minutes:
        return clip(free, day.now, day.latest)
    return clip(tuple((a, b - minutes) for a, b in free if b - minutes > a), day.now, day.latest)


def occupied_by(day: Day, visit: Visit, placed: tuple[Placed, ...]) -> tuple[Occupied, ...]:
    """What new steps occupy; a room's own clearance follows the last step of the visit in that room."""
    last = {who: ends for step in placed for who, _, ends in step.resources}
    return tuple(
        (who, begins, ends + (day.clearance.get(who, 0) if ends == last[who] else 0))
        for step in placed
        for who, begins, ends in step.resources
        if who != visit.patient.id
    )


def anchor(visit: Visit) -> str:
    """The first lung step that is left, by which the visit is ranked: `Search.anchor` by default."""
    return next((step.key for step in visit.steps if step.key != "xray"), visit.steps[0].key)


def lost_weight(day: Day, plan: Plan) -> int:
    return sum(visit.weight for visit in day.visits if visit.id in plan.lost)


def change_cost(day: Day, plan: Plan) -> int:
    """What the changes of a plan cost, in fifths of a point: five minutes of delay of one routine visit are 25."""
    return sum(
        visit_cost(visit, {step.step_key: step.start for step in plan.moved[visit.id]})
        for visit in day.visits
        if visit.id in plan.moved
    ) + sum(
        gap_cost(visit, visit.starts)
        for visit in day.visits
        if visit.id not in plan.moved and visit.id not in plan.lost and not visit.frozen
    )


def visit_cost(visit: Visit, starts: Mapping[str, int]) -> int:
    cost = SLOT_MINUTES * MOVED if any(starts[key] != visit.starts[key] for key in starts) else 0
    for key in promised(visit):
        minutes = starts[key] - visit.starts[key]
        cost += minutes * LATE_PER_SLOT * visit.weight if minutes > 0 else -minutes * EARLY_PER_SLOT
    return cost + gap_cost(visit, starts)


def promised(visit: Visit) -> tuple[str, ...]:
    """The steps whose time was told to the patient: when to come first, and the first lung acquisition."""
    return tuple(dict.fromkeys((visit.steps[0].key, anchor(visit))))


def gap_cost(visit: Visit, starts: Mapping[str, int]) -> int:
    """Minutes from the end of one lung acquisition to the next."""
    lungs = [step for step in visit.steps if step.key != "xray"]
    return sum(
        GAP_PER_SLOT * (starts[after.key] - starts[before.key] - before.acquisition_minutes)
        for before, after in pairwise(lungs)
    )


def is_patients(need: Need) -> bool:
    return PATIENT in need.capabilities
