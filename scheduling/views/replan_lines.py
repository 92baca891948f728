"""A plan for a broken day as lines: per patient the old and the new times, and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import dateformat

from scheduling.models import ReplanChange, StepKind
from scheduling.templatetags import clock

Kind = ReplanChange.Kind
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step: "10:20" before, "10:50" after, "Mon 23 Nov, 07:03" on another day; `where` it is done then."""

    label: str
    before: str
    after: str
    where: str

    @property
    def is_moved(self):
        return self.after not in ("", self.before)


@dataclass(frozen=True, slots=True)
class Line:
    change: ReplanChange
    order: object
    steps: tuple[StepLine, ...]
    shift: str
    may_choose: bool

    @property
    def patient(self):
        return self.order.patient

    @property
    def is_lost(self):
        return self.change.kind == Kind.LOST

    @property
    def is_by_hand(self):
        return self.change.kind == Kind.HAND

    @property
    def chip(self):
        return {"move": "booked", "lost": "cancelled", "hand": "warning"}[self.change.kind]


def lines_of(replan, *, may_cancel):
    """Lines of a plan: who is lost first, then in the order of their old times. A fixed number of queries."""
    changes = replan.changes.select_related("appointment__procedure__order__patient").order_by("pk")
    zone = replan.disruption.site.time_zone
    lines = [_line(change, replan.day, zone, may_cancel) for change in changes]
    rank = {Kind.LOST: 0, Kind.HAND: 1, Kind.MOVE: 2}
    return sorted(lines, key=lambda line: (rank[line.change.kind], _first(line.change.before)))


def _first(rows):
    return min((row["starts_at"] for row in rows), default="")


def _line(change, today, zone, may_cancel):
    after = {row["kind"]: row for row in change.after}
    steps = tuple(_step(row, after.get(row["kind"]), today, zone) for row in change.before)
    allowed = change.kind == Kind.MOVE or (change.kind == Kind.LOST and may_cancel)
    return Line(change, change.appointment.procedure.order, steps, _shift(change), allowed)


def _step(before, after, today, zone):
    return StepLine(
        label=StepKind(before["kind"]).label,
        before=_time(before, today, zone),
        after=_time(after, today, zone) if after else "",
        where=", ".join(_places(after or before)),
    )


def _places(row):
    """Rooms, people and the kit that the dose is drawn from."""
    return [*row["resources"], *([row["dose"]] if "dose" in row else [])]


def _time(row, today, zone):
    """The local time, with its day where that is not the plan's."""
    moment = _moment(row)
    local, shown = clock.local(moment, zone), clock.time_at(moment, zone)
    return shown if local.date() == today else f"{dateformat.format(local, 'D j M')}, {shown}"


def _moment(row):
    return datetime.fromisoformat(row["starts_at"])


def _shift(change):
    """ "lungs 25 min later", "lungs at the same time" (another step moves), or that only a room, a person or the dose
    changes."""
    before = {row["kind"]: row for row in change.before}
    moved = [(before[row["kind"]], row) for row in change.after if row["kind"] in before]
    if not moved:
        return ""
    lungs = [pair for pair in moved if pair[0]["kind"] != StepKind.XRAY]
    who = "lungs" if lungs else "X-ray"
    old, new = (lungs or moved)[0]
    minutes = (_moment(new) - _moment(old)) // MINUTE
    if not minutes:
        others = any(_moment(one) != _moment(other) for one, other in moved)
        if others:
            return f"{who} at the same time"
        return f"same time, other {'room or person' if _elsewhere(moved) else 'dose'}"
    words = clock.duration(timedelta(minutes=abs(minutes)))
    return f"{who} {words} {'later' if minutes > 0 else 'earlier'}"


def _elsewhere(moved):
    return any(one["resources"] != other["resources"] for one, other in moved)
