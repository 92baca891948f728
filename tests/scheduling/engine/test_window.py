"""The chest X-ray window to the second, in elapsed time, on ordinary days and on both nights of a clock change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine import window

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
SHORTEST, LONGEST = HOUR, 24 * HOUR

# (zone, moment just around which the X-ray ends): an ordinary day, and the evening before each clock change
NIGHTS = [
    (BERLIN, datetime(2026, 11, 22, 9, 0, tzinfo=BERLIN)),
    (BERLIN, datetime(2026, 3, 28, 14, 0, tzinfo=BERLIN)),
    (BERLIN, datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)),
    (BERLIN, datetime(2026, 10, 24, 14, 0, tzinfo=BERLIN)),
    (BERLIN, datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)),
    (BERLIN, datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)),
    (NEW_YORK, datetime(2026, 3, 8, 1, 30, tzinfo=NEW_YORK)),
    (NEW_YORK, datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)),
]


def judge(xray_ended_at, lungs_start_at, zone=BERLIN):
    return window.judge(
        xray_ended_at=xray_ended_at,
        lungs_start_at=lungs_start_at,
        shortest=SHORTEST,
        longest=LONGEST,
        zone=zone,
    )


@pytest.mark.parametrize(("zone", "xray"), NIGHTS)
@pytest.mark.parametrize(
    ("gap", "rule"),
    [
        (HOUR, None),
        (24 * HOUR, None),
        (HOUR - SECOND, "CXR-3"),
        (24 * HOUR + SECOND, "CXR-2"),
        (HOUR - timedelta(microseconds=1), "CXR-3"),
        (-HOUR, "CXR-3"),
    ],
)
def test_both_ends_count_and_one_second_outside_fails(zone, xray, gap, rule):
    lungs = (xray.astimezone(UTC) + gap).astimezone(zone)
    verdict = judge(xray, lungs, zone)
    assert (verdict.ok, verdict.rule, verdict.gap) == (rule is None, rule, gap)
    assert (verdict.sentence is None) == verdict.ok


def test_the_same_wall_clock_time_a_day_later_is_not_24_hours_in_autumn():
    before = datetime(2026, 10, 24, 14, 0, tzinfo=BERLIN)
    assert judge(before, datetime(2026, 10, 25, 14, 0, tzinfo=BERLIN)).rule == "CXR-2"
    assert judge(before, datetime(2026, 10, 25, 13, 0, tzinfo=BERLIN)).ok


@pytest.mark.parametrize(
    ("xray", "lungs", "sentence"),
    [
        (
            None,
            (22, 10, 0, 0),
            "No chest X-ray or chest CT is recorded. One is needed that ended between 1 h and 24 h before the "
            "first lung acquisition.",
        ),
        (
            (22, 9, 30, 20),
            (22, 10, 12, 20),
            "The chest X-ray ended 42 min before; at least 1 h is needed. The earliest start is 10:31.",
        ),
        (
            (22, 9, 30, 0),
            (22, 10, 29, 59),
            "The chest X-ray ended 59 min before; at least 1 h is needed. The earliest start is 10:30.",
        ),
        (
            (22, 23, 30, 0),
            (22, 23, 50, 0),
            "The chest X-ray ended 20 min before; at least 1 h is needed. The earliest start is 00:30 on 23 Nov 2026.",
        ),
        (
            (22, 10, 0, 0),
            (22, 9, 45, 0),
            "The chest X-ray ends 15 min after this start; it must end at least 1 h before it. "
            "The earliest start is 11:00.",
        ),
        (
            (21, 9, 30, 0),
            (22, 9, 30, 1),
            "The chest X-ray ended 24 h 1 min before; at most 24 h is allowed. A new chest X-ray is needed.",
        ),
    ],
)
def test_the_sentence_says_what_is_wrong_and_what_to_do(xray, lungs, sentence):
    def local(day, hour, minute, second):
        return datetime(2026, 11, day, hour, minute, second, tzinfo=BERLIN)

    assert judge(local(*xray) if xray else None, local(*lungs)).sentence == sentence


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(0, 3599))  # noqa: DTZ001  zone follows
def test_a_start_at_the_time_shown_passes(moment, seconds):
    xray = moment.replace(tzinfo=UTC)
    sentence = judge(xray, xray + seconds * SECOND, UTC).sentence
    shown = sentence.partition("The earliest start is ")[2].rstrip(".")
    clock, _, day = shown.partition(" on ")
    on = datetime.strptime(day, "%d %b %Y") if day else xray + seconds * SECOND  # noqa: DTZ007  zone follows
    hour, minute = map(int, clock.split(":"))
    start = on.replace(hour=hour, minute=minute, second=0, microsecond=0, tzinfo=UTC)
    assert judge(xray, start, UTC).ok
    assert not judge(xray, start - MINUTE, UTC).ok


def test_plans_keep_the_margin_to_both_ends():
    assert window.planned_lag(HOUR, 24 * HOUR, 10 * MINUTE) == (70, 1430)
    assert window.planned_lag(HOUR, 24 * HOUR, timedelta(0)) == (60, 1440)
    assert window.planned_lag(HOUR + SECOND, 24 * HOUR - SECOND, timedelta(0)) == (61, 1439)


def test_a_margin_that_leaves_no_window_is_refused():
    with pytest.raises(ValueError, match="margin"):
        window.planned_lag(HOUR, 2 * HOUR, 40 * MINUTE)


@pytest.mark.parametrize(
    ("passed", "left", "wait"),
    [
        (timedelta(0), 1440, 60),
        (30 * MINUTE + SECOND, 1409, 30),
        (HOUR, 1380, 0),
        (24 * HOUR, 0, 0),
        (24 * HOUR + SECOND, -1, 0),
    ],
)
def test_minutes_left_are_never_flattering(passed, left, wait):
    xray = datetime(2026, 11, 22, 9, 0, tzinfo=BERLIN)
    now = xray.astimezone(UTC) + passed
    assert window.minutes_left(xray_ended_at=xray, now=now, longest=LONGEST) == left
    assert window.minutes_to_wait(xray_ended_at=xray, now=now, shortest=SHORTEST) == wait


def test_times_without_zone_are_refused():
    with pytest.raises(ValueError, match="zone"):
        judge(datetime(2026, 11, 22, 9, 0), datetime(2026, 11, 22, 11, 0, tzinfo=BERLIN))  # noqa: DTZ001  the point


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 min"), (59, "59 min"), (60, "1 h"), (1430, "23 h 50 min")]
)
def test_durations_read_as_hours_and_minutes(minutes, words):
    assert window.duration_words(minutes) == words
