"""Occupied time in blocks of days, as PostgreSQL packs it and as a process keeps it once unpacked.

Most blocks have not changed since the last search. Each has a version (models/versions.py), which every search
reads; the rows are read only where the process does not have them at this version.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from struct import unpack
from typing import NamedTuple
from uuid import UUID

from scheduling.engine.intervals import Intervals, clip
from scheduling.engine.timeline import Timeline
from scheduling.models.versions import BLOCK_MINUTES

# A row in eight bytes: resource, begin within its block (13 bits), length (12 bits; LONGEST_MINUTES fits).
BEGIN_BITS, LENGTH_BITS = 13, 12
PACKED = f"""string_agg(int8send((resource_id::bigint << {BEGIN_BITS + LENGTH_BITS})
    | (mod(start_minute, {BLOCK_MINUTES}) << {LENGTH_BITS}) | (end_minute - start_minute)), ''::bytea)"""
MOST_ROWS = 300_000
"""So many are kept unpacked by one process: some 40 MB. Of intervals of timelines as many again."""

_BEGIN, _LENGTH = (1 << BEGIN_BITS) - 1, (1 << LENGTH_BITS) - 1
Span = tuple[int, int, int]


class Rows(NamedTuple):
    """The rows of a block at a version. What is held ends by itself, so they hold good from a moment until another."""

    version: int
    since: datetime
    until: datetime | None
    packed: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One block of a site: `taken` (start, end) by resource, and per bookable what is left of its opening hours.

    `reaches_on`: (resource, start, end) of what goes on in the next block.
    """

    number: int
    taken: dict[int, list[tuple[int, int]]]
    reaches_on: tuple[Span, ...]
    free: list[Intervals]


class Kept:
    """The blocks that this process has unpacked, each for one version of the calendar."""

    def __init__(self) -> None:
        self._rows: dict[tuple[UUID | None, int], Rows] = {}
        self._blocks: dict[tuple[UUID | None, int, bytes, tuple[Span, ...]], Block] = {}
        self._timelines: dict[tuple[Block, ...], list[Timeline]] = {}
        self._count = self._intervals = 0

    def rows(self, calendar, number: int, now: datetime) -> Rows | None:
        """The rows of a block as far as they may still be so: the version has to be compared."""
        found = self._rows.get((calendar.version, number))
        if found is None or now < found.since or (found.until is not None and now >= found.until):
            return None
        return found

    def keep(self, calendar, number: int, rows: Rows) -> None:
        self._rows[calendar.version, number] = rows

    def block(self, calendar, number: int, packed: bytes, reaching_in: tuple[Span, ...]) -> Block:
        key = calendar.version, number, packed, reaching_in
        found = self._blocks.get(key)
        if found is None:
            found = _unpacked(calendar, number, packed, reaching_in)
            # What is free counts as well: of each version of the calendar there are blocks without any rows.
            added = len(packed) // 8 + sum([len(each) for each in found.free])
            self._count += added
            if self._count > MOST_ROWS:
                self._blocks, self._rows, self._count = {}, {}, added
            self._blocks[key] = found
        return found

    def timelines(self, calendar, blocks: tuple[Block, ...]) -> list[Timeline]:
        """What the bookables have free in blocks that follow one another, less the time for clearing each room."""
        found = self._timelines.get(blocks)
        if found is None:
            base = blocks[0].number * BLOCK_MINUTES
            found = [
                Timeline(cleared(joined(parts), bookable.clearance_minutes), base)
                for bookable, *parts in zip(
                    calendar.bookables, *[block.free for block in blocks], strict=True
                )
            ]
            added = sum([len(each.free) for each in found])
            self._intervals += added
            if self._intervals > MOST_ROWS:
                self._timelines, self._intervals = {}, added
            self._timelines[blocks] = found
        return found


def spans(number: int, packed: bytes) -> list[Span]:
    """(resource, start, end) of the rows that begin in a block, by resource and time."""
    begins = number * BLOCK_MINUTES
    found = []
    for row in sorted(unpack(f">{len(packed) // 8}q", packed)):
        start = begins + (row >> LENGTH_BITS & _BEGIN)
        found.append((row >> BEGIN_BITS + LENGTH_BITS, start, start + (row & _LENGTH)))
    return found


@lru_cache(maxsize=512)
def reaching_on(number: int, packed: bytes) -> tuple[Span, ...]:
    """The rows that begin in a block and end after it."""
    ends = (number + 1) * BLOCK_MINUTES
    return tuple([row for row in spans(number, packed) if row[2] > ends])


def _unpacked(calendar, number, packed, reaching_in):
    begins, ends = number * BLOCK_MINUTES, (number + 1) * BLOCK_MINUTES
    taken, rows = defaultdict(list), [*reaching_in, *spans(number, packed)]
    for resource, start, end in rows:
        taken[resource].append((start, end))
    reaches_on = tuple([row for row in rows if row[2] > ends])
    free = [
        left(clip(there, begins, ends), taken.get(bookable.id, ()))
        for bookable, there in zip(calendar.bookables, calendar.open_in(begins, ends), strict=True)
    ]
    return Block(number, dict(taken), reaches_on, free)


def left(there, taken):
    """The minutes of `there`, in normal form, without `taken`, which may overlap and come in any order."""
    if not taken:
        return there
    taken = sorted(taken)
    found, at = [], 0
    for low, high in there:
        while at < len(taken) and taken[at][0] < high:
            start, end = taken[at]
            if end > low:
                if start > low:
                    found.append((low, start))
                low = end
                if end > high:
                    break  # it may reach into the next opening
            at += 1
        if low < high:
            found.append((low, high))
    return tuple(found)


def joined(parts):
    """Intervals that follow one another as one set, in normal form."""
    found = []
    for part in parts:
        if part and found and found[-1][1] == part[0][0]:
            found[-1] = (found[-1][0], part[0][1])
            found += part[1:]
        else:
            found += part
    return tuple(found)


def cleared(free, minutes):
    """Free time shortened at its end: what is left of a gap when the room must be cleared before the next."""
    return tuple((start, end - minutes) for start, end in free if end - minutes > start) if minutes else free
