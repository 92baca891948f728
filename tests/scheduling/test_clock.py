from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template

from scheduling.templatetags import clock

NEW_YORK = "America/New_York"
MORNING = datetime(2026, 11, 22, 15, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("at", "22 Nov 2026 10:40"),
        ("at_named", "22 Nov 2026 10:40 EST"),
        ("time_at", "10:40"),
        ("time_at_named", "10:40 EST"),
        ("date_at", "22 Nov 2026"),
        ("day_at", "Sun 22 Nov 2026"),
        ("long_day_at", "Sunday 22 November 2026"),
        ("iso_at", "2026-11-22T10:40:00-05:00"),
    ],
)
def test_a_template_shows_an_instant_on_the_sites_clock(name, text):
    page = Template("{% load clock %}{{ value|" + name + ":zone }}")
    assert page.render(Context({"value": MORNING, "zone": NEW_YORK})) == text
    assert page.render(Context({"value": None, "zone": NEW_YORK})) == ""


def test_late_in_the_evening_utc_is_already_tomorrow_in_berlin():
    assert clock.day_at(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "Europe/Berlin") == "Fri 1 Jan 2027"


def test_a_clock_time_that_happens_twice_carries_its_abbreviation():
    first, second = datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert clock.time_at(first, NEW_YORK) == "01:30 EDT"
    assert clock.at(second, NEW_YORK) == "1 Nov 2026 01:30 EST"
    assert clock.time_at(second + timedelta(hours=1), NEW_YORK) == "02:30"


def test_the_hour_that_spring_skips_is_never_shown():
    before, after = datetime(2027, 3, 14, 6, 59, tzinfo=UTC), datetime(2027, 3, 14, 7, 0, tzinfo=UTC)
    assert (clock.time_at(before, NEW_YORK), clock.time_at(after, NEW_YORK)) == ("01:59", "03:00")


def test_a_zone_without_letters_is_named_by_its_offset():
    assert clock.time_at_named(MORNING, "America/Sao_Paulo") == "12:40 UTC-03:00"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        clock.at(datetime(2026, 11, 22, 10, 40), NEW_YORK)  # noqa: DTZ001 - the mistake itself


def test_a_plain_date_is_shown_with_the_month_in_letters():
    assert clock.day(date(1948, 2, 3)) == "3 Feb 1948"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "0 min"),
        (0.9, "0 min"),
        (5, "5 min"),
        (60, "1 h"),
        (85, "1 h 25 min"),
        (-85, "1 h 25 min"),
        (2880, "2 d"),
        (3060, "2 d 3 h"),
    ],
)
def test_durations_are_whole_minutes(minutes, text):
    assert clock.duration(timedelta(minutes=minutes)) == text


def test_lateness_begins_with_the_first_whole_minute():
    assert clock.late_by(MORNING, MORNING + timedelta(seconds=59)) == ""
    assert clock.late_by(MORNING, MORNING + timedelta(minutes=12, seconds=30)) == "12 min late"
    assert clock.late_by(MORNING, MORNING - timedelta(minutes=5)) == ""
    assert clock.late_by(None, MORNING) == ""


def test_waiting_across_the_end_of_summer_time_counts_the_repeated_hour():
    since = clock.local(datetime(2026, 11, 1, 4, 30, tzinfo=UTC), NEW_YORK)
    now = clock.local(datetime(2026, 11, 1, 7, 30, tzinfo=UTC), NEW_YORK)
    assert clock.waited(since, now) == "3 h"
    assert clock.waited(now, since) == "0 min"
