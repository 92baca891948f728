"""The chest X-ray window: an X-ray (or chest CT) ends 1 to 24 h before the first lung acquisition.

Both ends count, in elapsed time, seconds exact. The first lung acquisition is the first inhalation or
injection, after set-up. Source of the hours: Cleveland Clinic, "VQ Scan", 2023; SNM guideline 4.0, VI.B.1.
Both hours are site settings and come in as arguments.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from scheduling.engine.clocks import hour

_MINUTE = timedelta(minutes=1)

Rule = Literal["CXR-1", "CXR-2", "CXR-3"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ok`, or the rule that is broken and one sentence for the person at the step."""

    ok: bool
    sentence: str | None
    gap: timedelta | None
    rule: Rule | None


def judge(
    *,
    xray_ended_at: datetime | None,
    lungs_start_at: datetime,
    shortest: timedelta,
    longest: timedelta,
    zone: tzinfo,
) -> Verdict:
    """Judge one examination; times in the sentence are local to `zone`. Raises ValueError on naive times."""
    if xray_ended_at is None:
        return Verdict(False, _missing(shortest, longest), None, "CXR-1")
    # In UTC: two aware datetimes of one zone subtract as wall clocks and lose the hour of the DST night.
    xray, lungs = _utc(xray_ended_at), _utc(lungs_start_at)
    gap = lungs - xray
    if gap < shortest:
        return Verdict(False, _too_soon(xray, lungs, shortest, zone), gap, "CXR-3")
    if gap > longest:
        return Verdict(False, _too_old(gap, longest), gap, "CXR-2")
    return Verdict(True, None, gap, None)


def planned_lag(shortest: timedelta, longest: timedelta, margin: timedelta) -> tuple[int, int]:
    """The lag in whole minutes (least, most) to plan with, so that a delay within `margin` breaks nothing."""
    least, most = _ceil_minutes(shortest + margin), (longest - margin) // _MINUTE
    if least > most:
        raise ValueError("The margin leaves nothing of the chest X-ray window.")
    return least, most


def minutes_left(*, xray_ended_at: datetime, now: datetime, longest: timedelta) -> int:
    """Whole minutes in which a first lung acquisition may still start; negative when the X-ray is too old."""
    return (_utc(xray_ended_at) + longest - _utc(now)) // _MINUTE


def minutes_to_wait(*, xray_ended_at: datetime, now: datetime, shortest: timedelta) -> int:
    """Whole minutes until the window opens, rounded up; 0 when it is open."""
    return max(0, _ceil_minutes(_utc(xray_ended_at) + shortest - _utc(now)))


def duration_words(minutes: int) -> str:
    """Minutes as "42 min", "1 h" or "23 h 50 min"."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _missing(shortest: timedelta, longest: timedelta) -> str:
    return (
        "No chest X-ray or chest CT is recorded. One is needed that ended between "
        f"{_words(shortest)} and {_words(longest)} before the first lung acquisition."
    )


def _too_soon(xray: datetime, lungs: datetime, shortest: timedelta, zone: tzinfo) -> str:
    # Rounded up to the minute: a start at the time shown must pass.
    opens = xray + shortest
    opens += -(opens - datetime.min.replace(tzinfo=UTC)) % _MINUTE
    gap = lungs - xray
    if gap < timedelta(0):
        found = (
            f"The chest X-ray ends {_words(-gap)} after this start; "
            f"it must end at least {_words(shortest)} before it."
        )
    else:
        found = f"The chest X-ray ended {_words(gap)} before; at least {_words(shortest)} is needed."
    return f"{found} The earliest start is {_clock(opens, lungs, zone)}."


def _too_old(gap: timedelta, longest: timedelta) -> str:
    # Rounded up, so that one second too many does not read "24 h before; at most 24 h".
    found = duration_words(_ceil_minutes(gap))
    return (
        f"The chest X-ray ended {found} before; at most {_words(longest)} is allowed. "
        "A new chest X-ray is needed."
    )


def _clock(moment: datetime, beside: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    if local.date() == beside.astimezone(zone).date():
        return hour(moment, zone)
    return f"{hour(moment, zone)} on {local.day} {local:%b %Y}"


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A time without a time zone cannot be judged.")
    return moment.astimezone(UTC)


def _words(span: timedelta) -> str:
    return duration_words(span // _MINUTE)


def _ceil_minutes(span: timedelta) -> int:
    return -(-span // _MINUTE)
