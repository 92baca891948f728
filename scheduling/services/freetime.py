"""The free minutes of a site's rooms and people and of one patient, read as far ahead as a search looks."""

from scheduling.engine import reserved
from scheduling.engine.calendars import to_minute
from scheduling.engine.intervals import clip, subtract, union
from scheduling.engine.itinerary import PATIENT, ResourceFree
from scheduling.models import Agent, Priority
from scheduling.services import blocks, calendars, occupancy
from scheduling.services.blocks import BLOCK_MINUTES

FIRST_RESOURCE_DAYS = 100
"""So much is read at first by a lazy search, where that is two days at least: another query costs as much as this."""
LEAST = 2 * 24 * 60
GROWS = 4
"""Each further reading reaches so many times as far as all before."""
_PATIENT = frozenset({PATIENT})
_kept = blocks.Kept()


class FreeTime:
    """What is free from `earliest` on and before `latest`, in readings that follow one another.

    All resources are those of the calendar of the first reading. `overbooking`: what is booked in rooms and for
    people does not count. `known`: what occupancy.at_this_moment takes.
    """

    def __init__(self, order, earliest, latest, *, overbooking=False, **known):
        self._order, self._overbooking, self._known = order, overbooking, known
        self.earliest, self.latest = earliest, latest
        self._next = earliest // BLOCK_MINUTES
        self._of_patient, self._free, self.calendar = [], [], None

    def first(self, *, lazy):
        """Read the first days, or all; returns the Moment, of one version with `calendar`. One query if it is known."""
        self.calendar = calendars.at_hand(self._order.site_id, self.earliest)
        few = FIRST_RESOURCE_DAYS // max(1, len(self.calendar.bookables)) * 24 * 60
        end = self._end(min(self.latest, self.earliest + max(few, LEAST)) if lazy else self.latest)
        for _ in range(calendars.TRIES):
            within = self.earliest, self.latest
            moment = self._moment(end, tracers=self._tracers(), tracers_within=within)
            if moment.version == self.calendar.version:
                break
            self.calendar = calendars.read(self._order.site_id, self.earliest)
        self._free = [[] for _ in self.calendar.bookables]
        self._add(moment, end)
        return moment

    @property
    def known_until(self):
        """Before this minute all that is free is known."""
        if self._next * BLOCK_MINUTES >= self.latest:
            return self.latest
        # What follows may be free, and then a gap that ends here need not be cleared before.
        return self._next * BLOCK_MINUTES - self.calendar.longest_clearance

    def resources(self, until=None):
        """Every room and person, and the patient last, complete before `until`, which may ask for a reading."""
        until = self.known_until if until is None else min(until, self.latest)
        if until > self.known_until:
            reach = self.earliest + GROWS * (self._next * BLOCK_MINUTES - self.earliest)
            end = self._end(min(self.latest, max(until + self.calendar.longest_clearance, reach)))
            self._add(self._moment(end), end)
        return (*self._rooms_and_people(), self._patient())

    def _rooms_and_people(self):
        until = min(self.latest, self._next * BLOCK_MINUTES)
        for bookable, parts in zip(self.calendar.bookables, self._free, strict=True):
            ends = until
            if bookable.gas_until is not None and self._needs_gas:
                ends = min(until, bookable.gas_until)
            free = clip(blocks.joined(parts), self.earliest, ends)
            if bookable.reserved and self._order.priority == Priority.ROUTINE:
                free = subtract(free, self._reserved(bookable, until))
            free = _cleared(free, bookable.clearance_minutes)
            yield ResourceFree(bookable.id, bookable.name, bookable.capabilities, free)

    def _patient(self):
        there = ((self.earliest, min(self.latest, self._next * BLOCK_MINUTES)),)
        free = blocks.left(there, self._of_patient)
        return ResourceFree(self._order.patient.resource_id, "patient", _PATIENT, free)

    def _end(self, until):
        """The number of the first block that begins at or after a minute."""
        return max(-(-until // BLOCK_MINUTES), self._next + 1)

    def _tracers(self):
        # A calendar from before this protocol has none of it, and is then read anew.
        steps = self.calendar.protocols.get(self._order.procedure.protocol_id, ())
        return sorted({each.tracer for each in steps if each.tracer})

    def _moment(self, end, **wanted):
        begins, ends = self._next * BLOCK_MINUTES, end * BLOCK_MINUTES
        return occupancy.at_this_moment(
            self._order, self.calendar.resource_ids, begins, ends, **wanted, **self._known
        )

    def _add(self, moment, end):
        """Note what is free in the blocks from the next one to before `end`."""
        packed = {} if self._overbooking else moment.packed
        before = self._next - 1
        reaching_in = [
            row
            for row in blocks.spans(before, packed.get(before, b""))
            if row[2] > self._next * BLOCK_MINUTES
        ]
        reaching_in = tuple(reaching_in)
        for number in range(self._next, end):
            block = _kept.block(self.calendar, number, packed.get(number, b""), reaching_in)
            for parts, free in zip(self._free, self._with_who_is_called_in(number, block), strict=True):
                parts.append(free)
            reaching_in = block.reaches_on
        self._of_patient += moment.of_patient
        self._next = end

    def _with_who_is_called_in(self, number, block):
        """What is free in a block; for STAT patients also of those who can be called in, once they can begin."""
        if self._order.priority != Priority.STAT:
            return block.free
        begins, ends = number * BLOCK_MINUTES, (number + 1) * BLOCK_MINUTES
        ready = max(begins, to_minute(self._known["now"] + self._order.site.call_in_delay))
        there, called_in = (
            self.calendar.open_in(begins, ends),
            self.calendar.open_in(begins, ends, on_call=True),
        )
        return [
            blocks.left(
                union(clip(one, begins, ends), clip(other, ready, ends)), block.taken.get(bookable.id, ())
            )
            for bookable, one, other in zip(self.calendar.bookables, there, called_in, strict=True)
        ]

    @property
    def _needs_gas(self):
        return self._order.procedure.protocol.agent == Agent.XE133

    def _reserved(self, bookable, until):
        now = to_minute(self._known["now"])
        return reserved.kept(bookable.reserved, self.calendar.zone, self.earliest, until, now)


def _cleared(free, minutes):
    """Free time shortened at its end: what is left of a gap when the room must be cleared before the next."""
    return tuple((start, end - minutes) for start, end in free if end - minutes > start) if minutes else free
