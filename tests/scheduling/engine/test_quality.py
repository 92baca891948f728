"""Quality checks: what passes, when one is due, and what an overdue or failed one forbids."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from scheduling.engine import quality
from scheduling.engine.calendars import local_day_bounds
from scheduling.engine.quality import Check, Kind, Plan, Standing

ZONE = ZoneInfo("America/New_York")
TODAY = date(2027, 3, 8)
NOW = datetime(2027, 3, 8, 12, 0, tzinfo=UTC)  # Monday 07:00 in New York
DAILY = Plan(Kind.CAMERA, "Camera 1", due_time=time(7, 30))
MONTHLY = Plan(Kind.TRAP, "Ventilation 1", every_days=31)
KIT = Plan(Kind.PURITY, "MAA kit 06:30")


def passed(**ago):
    return Check(NOW - timedelta(**ago), passed=True)


def failed(**ago):
    return Check(NOW - timedelta(**ago), passed=False)


@pytest.mark.parametrize(
    ("kind", "value", "verdict"),
    [
        (Kind.BREAKTHROUGH, "0.15", True),  # 10 CFR 35.204: not more than 0.15 kBq/MBq
        (Kind.BREAKTHROUGH, "0.151", False),
        (Kind.PURITY, "90", True),  # USP: at least 90 %
        (Kind.PURITY, "89.9", False),
        (Kind.PURITY, "100.1", False),
        (Kind.CALIBRATOR, "5", True),  # within 5 %
        (Kind.CALIBRATOR, "-5", True),
        (Kind.CALIBRATOR, "-5.1", False),
        (Kind.CAMERA, "3", None),
    ],
)
def test_the_usual_limits_are_those_of_their_sources(kind, value, verdict):
    usual = quality.STANDARDS[kind]
    assert quality.passes(Decimal(value), usual.lowest, usual.highest) is verdict


def test_limits_are_said_in_words():
    assert quality.limits_in_words(Decimal(-5), Decimal(5), "%") == "-5 to 5 %"
    assert quality.limits_in_words(None, Decimal("0.150"), "kBq/MBq") == "at most 0.15 kBq/MBq"
    assert quality.limits_in_words(Decimal("90.000"), None, "%") == "at least 90 %"
    assert quality.limits_in_words(None, None, "%") == ""


@pytest.mark.parametrize(
    ("plan", "last", "expected"),
    [
        (DAILY, None, Standing.DUE),
        (DAILY, passed(days=1), Standing.DUE),
        (DAILY, passed(days=3), Standing.DUE),  # nobody worked on the weekend
        (DAILY, passed(minutes=10), Standing.DONE),
        (DAILY, failed(minutes=10), Standing.FAILED),
        (MONTHLY, None, Standing.OVERDUE),
        (MONTHLY, passed(days=1), Standing.DONE),
        (MONTHLY, passed(days=25), Standing.SOON),
        (MONTHLY, passed(days=31), Standing.DUE),
        (MONTHLY, passed(days=32), Standing.OVERDUE),
        (KIT, None, Standing.DUE),
        (KIT, passed(days=2), Standing.DONE),
    ],
)
def test_how_a_check_stands(plan, last, expected):
    assert quality.standing(plan, last, NOW, ZONE) == expected


def test_a_daily_check_is_overdue_from_its_time_on():
    assert quality.standing(DAILY, passed(days=1), NOW + timedelta(minutes=29), ZONE) == Standing.DUE
    assert quality.standing(DAILY, passed(days=1), NOW + timedelta(minutes=30), ZONE) == Standing.OVERDUE


def test_the_first_use_waits_for_the_check_of_the_day():
    refused = quality.why_not_use(DAILY, passed(days=1), TODAY, NOW, ZONE)
    assert (
        refused
        == "Camera 1: the camera quality control has not been done today. Do it on the Morning page first."
    )
    assert quality.why_not_use(DAILY, passed(minutes=1), TODAY, NOW, ZONE) is None


def test_an_examination_after_midnight_stands_on_the_check_of_the_evening_before():
    night = datetime(2027, 3, 9, 6, 30, tzinfo=UTC)  # 01:30 in New York
    assert quality.working_day(night, ZONE) == TODAY
    assert quality.why_not_use(DAILY, passed(hours=1), TODAY, night, ZONE) is None


def test_what_failed_is_refused_and_the_sentence_says_what_to_do():
    assert quality.why_not_use(DAILY, failed(days=3), TODAY, NOW, ZONE) == (
        "Camera 1 failed its camera quality control. Repeat the check, or use another room."
    )
    assert quality.why_not_use(KIT, failed(minutes=3), TODAY, NOW, ZONE) == (
        "MAA kit 06:30 failed its radiochemical purity. Take another batch."
    )


def test_a_monthly_check_refuses_from_the_day_after_it_was_due():
    assert quality.why_not_use(MONTHLY, passed(days=31), TODAY, NOW, ZONE) is None
    assert quality.why_not_use(MONTHLY, passed(days=32), TODAY, NOW, ZONE) == (
        "Ventilation 1: the xenon trap check has not been done; it was due on 7 Mar 2027. "
        "Do it on the Morning page first."
    )


def test_tomorrow_is_not_refused_for_a_check_that_is_done_in_the_morning():
    tomorrow = TODAY + timedelta(days=1)
    assert quality.why_not_use(DAILY, None, tomorrow, NOW, ZONE) is None
    assert quality.why_not_use(KIT, None, tomorrow, NOW, ZONE) is None
    assert quality.why_not_use(DAILY, failed(hours=1), tomorrow, NOW, ZONE)
    assert quality.why_not_use(MONTHLY, passed(days=32), tomorrow, NOW, ZONE)


class TestGas:
    def closed(self, plan, last, now=NOW):
        return quality.closed_to_gas([(plan, last)], now, ZONE)

    def test_an_overdue_trap_closes_a_room_to_gas_until_it_is_checked(self):
        assert self.closed(MONTHLY, passed(days=32)) == quality.ALWAYS
        assert self.closed(MONTHLY, passed(days=31)) == ()

    def test_a_missed_daily_check_closes_that_day_alone(self):
        daily = Plan(Kind.PRESSURE, "Ventilation 1", due_time=time(7, 30))
        late = NOW + timedelta(hours=1)
        minutes = self.closed(daily, passed(days=1), late)
        assert minutes == (local_day_bounds(TODAY, ZONE),)
        assert self.closed(daily, passed(days=1)) == ()  # it can still be done in time

    def test_what_failed_closes_it(self):
        assert self.closed(MONTHLY, failed(hours=1)) == quality.ALWAYS

    @given(days=some.integers(0, 80), hours=some.integers(0, 23))
    def test_a_room_is_closed_to_gas_whenever_its_use_would_be_refused_for_days(self, days, hours):
        last = Check(NOW - timedelta(days=days, hours=hours), passed=True)
        refused = quality.why_not_use(MONTHLY, last, TODAY, NOW, ZONE) is not None
        assert (self.closed(MONTHLY, last) == quality.ALWAYS) == refused


def test_refusals_name_the_room_before_the_dose():
    found = quality.Refusals(
        rooms={1: "room"}, gas={2: "gas"}, batches={7: "kit"}, steps={5: "kit"}, calibrator=None
    )
    assert found.start(5, room_ids=[1]) == "room"
    assert found.start(5, room_ids=[2]) == "kit"
    assert found.start(5, room_ids=[2], is_gas=True) == "gas"
    assert found.start(6, room_ids=[3]) is None
    assert found.measure(7) == "kit"
    assert found.measure(8) is None
    assert not quality.NONE_REFUSED


def test_of_an_evacuated_room_its_own_checks_are_said_too_and_those_of_gas_to_gas_alone():
    at = datetime(2027, 3, 8, 12, tzinfo=UTC)
    found = quality.Refusals(gas={1: "No trap check."}, evacuated={1: "Evacuated."}, clears={1: at})
    assert found.start(5, room_ids=[1]) == "Evacuated."
    assert found.start(5, room_ids=[1], is_gas=True) == "Evacuated. No trap check."
    assert found.start(5, room_ids=[1], is_gas=True, at=at) == "No trap check."
    assert found.start(5, room_ids=[1], at=at) is None
    assert found
