"""The steps of one visit and the minutes at which each can start as part of a whole chain.

A chain with least and greatest lags is a path of difference constraints, so shifting and intersecting the
sets of possible starts from both ends gives exactly the starts that belong to a whole chain, without
backtracking.
The sets ask for "any room and any person": a resource needed twice at one moment is found out later.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from scheduling.engine.intervals import Intervals, clip, dilate, erode, intersect, union

PATIENT = "patient"
PREP_BAY = "prep_bay"
XRAY_STEP = "xray"

_LONGEST_DAY = 25 * 60
"""Minutes of the local day on which the clock goes back: more never lies between two times of one day."""


@dataclass(frozen=True, slots=True)
class Need:
    """One resource with all of `capabilities` is occupied in [t - starts_before, t + ends_after_start).

    t is the start of the acquisition. A need that is over before t has a negative `ends_after_start`.
    """

    capabilities: frozenset[str]
    starts_before: int
    ends_after_start: int


@dataclass(frozen=True, slots=True)
class Step:
    """One acquisition. The lag, both ends included, runs from the end of the step before to this start.

    The first need is the room: `same_room_as` names an earlier step whose first need gets the same resource.
    `same_day`: starts on the same local day as the step before.
    """

    key: str
    acquisition_minutes: int
    needs: tuple[Need, ...]
    lag_min: int = 0
    lag_max: int | None = None
    same_room_as: str | None = None
    same_day: bool = False


@dataclass(frozen=True, slots=True)
class ResourceFree:
    """A room, a person or the patient, with the minutes that are free, in the normal form of `intervals`."""

    id: int
    name: str
    capabilities: frozenset[str]
    free: Intervals


@dataclass(frozen=True, slots=True)
class Search:
    """What is wanted. All that is occupied lies within [earliest, latest).

    `known_end`: end of an X-ray done elsewhere; `steps` then begins with the step after it, whose lag counts
    from there. `day_of`: number of the local day of a minute (`calendars.day_number`).
    `anchor`: key of the first lung step, by which itineraries are ranked; by default the first step that is
    not the X-ray. Its starts are multiples of `grid_minutes`; the other steps start at any minute.
    """

    steps: tuple[Step, ...]
    resources: tuple[ResourceFree, ...]
    earliest: int
    latest: int
    known_end: int | None = None
    day_of: Callable[[int], int] | None = None
    anchor: str | None = None
    grid_minutes: int = 1


def planned_step(
    key: str,
    *,
    room: frozenset[str],
    setup_minutes: int,
    acquisition_minutes: int,
    clearance_minutes: int,
    technologist: str | None,
    prep_minutes: int = 0,
    lag_min: int = 0,
    lag_max: int | None = None,
    same_room_as: str | None = None,
    same_day: bool = False,
) -> Step:
    """A step from its times: set-up, acquisition and clearance take the room; people leave before clearance.

    Preparation, in a bay, ends when set-up begins; the patient is there for all but clearance.
    """
    needs = [Need(room, setup_minutes, acquisition_minutes + clearance_minutes)]
    if technologist:
        needs.append(Need(frozenset({technologist}), setup_minutes, acquisition_minutes))
    if prep_minutes:
        needs.append(Need(frozenset({PREP_BAY}), setup_minutes + prep_minutes, -setup_minutes))
    needs.append(Need(frozenset({PATIENT}), setup_minutes + prep_minutes, acquisition_minutes))
    return Step(key, acquisition_minutes, tuple(needs), lag_min, lag_max, same_room_as, same_day)


Pool = tuple[ResourceFree, ...]
Pools = tuple[tuple[Pool, ...], ...]
Pairs = tuple[tuple[int, int], ...]
Window = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Chain:
    """A search made ready: who can serve which need, and how far apart the starts of neighbours may lie."""

    search: Search
    anchor: int
    pools: Pools
    room_pairs: Pairs
    gaps: tuple[Window, ...]
    """Least and greatest minutes from the start of the step before; the first one counts from `known_end`."""

    _rooms: tuple[Mapping[int, ResourceFree], ...] = field(default=({},))

    @classmethod
    def of(cls, search: Search) -> "Chain":
        """Raises ValueError on a search that says nothing or contradicts itself."""
        _check(search)
        pools = tuple(_pools(step, search.resources) for step in search.steps)
        order = {step.key: at for at, step in enumerate(search.steps)}
        pairs = tuple((order[s.same_room_as], order[s.key]) for s in search.steps if s.same_room_as)
        gaps = tuple(_gap(search, pools, pairs, at) for at in range(len(search.steps)))
        return cls(search, _anchor(search), pools, pairs, gaps, tuple(_room_choices(pools, pairs)))

    def starts(self, at: int, window: Window, rooms: Mapping[int, ResourceFree] | None = None) -> Intervals:
        """The starts of one step by itself, within the half-open `window`."""
        step, search = self.search.steps[at], self.search
        low = max(window[0], search.earliest)
        high = min(window[1], search.latest - step.acquisition_minutes + 1)
        found: Intervals = ((low, high),) if low < high else ()
        for position, need in enumerate(step.needs):
            if not found:
                return ()
            pool = (rooms[at],) if rooms and position == 0 and at in rooms else self.pools[at][position]
            found = intersect(found, self.serves(need, pool, (found[0][0], found[-1][1])))
        return found

    def serves(self, need: Need, pool: Pool, window: Window) -> Intervals:
        """The starts within `window` at which some resource of the pool can serve the need."""
        before, after = need.starts_before, need.ends_after_start
        low = max(self.search.earliest, window[0] - before)
        high = min(self.search.latest, window[1] - 1 + after)
        return union(*[erode(clip(resource.free, low, high), before, after) for resource in pool])

    def reach(self, window: Window) -> list[Intervals]:
        """Per step, the starts that belong to a whole chain whose anchor starts within `window`."""
        windows = self._windows(window)
        found = [self._reach(windows, rooms) for rooms in self._rooms]
        if not found:
            return [()] * len(windows)
        return found[0] if len(found) == 1 else [union(*each) for each in zip(*found, strict=True)]

    def windows(self) -> Iterator[Window]:
        """Growing windows of anchor starts that cover the whole search: the first answers are near."""
        low, end = self.search.earliest, self.search.latest + 1
        if self.search.known_end is not None and self.anchor == 0:
            low = max(low, self.search.known_end + self.gaps[0][0])
            end = min(end, self.search.known_end + self.gaps[0][1] + 1)
        length = 2 * 1440
        while low < end:
            yield low, min(low + length, end)
            low, length = low + length, length * 3

    def _windows(self, window: Window) -> list[Window]:
        windows = [window] * len(self.search.steps)
        for at in range(self.anchor + 1, len(windows)):
            least, most = self.gaps[at]
            windows[at] = (windows[at - 1][0] + least, windows[at - 1][1] + most)
        for at in range(self.anchor - 1, -1, -1):
            least, most = self.gaps[at + 1]
            windows[at] = (windows[at + 1][0] - most, windows[at + 1][1] - least)
        return windows

    def _reach(self, windows: list[Window], rooms: Mapping[int, ResourceFree]) -> list[Intervals]:
        known = self.search.known_end
        if known is not None:
            low, high = known + self.gaps[0][0], known + self.gaps[0][1] + 1
            windows = [(max(low, windows[0][0]), min(high, windows[0][1])), *windows[1:]]
        found = [self.starts(len(windows) - 1, windows[-1], rooms)]
        for at in range(len(windows) - 2, -1, -1):
            least, most = self.gaps[at + 1]
            leads_on = dilate(found[0], -most, -least)
            if not leads_on:
                return [()] * len(windows)
            low, high = max(windows[at][0], leads_on[0][0]), min(windows[at][1], leads_on[-1][1])
            found.insert(0, intersect(leads_on, self.starts(at, (low, high), rooms)))
        for at in range(1, self.anchor + 1):
            found[at] = intersect(found[at], dilate(found[at - 1], *self.gaps[at]))
        return found


def _check(search: Search) -> None:
    if not search.steps:
        raise ValueError("A search needs at least one step.")
    if search.day_of is None and any(step.same_day for step in search.steps):
        raise ValueError("A step on the same day needs `day_of`.")
    earlier: set[str] = set()
    for step in search.steps:
        if step.key in earlier:
            raise ValueError(f"Two steps are called {step.key}.")
        if step.same_room_as and (step.same_room_as not in earlier or not step.needs):
            raise ValueError(f"{step.key} asks for the room of {step.same_room_as}, no earlier step.")
        earlier.add(step.key)


def _anchor(search: Search) -> int:
    keys = [step.key for step in search.steps]
    if search.anchor is not None:
        return keys.index(search.anchor)
    return next((at for at, key in enumerate(keys) if key != XRAY_STEP), 0)


def _pools(step: Step, resources: tuple[ResourceFree, ...]) -> tuple[Pool, ...]:
    return tuple(tuple(r for r in resources if need.capabilities <= r.capabilities) for need in step.needs)


def _gap(search: Search, pools: Pools, pairs: Pairs, at: int) -> Window:
    step = search.steps[at]
    before = search.steps[at - 1].acquisition_minutes if at else 0
    least = before + step.lag_min
    most = before + step.lag_max if step.lag_max is not None else search.latest - search.earliest + least
    if at and step.same_day:
        most = min(most, _LONGEST_DAY)
    return (_least_apart(search, pools, pairs, at, least) if at else least), most


def _least_apart(search: Search, pools: Pools, pairs: Pairs, at: int, least: int) -> int:
    """The least gap, raised where the only resource of its kind must first be done with the step before."""
    apart = least
    one_room = (at - 1, at) in pairs
    before, after = search.steps[at - 1].needs, search.steps[at].needs
    for (i, one), (j, other) in product(enumerate(before), enumerate(after)):
        pool = pools[at - 1][i]
        only = len(pool) == 1 and pool == pools[at][j]
        shared = only or (one_room and i == j == 0)
        # A need that can be over before the other begins is left to the exact choice.
        if shared and least > -one.starts_before - other.ends_after_start:
            apart = max(apart, one.ends_after_start + other.starts_before)
    return apart


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
