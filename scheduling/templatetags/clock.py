"""How times are shown: always in a site's IANA zone, the month in letters, 24 hours. `{% load clock %}`

| in the template                           | on screen                                     |
| ----------------------------------------- | --------------------------------------------- |
| `{{ value|at:site.time_zone }}`           | 22 Nov 2026 10:40                             |
| `{{ value|at_named:site.time_zone }}`     | 22 Nov 2026 10:40 EST                         |
| `{{ value|time_at:site.time_zone }}`      | 10:40                                         |
| `{{ value|time_at_named:site.time_zone }}`| 10:40 EST                                     |
| `{{ value|date_at:site.time_zone }}`      | 22 Nov 2026                                   |
| `{{ value|day_at:site.time_zone }}`       | Sun 22 Nov 2026                               |
| `{{ value|long_day_at:site.time_zone }}`  | Sunday 22 November 2026                       |
| `{{ value|iso_at:site.time_zone }}`       | 2026-11-22T10:40:00-05:00 (`<time datetime>`) |
| `{{ patient.born_on|day }}`               | 22 Nov 2026 (a plain date)                    |
| `{{ a_timedelta|duration }}`              | 5 min, 1 h, 1 h 25 min, 2 d 3 h               |
| `{{ step.planned_start_at|late_by:now }}` | 12 min late; nothing when on time             |
| `{{ order.ordered_at|waited:now }}`       | 12 min (from the value to now)                |

`value` is an aware datetime; None shows as nothing, so a step without a plan needs no `{% if %}`. A clock
time that happens twice (the hour after summer time ends) always carries its abbreviation: 01:30 EDT.
The filters are plain functions: Python code calls `clock.at(value, zone)`.
"""

from datetime import UTC, timedelta
from functools import wraps
from zoneinfo import ZoneInfo

from django import template

from scheduling.engine.clocks import clock_time

register = template.Library()


def shown(show):
    """Register the function as a filter of its name that shows None as nothing."""

    @wraps(show)
    def filter_(value, *arguments):
        return "" if value is None else show(value, *arguments)

    return register.filter(show.__name__, filter_)


def local(value, zone):
    """The same instant on the clock of an IANA zone. A naive datetime is a mistake: ValueError."""
    if value.tzinfo is None:
        raise ValueError("A time without a zone cannot be shown.")
    return value.astimezone(ZoneInfo(zone))


@shown
def at(value, zone):
    """22 Nov 2026 10:40"""
    moment = local(value, zone)
    return f"{day(moment)} {clock_time(moment, named=False)}"


@shown
def at_named(value, zone):
    """22 Nov 2026 10:40 EST"""
    moment = local(value, zone)
    return f"{day(moment)} {clock_time(moment, named=True)}"


@shown
def time_at(value, zone):
    """10:40"""
    return clock_time(local(value, zone), named=False)


@shown
def time_at_named(value, zone):
    """10:40 EST"""
    return clock_time(local(value, zone), named=True)


@shown
def date_at(value, zone):
    """22 Nov 2026"""
    return day(local(value, zone))


@shown
def day_at(value, zone):
    """Sun 22 Nov 2026"""
    moment = local(value, zone)
    return f"{moment:%a} {day(moment)}"


@shown
def long_day_at(value, zone):
    """Sunday 22 November 2026"""
    moment = local(value, zone)
    return f"{moment:%A} {moment.day} {moment:%B} {moment.year:04}"


@shown
def iso_at(value, zone):
    """2026-11-22T10:40:00-05:00"""
    return local(value, zone).isoformat(timespec="seconds")


@shown
def day(value):
    """22 Nov 2026, of a plain date."""
    return f"{value.day} {value:%b} {value.year:04}"


@shown
def duration(value):
    """Whole minutes, rounded down: 5 min, 1 h, 1 h 25 min, 2 d 3 h. Without a sign."""
    minutes = int(abs(value) / timedelta(minutes=1))
    hours, days = minutes // 60, minutes // 1440
    parts = ((days, "d"), (hours % 24, "h")) if days else ((hours, "h"), (minutes % 60, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 min"


@shown
def late_by(planned, now):
    """12 min late; nothing before the first whole minute."""
    # Two datetimes of one zone subtract by the wall clock: an hour wrong at a change of summer time.
    late = now.astimezone(UTC) - planned.astimezone(UTC)
    return f"{duration(late)} late" if late >= timedelta(minutes=1) else ""


@shown
def waited(since, now):
    """12 min, from the value to now; 0 min before it."""
    return duration(max(now.astimezone(UTC) - since.astimezone(UTC), timedelta(0)))
