"""Decay against published tables and against exact arithmetic with many digits."""

from decimal import ROUND_CEILING, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine.decay import HALF_LIFE_MINUTES, NEVER, Nuclide, after_decay, before_decay, last_minute

activities = st.integers(1, 50_000_000)
nuclides = st.sampled_from(list(Nuclide))


@pytest.mark.parametrize(
    ("hours", "left"),
    [(1, 0.89116), (2, 0.79416), (4, 0.63069), (6, 0.50087), (12, 0.25087), (24, 0.06293), (60, 0.00099)],
)
def test_technetium_decays_as_icrp_107_says(hours, left):
    found = after_decay(10_000_000, hours * 60, HALF_LIFE_MINUTES[Nuclide.TC99M])
    assert found / 10_000_000 == pytest.approx(left, abs=1e-5)


@pytest.mark.parametrize(("days", "left"), [(8, 0.347), (14, 0.157)])
def test_xenon_decays_as_its_label_says(days, left):
    found = after_decay(1_000_000, days * 1440, HALF_LIFE_MINUTES[Nuclide.XE133])
    assert found / 1_000_000 == pytest.approx(left, abs=1e-3)


def test_a_rubidium_generator_gives_half_after_its_half_life():
    assert after_decay(1000, 275, HALF_LIFE_MINUTES[Nuclide.RB81]) == 499


@given(activities, nuclides, st.integers(-20_000, 20_000))
def test_what_must_be_there_before_is_never_rounded_down(activity, nuclide, minutes):
    half_life = HALF_LIFE_MINUTES[nuclide]
    with localcontext() as context:
        context.prec = 40
        exact = Decimal(activity) * Decimal(2) ** (Decimal(minutes) / Decimal(half_life))
        wanted = exact.to_integral_value(ROUND_CEILING)
        found = before_decay(activity, minutes, half_life)
        assert found >= exact * (1 - Decimal("1e-14"))
        assert abs(found - wanted) <= max(1, exact * Decimal("1e-13"))


@given(activities, nuclides, st.integers(0, 20_000))
def test_a_dose_set_aside_before_is_there_when_it_is_given(activity, nuclide, minutes):
    half_life = HALF_LIFE_MINUTES[nuclide]
    kept = before_decay(activity, minutes, half_life)
    assert after_decay(kept, minutes, half_life) >= activity - 1


@given(st.integers(1, 1_000_000), st.integers(1, 50_000_000), nuclides)
def test_the_last_minute_is_the_last_that_the_limit_allows(activity, limit, nuclide):
    half_life = HALF_LIFE_MINUTES[nuclide]
    last = last_minute(activity, limit, half_life)
    assert before_decay(activity, last, half_life) <= limit < before_decay(activity, last + 1, half_life)


@pytest.mark.parametrize("limit", [0, -1])
def test_without_any_activity_no_minute_is_early_enough(limit):
    assert last_minute(1000, limit, HALF_LIFE_MINUTES[Nuclide.TC99M]) == NEVER
