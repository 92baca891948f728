"""Which small step of an examination may begin or end now: None, or the sentence why not.

Whoever is at the camera decides on the order; only what belongs to the tracer and to the acquisition is held.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from scheduling.engine import gates
from scheduling.engine.phases import Part, Role
from scheduling.engine.states import StepState

BEGINS = frozenset({Role.BEGINS, Role.BOTH})
"""The scheduled procedure step starts with these."""
ENDS = frozenset({Role.PICTURES, Role.BOTH})
"""The scheduled procedure step is complete when these end."""


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    DROPPED = "dropped"  # its acquisition falls away


@dataclass(frozen=True, slots=True)
class Place:
    """One small step where it stands. `kind`, `step`: of the acquisition it belongs to, and that one's state.

    `after_begin`: it comes after the inhalation or injection of its part.
    """

    key: str
    name: str
    part: Part
    state: State
    role: Role | None = None
    kind: str | None = None
    step: StepState | None = None
    after_begin: bool = False


def why_not_begin(place: Place, places: Iterable[Place], facts: gates.Examination) -> str | None:
    """Beginning again what was skipped is allowed; what is done is repeated instead."""
    if place.state == State.DONE:
        return f"{place.name}: this is done already. Repeat it if it has to be done again."
    return _why_not_run(place, places, facts) or _why_not_start(place, facts)


def why_not_repeat(place: Place, places: Iterable[Place], facts: gates.Examination) -> str | None:
    if place.state not in (State.DONE, State.SKIPPED):
        return f"{place.name}: this has not been done yet. Begin it."
    return _why_not_run(place, places, facts) or _why_not_start(place, facts)


def why_not_end(place: Place, facts: gates.Examination) -> str | None:
    if place.state != State.RUNNING:
        return f"{place.name}: this is not running."
    if place.role in ENDS and place.kind and place.step == StepState.IN_PROGRESS:
        return gates.why_not_end(facts, place.kind)
    return None


def why_not_skip(place: Place) -> str | None:
    """An inhalation, an injection and the pictures are the acquisition itself: that is left out or stopped."""
    if place.state != State.WAITING:
        return f"{place.name}: this is {place.state} already."
    if place.role in BEGINS and place.step == StepState.SCHEDULED:
        return f"{(place.kind or '').capitalize()} begins with this. Leave the acquisition out instead."
    if place.role in ENDS and place.step == StepState.IN_PROGRESS:
        return f"{(place.kind or '').capitalize()} ends with this. Stop the acquisition instead."
    return None


def next_place(places: Iterable[Place]) -> Place | None:
    """The first that nobody has begun or skipped, after the last one that somebody has.

    A dose is often measured ahead, for both acquisitions at once: that passes over nothing before it.
    """
    places = list(places)
    untouched = (State.WAITING, State.DROPPED)
    touched = [
        at for at, place in enumerate(places) if place.state not in untouched and place.role != Role.DOSE
    ]
    onward = places[touched[-1] + 1 :] if touched else places
    waiting = [place for place in (*onward, *places) if place.state == State.WAITING]
    return waiting[0] if waiting else None


def _why_not_run(place: Place, places: Iterable[Place], facts: gates.Examination) -> str | None:
    if place.state == State.DROPPED:
        return f"{place.name}: this is not done any more, because its acquisition falls away."
    if place.state == State.RUNNING:
        return f"{place.name}: this is running already."
    if not facts.checked_in and not facts.over:
        return gates.NOT_HERE
    busy = next((each for each in places if each.part == place.part and each.state == State.RUNNING), None)
    return f"{busy.name}: this is still running. End it first." if busy else None


def _why_not_start(place: Place, facts: gates.Examination) -> str | None:
    if place.kind is None or place.step is None:
        return None
    if place.role == Role.DOSE and not facts.dose_cleared and not facts.over:
        return gates.NOT_CLEARED
    if place.step != StepState.SCHEDULED:
        return None
    if place.role == Role.GAS:
        return gates.why_not_make_gas(facts, place.kind)
    if place.role in BEGINS:
        return gates.why_not_start(facts, place.kind)
    return f"{place.kind.capitalize()} has not started." if place.after_begin else None
