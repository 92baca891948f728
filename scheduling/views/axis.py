"""The small picture of a visit: a lane for each room, with preparation, set-up, scan and clearance on a time axis.

Places are percent of the width, so that the same drawing fits a desk and a phone and its letters keep their size.
A long wait, such as the night between the X-ray and the lungs, is cut out: the axis then has two parts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from scheduling.engine.calendars import to_datetime
from scheduling.engine.itinerary import PATIENT, PREP_BAY
from scheduling.models import StepKind
from scheduling.services import calendars
from scheduling.templatetags import clock

CUT_FROM = timedelta(hours=4)
CUT_WIDTH = 7.0
HALF_HOUR = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)
MOST_TICKS = 9
"""More labels than this would touch each other where the picture is a third of a screen wide."""
SHORT = {StepKind.XRAY: "X", StepKind.VENTILATION: "V", StepKind.PERFUSION: "Q"}
LABELLED_FROM = 9.0
"""Percent of the width from which on a scan's whole name fits into its block."""


@dataclass(frozen=True, slots=True)
class Block:
    """Part of a lane. `part`: preparation, setup, scan or clearance. `text` and, where that is too long, `short`
    stand in the scan alone."""

    part: str
    x: float
    width: float
    text: str = ""
    short: str = ""

    @property
    def middle(self):
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True)
class Lane:
    """One step's room. `who`: the technologist; `bay`: where the preparation is, if there is one."""

    kind: str
    room: str
    who: str
    bay: str
    blocks: tuple[Block, ...]
    wait: "Wait | None" = None


@dataclass(frozen=True, slots=True)
class Wait:
    """From the end of a step to the start of the next: a dashed line in the lane of the first."""

    x1: float
    x2: float
    text: str

    @property
    def middle(self):
        return round((self.x1 + self.x2) / 2, 2)


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str
    anchor: str = "middle"
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    cuts: tuple[tuple[float, float], ...]
    """From where to where the axis is interrupted."""


def draw(proposal, order):
    """The picture of a services.search.Proposal for an order."""
    zone, cleared = order.site.time_zone, _own_clearance(order.site_id, proposal)
    spans = [_spans(step, proposal.resources, cleared) for step in proposal.steps]
    place = _Places(spans)
    following = zip(pairwise(proposal.steps), spans, strict=False)
    waits = [_wait(one, other, place, span) for (one, other), span in following] + [None]
    lanes = tuple(
        _lane(step, span, wait, proposal.resources, place)
        for step, span, wait in zip(proposal.steps, spans, waits, strict=True)
    )
    return Axis(lanes, tuple(_ticks(place, zone)), place.cuts)


def _own_clearance(site_id, proposal):
    """Minutes by room that it needs after every examination, beyond the protocol's."""
    spans = [span for step in proposal.steps for span in step.spans]
    earliest = min((start for _, start, _ in spans), default=0)
    calendar = calendars.at_hand(site_id, earliest) if spans else None
    return {each.id: each.clearance_minutes for each in calendar.bookables} if calendar else {}


def _spans(step, resources, cleared):
    """{part: (from, to)} of one step as aware datetimes."""
    found = {"scan": (step.starts_at, step.ends_at)}
    for position, (who, start, end) in enumerate(step.spans):
        begins, ends = to_datetime(start), to_datetime(end)
        able = resources[who].capabilities
        if position == 0:
            ends += timedelta(minutes=cleared.get(who, 0))
            found["setup"], found["clearance"] = (begins, step.starts_at), (step.ends_at, ends)
        elif PREP_BAY in able and PATIENT not in able:
            found["preparation"] = (begins, min(ends, step.starts_at))
    return {part: span for part, span in found.items() if span[0] < span[1]}


class _Places:
    """Where an instant lies, in percent: one scale for all parts of the axis."""

    def __init__(self, spans):
        self.parts = _parts([span for step in spans for span in step.values()])
        minutes = sum((end - start) / MINUTE for start, end in self.parts)
        self.scale = (100 - CUT_WIDTH * (len(self.parts) - 1)) / minutes
        ends = [(self.x(end), self.x(start)) for (_, end), (start, _) in pairwise(self.parts)]
        self.cuts = tuple(ends)

    def x(self, moment):
        left = 0.0
        for start, end in self.parts:
            if moment <= end:
                return round(left + (moment - start) / MINUTE * self.scale, 2)
            left += (end - start) / MINUTE * self.scale + CUT_WIDTH
        raise ValueError("This time is not on the axis.")


def _parts(spans) -> list[tuple[datetime, datetime]]:
    spans = sorted(spans)
    parts = [list(spans[0])]
    for start, end in spans[1:]:
        if start - parts[-1][1] > CUT_FROM:
            parts.append([start, end])
        parts[-1][1] = max(parts[-1][1], end)
    return [(_floor(start), _ceil(end)) for start, end in parts]


def _floor(moment):
    """The half hour before, two minutes off at least, so that no block touches the edge."""
    early = moment - timedelta(minutes=2)
    return early - timedelta(minutes=early.minute % 30, seconds=early.second, microseconds=early.microsecond)


def _ceil(moment):
    late = moment + timedelta(minutes=2)
    return late + timedelta(minutes=-late.minute % 30)


def _wait(before, after, place, spans):
    """After all that the step before takes; the words say how long the patient waits from scan to scan."""
    if before.ends_at >= after.starts_at:
        return None
    x1 = place.x(max(end for _, end in spans.values()))
    x2 = place.x(after.starts_at)
    text = clock.duration(after.starts_at - before.ends_at)
    return Wait(x1, x2, text if x2 - x1 > LABELLED_FROM else "") if x1 < x2 else None


def _lane(step, spans, wait, resources, place):
    blocks = [
        _block(part, spans[part], place) for part in ("preparation", "setup", "clearance") if part in spans
    ]
    x, end = place.x(step.starts_at), place.x(step.ends_at)
    text = step.label.removeprefix("Chest ") if end - x > LABELLED_FROM else ""
    bays = [resources[who].name for who, _, _ in step.spans[1:] if PREP_BAY in resources[who].capabilities]
    scan = Block("scan", x, round(end - x, 2), text, SHORT[step.kind])
    bay = bays[0] if bays else ""
    return Lane(step.kind, step.room, step.technologist, bay, (*blocks, scan), wait)


def _block(part, span, place):
    x = place.x(span[0])
    return Block(part, x, round(place.x(span[1]) - x, 2))


def _ticks(place, zone):
    """Every half hour, or more where they would stand too close; each part on a day of its own names it."""
    count = sum((end - start) / HALF_HOUR for start, end in place.parts)
    every = next(n for n in (1, 2, 4, 8, 16) if count / n <= MOST_TICKS or n == 16)
    days = {clock.day_at(start, zone) for start, _ in place.parts}
    for start, end in place.parts:
        steps = range(0, int((end - start) / HALF_HOUR) + 1, every)
        for number, at in enumerate(steps):
            moment = start + at * HALF_HOUR
            is_first, is_last = number == 0, at == steps[-1]
            day = f"{clock.local(moment, zone):%a} " if len(days) > 1 and is_first else ""
            anchor = "start" if is_first else "end" if is_last else "middle"
            is_minor = number % 2 == 1 or (is_last and len(place.parts) > 1)
            yield Tick(place.x(moment), f"{day}{clock.time_at(moment, zone)}", anchor, is_minor)
