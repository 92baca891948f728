"""The plan of messages as data: what goes out about a visit, when, and what of it is still of use."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

EMAIL, SMS = "email", "sms"
REMINDER, XRAY_REMINDER = "reminder", "xray_reminder"
TIMED = (REMINDER, XRAY_REMINDER)
# From here on a reminder is about the whole plan: it is sent once, before the patient first comes.
WHOLE_PLAN_HOURS = 48
# A reminder so soon after the confirmation, or after the news of another time, tells nothing.
SILENCE = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plan. `hours_before` the patient comes, by the clinic's wall clock; 0: at once."""

    kind: str
    hours_before: int = 0
    channel: str = EMAIL
    is_on: bool = True

    @property
    def key(self) -> tuple[str, int, str]:
        return self.kind, self.hours_before, self.channel


# Two reminders are missed less often than one (4.4 % against 5.3 and 5.8 %, n = 54,066).
USUAL = (
    Line("confirmation"),
    Line(REMINDER, 72),
    Line(REMINDER, 24),
    Line(REMINDER, 24, SMS),
    Line(REMINDER, 2, is_on=False),
    Line(REMINDER, 2, SMS, is_on=False),
    Line(XRAY_REMINDER, 24),
    Line(XRAY_REMINDER, 24, SMS),
    Line("moved"),
    Line("moved", 0, SMS),
    Line("cancelled"),
    Line("cancelled", 0, SMS),
    Line("booked"),
    Line("not_done"),
    Line("result_ready"),
    Line("critical_result"),
    Line("result_changed"),
    Line("result_withdrawn"),
)
# Without these somebody comes at a wrong time, does not learn of a result that cannot wait, or goes by one that holds
# no longer.
NEVER_OFF = tuple(
    (kind, 0, EMAIL)
    for kind in ("moved", "cancelled", "critical_result", "result_changed", "result_withdrawn")
)


class Visit(Protocol):
    """What is read of a coming of the patient."""

    starts_at: datetime
    is_first_of_two: bool
    is_xray_only: bool
    number: int


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder of one visit; `is_late` where its time has passed, or comes too soon, as it is planned."""

    line: Line
    visit: Visit
    due_at: datetime
    is_late: bool


def merged(*layers: Iterable[Line]) -> tuple[Line, ...]:
    """The usual plan with the lines of the department and of the protocol in place of their like, in that order."""
    found = {line.key: line for line in USUAL}
    for layer in layers:
        found |= {line.key: line for line in layer}
    return tuple(
        sorted(found.values(), key=lambda line: (line.kind not in TIMED, -line.hours_before, line.key))
    )


def is_on(plan: Iterable[Line], kind: str, channel: str = EMAIL) -> bool:
    """Whether the plan sends this kind at once; what it does not know is sent."""
    return next((line.is_on for line in plan if line.key == (kind, 0, channel)), channel == EMAIL)


def reminders(
    plan: Iterable[Line], visits: Sequence[Visit], *, zone: str, now: datetime, channel: str = EMAIL
) -> list[Reminder]:
    """The reminders of these visits, earliest first. Far ahead one for the plan, later one for each visit.

    An X-ray on another trip has its own kind: `xray_reminder` lines speak of it, `reminder` lines of the others.
    """
    lines = [line for line in plan if line.is_on and line.channel == channel and line.kind in TIMED]
    found = [
        Reminder(line, visit, due_at, is_late=due_at < now + SILENCE)
        for line in lines
        for visit in _visits_of(line, visits)
        for due_at in [before(visit.starts_at, line.hours_before, zone)]
    ]
    return sorted(found, key=lambda each: each.due_at)


def _visits_of(line: Line, visits: Sequence[Visit]) -> Sequence[Visit]:
    if line.kind == REMINDER and line.hours_before >= WHOLE_PLAN_HOURS:
        return visits[:1]
    wants_xray = line.kind == XRAY_REMINDER
    return [each for each in visits if (each.is_xray_only and each.is_first_of_two) == wants_xray]


def before(value: datetime, hours: int, zone: str) -> datetime:
    """The instant so many hours earlier on the clinic's wall clock: a day before 09:00 is 09:00."""
    if hours < 24:  # within a day patients count hours that pass
        return value - timedelta(hours=hours)
    # Arithmetic within one zone keeps the wall clock, also where a day has 23 or 25 hours.
    return (value.astimezone(ZoneInfo(zone)) - timedelta(hours=hours)).astimezone(UTC)
