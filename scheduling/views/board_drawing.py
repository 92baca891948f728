"""The board as a drawing: places in percent of a lane, so that one page fits every width without inline styles."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from unicodedata import east_asian_width

from django.urls import reverse

from scheduling.engine.calendars import local_minute, to_datetime
from scheduling.engine.intervals import clip, normal, subtract, union
from scheduling.engine.states import StepState
from scheduling.views import board_svg
from scheduling.views import board_words as words

LEAST_HOURS, HOUR = 8, 60
# Minutes of a lane that one letter of a label takes where an hour is at its narrowest (static/css/board.css).
CAPITAL, SMALL, WIDE = 5.0, 3.8, 7.2
LONGEST_LABEL_MINUTES = 110
SHORTEST_INSIDE_MINUTES = 12  # of a block that has its names inside it
ROOM_HEIGHT, PERSON_HEIGHT, WEEK_HEIGHT, BATCH_HEIGHT = 42, 28, 26, 20


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a lane or of a block, in percent of it."""

    name: str
    x: str
    width: str
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """One block. `label` is what is said of it; the written names stand at `label_x`, beside a block that is too short.

    `label_width`: as far as they may run, over free time too; `is_over`: they run over its end.
    """

    block: object
    x: str
    width: str
    parts: tuple[Part, ...]
    css: str
    label: str
    label_x: str = ""
    label_width: str = ""
    is_over: bool = False
    surname: str = ""
    given: str = ""
    second: str = ""
    icon: str = ""
    marks: tuple[Part, ...] = ()
    may_move: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    start: int
    end: int
    x: str
    width: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Lane:
    row: object
    height: int
    closed: tuple[Part, ...]
    shapes: tuple[Shape, ...]
    gaps: tuple[Gap, ...]
    svg: str = ""


@dataclass(frozen=True, slots=True)
class BatchLine:
    name: str
    x: str
    width: str
    y: int
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """`segments`: the minutes of each column. `hours`: of all columns together, for the least width."""

    segments: tuple[tuple[int, int], ...]
    hours: int
    ticks: tuple[Part, ...]
    heads: tuple[Part, ...]
    lanes: tuple[Lane, ...]
    batches: tuple[BatchLine, ...]
    batches_height: int
    now: str = ""
    grid: tuple[str, ...] = ()

    @property
    def segments_text(self):
        return ",".join(f"{start}-{end}" for start, end in self.segments)


class Scale:
    """Where a minute lies: columns of equal width, one a day, each with the same local hours."""

    def __init__(self, segments):
        self.segments = segments
        self._width = 100 / len(segments)

    def parts(self, start, end):
        """(x, width) of what of these minutes is on the board, one for each column that it touches."""
        for at, (low, high) in enumerate(self.segments):
            if start < high and end > low:
                per = self._width / (high - low)
                begins, ends = max(start, low), min(end, high)
                yield percent(at * self._width + (begins - low) * per), percent((ends - begins) * per)

    def x(self, minute):
        return next((x for x, _ in self.parts(minute, minute + 1)), "")


def percent(number):
    return f"{number:.2f}".rstrip("0").rstrip(".") + "%"


def draw(board, *, now, may_move, day_url):
    """The Drawing of a Board; `now` is a minute. `day_url(day)`: the board of one day."""
    segments = _segments(board)
    scale, is_week = Scale(segments), len(segments) > 1
    times, ends = words.Times(board.zone), board.days[-1][2]
    pen = Pen(scale, times, now, may_move=may_move, is_week=is_week, ends=ends)
    batches, height = _batches(board, pen)
    ticks = () if is_week else tuple(_hours(segments[0], pen))
    heads = tuple(_heads(board, scale, day_url)) if is_week else ()
    grid = tuple(head.x for head in (ticks or heads)[1:])
    lanes = (pen.lane(row) for row in board.rows)
    return Drawing(
        segments=segments,
        hours=sum(high - low for low, high in segments) // HOUR,
        ticks=ticks,
        heads=heads,
        lanes=tuple(replace(lane, svg=board_svg.lane(lane, grid, is_week=is_week)) for lane in lanes),
        batches=batches,
        batches_height=height,
        now=scale.x(now),
        grid=grid,
    )


def _segments(board):
    """From the first to the last local hour in which anything is open or taken on any of the days."""
    used = [
        (at, end)
        for row in board.rows
        for at, end in (*row.there, *((block.start, block.end) for block in row.blocks))
    ]
    bounds = []
    for _, low, high in board.days:
        within = [
            (max(start, low) - low, min(end, high) - low) for start, end in used if start < high and end > low
        ]
        bounds += [(min(start for start, _ in within), max(end for _, end in within))] if within else []
    first = min((start for start, _ in bounds), default=8 * HOUR) // HOUR
    last = -(-max((end for _, end in bounds), default=16 * HOUR) // HOUR)
    last = min(max(last, first + LEAST_HOURS), 24)
    first = max(0, min(first, last - LEAST_HOURS))
    return tuple(
        (_at(day, first, board.zone, low), _at(day, last, board.zone, high)) for day, low, high in board.days
    )


def _at(day, hour, zone, midnight):
    if hour in (0, 24):
        return midnight
    local = to_datetime(midnight).astimezone(zone).time().replace(hour=hour, minute=0)
    return local_minute(day, local, zone)


def _hours(segment, pen):
    for minute in range(segment[0], segment[1] + 1, HOUR):
        share = (minute - segment[0]) / (segment[1] - segment[0])
        anchor = "start" if share == 0 else "end" if share == 1 else "middle"
        yield Part(anchor, percent(share * 100), "", pen.times(minute))


def _heads(board, scale, day_url):
    for day, low, high in board.days:
        x, width = next(scale.parts(low, high))
        yield Part("", x, width, f"{day:%a} {day.day} {day:%b}", day_url(day))


def _batches(board, pen):
    """Each on the first line that is free at its time, and how high they are together. Equal unit doses are one."""
    lines, found = [], []
    for (name, state, start, end), count in Counter(
        (each.name, each.state, each.start, each.end) for each in board.batches
    ).items():
        places = list(pen.scale.parts(start, end + 1))
        if not places:
            continue
        at = next((n for n, until in enumerate(lines) if until <= start), len(lines))
        lines[at : at + 1] = [end]
        said = f"{count} of {name}" if count > 1 else name
        said = f"{said}, {'failed' if state == 'failed' else f'until {pen.until(end)}'}"
        found += [
            BatchLine(said, x, width, at * BATCH_HEIGHT, name if pen.is_week else said, state)
            for x, width in places
        ]
    return tuple(found), max(1, len(lines)) * BATCH_HEIGHT


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
        following = [*(block.start for block in row.blocks[1:]), None]
        shapes = [self._shape(row, block, after) for block, after in zip(row.blocks, following, strict=False)]
        return Lane(
            row, height, tuple(self._background(row)), tuple(filter(None, shapes)), tuple(self._gaps(row))
        )

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
        surname, given = _names(block, row, room)
        second = _second(block, room) if row.is_room else ""
        is_over = not is_beside and _length(surname, CAPITAL) + _length(given, SMALL) > block.end - begins - 5
        return Shape(
            **common,
            label_x=label[0] if label else "",
            label_width=label[1] if label else "",
            is_over=is_over,
            surname=surname,
            given=given,
            second=second,
            icon=_icon(block) if room > SHORTEST_INSIDE_MINUTES - 3 else "",
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


def _names(block, row, minutes):
    """(surname, the rest), as much of them as there is room for."""
    person = block.visit or block.held
    if person is None:
        return "Booked", ""
    room = minutes - (3 if row.is_room else 11)
    surname = _cut(person.family_name, room, CAPITAL)
    if surname != person.family_name:
        return surname, ""
    given = _cut(person.given_name, room - _length(surname, CAPITAL) - SMALL, SMALL)
    return surname, f", {given}" if given else ""


def _length(text, each):
    return sum(WIDE if east_asian_width(letter) in "WF" else each for letter in text)


def _cut(text, room, each):
    """The text, or as much of it as fits with an ellipsis; nothing where that says nothing."""
    if _length(text, each) <= room:
        return text
    shown = text
    while shown and _length(shown, each) + SMALL > room:
        shown = shown[:-1]
    return f"{shown}…" if len(shown) > 1 else ""


def _second(block, minutes):
    """The letter of the step, and how it stands where that is out of the ordinary, as far as there is room."""
    room = minutes - 11
    if block.held:
        return _cut("offered" if block.held.is_offer else f"held, {block.held.held_by}", room, SMALL)
    if block.step is None:
        return ""
    kind = words.letter(block.step.kind) if block.scan else "prep"
    told = next(
        (f"{kind} {each}" for each in _states(block) if _length(f"{kind} {each}", SMALL) <= room), kind
    )
    return told if _length(told, SMALL) <= room else told[:1]


def _states(block):
    """What is to be said of a block beside its kind, the longest words first."""
    if block.status == "overbooked":
        yield from ("overbooked", "twice")
    elif block.step.late and block.scan:
        yield from (words.over_words(block.step), f"+{block.step.late} min", f"+{block.step.late}")
    elif block.is_closed:
        yield "closed"


def _icon(block):
    if block.held:
        return "held"
    if block.status == "overbooked":
        return "overbooked"
    if block.visit is None:
        return ""
    if block.step.late:
        return "overdue"
    return words.STEP_ICONS.get(block.step.state) or words.STATES[block.visit.state][0]
