"""Local opening hours and shifts as UTC minutes, right on both nights when the clock changes.

Each boundary is localised by itself, because 8 hours after local midnight is not always 08:00. Two choices:
- A local time that does not exist is the moment the clock jumps over it.
- A local time that exists twice is its first occurrence, for opening and for closing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.engine.intervals import Intervals, clip, normal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_FIRST_DAY = date(1970, 1, 1).toordinal()
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Open on `weekday` (Monday is 0) from `opens` to `closes`, local time.

    `closes` before `opens` is on the next day; equal times are 24 hours. They hold on the local days from
    `first_day` to `last_day`, both included, on which they begin; None is without end.
    """

    weekday: int
    opens: time
    closes: time
    first_day: date | None = None
    last_day: date | None = None

    @property
    def crosses_midnight(self) -> bool:
        return self.closes <= self.opens

    def hold_on(self, day: date) -> bool:
        return (self.first_day is None or self.first_day <= day) and (
            self.last_day is None or day <= self.last_day
        )


def to_minute(moment: datetime) -> int:
    """Whole minutes since 1970 in UTC; seconds are cut off. Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("A time without a time zone cannot be placed.")
    return (moment - _EPOCH) // _MINUTE


def to_datetime(minute: int) -> datetime:
    return _EPOCH + minute * _MINUTE


def local_minute(day: date, at: time, zone: ZoneInfo) -> int:
    """The UTC minute of a local date and time (the module says what happens when the clock changes)."""
    # Not combine(...).astimezone: arithmetic between aware datetimes of one zone is wall-clock arithmetic.
    wall = datetime.combine(day, at)
    minute = to_minute(wall.replace(tzinfo=zone, fold=0).astimezone(UTC))
    if to_datetime(minute).astimezone(zone).replace(tzinfo=None) == wall.replace(second=0, microsecond=0):
        return minute
    return _jump_over(wall, zone, minute)


def _jump_over(wall: datetime, zone: ZoneInfo, after: int) -> int:
    """The first minute whose local reading is later than `wall`, a local time that does not exist."""
    before = to_minute(wall.replace(tzinfo=zone, fold=1).astimezone(UTC)) - 1
    while after - before > 1:
        middle = (before + after) // 2
        if to_datetime(middle).astimezone(zone).replace(tzinfo=None) > wall:
            after = middle
        else:
            before = middle
    return after


def local_day_bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """The UTC minutes [start, end) of a local day: 1380, 1440 or 1500 of them in most zones."""
    return local_minute(day, time(), zone), local_minute(day + _DAY, time(), zone)


@lru_cache(maxsize=64)
def day_number(zone: ZoneInfo) -> Callable[[int], int]:
    """A function from a UTC minute to the number of its local day: `date.fromordinal` turns it back."""
    return _DayNumbers(zone).of


class _DayNumbers:
    """Local days of a zone; a UTC day on which the clock does not change is asked about once."""

    __slots__ = ("_offsets", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._offsets: dict[int, int | None] = {}

    def of(self, minute: int) -> int:
        utc_day = minute // 1440
        if utc_day not in self._offsets:
            self._offsets[utc_day] = self._offset(utc_day)
        offset = self._offsets[utc_day]
        if offset is None:
            return to_datetime(minute).astimezone(self._zone).toordinal()
        return _FIRST_DAY + (minute + offset) // 1440

    def _offset(self, utc_day: int) -> int | None:
        """The minutes by which local time is ahead all through a UTC day; None where they change or are not whole."""
        begins, ends = utc_day * 1440, utc_day * 1440 + 1439
        first, last = (to_datetime(each).astimezone(self._zone).utcoffset() for each in (begins, ends))
        return None if first is None or first != last or first % _MINUTE else first // _MINUTE


def open_minutes(
    hours: Iterable[WeeklyHours],
    *,
    zone: ZoneInfo,
    first_day: date,
    last_day: date,
    closed_days: frozenset[date] = frozenset(),
) -> Intervals:
    """The open UTC minutes within the local days `first_day` to `last_day`, both included.

    A night that began the day before `first_day` counts, and everything is cut at the end of `last_day`, so
    consecutive periods join without gap or overlap. A closed day drops the hours that begin on it; a night
    that began the evening before runs to its end.
    """
    if first_day > last_day:
        return ()
    by_weekday: dict[int, list[WeeklyHours]] = {}
    for row in hours:
        by_weekday.setdefault(row.weekday, []).append(row)
    spans: list[tuple[int, int]] = []
    day = first_day - _DAY
    while day <= last_day:
        if day not in closed_days:
            today = by_weekday.get(day.weekday(), ())
            spans += [_span(row, day, zone) for row in today if row.hold_on(day)]
        day += _DAY
    return clip(normal(spans), local_day_bounds(first_day, zone)[0], local_day_bounds(last_day, zone)[1])


def _span(row: WeeklyHours, day: date, zone: ZoneInfo) -> tuple[int, int]:
    last = day + _DAY if row.crosses_midnight else day
    return local_minute(day, row.opens, zone), local_minute(last, row.closes, zone)
