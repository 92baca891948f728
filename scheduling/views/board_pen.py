"""Draws the rooms and people of a board on one scale at one moment."""

from dataclasses import replace
from functools import cache

from django.urls import reverse

from scheduling.engine.intervals import clip, normal, subtract, union
from scheduling.engine.states import StepState
from scheduling.views import board_labels as labels
from scheduling.views import board_words as words
from scheduling.views.board_shapes import Gap, Lane, Part, Shape, percent

LONGEST_LABEL_MINUTES = 110
SHORTEST_INSIDE_MINUTES = 12  # of a block that has its names inside it
ROOM_HEIGHT, PERSON_HEIGHT, WEEK_HEIGHT = 42, 28, 26
LATER_HEIGHT = 17


class Pen:
    """Draws rows on one scale at one moment."""

    def __init__(self, scale, times, now, *, may_move, is_week, ends):
        self.scale, self.times, self.now = scale, times, now
        self.may_move, self.is_week = may_move, is_week
        self.ends = ends

    def until(self, minute):
        """A time, with its day where it is after the days shown."""
        at = self.times(minute)
        return at if minute < self.ends else f"{self.times.day(minute)} {at}"

    def lane(self, row):
        height = WEEK_HEIGHT if self.is_week else ROOM_HEIGHT if row.is_room else PERSON_HEIGHT
        later = tuple(self._later(row)) if row.is_room else ()
        following = [*(block.start for block in row.blocks[1:]), None]
        shapes = [self._shape(row, block, after) for block, after in zip(row.blocks, following, strict=False)]
        return Lane(
            row,
            height + (LATER_HEIGHT if later else 0),
            tuple(self._background(row)),
            tuple(filter(None, shapes)),
            tuple(self._gaps(row)),
            later,
        )

    def _later(self, row):
        """When the pictures are expected that will begin or end later than planned; who, as far as there is room."""
        found = sorted(filter(None, map(self._expected, row.blocks)), key=lambda each: each[0])
        following = [*(start for start, _, _ in found[1:]), self.ends]
        for (start, end, block), until in zip(found, following, strict=False):
            room = max(end, min(until, start + LONGEST_LABEL_MINUTES)) - start
            width = next((width for _, width in self.scale.parts(start, start + room)), "")
            text = labels.later(block, self.times, room)
            for part in self._parts("later", start, end, text):
                yield replace(part, text_width=width)

    def _expected(self, block):
        """(from, to, the block) of pictures that are expected later than planned, or None."""
        step = block.step
        if step is None or not block.scan or step.delay < words.SHOWN_DELAY_MINUTES:
            return None
        start, end = step.expected
        start = max(block.scan[1], self.now) if step.state == StepState.IN_PROGRESS else start
        return start, max(end, start + 1), block

    def _background(self, row):
        """What is not to be booked: hours, closures, on call, and what is kept for the urgent."""
        whole = (self.scale.segments[0][0], self.scale.segments[-1][1])
        closures = normal((each.start, each.end) for each in row.closures)
        for start, end in subtract((whole,), union(row.there, row.on_call, closures)):
            yield from self._parts("off", start, end)
        for start, end in row.on_call:
            yield from self._parts("call", start, end, "On call")
        for each in row.closures:
            url = reverse("scheduling:disruption", args=[each.disruption]) if each.disruption else ""
            until = f"{each.reason or 'Closed'}, until {self.times(each.end)}"
            yield from self._parts("closed", each.start, each.end, until, url)
        for start, end in clip(row.kept, *whole):
            yield from self._parts("kept", start, end, "Kept for urgent")

    def _parts(self, name, start, end, text="", url=""):
        shown = "" if self.is_week else text
        return (Part(name, x, width, shown, url) for x, width in self.scale.parts(start, end))

    def _gaps(self, row):
        # In a week they would be hundreds.
        for start, end in () if self.is_week else row.gaps:
            place = next(self.scale.parts(start, end), None)
            if place is not None:
                url = f"{_gap_address()}?room={row.id}&start={start}&end={end}"
                label = f"Free: {row.name}, {self.times.span(start, end)}. Who waits and would fit?"
                yield Gap(start, end, *place, label, url)

    def _shape(self, row, block, following):
        place = next(self.scale.parts(block.start, block.end), None)
        if place is None:
            return None
        common = {
            "block": block,
            "x": place[0],
            "width": place[1],
            "parts": tuple(self._inner(block)),
            "css": " ".join(self._classes(block)),
            "label": words.block_words(block, row, self.times),
            "may_move": self._may_move(block),
        }
        if self.is_week:
            return Shape(**common)
        is_beside = block.end - block.start < SHORTEST_INSIDE_MINUTES
        begins = block.end if is_beside else block.start
        until = min(following or self.ends, block.start + LONGEST_LABEL_MINUTES)
        room = max(until, block.end) - begins
        label = next(self.scale.parts(begins, begins + room), None)
        surname, given = labels.names(block, row, room)
        second = labels.second(block, room, self.times) if row.is_room else ""
        is_over = (
            not is_beside
            and labels.length(surname, labels.CAPITAL) + labels.length(given, labels.SMALL)
            > block.end - begins - 5
        )
        return Shape(
            **common,
            label_x=label[0] if label else "",
            label_width=label[1] if label else "",
            is_over=is_over,
            surname=surname,
            given=given,
            second=second,
            icon=labels.icon(block) if room > SHORTEST_INSIDE_MINUTES - 3 else "",
            marks=tuple(self._marks(block)) if row.is_room else (),
        )

    def _may_move(self, block):
        step = block.step
        return bool(
            self.may_move
            and block.visit
            and block.visit.is_movable
            and block.scan
            and step.state == StepState.SCHEDULED
            and not step.simultaneous
        )

    def _inner(self, block):
        """Acquisition and clearance in percent of the block; what comes before them is the block itself."""
        low, high = block.scan or (block.end, block.end)
        length = block.end - block.start
        for name, start, end in (("scan", low, high), ("after", high, block.end)):
            if start < end:
                yield Part(
                    name, percent((start - block.start) * 100 / length), percent((end - start) * 100 / length)
                )

    def _marks(self, block):
        """What really happened: from the performed start to its end or to now, and by how much that is too long."""
        step = block.step
        if step is None or step.performed_start is None or not block.scan:
            return
        end = step.performed_end or max(self.now, step.performed_start + 1)
        yield from self._parts("done", step.performed_start, end)
        if step.is_over_time:
            yield from self._parts("over", block.end, max(self.now, block.end + 1))

    def _classes(self, block):
        yield f"step--{block.step.kind}" if block.step else "step--nobody"
        if block.status != "booked":
            yield f"is-{block.status}"
        if block.step and block.step.state != StepState.SCHEDULED:
            yield f"is-{block.step.state}"
        if block.step and block.step.late:
            yield "is-late"
        if block.is_closed or (block.visit and block.visit.hit):
            yield "is-hit"
        if block.scan is None and block.step:
            yield "is-bay"


@cache
def _gap_address():
    return reverse("scheduling:board-gap")
