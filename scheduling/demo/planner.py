"""Plans that cannot overlap: each room and person is one integer, with a bit for every minute that is taken.

The bits begin at `origin` and cover yesterday, today and tomorrow; `advance` drops what is past. A check is
one shift and one AND, so that a million examinations are planned in minutes.
"""

from dataclasses import dataclass
from functools import cache
from itertools import chain

XRAY_SHORTEST, XRAY_LONGEST = 70, 1430  # the window with the margin of 10 min to both ends, in minutes
SAME_TRIP = range(XRAY_SHORTEST, 121, 5)
DAY_BEFORE = range(14 * 60, XRAY_LONGEST + 1, 15)


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of a protocol with the ids of the rooms and people who can serve it."""

    kind: str
    ordinal: int
    rooms: tuple[int, ...]
    people: tuple[int, ...]
    bays: tuple[int, ...]
    prep: int
    setup: int
    acquisition: int
    clearance: int
    lag_min: int
    lag_max: int
    same_room: bool


@dataclass(frozen=True, slots=True)
class PlanProtocol:
    id: int
    key: str
    agent: str
    name: str
    xray: PlanStep
    lungs: tuple[PlanStep, ...]


@dataclass(slots=True)
class PlannedStep:
    """UTC minutes of one acquisition; `taken` holds (resource id, from, to) without the patient."""

    step: PlanStep
    start: int
    end: int
    patient_from: int
    person: int
    taken: list


@dataclass(slots=True)
class Plan:
    protocol: PlanProtocol
    xray: PlannedStep | None
    lungs: list[PlannedStep]
    elsewhere_ended: int | None = None

    @property
    def steps(self):
        return [self.xray, *self.lungs] if self.xray else self.lungs

    @property
    def starts(self):
        return min(step.patient_from for step in self.steps)


@cache
def _turned(resources, turn):
    """The resources beginning with another one, so that not all work falls to the first."""
    return resources[turn:] + resources[:turn]


class Planner:
    """The rooms and people of one site. All times are UTC minutes."""

    def __init__(self, rng):
        self.rng = rng
        self.origin = 0
        self.taken = {}
        self.closed = {}
        self.considered = self.taken

    def open(self, resource_ids, first_minute):
        """Begin with resources that are closed until `open_day` says otherwise."""
        self.origin = first_minute
        self.taken = dict.fromkeys(resource_ids, 0)
        self.closed = dict.fromkeys(resource_ids, 0)

    def advance(self, minute):
        """Forget what lies before `minute`."""
        gone = minute - self.origin
        self.origin = minute
        for bits in (self.taken, self.closed):
            for resource in bits:
                bits[resource] >>= gone

    def open_day(self, first_minute, last_minute, hours):
        """The day [first, last) with `hours` {resource id: [(from, to)]}; what is not named is closed."""
        day = self._bits(first_minute, last_minute)
        for resource in self.closed:
            bits = day
            for begins, ends in hours.get(resource, ()):
                bits &= ~self._bits(max(begins, first_minute), min(ends, last_minute))
            self.closed[resource] |= bits

    def minutes_taken(self, hours, resource_ids):
        """How many minutes of these resources are taken within their `hours` (as for `open_day`)."""
        return sum(
            (self.taken[resource] & self._bits(begins, ends)).bit_count()
            for resource in resource_ids
            for begins, ends in hours.get(resource, ())
        )

    def _bits(self, begins, ends):
        low = max(0, begins - self.origin)
        length = ends - self.origin - low
        return ((1 << length) - 1) << low if length > 0 else 0

    def _free(self, resources, begins, ends, *, any_hour):
        """One of the resources that is free for [begins, ends), or 0. Ids are never 0."""
        low = begins - self.origin
        if low < 0 or not resources:
            return 0
        bits, taken, closed = ((1 << (ends - begins)) - 1) << low, self.considered, self.closed
        for resource in _turned(resources, begins % len(resources)):
            if not taken[resource] & bits and (any_hour or not closed[resource] & bits):
                return resource
        return 0

    def place(self, protocol, lungs_start, *, xray="same_trip", gap=None, any_hour=False, released=False):
        """A plan whose first inhalation or injection is at `lungs_start`, reserved; None if it does not fit.

        `xray`: "same_trip", "day_before" or "elsewhere" (then `gap` says how many minutes before it ended).
        `any_hour`: rooms also outside their hours; people never outside their shifts. `released`: a plan that
        came to nothing, which reserves nothing and asks nobody whether they were free.
        """
        self.considered = dict.fromkeys(self.taken, 0) if released else self.taken
        lungs = self._lungs(protocol, lungs_start, any_hour)
        if lungs is None:
            return None
        if xray == "elsewhere":
            plan = Plan(protocol, None, lungs, lungs_start - gap)
        else:
            film = self._xray(protocol.xray, lungs, xray, any_hour, gap)
            if film is None:
                return None
            plan = Plan(protocol, film, lungs)
        if not released:
            self._reserve(plan)
        return plan

    def _reserve(self, plan):
        for step in plan.steps:
            for resource, begins, ends in step.taken:
                self.taken[resource] |= self._bits(begins, ends)

    def _lungs(self, protocol, start, any_hour):
        first = self._acquisition(protocol.lungs[0], start, any_hour)
        if first is None:
            return None
        placed = [first]
        for step in protocol.lungs[1:]:
            following = self._following(step, placed[-1], any_hour)
            if following is None:
                return None
            placed.append(following)
        return placed

    def _following(self, step, before, any_hour):
        room = before.taken[0][0] if step.same_room else None
        for lag in range(max(step.lag_min, step.setup), step.lag_max + 1, 3):
            found = self._acquisition(step, before.end + lag, any_hour, room=room, person=before.person)
            if found is not None:
                return found
        return None

    def _acquisition(self, step, start, any_hour, room=None, person=None):
        set_up, end = start - step.setup, start + step.acquisition
        rooms = (room,) if room else step.rooms
        found_room = self._free(rooms, set_up, end + step.clearance, any_hour=any_hour)
        if not found_room:
            return None
        # The same person goes on where that is possible.
        found_person = (person and self._free((person,), set_up, end, any_hour=False)) or self._free(
            step.people, set_up, end, any_hour=False
        )
        if not found_person:
            return None
        taken = [(found_room, set_up, end + step.clearance), (found_person, set_up, end)]
        if step.prep:
            bay = self._free(step.bays, set_up - step.prep, set_up, any_hour=any_hour)
            if not bay:
                return None
            taken.append((bay, set_up - step.prep, set_up))
        return PlannedStep(step, start, end, set_up - step.prep, found_person, taken)

    def _xray(self, step, lungs, mode, any_hour, gap):
        """Its end 70 to 120 min before the lungs on the same trip, or on the afternoon before."""
        lungs_start = lungs[0].start
        gaps = self.rng.shuffled(SAME_TRIP if mode == "same_trip" else DAY_BEFORE)
        for each in chain([gap], gaps) if gap else gaps:
            start = lungs_start - each - step.acquisition
            found = self._acquisition(step, start, any_hour)
            if found is not None and not self._one_person_twice(found, lungs):
                return found
        return None

    @staticmethod
    def _one_person_twice(film, lungs):
        return any(
            one == other and begins < other_ends and other_begins < ends
            for one, begins, ends in film.taken
            for step in lungs
            for other, other_begins, other_ends in step.taken
        )
