"""Empty rooms after a spill of gas: the examples of the VA manual's formula, and the six months."""

from datetime import date

import pytest

from scheduling.engine.clearance import last_gas_day, spill_minutes


@pytest.mark.parametrize(
    ("air_changes_per_h", "cautious", "present_limit"),
    [(4, 53, 19), (6, 36, 13), (10, 22, 8), (12, 18, 7), (15, 15, 5)],
)
def test_a_room_of_60_cubic_metres(air_changes_per_h, cautious, present_limit):
    """20 mCi in 60 m3, rounded up: 52.6 to 14.0 min at 1e-5 uCi/mL; 18.1, 12.04, 7.2, 6.02, 4.8 at 1e-4."""
    room = {"volume_m3": 60, "exhaust_m3_per_h": 60 * air_changes_per_h}
    assert spill_minutes(**room) == cautious
    assert spill_minutes(**room, limit_bq_per_m3=3_700_000) == present_limit


def test_little_gas_in_much_air_needs_no_waiting():
    assert spill_minutes(volume_m3=3000, exhaust_m3_per_h=300, activity_mbq=740) == 0


@pytest.mark.parametrize("room", [(0, 600), (60, 0), (60, -1)])
def test_a_room_without_air_is_a_mistake(room):
    with pytest.raises(ValueError, match="above zero"):
        spill_minutes(volume_m3=room[0], exhaust_m3_per_h=room[1])


@pytest.mark.parametrize(
    ("measured_on", "may_be_planned"),
    [(None, False), (date(2026, 9, 1), True), (date(2026, 8, 31), False)],
)
def test_the_exhaust_is_measured_every_six_months(measured_on, may_be_planned):
    last = last_gas_day(60, 600, measured_on)
    assert (last is not None and date(2027, 3, 3) <= last) == may_be_planned


@pytest.mark.parametrize(("volume_m3", "exhaust_m3_per_h"), [(60, None), (None, 600)])
def test_a_room_without_measurements_is_not_for_xenon(volume_m3, exhaust_m3_per_h):
    assert last_gas_day(volume_m3, exhaust_m3_per_h, date(2027, 1, 1)) is None
