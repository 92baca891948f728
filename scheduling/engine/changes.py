"""Each single change that would let wanted starts be a visit: one term of the search, or one start, dropped."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scheduling.engine import nearest
from scheduling.engine.blockers import Asked, Obstacle, Reason, overlaps
from scheduling.engine.chain import PATIENT, XRAY_STEP, Chain, Need, Search, Step
from scheduling.engine.pins import best_at
from scheduling.engine.refusal import resource_words, step_words
from scheduling.engine.relaxation import Freed, Kind, OneMore, Rule, Term, Waived, without
from scheduling.engine.visit import Itinerary, Placed
from scheduling.engine.window import duration_words

STAFF = "technologist"


class ChangeKind(StrEnum):
    OTHER_START = "other_start"
    OTHER_ROOM = "other_room"
    OPEN = "open"
    SHIFT = "shift"
    RESERVED = "reserved"
    HOLD = "hold"
    FREE = "free"
    STAFF = "staff"
    DOSE = "dose"
    XRAY_ELSEWHERE = "xray_elsewhere"
    OVERRIDE = "override"


FREED_BY = {
    Kind.BOOKED: ChangeKind.FREE,
    Kind.CLEARED: ChangeKind.FREE,
    Kind.HELD: ChangeKind.HOLD,
    Kind.RESERVED: ChangeKind.RESERVED,
    Kind.CLOSED: ChangeKind.OPEN,
    Kind.HOLIDAY: ChangeKind.OPEN,
    Kind.OFF_SHIFT: ChangeKind.SHIFT,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change that alone makes the wanted starts a visit. `itinerary` can be booked as things stand.

    `terms` are what the change drops from the search; without any, one wanted start is dropped instead.
    """

    kind: ChangeKind
    sentence: str
    itinerary: Itinerary | None = None
    terms: tuple[Term, ...] = ()


def changes(
    chain: Chain, asked: Asked, obstacles: Sequence[Obstacle], first: Sequence[Reason]
) -> Iterator[Change]:
    """`obstacles`: the steps that cannot be had by themselves, all of which a change has to help.

    `first`: the reasons that were found before any was dropped.
    """
    yield from _other_starts(chain, asked, obstacles)
    yield from _other_rooms(chain, asked, obstacles)
    yield from _freed(chain, asked, obstacles, first)
    yield from _more_staff(chain, asked, obstacles)
    yield from _more_doses(chain, asked, obstacles)
    yield from _other_xray(chain, asked, obstacles)


def _other_starts(chain: Chain, asked: Asked, obstacles: Sequence[Obstacle]) -> Iterator[Change]:
    """Another start of one of several wanted steps, the nearest there is, with the others as wanted."""
    if len(asked.starts) < 2:
        return
    steps = chain.search.steps
    for at, step in enumerate(steps):
        fixed = {each.key for each in steps if each.key in asked.starts and each.key != step.key}
        if step.key not in asked.starts or any(steps[each.at].key in fixed for each in obstacles):
            continue
        t = asked.starts[step.key]
        found = nearest.of_step(chain, at, t, {key: asked.starts[key] for key in fixed})
        if found is not None:
            yield Change(ChangeKind.OTHER_START, _start_words(chain.search, found, step, t, asked), found)


def _start_words(search: Search, found: Itinerary, step: Step, t: int, asked: Asked) -> str:
    placed = _placed(found, step.key)
    words = f"{duration_words(abs(placed.start - t))} {'later' if placed.start > t else 'earlier'}"
    room = _names(search).get(placed.resources[0][0]) if placed.resources else None
    where = f", in {room}" if room else ""
    return f"Start the {step_words(step.key)} {words}, at {asked.clock(placed.start)}{where}."


def _placed(found: Itinerary, key: str) -> Placed:
    return next(placed for placed in found.steps if placed.step_key == key)


def _names(search: Search) -> dict[int, str]:
    return {
        resource.id: resource.name for resource in search.resources if PATIENT not in resource.capabilities
    }


def _other_rooms(chain: Chain, asked: Asked, obstacles: Sequence[Obstacle]) -> Iterator[Change]:
    for step in chain.search.steps if not obstacles else ():
        if step.same_room_as:
            terms = (Waived(step.key, Rule.SAME_ROOM),)
            found = best_at(without(chain.search, terms), asked.starts)
            if found is not None:
                room = _names(chain.search)[_placed(found, step.key).resources[0][0]]
                sentence = f"Accept {room} for the {step_words(step.key)}, not the room of the {{}}."
                yield Change(
                    ChangeKind.OTHER_ROOM, sentence.format(step_words(step.same_room_as)), None, terms
                )


def _more_doses(chain: Chain, asked: Asked, obstacles: Sequence[Obstacle]) -> Iterator[Change]:
    for at, step in enumerate(chain.search.steps):
        if step.allowed is None or any(each.at != at or each.unserved for each in obstacles):
            continue
        terms = (Waived(step.key, Rule.DOSE),)
        found = best_at(without(chain.search, terms), asked.starts)
        if found is not None:
            at_time = asked.clock(_placed(found, step.key).start)
            sentence = f"Have one more dose for the {step_words(step.key)} at {at_time}."
            yield Change(ChangeKind.DOSE, sentence, None, terms)


def _freed(
    chain: Chain, asked: Asked, obstacles: Sequence[Obstacle], first: Sequence[Reason]
) -> Iterator[Change]:
    """Each resource that is in the way, free of each kind of what occupies it."""
    terms: dict[tuple[int, ChangeKind], list[Freed]] = defaultdict(list)
    for reason in first:
        for term in reason.terms:
            if isinstance(term, Freed) and term.kind in FREED_BY:
                terms[term.resource_id, FREED_BY[term.kind]].append(term)
    for (resource_id, kind), dropped in terms.items():
        if not all(_helped_by(each, chain, resource_id) for each in obstacles):
            continue
        found = best_at(without(chain.search, dropped), asked.starts)
        used = _used(found, resource_id, dropped) if found is not None else None
        if used is not None:
            sentence = _freed_words(chain.search, asked, resource_id, kind, used)
            yield Change(kind, sentence, None, tuple(dropped))


def _helped_by(obstacle: Obstacle, chain: Chain, resource_id: int) -> bool:
    """Whether this resource could serve every need of the step that nobody can serve now."""
    pools = dict(zip(chain.search.steps[obstacle.at].needs, chain.pools[obstacle.at], strict=True))
    asked_of = [pools[need] for need in obstacle.unserved]
    if not asked_of:
        return any(resource.id == resource_id for pool in pools.values() for resource in pool)
    return all(any(resource.id == resource_id for resource in pool) for pool in asked_of)


def _used(found: Itinerary, resource_id: int, dropped: list[Freed]) -> tuple[int, int] | None:
    """From when to when the visit takes minutes of this resource that are not free now."""
    spans = [
        (max(low, term.start), min(high, term.end))
        for placed in found.steps
        for who, low, high in placed.resources
        if who == resource_id
        for term in dropped
        if term.start < high and term.end > low
    ]
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


def _freed_words(
    search: Search, asked: Asked, resource_id: int, kind: ChangeKind, used: tuple[int, int]
) -> str:
    name = _names(search).get(resource_id)
    span = f"from {asked.clock(used[0])} to {asked.clock(used[1])}"
    if name is None:
        return f"Move the patient's other appointment {span}."
    match kind:
        case ChangeKind.OPEN:
            return f"Open {name} {span}."
        case ChangeKind.SHIFT:
            return f"Have {name} work {span}."
        case ChangeKind.RESERVED:
            return f"Use {name} {span} although it is kept for urgent patients."
        case ChangeKind.HOLD:
            return f"{name} {_held_words(asked, resource_id, used)}: ask for it, or try again then."
    return f"Move what {name} is booked for {span}."


def _held_words(asked: Asked, resource_id: int, used: tuple[int, int]) -> str:
    entries = asked.occupied.get(resource_id, ())
    return next(
        (each.words for each in entries if each.kind == Kind.HELD and overlaps(each, *used)), "is held"
    )


def _more_staff(chain: Chain, asked: Asked, obstacles: Sequence[Obstacle]) -> Iterator[Change]:
    """One more person of a kind that the steps need."""
    search = chain.search
    for capabilities in dict.fromkeys(need.capabilities for step in search.steps for need in step.needs):
        is_staff = any(each.startswith(STAFF) for each in capabilities)
        if not is_staff or not all(_is_for(each, capabilities, chain) for each in obstacles):
            continue
        terms = (OneMore(capabilities),)
        found = best_at(without(search, terms), asked.starts)
        known = {resource.id for resource in search.resources}
        taken = [span for step in found.steps for span in step.resources] if found else []
        used = [(low, high) for who, low, high in taken if who not in known]
        if used:
            span = f"from {asked.clock(min(used)[0])} to {asked.clock(max(high for _, high in used))}"
            sentence = f"Have one more {resource_words(capabilities)} {span}."
            yield Change(ChangeKind.STAFF, sentence, None, terms)


def _is_for(obstacle: Obstacle, capabilities: frozenset[str], chain: Chain) -> bool:
    needs: Sequence[Need] = obstacle.unserved
    if not needs:
        return any(need.capabilities <= capabilities for need in chain.search.steps[obstacle.at].needs)
    return all(need.capabilities <= capabilities for need in needs)


def _other_xray(chain: Chain, asked: Asked, obstacles: Sequence[Obstacle]) -> Iterator[Change]:
    """An X-ray done elsewhere in place of the planned one; a physician's override of the X-ray's rule."""
    search = chain.search
    first = search.steps[0]
    if search.known_end is not None:
        terms, what = (Waived(first.key, Rule.LAG),), "window"
    elif first.key == XRAY_STEP and len(search.steps) > 1:
        terms, what = (Waived(XRAY_STEP, Rule.STEP),), "rule"
    else:
        return
    if any(each.at != 0 for each in obstacles):
        return
    found = best_at(without(search, terms), asked.starts)
    if found is None:
        return
    if what == "rule":
        yield from _elsewhere(search, asked, found.steps[0].start, terms)
    yield Change(
        ChangeKind.OVERRIDE,
        f"A physician can override the chest X-ray {what} for this examination.",
        None,
        terms,
    )


def _elsewhere(search: Search, asked: Asked, lungs: int, terms: tuple[Term, ...]) -> Iterator[Change]:
    """Only an X-ray that can be over by now: one still to come cannot be entered."""
    step = search.steps[1]
    if step.lag_max is None or lungs - step.lag_max >= search.earliest:
        return
    since, until = asked.clock(lungs - step.lag_max), asked.clock(lungs - step.lag_min)
    sentence = f"Use an X-ray or chest CT done elsewhere that ended between {since} and {until}."
    yield Change(ChangeKind.XRAY_ELSEWHERE, sentence, None, terms)
