"""The free minutes of a site's rooms and people and of one patient, read as far ahead as a search looks."""

from scheduling.engine import quality, reserved
from scheduling.engine.calendars import to_minute
from scheduling.engine.intervals import clip, subtract, union
from scheduling.engine.itinerary import PATIENT, ResourceFree
from scheduling.models import Agent, Priority
from scheduling.models.versions import BLOCK_MINUTES
from scheduling.services import blocks, calendars, occupancy
from vqflow.pipelines import several

FIRST_RESOURCE_DAYS = 350
"""So much is looked at first by a lazy search, where that is two days at least: most of it the process has."""
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
        self._of_patient, self._blocks, self.calendar = [], (), None

    def first(self, *, lazy, under=several):
        """Read the first days, or all; returns the Moment, of one version with `calendar`. One query if it is known.

        `under`: what carries it out, as occupancy.at_this_moment takes it.
        """
        self.calendar = calendars.at_hand(self._order.site_id, self.earliest)
        few = FIRST_RESOURCE_DAYS // max(1, len(self.calendar.bookables)) * 24 * 60
        end = self._end(min(self.latest, self.earliest + max(few, LEAST)) if lazy else self.latest)
        for _ in range(calendars.TRIES):
            within = self.earliest, self.latest
            moment = self._moment(end, tracers=self._tracers(), tracers_within=within, under=under)
            if moment.version == self.calendar.version:
                break
            self.calendar, under = calendars.read(self._order.site_id, self.earliest), several
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
        timelines = _kept.timelines(self.calendar, self._blocks)
        for at, (bookable, kept) in enumerate(zip(self.calendar.bookables, timelines, strict=True)):
            free = self._for_this_order(at, bookable)
            if free is not None:
                free, kept = blocks.cleared(free, bookable.clearance_minutes), None
            yield ResourceFree(
                bookable.id, bookable.name, bookable.capabilities, kept.free if free is None else free, kept
            )

    def _for_this_order(self, at, bookable):
        """What a bookable has free for this order, where it is not what it has free for any; else None."""
        called_in = self._order.priority == Priority.STAT and bookable.is_on_call
        gas = bookable.gas_until is not None and self._needs_gas
        kept_free = bookable.reserved and self._order.priority == Priority.ROUTINE
        if not (called_in or gas or kept_free):
            return None
        until = self._next * BLOCK_MINUTES
        parts = [
            self._with_who_is_called_in(block, at) if called_in else block.free[at] for block in self._blocks
        ]
        free = clip(blocks.joined(parts), self.earliest, min(until, bookable.gas_until) if gas else until)
        if gas and bookable.gas_checks:
            now = self._known["now"]
            free = subtract(free, quality.closed_to_gas(bookable.gas_checks, now, self.calendar.zone))
        return subtract(free, self._reserved(bookable, until)) if kept_free else free

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
        now, numbers = self._known["now"], range(self._next - 1, end)
        # Whoever leaves rows out sees other rows than everybody.
        ours = self._known.get("hold") is not None or self._known.get("free_of") is not None
        known = {each: None if ours else _kept.rows(self.calendar, each, now) for each in numbers}
        moment = occupancy.at_this_moment(
            self._order, self.calendar.resource_ids, known, **wanted, **self._known
        )
        if not ours and moment.version == self.calendar.version:
            for number, rows in moment.rows.items():
                _kept.keep(self.calendar, number, rows)
        return moment

    def _add(self, moment, end):
        """Note what is free in the blocks from the next one to before `end`."""
        before, added = self._next - 1, []
        reaching_in = () if self._overbooking else blocks.reaching_on(before, moment.rows[before].packed)
        for number in range(self._next, end):
            packed = b"" if self._overbooking else moment.rows[number].packed
            added.append(_kept.block(self.calendar, number, packed, reaching_in))
            reaching_in = added[-1].reaches_on
        self._blocks += tuple(added)
        self._of_patient += moment.of_patient
        self._next = end

    def _with_who_is_called_in(self, block, at):
        """What is free in a block for STAT patients: also those who can be called in, once they can begin."""
        begins, ends = block.number * BLOCK_MINUTES, (block.number + 1) * BLOCK_MINUTES
        ready = max(begins, to_minute(self._known["now"] + self._order.site.call_in_delay))
        there = clip(self.calendar.open_in(begins, ends)[at], begins, ends)
        called_in = clip(self.calendar.open_in(begins, ends, on_call=True)[at], ready, ends)
        return blocks.left(union(there, called_in), block.taken.get(self.calendar.bookables[at].id, ()))

    @property
    def _needs_gas(self):
        return self._order.procedure.protocol.agent == Agent.XE133

    def _reserved(self, bookable, until):
        now = to_minute(self._known["now"])
        return reserved.kept(bookable.reserved, self.calendar.zone, self.earliest, until, now)
