from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from scheduling.engine import reminders
from scheduling.engine.reminders import EMAIL, SMS, USUAL, Line

ZONE = "America/New_York"
NOW = datetime(2027, 3, 8, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Coming:
    starts_at: datetime
    is_first_of_two: bool = False
    is_xray_only: bool = False
    number: int = 1


def at(day, hour):
    return datetime(2027, 3, day, hour, tzinfo=UTC)


ONE = [Coming(at(12, 14))]
TWO = [Coming(at(11, 20), is_first_of_two=True, is_xray_only=True), Coming(at(12, 14), number=2)]


def planned(visits, plan=USUAL, *, now=NOW, channel=EMAIL):
    found = reminders.reminders(plan, visits, zone=ZONE, now=now, channel=channel)
    return [(each.line.kind, each.line.hours_before, each.due_at, each.is_late) for each in found]


def test_the_usual_plan_reminds_three_days_and_one_day_before():
    assert planned(ONE) == [("reminder", 72, at(9, 14), False), ("reminder", 24, at(11, 14), False)]


def test_an_xray_on_another_trip_has_its_own_reminder():
    assert planned(TWO) == [
        ("reminder", 72, at(8, 20), False),
        ("xray_reminder", 24, at(10, 20), False),
        ("reminder", 24, at(11, 14), False),
    ]


def test_what_would_come_within_four_hours_of_the_booking_is_late():
    now = at(11, 14) - reminders.SILENCE + timedelta(minutes=1)
    assert [is_late for *_, is_late in planned(ONE, now=now)] == [True, True]
    assert [is_late for *_, is_late in planned(ONE, now=now - timedelta(minutes=1))] == [True, False]


def test_a_line_that_is_switched_off_plans_nothing():
    plan = reminders.merged([Line("reminder", 72, is_on=False)])
    assert [hours for _, hours, *_ in planned(ONE, plan)] == [24]


def test_two_hours_before_is_two_hours_that_pass_also_in_the_night_of_the_change():
    plan = [Line("reminder", 2)]
    visit = Coming(datetime(2027, 3, 14, 7, 30, tzinfo=UTC))  # 03:30 EDT, an hour and a half after 01:59 EST
    assert planned([visit], plan)[0][2] == datetime(2027, 3, 14, 5, 30, tzinfo=UTC)


def test_the_protocols_line_stands_in_place_of_the_departments_and_that_of_the_usual():
    plan = reminders.merged(
        [Line("reminder", 48), Line("booked", is_on=False)], [Line("reminder", 72, is_on=False)]
    )
    assert [hours for _, hours, *_ in planned(ONE, plan)] == [48, 24]
    assert (reminders.is_on(plan, "booked"), reminders.is_on(plan, "moved")) == (False, True)


def test_text_messages_have_lines_of_their_own():
    assert [hours for _, hours, *_ in planned(ONE, channel=SMS)] == [24]
    assert (reminders.is_on(USUAL, "moved", SMS), reminders.is_on(USUAL, "confirmation", SMS)) == (
        True,
        False,
    )


@pytest.mark.parametrize("key", reminders.NEVER_OFF)
def test_the_usual_plan_has_every_line_that_is_never_off(key):
    assert next(line.is_on for line in USUAL if line.key == key)


@pytest.mark.parametrize(
    ("starts_at", "due_at"),
    [
        ("2027-03-14T13:00+00:00", "2027-03-13T14:00+00:00"),  # 09:00 EDT, the day before 09:00 EST: 23 h
        ("2026-11-01T14:00+00:00", "2026-10-31T13:00+00:00"),  # 09:00 EST, the day before 09:00 EDT: 25 h
        ("2027-03-15T06:30+00:00", "2027-03-14T07:30+00:00"),  # 02:30 does not exist: half past three
    ],
)
def test_a_day_before_is_the_same_hour_in_both_dst_nights(starts_at, due_at):
    assert reminders.before(datetime.fromisoformat(starts_at), 24, ZONE) == datetime.fromisoformat(due_at)
