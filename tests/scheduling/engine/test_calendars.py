"""Opening hours on ordinary days and on both nights when the clock changes, in ten zones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.engine import calendars
from scheduling.engine.calendars import WeeklyHours
from scheduling.engine.intervals import union

ZONES = [
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Santiago",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Asia/Kolkata",
]
DAY = timedelta(days=1)
EVERY_DAY = range(7)


def clock_changes(zone: ZoneInfo, year: int = 2026) -> list[date]:
    """The local days of the year that are not 24 hours long, one day without change beside them."""
    days = [date(year, 1, 1) + n * DAY for n in range(365)]
    noon = [datetime.combine(day, time(12), zone).utcoffset() for day in days]
    changed = [days[n] for n in range(1, 365) if noon[n] != noon[n - 1]]
    return [*changed, date(year, 6, 15)]


def reads_open(wall: datetime, hours: list[WeeklyHours], closed: frozenset[date]) -> bool:
    """What a person with a wall clock and the table of hours would say."""
    for row in hours:
        for began in (wall.date(), wall.date() - DAY):
            if began.weekday() != row.weekday or began in closed:
                continue
            ends = began + DAY if row.closes <= row.opens else began
            if datetime.combine(began, row.opens) <= wall < datetime.combine(ends, row.closes):
                return True
    return False


def by_wall_clock(hours, zone, first_day, last_day, closed=frozenset()) -> set[int]:
    """Slow oracle: look at the clock every minute."""
    start = int(datetime.combine(first_day - DAY, time(), UTC).timestamp()) // 60
    found = set()
    for minute in range(start, start + 1440 * ((last_day - first_day).days + 3)):
        wall = datetime.fromtimestamp(minute * 60, zone).replace(tzinfo=None, fold=0)
        if first_day <= wall.date() <= last_day and reads_open(wall, hours, closed):
            found.add(minute)
    return found


def minutes(found) -> set[int]:
    return {minute for low, high in found for minute in range(low, high)}


SHIFTS = {
    "day": (time(8), time(16, 30)),
    "afternoon": (time(13), time(18)),
    "night": (time(22), time(6)),
    "from midnight": (time(0), time(7)),
    "to midnight": (time(16), time(0)),
    "round the clock": (time(7), time(7)),
    "midnight to midnight": (time(0), time(0)),
}


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("shift", SHIFTS)
def test_hours_are_those_of_the_wall_clock_on_every_change_of_the_clock(zone_name, shift):
    zone = ZoneInfo(zone_name)
    hours = [WeeklyHours(weekday, *SHIFTS[shift]) for weekday in EVERY_DAY]
    for day in clock_changes(zone):
        found = calendars.open_minutes(hours, zone=zone, first_day=day - DAY, last_day=day + DAY)
        assert minutes(found) == by_wall_clock(hours, zone, day - DAY, day + DAY), (zone_name, shift, day)


OUTSIDE_THE_CHANGE = st.sampled_from([time(h, m) for h in (0, 4, 7, 9, 12, 15, 20, 22) for m in (0, 10, 45)])
ROWS = st.lists(st.builds(WeeklyHours, st.integers(0, 6), OUTSIDE_THE_CHANGE, OUTSIDE_THE_CHANGE), max_size=4)


@settings(max_examples=40, deadline=None)
@given(
    rows=ROWS,
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata"]).map(
        ZoneInfo
    ),
    around=st.integers(0, 2),
    closed=st.frozensets(st.integers(-2, 2), max_size=3),
)
def test_any_week_of_hours_is_the_one_of_the_wall_clock(rows, zone, around, closed):
    days = clock_changes(zone)
    day = days[around % len(days)]
    shut = frozenset(day + n * DAY for n in closed)
    found = calendars.open_minutes(rows, zone=zone, first_day=day - DAY, last_day=day + DAY, closed_days=shut)
    assert minutes(found) == by_wall_clock(rows, zone, day - DAY, day + DAY, shut)


def test_a_night_is_shorter_in_spring_and_longer_in_autumn():
    berlin = ZoneInfo("Europe/Berlin")
    night = [WeeklyHours(5, time(22), time(6))]  # Saturday to Sunday
    lengths = [
        sum(
            high - low
            for low, high in calendars.open_minutes(night, zone=berlin, first_day=day, last_day=day + DAY)
        )
        for day in (date(2026, 3, 28), date(2026, 6, 13), date(2026, 10, 24))
    ]
    assert lengths == [7 * 60, 8 * 60, 9 * 60]


def test_a_time_that_does_not_exist_is_the_moment_the_clock_jumps_over_it():
    berlin = ZoneInfo("Europe/Berlin")
    jump = calendars.to_minute(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))
    assert calendars.local_minute(date(2026, 3, 29), time(2, 30), berlin) == jump
    never = [WeeklyHours(6, time(2, 15), time(2, 45))]
    assert (
        calendars.open_minutes(never, zone=berlin, first_day=date(2026, 3, 29), last_day=date(2026, 3, 29))
        == ()
    )


def test_a_time_that_exists_twice_is_its_first_occurrence():
    berlin = ZoneInfo("Europe/Berlin")
    first = calendars.to_minute(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert calendars.local_minute(date(2026, 10, 25), time(2, 30), berlin) == first
    short = [WeeklyHours(6, time(2, 15), time(2, 45))]
    found = calendars.open_minutes(
        short, zone=berlin, first_day=date(2026, 10, 25), last_day=date(2026, 10, 25)
    )
    assert found == ((first - 15, first + 15),)


def test_a_day_that_a_country_left_out_is_empty():
    apia = ZoneInfo("Pacific/Apia")  # 30 December 2011 did not happen
    low, high = calendars.local_day_bounds(date(2011, 12, 30), apia)
    assert low == high == calendars.local_day_bounds(date(2011, 12, 31), apia)[0]


@pytest.mark.parametrize(
    ("day", "length"), [(date(2026, 3, 29), 1380), (date(2026, 6, 1), 1440), (date(2026, 10, 25), 1500)]
)
def test_a_local_day_is_as_long_as_the_clock_makes_it(day, length):
    low, high = calendars.local_day_bounds(day, ZoneInfo("Europe/Berlin"))
    assert high - low == length


def test_consecutive_periods_join_without_gap():
    berlin, day = ZoneInfo("Europe/Berlin"), date(2026, 10, 24)
    hours = [WeeklyHours(weekday, time(20), time(6)) for weekday in EVERY_DAY]

    def expand(first, last):
        return calendars.open_minutes(hours, zone=berlin, first_day=first, last_day=last)

    assert union(expand(day, day), expand(day + DAY, day + DAY)) == expand(day, day + DAY)


def test_a_closed_day_drops_its_own_hours_but_not_the_night_before():
    berlin, holiday = ZoneInfo("Europe/Berlin"), date(2026, 12, 25)
    hours = [WeeklyHours(weekday, time(22), time(6)) for weekday in EVERY_DAY]
    found = calendars.open_minutes(
        hours, zone=berlin, first_day=holiday, last_day=holiday + DAY, closed_days=frozenset({holiday})
    )
    start, end = calendars.local_day_bounds(holiday, berlin)
    assert found == ((start, start + 6 * 60), (end + 22 * 60, end + 24 * 60))


def test_minutes_and_times_turn_into_each_other():
    moment = datetime(2026, 11, 22, 9, 30, 59, tzinfo=ZoneInfo("Asia/Kolkata"))
    minute = calendars.to_minute(moment)
    assert calendars.to_datetime(minute) == datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    assert calendars.to_minute(datetime(1969, 12, 31, 23, 59, 30, tzinfo=UTC)) == -1


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        calendars.to_minute(datetime(2026, 11, 22, 9, 30))  # noqa: DTZ001  the point of the test


def test_the_day_number_changes_at_local_midnight():
    berlin = ZoneInfo("Europe/Berlin")
    start, _ = calendars.local_day_bounds(date(2026, 10, 25), berlin)
    day_of = calendars.day_number(berlin)
    assert (day_of(start - 1), day_of(start)) == (
        date(2026, 10, 24).toordinal(),
        date(2026, 10, 25).toordinal(),
    )
