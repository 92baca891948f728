"""The standard patient of a department, as `capacity` counts them: who can serve which need, and how far apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from scheduling.engine.intervals import Intervals
from scheduling.engine.request import PATIENT, ResourceFree, Step

_DAY = 24 * 60

Touch = tuple[int, int, int, int, int]
"""Step, need, place in the need's pool, and the need's minutes before and after the step's start."""


@dataclass(frozen=True, slots=True)
class PooledNeed:
    """Positions of the resources that can serve it, and the minutes before and after the step's start."""

    pool: tuple[int, ...]
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Standard:
    """The visit of a standard patient in a department. The patient's own time is left out."""

    positions: Mapping[int, int]
    """Of the resources, by id."""
    steps: tuple[tuple[PooledNeed, ...], ...]
    allowed: tuple[Intervals | None, ...]
    gaps: tuple[tuple[int, int], ...]
    """Least and greatest minutes from the start of the step before; the first says nothing."""
    rooms: tuple[Mapping[int, int], ...]
    """Room by step, one mapping per way to fill the steps that share a room; one empty mapping if none do."""
    touches: tuple[tuple[Touch, ...], ...]
    """Per resource, what a span taken from it changes."""
    grid_minutes: int

    @classmethod
    def of(
        cls, steps: Sequence[Step], resources: Sequence[ResourceFree], grid_minutes: int
    ) -> "Standard | None":
        """None where a standard patient never fits, or is no plain path of steps with one resource per need."""
        plain = all(not step.lags and all(need.count == 1 for need in step.needs) for step in steps)
        needs = tuple(_needs(step, resources) for step in steps)
        if not steps or not plain or not all(need.pool for step in needs for need in step):
            return None
        positions = {resource.id: at for at, resource in enumerate(resources)}
        gaps = tuple(_gap(steps, at) for at in range(len(steps)))
        allowed = tuple(step.allowed for step in steps)
        touches = _touches(needs, len(resources))
        return cls(positions, needs, allowed, gaps, tuple(_rooms(steps, needs)), touches, grid_minutes)


def _needs(step: Step, resources: Sequence[ResourceFree]) -> tuple[PooledNeed, ...]:
    return tuple(
        PooledNeed(
            tuple(at for at, resource in enumerate(resources) if need.capabilities <= resource.capabilities),
            need.starts_before,
            need.ends_after_start,
        )
        for need in step.needs
        if PATIENT not in need.capabilities
    )


def _gap(steps: Sequence[Step], at: int) -> tuple[int, int]:
    before = steps[at - 1].acquisition_minutes if at else 0
    lag_max = steps[at].lag_max
    return before + steps[at].lag_min, before + (_DAY if lag_max is None else lag_max)


def _rooms(steps: Sequence[Step], needs: Sequence[tuple[PooledNeed, ...]]) -> Iterator[dict[int, int]]:
    order = {step.key: at for at, step in enumerate(steps)}
    groups: list[set[int]] = []
    for at, step in enumerate(steps):
        if step.same_room_as is None:
            continue
        home = next((group for group in groups if order[step.same_room_as] in group), None)
        if home is None:
            groups.append({order[step.same_room_as], at})
        else:
            home.add(at)
    shared = [[r for r in needs[min(g)][0].pool if all(r in needs[at][0].pool for at in g)] for g in groups]
    for choice in product(*shared):
        yield {at: room for group, room in zip(groups, choice, strict=True) for at in group}


def _touches(steps: Sequence[tuple[PooledNeed, ...]], resources: int) -> tuple[tuple[Touch, ...], ...]:
    found: list[list[Touch]] = [[] for _ in range(resources)]
    for at, step in enumerate(steps):
        for position, need in enumerate(step):
            for place, resource in enumerate(need.pool):
                found[resource].append((at, position, place, need.before, need.after))
    return tuple(tuple(each) for each in found)
