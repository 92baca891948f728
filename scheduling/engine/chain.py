"""The steps of one visit and the minutes at which each can start as part of a whole chain.

A chain with least and greatest lags is a path of difference constraints, so shifting and intersecting the
sets of possible starts from both ends gives exactly the starts that belong to a whole chain, without
backtracking.
The sets ask for "any room and any person": a resource needed twice at one moment is found out later, and so is
a lag between steps that are not neighbours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from scheduling.engine import bitsets, distances, reach
from scheduling.engine.distances import Join, Pairs, Pools, Window
from scheduling.engine.frame import Frame
from scheduling.engine.intervals import Intervals, contains
from scheduling.engine.reach import Rooms, Scope
from scheduling.engine.request import (
    PATIENT,
    PREP_BAY,
    XRAY_STEP,
    Lag,
    Need,
    ResourceFree,
    Search,
    Step,
    planned_step,
)

__all__ = [
    "PATIENT",
    "PREP_BAY",
    "XRAY_STEP",
    "Chain",
    "Lag",
    "Need",
    "Pairs",
    "Pool",
    "Pools",
    "ResourceFree",
    "Search",
    "Step",
    "Window",
    "planned_step",
]

Pool = tuple[ResourceFree, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """A search made ready: who can serve which need, and how far apart the starts of the steps may lie."""

    search: Search
    anchor: int
    pools: Pools
    room_pairs: Pairs
    gaps: tuple[Window, ...]
    """Least and greatest minutes from the start of the step before; the first one counts from `known_end`.

    The least is raised where the only resource of its kind must first be done with the step before.
    """
    joins: tuple[Join, ...] = ()
    """The further lags (`Step.lags`) between starts."""
    spans: tuple[tuple[Window, ...], ...] = ()
    """[i][j]: least and greatest minutes from the start of i to that of j, by all lags together."""
    contests: tuple[tuple[tuple[int, int, int], ...], ...] = ()
    """Per step, which steps could need one of its resources at one moment (`distances.contests`)."""
    rooms: tuple[Rooms, ...] = ({},)
    """One mapping from step to room for every way to fill the groups of steps that share a room."""
    margins: tuple[Window, ...] = ()
    """Per step, the most minutes that it takes before and after its start."""
    undisputed: bool = False
    """No two needs can ask for one resource at one moment or have to share it, and each asks for one."""
    ahead: int = 0
    """The most minutes for which a visit occupies anything after the start of its anchor."""

    @classmethod
    def of(cls, search: Search) -> "Chain":
        """Raises ValueError on a search that says nothing or contradicts itself."""
        _check(search)
        pools = _pools(search)
        order = {step.key: at for at, step in enumerate(search.steps)}
        pairs = tuple((order[s.same_room_as], order[s.key]) for s in search.steps if s.same_room_as)
        gaps = tuple([distances.gap(search, pools, pairs, at) for at in range(len(search.steps))])
        joins = distances.further(search)
        spans = distances.between(search, gaps, joins)
        contests = distances.contests(search, pools, spans)
        single = all(need.count == 1 for step in search.steps for need in step.needs)
        undisputed = single and not pairs and not any(contests)
        anchor, margins = _anchor(search), tuple([_margins(step) for step in search.steps])
        return cls(
            search,
            anchor,
            pools,
            pairs,
            gaps,
            joins,
            spans,
            contests,
            tuple(_room_choices(pools, pairs)) if pairs else ({},),
            margins,
            undisputed,
            max([most + after for (_, most), (_, after) in zip(spans[anchor], margins, strict=True)]),
        )

    def timely(self, times: Sequence[int]) -> bool:
        """Whether these starts keep every rule but the resources: period, lags, same day, allowed starts."""
        search, ends = self.search, self.search.known_end
        for at, (step, t) in enumerate(zip(search.steps, times, strict=True)):
            if t < search.earliest or t + step.acquisition_minutes > search.latest:
                return False
            if ends is not None and not _within(t - ends, step.lag_min, step.lag_max):
                return False
            before = times[at - 1] if at else search.known_end
            if step.same_day and before is not None and not self._one_day(before, t):
                return False
            if step.allowed is not None and not contains(step.allowed, t):
                return False
            ends = t + step.acquisition_minutes
        return all(least <= times[j] - times[i] <= most for i, j, least, most in self.joins)

    def in_turn(self, times: Sequence[int]) -> bool:
        """Whether timely starts leave the only resource of its kind the time to be done with the step before.

        `spans` and `contests` take this for granted.
        """
        return all(times[at] - times[at - 1] >= self.gaps[at][0] for at in range(1, len(times)))

    def _one_day(self, one: int, other: int) -> bool:
        day_of = self.search.day_of
        return day_of is None or day_of(one) == day_of(other)

    def starts(self, at: int, window: Window, rooms: Rooms | None = None) -> Intervals:
        """The starts of one step by itself, within the half-open `window`."""
        return bitsets.to_intervals(*reach.starts(self, at, window, rooms or {}))

    def serves(self, need: Need, pool: Pool, window: Window) -> Intervals:
        """The starts within `window` at which enough resources of the pool can serve the need."""
        search = self.search
        low = max(window[0], search.earliest + need.starts_before)
        high = min(window[1], search.latest - need.ends_after_start + 1)
        if low >= high:
            return ()
        base = min(low, low - need.starts_before)
        top = min(search.latest, high - 1 + max(1, need.ends_after_start))
        frame = Frame(base, max(base, search.earliest), top, {}, {})
        return bitsets.to_intervals(frame.serves(need, pool) & bitsets.span(low, high, base), base)

    def reach(self, window: Window) -> list[Intervals]:
        """Per step, the starts that belong to a whole chain whose anchor starts within `window`.

        Exact in the lags of neighbours; a superset where `Step.lags` or one resource needed twice bind.
        """
        frame, found = reach.bits(self, window, Scope.of(self))
        return [bitsets.to_intervals(each, frame.base) for each in found]

    def bits(self, window: Window) -> tuple[Frame, list[int]]:
        """`reach` as bit sets (`bitsets`), with the frame whose base they count from."""
        return reach.bits(self, window, Scope.of(self))

    def windows(self, first: int | None = None) -> Iterator[Window]:
        """Growing windows of anchor starts that cover the whole search: the first answers are near.

        `first`: so many minutes at least are looked at together.
        """
        search = self.search
        low, end = search.earliest, search.latest + 1
        if search.known_end is not None and self.anchor == 0:
            low = max(low, search.known_end + self.gaps[0][0])
            end = min(end, search.known_end + self.gaps[0][1] + 1)
        longest, grid = max(_LONGEST_WINDOW, first or 0), search.grid_minutes
        length = first or _FIRST_WINDOW
        while low < end:
            high = min((low + length) // grid * grid + grid, end)
            known = (end if search.known_until is None else search.known_until) - self.ahead
            if low + grid <= known < high:
                high = known - known % grid
            yield low, high
            low, length = high, min(max(2 * (high - low), _FIRST_WINDOW), longest)

    def known_from(self, window: Window) -> int:
        """The minute before which the resources decide about visits whose anchor starts in the window."""
        return min(self.search.latest, window[1] + self.ahead)


_FIRST_WINDOW = 1440
_LONGEST_WINDOW = 4 * 1440


def _within(minutes: int, least: int, most: int | None) -> bool:
    return minutes >= least and (most is None or minutes <= most)


def _check(search: Search) -> None:
    if not search.steps:
        raise ValueError("A search needs at least one step.")
    if search.day_of is None and any(step.same_day for step in search.steps):
        raise ValueError("A step on the same day needs `day_of`.")
    earlier: dict[str, Step] = {}
    for step in search.steps:
        if step.key in earlier:
            raise ValueError(f"Two steps are called {step.key}.")
        if step.same_room_as and not _one_room(step, earlier.get(step.same_room_as)):
            raise ValueError(
                f"{step.key} asks for the room of {step.same_room_as}, no earlier step with one."
            )
        if any(lag.step not in earlier for lag in step.lags):
            raise ValueError(f"{step.key} has a lag from a step that does not come before it.")
        if any(need.count < 1 or need.starts_before + need.ends_after_start < 1 for need in step.needs):
            raise ValueError(f"{step.key} has a need of nothing.")
        earlier[step.key] = step


def _one_room(step: Step, other: Step | None) -> bool:
    return other is not None and all(each.needs and each.needs[0].count == 1 for each in (step, other))


def _anchor(search: Search) -> int:
    keys = [step.key for step in search.steps]
    if search.anchor is not None:
        return keys.index(search.anchor)
    return next((at for at, key in enumerate(keys) if key != XRAY_STEP), 0)


def _pools(search: Search) -> Pools:
    able: dict[frozenset[str], Pool] = {}
    for step in search.steps:
        for need in step.needs:
            wanted = need.capabilities
            if wanted not in able:
                able[wanted] = tuple([r for r in search.resources if wanted <= r.capabilities])
    return tuple([tuple([able[need.capabilities] for need in step.needs]) for step in search.steps])


def _margins(step: Step) -> Window:
    before = [need.starts_before for need in step.needs]
    after = [need.ends_after_start for need in step.needs]
    return max([0, *before]), max([step.acquisition_minutes, *after])


def _room_choices(pools: Pools, pairs: Pairs) -> Iterator[dict[int, ResourceFree]]:
    """One mapping from step to room for every way to fill the groups of steps that share a room."""
    groups: list[set[int]] = []
    for one, other in pairs:
        home = next((group for group in groups if one in group), None)
        if home is None:
            groups.append({one, other})
        else:
            home.add(other)
    shared = [[r for r in pools[min(group)][0] if all(r in pools[at][0] for at in group)] for group in groups]
    for rooms in product(*shared):
        yield {at: room for group, room in zip(groups, rooms, strict=True) for at in group}
