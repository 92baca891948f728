"""The small picture of a visit: its steps on a time axis, as numbers for the template's SVG.

Lengths are units of the drawing, WIDTH of them from left to right. A long wait, such as the night between the
X-ray and the lungs, is cut out: the axis then has two parts with a gap between them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from scheduling.models import StepKind
from scheduling.templatetags import clock

WIDTH = 960  # templates/scheduling/_axis.html has the heights: they are the same for every visit
CUT_FROM = timedelta(hours=4)
CUT_WIDTH = 84
HALF_HOUR = timedelta(minutes=30)
DAY_FROM = 90  # between two ticks, so that "Tue 07:00" keeps off the next one
CHARACTER = 7.2  # width of one letter of 12 units, on the safe side
SHORT = {StepKind.XRAY: "X", StepKind.VENTILATION: "V", StepKind.PERFUSION: "Q"}


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    x: float
    width: float
    text: str

    @property
    def middle(self):
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str

    @property
    def anchor(self):
        """The first and the last label keep inside the drawing."""
        return "start" if self.x < CHARACTER * 3 else "end" if self.x > WIDTH - CHARACTER * 3 else "middle"


@dataclass(frozen=True, slots=True)
class Gap:
    """The time between two steps, drawn as a dashed line; `text` is empty where there is no room for it."""

    x1: float
    x2: float
    text: str

    @property
    def middle(self):
        return round((self.x1 + self.x2) / 2, 1)


@dataclass(frozen=True, slots=True)
class Lane:
    x: float
    end: float


@dataclass(frozen=True, slots=True)
class Axis:
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    gaps: tuple[Gap, ...]
    blocks: tuple[Block, ...]
    label: str


def draw(steps, zone):
    """The axis of steps, each with `kind`, `label`, `starts_at` and `ends_at` (aware), in order of time."""
    place = _Places(steps)
    blocks = tuple(_block(step, place) for step in steps)
    gaps = tuple(_gap(before, after, place) for before, after in pairwise(steps))
    return Axis(place.lanes, tuple(_ticks(place, zone)), gaps, blocks, _label(steps, zone))


class _Places:
    """Where an instant lies: one scale for all parts of the axis."""

    def __init__(self, steps):
        self.parts = _parts(steps)
        minutes = sum(_minutes(end - start) for start, end in self.parts)
        self.scale = (WIDTH - CUT_WIDTH * (len(self.parts) - 1)) / minutes
        self.lanes = tuple(Lane(self.x(start), self.x(end)) for start, end in self.parts)

    def x(self, moment):
        left = 0.0
        for start, end in self.parts:
            if moment <= end:
                return round(left + _minutes(moment - start) * self.scale, 1)
            left += _minutes(end - start) * self.scale + CUT_WIDTH
        raise ValueError("This time is not on the axis.")

    def length(self, span):
        return round(_minutes(span) * self.scale, 1)


def _parts(steps) -> list[tuple[datetime, datetime]]:
    spans = [[steps[0].starts_at, steps[0].ends_at]]
    for step in steps[1:]:
        if step.starts_at - spans[-1][1] > CUT_FROM:
            spans.append([step.starts_at, step.ends_at])
        spans[-1][1] = max(spans[-1][1], step.ends_at)
    return [(_floor(start), _ceil(end)) for start, end in spans]


def _floor(moment):
    """The half hour before, two minutes off at least, so that no block touches the edge."""
    early = moment - timedelta(minutes=2)
    return early - timedelta(minutes=early.minute % 30, seconds=early.second, microseconds=early.microsecond)


def _ceil(moment):
    late = moment + timedelta(minutes=2)
    # Steps are whole minutes; an X-ray done elsewhere is not drawn.
    return late + timedelta(minutes=-late.minute % 30)


def _minutes(span):
    return span / timedelta(minutes=1)


def _block(step, place):
    x, width = place.x(step.starts_at), place.length(step.ends_at - step.starts_at)
    fits = len(step.label) * CHARACTER < width
    return Block(step.kind, x, width, step.label if fits else SHORT[step.kind])


def _gap(before, after, place):
    x1, x2 = place.x(before.ends_at), place.x(after.starts_at)
    text = clock.duration(after.starts_at - before.ends_at)
    return Gap(x1, x2, text if len(text) * CHARACTER + 8 < x2 - x1 else "")


def _ticks(place, zone):
    """Every half hour, or every hour where they would stand too close; each part on a day of its own names it."""
    every = 1 if HALF_HOUR / timedelta(minutes=1) * place.scale > 60 else 2
    days = {clock.day_at(start, zone) for start, _ in place.parts}
    named = len(days) > 1 and place.length(every * HALF_HOUR) > DAY_FROM
    for start, end in place.parts:
        count = int((end - start) / HALF_HOUR)
        for at in range(0, count + 1, every):
            moment = start + at * HALF_HOUR
            day = f"{clock.local(moment, zone):%a} " if named and at == 0 else ""
            yield Tick(place.x(moment), f"{day}{clock.time_at(moment, zone)}")


def _label(steps, zone):
    told, day = [], clock.day_at(steps[0].starts_at, zone)
    for step in steps:
        words = f"{step.label} {clock.time_at(step.starts_at, zone)} to {clock.time_at(step.ends_at, zone)}"
        if clock.day_at(step.starts_at, zone) != day:
            day = clock.day_at(step.starts_at, zone)
            words = f"{day}: {words}"
        told.append(words)
    return "; ".join(told)
