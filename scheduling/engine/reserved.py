"""Room time that is kept for STAT and urgent patients: to everybody else it is closed until shortly before."""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scheduling.engine.calendars import WeeklyHours, open_minutes, to_datetime
from scheduling.engine.intervals import Intervals, normal


@dataclass(frozen=True, slots=True)
class ReservedHours:
    """Weekly hours that are kept until `open_to_all_minutes_before` they begin."""

    hours: WeeklyHours
    open_to_all_minutes_before: int


def kept(
    reserved: Iterable[ReservedHours], zone: ZoneInfo, earliest: int, latest: int, now: int
) -> Intervals:
    """The minutes around [earliest, latest) that are still kept at the minute `now`."""
    first, last = (to_datetime(minute).astimezone(zone).date() for minute in (earliest, latest))
    spans: list[tuple[int, int]] = []
    for each in reserved:
        # One by one: the evening before is open to all while the morning after is not.
        found = open_minutes([each.hours], zone=zone, first_day=first, last_day=last)
        spans += [span for span in found if span[0] - each.open_to_all_minutes_before > now]
    return normal(spans)
