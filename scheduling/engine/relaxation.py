"""What stands in the way of a time, as terms that can be dropped from a search one by one."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from scheduling.engine.chain import ResourceFree, Search, Step
from scheduling.engine.intervals import Intervals, normal

_END = float("inf")


class Kind(StrEnum):
    """Why a resource cannot be had."""

    BOOKED = "booked"
    CLEARED = "cleared"
    HELD = "held"
    RESERVED = "reserved"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    GAS = "gas"
    """A room whose checks for gas are not as they must be: nobody opens it by longer hours."""
    OFF_SHIFT = "off_shift"
    UNKNOWN = "unknown"


class Rule(StrEnum):
    """What of a step can be waived."""

    LAG = "lag"
    SAME_DAY = "same_day"
    SAME_ROOM = "same_room"
    DOSE = "dose"
    STEP = "step"
    """The step itself: it is not done at all."""


@dataclass(frozen=True, slots=True)
class Freed:
    """The resource is free in [start, end), which it is not because of `kind`."""

    resource_id: int
    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Waived:
    """The step does not keep this rule."""

    step_key: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class OneMore:
    """One more resource of this kind, always free; `number` tells several of them apart."""

    capabilities: frozenset[str]
    number: int = 0


@dataclass(frozen=True, slots=True)
class Widened:
    """The searched period reaches at least from `earliest` to `latest`, and everything is free beyond its ends."""

    earliest: int
    latest: int


Term = Freed | Waived | OneMore | Widened


def without(search: Search, terms: Collection[Term]) -> Search:
    """The search with these terms dropped."""
    periods = [term for term in terms if isinstance(term, Widened)]
    earliest = min([search.earliest, *(each.earliest for each in periods)])
    latest = max([search.latest, *(each.latest for each in periods)])
    waived = {(term.step_key, term.rule) for term in terms if isinstance(term, Waived)}
    more = [term for term in terms if isinstance(term, OneMore)]
    far = latest - earliest + max(step.acquisition_minutes for step in search.steps)
    return replace(
        search,
        steps=tuple(_eased(search.steps, waived, far)) if waived else search.steps,
        resources=(
            *_with_freed(search, terms, (earliest, latest)),
            *_added(search, more, (earliest, latest)),
        ),
        earliest=earliest,
        latest=latest,
        known_end=None if (search.steps[0].key, Rule.LAG) in waived else search.known_end,
    )


def _with_freed(search: Search, terms: Collection[Term], whole: tuple[int, int]) -> Iterable[ResourceFree]:
    freed: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for term in terms:
        if isinstance(term, Freed):
            freed[term.resource_id].append((term.start, term.end))
    beyond = []
    if whole != (search.earliest, search.latest):
        beyond = [(whole[0], search.earliest), (search.latest, whole[1])]
    for each in search.resources:
        more = [*freed[each.id], *beyond] if each.id in freed else beyond
        if more:
            yield ResourceFree(each.id, each.name, each.capabilities, _joined(each.free, more))
        else:
            yield each


def _joined(free: Intervals, more: list[tuple[int, int]]) -> Intervals:
    """The union; what lies before and after all of `more` is only copied."""
    first = bisect_left(free, (min(more)[0],))
    first -= first > 0 and free[first - 1][1] >= min(more)[0]
    last = bisect_right(free, (max(high for _, high in more), _END))
    return (*free[:first], *normal([*free[first:last], *more]), *free[last:])


def _added(search: Search, more: list[OneMore], whole: tuple[int, int]) -> Iterable[ResourceFree]:
    """Resources that do not exist, with ids that no row has."""
    lowest = min([0, *(each.id for each in search.resources)])
    for number, term in enumerate(more, 1):
        yield ResourceFree(lowest - number, "one more", term.capabilities, (whole,))


def _eased(steps: tuple[Step, ...], waived: Collection[tuple[str, Rule]], far: int) -> Iterable[Step]:
    left_out = {step.key for step in steps if (step.key, Rule.STEP) in waived}
    for each in steps:
        step = each
        if step.key in left_out:
            continue
        if left_out:
            step = replace(step, lags=tuple([lag for lag in step.lags if lag.step not in left_out]))
        if (step.key, Rule.LAG) in waived:
            step = replace(step, lag_min=-far, lag_max=far, lags=())
        if (step.key, Rule.SAME_DAY) in waived:
            step = replace(step, same_day=False)
        if (step.key, Rule.SAME_ROOM) in waived or step.same_room_as in left_out:
            step = replace(step, same_room_as=None)
        if (step.key, Rule.DOSE) in waived:
            step = replace(step, allowed=None, dose=None)
        yield step
