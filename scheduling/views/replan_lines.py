"""A plan for a broken day as lines: per patient the old and the new times, and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduling.models import ReplanChange, StepKind
from scheduling.templatetags import clock

Kind = ReplanChange.Kind
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step: "10:20" before, "10:50" after; `where` it is done then."""

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
    lines = [_line(change, zone, may_cancel) for change in changes]
    rank = {Kind.LOST: 0, Kind.HAND: 1, Kind.MOVE: 2}
    return sorted(lines, key=lambda line: (rank[line.change.kind], _first(line.change.before)))


def _first(rows):
    return min((row["starts_at"] for row in rows), default="")


def _line(change, zone, may_cancel):
    after = {row["kind"]: row for row in change.after}
    steps = tuple(_step(row, after.get(row["kind"]), zone) for row in change.before)
    allowed = change.kind == Kind.MOVE or (change.kind == Kind.LOST and may_cancel)
    return Line(change, change.appointment.procedure.order, steps, _shift(change), allowed)


def _step(before, after, zone):
    return StepLine(
        label=StepKind(before["kind"]).label,
        before=clock.time_at(_moment(before), zone),
        after=clock.time_at(_moment(after), zone) if after else "",
        where=", ".join((after or before)["resources"]),
    )


def _moment(row):
    return datetime.fromisoformat(row["starts_at"])


def _shift(change):
    """ "25 min later", "10 min earlier" or "same time": of when the patient is next needed."""
    if not change.after:
        return ""
    minutes = (_moment(change.after[0]) - _moment(change.before[0])) // MINUTE
    if not minutes:
        others = any(
            one["starts_at"] != other["starts_at"]
            for one, other in zip(change.before, change.after, strict=False)
        )
        return "comes at the same time" if others else "same time, other room or person"
    words = clock.duration(timedelta(minutes=abs(minutes)))
    return f"{words} later" if minutes > 0 else f"{words} earlier"
