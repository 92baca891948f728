"""What a booking takes from the patients still to come: a term for `Ranking.capacity`.

Booking everybody as early as possible leaves holes that no later patient can use. Of two starts of one patient
the better is the one after which more standard patients fit. Counted is what first-come booking of standard
patients would bring (`Day.packed`): fewest gaps on the cameras is no measure, because minutes that no
ventilation room can feed are worth nothing.

A day is a handful of integers (`bitsets`), one bit per minute: may the need be served from here? A booking clears
one run of bits for each need its resource could have served, so nothing is computed anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scheduling.engine.bitsets import dilated, eroded, multiples, of_intervals, span, union
from scheduling.engine.days import Days
from scheduling.engine.intervals import Intervals
from scheduling.engine.request import Search, Step
from scheduling.engine.standard import Standard
from scheduling.engine.visit import Itinerary

_DAY = 24 * 60

Occupied = tuple[int, int, int]
"""Which resource, occupied from, occupied to."""


class Day:
    """Where standard patients still fit on one day, for trial bookings."""

    __slots__ = ("_allowed", "_base", "_served", "_standard")

    def __init__(self, standard: Standard, free: Sequence[Intervals], low: int, high: int) -> None:
        """`free`: of each resource, in the order of `standard`; only the minutes [low, high) are looked at."""
        # A start may lie before all its needs: the bits begin early enough for it.
        base = low - max(0, *(-need.before for step in standard.steps for need in step), 0)
        minutes = [of_intervals(each, low, high, base) for each in free]
        self._standard, self._base = standard, base
        self._served = [
            [[eroded(minutes[at], need.before, need.after) for at in need.pool] for need in step]
            for step in standard.steps
        ]
        grid = standard.grid_minutes
        on_grid = multiples(grid, (high - base) // grid + 1) << (-base % grid)
        allowed = [-1 if each is None else of_intervals(each, base, high, base) for each in standard.allowed]
        self._allowed = [allowed[0] & on_grid, *allowed[1:]]

    def after(self, occupied: Iterable[Occupied]) -> "Day":
        """This day with these spans taken, by id of the resource; ids it does not know change nothing."""
        day = self._copy()
        for resource, begins, ends in self._known(occupied):
            day._take(resource, begins, ends)
        return day

    def starts(self) -> int:
        """How many minutes of the grid a standard visit of this day can begin at."""
        return union(self._reach(rooms)[0] for rooms in self._standard.rooms).bit_count()

    def packed(self) -> int:
        """How many standard patients can be booked one after another, each as early as possible.

        Each later step follows as early as it can; each need gets the first free resource in the order given that
        the patient does not hold already, and a start at which that fails is passed over.
        """
        return sum(1 for visit in self._copy()._booked() if visit)

    def packing(self) -> "Packing":
        day = self._copy()
        packing = Packing([], [day._copy()], None)
        for visit in day._booked():
            if visit:
                packing.visits.append(visit)
                packing.days.append(day._copy())
            elif packing.passed_over is None:
                packing.passed_over = len(packing.visits)
        return packing

    def packed_after(self, occupied: Iterable[Occupied], packing: "Packing") -> int:
        """`self.after(occupied).packed()`, by the `packing` of this day: the same visits up to the first one that
        meets the new spans. What was passed over might now find somebody else, so it ends what is the same."""
        sure = len(packing.visits) if packing.passed_over is None else packing.passed_over
        taken = [*self._known(occupied)]
        kept = next((at for at in range(sure) if _meet(packing.visits[at], taken)), sure)
        if kept == len(packing.visits) and packing.passed_over is None:
            return kept
        day = packing.days[kept]._copy()
        for resource, begins, ends in taken:
            day._take(resource, begins, ends)
        return kept + day.packed()

    def _booked(self) -> Iterator[list[Occupied]]:
        """Book standard patients on this day; an empty list for each start passed over."""
        since = 0
        while True:
            reaches = [(rooms, self._reach(rooms)) for rooms in self._standard.rooms]
            left = union(reach[0] for _, reach in reaches) >> since
            if not left:
                return
            since += _lowest(left)
            visits = (self._visit(since, rooms, reach) for rooms, reach in reaches if reach[0] >> since & 1)
            visit = next((each for each in visits if each), [])
            for at, begins, ends in visit:
                self._take(at, begins, ends)
            yield visit
            since += not visit

    def _known(self, occupied: Iterable[Occupied]) -> Iterator[Occupied]:
        positions = self._standard.positions
        for resource, begins, ends in occupied:
            if resource in positions:
                yield positions[resource], begins - self._base, ends - self._base

    def _copy(self) -> "Day":
        day = object.__new__(Day)
        day._standard, day._base, day._allowed = self._standard, self._base, self._allowed
        day._served = [[masks.copy() for masks in step] for step in self._served]
        return day

    def _take(self, resource: int, begins: int, ends: int) -> None:
        """Exact: the starts that a span forbids are those whose own span would overlap it."""
        for at, position, place, before, after in self._standard.touches[resource]:
            masks = self._served[at][position]
            masks[place] &= ~span(begins - after + 1, ends + before, 0)

    def _reach(self, rooms: Mapping[int, int]) -> list[int]:
        """Per step, the starts from which the later steps can follow, whoever serves them."""
        found = [self._step(len(self._served) - 1, rooms)]
        for at in range(len(self._served) - 2, -1, -1):
            least, most = self._standard.gaps[at + 1]
            found.insert(0, self._step(at, rooms) & dilated(found[0], -most, -least))
        return found

    def _step(self, at: int, rooms: Mapping[int, int]) -> int:
        starts = self._allowed[at]
        for position, masks in enumerate(self._served[at]):
            if position == 0 and at in rooms:
                starts &= masks[self._standard.steps[at][0].pool.index(rooms[at])]
            else:
                starts &= union(masks)
        return starts

    def _visit(self, start: int, rooms: Mapping[int, int], reach: Sequence[int]) -> list[Occupied]:
        """Position of the resource and span of each need; empty if somebody would be needed twice at once."""
        taken: list[Occupied] = []
        t = start
        for at, starts in enumerate(reach):
            if at:
                t += self._standard.gaps[at][0]
                t += _lowest(starts >> t)
            for position, need in enumerate(self._standard.steps[at]):
                room = rooms.get(at) if position == 0 else None
                masks = self._served[at][position]
                begins, ends = t - need.before, t + need.after
                for resource, mask in zip(need.pool, masks, strict=True):
                    if (
                        mask >> t & 1
                        and room in (None, resource)
                        and not _held(taken, resource, begins, ends)
                    ):
                        taken.append((resource, begins, ends))
                        break
                else:
                    return []
        return taken


@dataclass(slots=True)
class Packing:
    """The visits of `Day.packed`, the day before each of them and after the last, and how many visits there were
    when a start was first passed over."""

    visits: list[list[Occupied]]
    days: list[Day]
    passed_over: int | None


class Term:
    """How many standard patients fewer fit after a booking, on the local days it touches; for `Ranking.capacity`.

    Packing first come, first served is no optimum: a booking in the right place can make room, so less than 0 is
    possible, and is what a good start of the day looks like.
    The days are those of `search`, read once: use a term for one search only.
    """

    def __init__(self, search: Search, standard: Standard) -> None:
        self._search, self._standard = search, standard
        self._bounds = Days(search.day_of or (lambda minute: minute // _DAY))
        self._days: dict[int, tuple[Day, Packing]] = {}

    def __call__(self, booking: Itinerary) -> int:
        lost = 0
        for low, occupied in self._touched(booking).items():
            day, packing = self._days[low]
            lost += len(packing.visits) - day.packed_after(occupied, packing)
        return lost

    def _touched(self, booking: Itinerary) -> dict[int, list[Occupied]]:
        """What is taken from standard patients, by the first minute of the day."""
        touched: dict[int, list[Occupied]] = {}
        for step in booking.steps:
            taken = [each for each in step.resources if each[0] in self._standard.positions]
            if taken:
                low, high = self._bounds.bounds(step.start)
                touched.setdefault(low, []).extend(taken)
                if low not in self._days:
                    self._days[low] = self._day(low, high)
        return touched

    def _day(self, low: int, high: int) -> tuple[Day, Packing]:
        self._search = self._search.complete(high)
        day = Day(self._standard, [resource.free for resource in self._search.resources], low, high)
        return day, day.packing()


def term(search: Search, standard_steps: Sequence[Step]) -> Term | None:
    """None where the resources of the search never serve the standard patient: then nothing can be said.

    `standard_steps`: lags run from the step before; all on one day. The X-ray is best left out: with it the same
    is gained in twice the time.
    """
    standard = Standard.of(standard_steps, search.resources, search.grid_minutes)
    return None if standard is None else Term(search, standard)


def _meet(visit: Iterable[Occupied], taken: Sequence[Occupied]) -> bool:
    return any(_held(taken, *each) for each in visit)


def _held(taken: Iterable[Occupied], resource: int, begins: int, ends: int) -> bool:
    return any(one == resource and since < ends and begins < to for one, since, to in taken)


def _lowest(minutes: int) -> int:
    return (minutes & -minutes).bit_length() - 1
