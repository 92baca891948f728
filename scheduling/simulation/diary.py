"""The appointment book: each request gets the visit that the engine offers first, or none."""

from bisect import bisect_right
from dataclasses import dataclass, replace

from scheduling.engine import capacity, itinerary
from scheduling.engine.catalogue import XRAY
from scheduling.engine.chain import PATIENT, ResourceFree, Search, Step
from scheduling.engine.intervals import Intervals, clip, intersect, normal
from scheduling.engine.ranking import Ranking
from scheduling.engine.steps import steps_of
from scheduling.engine.visit import Itinerary, Placed
from scheduling.simulation.demand import Request
from scheduling.simulation.setups import CAPACITY, DAY, Kit, Setup


@dataclass(frozen=True, slots=True)
class Appointment:
    request: Request
    steps: tuple[Placed, ...]

    @property
    def lungs(self) -> Placed:
        return next(step for step in self.steps if step.step_key != XRAY)


class Diary:
    """Free times and doses of a set-up on the days [0, days), less what is booked."""

    def __init__(self, setup: Setup, days: int) -> None:
        self._setup, self._patient = setup, len(setup.units)
        open_days = setup.open_days(0, days)
        self._free: list[Intervals] = [
            normal([(day * DAY + low, day * DAY + high) for day in open_days for low, high in unit.spans])
            for unit in setup.units
        ]
        self._left = {(kit, day): kit.doses for kit in setup.kits for day in open_days}
        self._with_xray = steps_of(setup.protocol.steps, xray_lag=setup.xray_lag)
        self._lungs = steps_of(setup.protocol.steps, xray_lag=(0, None), skip=(XRAY,))

    def book(self, request: Request, now: int) -> Appointment | None:
        """The first offer of the engine, taken; None if the request finds no time before it is too late."""
        search = self.search(request, now)
        if self._setup.ranking == CAPACITY:
            ranking = Ranking(capacity=capacity.term(search, self._lungs))
            search = replace(search, ranking=ranking)
        found = next(itinerary.search(search, limit=1), None)
        if found is None:
            return None
        self._take(found)
        return Appointment(request, found.steps)

    def search(self, request: Request, now: int) -> Search:
        earliest = now + request.notice_minutes
        latest = (self._setup.last_day(now // DAY, request.within_days) + 1) * DAY
        resources = [
            ResourceFree(unit.id, unit.name, unit.capabilities, clip(self._free[unit.id], earliest, latest))
            for unit in self._setup.units
        ]
        here: Intervals = ((earliest, latest),) if earliest < latest else ()
        resources.append(ResourceFree(self._patient, PATIENT, frozenset({PATIENT}), here))
        return Search(
            steps=self._steps(request, earliest, latest),
            resources=tuple(resources),
            earliest=earliest,
            latest=max(earliest, latest),
            day_of=lambda minute: minute // DAY,
            grid_minutes=self._setup.grid_minutes,
        )

    def steps_for(self, request: Request) -> dict[str, Step]:
        """The steps of this patient by key, at any time."""
        return {step.key: step for step in (self._with_xray if request.needs_xray else self._lungs)}

    def _steps(self, request: Request, earliest: int, latest: int) -> tuple[Step, ...]:
        """Within the wish, and while doses are left."""
        steps = self._with_xray if request.needs_xray else self._lungs
        first = next(step.key for step in steps if step.key != XRAY)
        days = range(earliest // DAY, latest // DAY + 1)
        return tuple(
            replace(step, allowed=self._allowed(step.key, request if step.key == first else None, days))
            for step in steps
        )

    def _allowed(self, key: str, request: Request | None, days: range) -> Intervals | None:
        kits = [kit for kit in self._setup.kits if kit.step == key]
        allowed: list[Intervals] = []
        if kits:
            allowed.append(
                normal([_usable(kit, day) for kit in kits for day in days if self._left.get((kit, day))])
            )
        if request and request.wish:
            low, high = request.wish
            allowed.append(tuple((day * DAY + low, day * DAY + high + 1) for day in days))
        if len(allowed) == 2:
            return intersect(*allowed)
        return allowed[0] if allowed else None

    def _take(self, found: Itinerary) -> None:
        for step in found.steps:
            for resource, begins, ends in step.resources:
                if resource != self._patient:
                    self._free[resource] = without(self._free[resource], begins, ends)
            self._take_dose(step)

    def _take_dose(self, step: Placed) -> None:
        """From the kit that expires first, so that the later ones stay for later patients."""
        day = step.start // DAY
        kits = [kit for kit in self._setup.kits if kit.step == step.step_key and self._left[kit, day]]
        usable = [kit for kit in kits if _usable(kit, day)[0] <= step.start < _usable(kit, day)[1]]
        if usable:
            kit = min(usable, key=lambda each: each.ready + each.lasts_minutes)
            self._left[kit, day] -= 1


def _usable(kit: Kit, day: int) -> tuple[int, int]:
    ready = day * DAY + kit.ready
    return ready, ready + kit.lasts_minutes


def without(free: Intervals, begins: int, ends: int) -> Intervals:
    """`free` less a span that lies within one of its intervals: a whole diary need not be walked through."""
    at = bisect_right(free, (begins, ends)) - 1
    if at < 0 or free[at][1] < ends:
        at += 1
    low, high = free[at]
    return (
        *free[:at],
        *(each for each in ((low, begins), (ends, high)) if each[0] < each[1]),
        *free[at + 1 :],
    )
