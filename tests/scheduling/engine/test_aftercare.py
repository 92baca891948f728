"""How long breastfeeding is interrupted, by the site's policy, from the tracers really given."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine.aftercare import HOURS, Given, Policy, interruption, only_gas
from scheduling.engine.doses import PRODUCTS

AT = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hours(policy, *products):
    found = interruption(policy, [Given(product, AT) for product in products])
    assert found is None or found.until - AT == found.hours * HOUR
    return found and found.hours


# JNMT breastfeeding tables: MAA 12 h (ICRP 106) or 24 h (ACMUI); aerosols 0 or 24 h; xenon and krypton 0.
@pytest.mark.parametrize(
    ("policy", "products", "expected"),
    [
        ("acmui24", ["maa"], 24),
        ("acmui24", ["dtpa"], 24),
        ("acmui24", ["pertechnetate", "maa"], 24),
        ("acmui24", ["xe133"], None),
        ("acmui24", ["kr81m", "maa"], 24),
        ("icrp106", ["maa"], 12),
        ("icrp106", ["dtpa"], None),
        ("icrp106", ["pertechnetate"], None),
        ("icrp106", ["dtpa", "maa"], 12),
        ("icrp106", ["xe133", "maa"], 12),
        ("icrp106", [], None),
    ],
)
def test_hours_are_those_of_the_sources(policy, products, expected):
    assert hours(policy, *products) == expected


def test_an_extra_injection_starts_the_hours_anew():
    found = interruption("icrp106", [Given("maa", AT), Given("maa", AT + HOUR)])
    assert found.until == AT + 13 * HOUR


def test_milk_that_was_kept_may_be_given_ten_half_lives_after_the_injection():
    found = interruption("acmui24", [Given("maa", AT)])
    assert found.kept_until == AT + 60 * HOUR + timedelta(minutes=9)


def test_the_end_is_the_next_whole_minute_so_that_no_second_is_lost_on_paper():
    found = interruption("icrp106", [Given("maa", AT + timedelta(seconds=1))])
    assert found.until == AT + 12 * HOUR + timedelta(minutes=1)


def test_hours_are_elapsed_time_in_the_night_that_the_clock_goes_back():
    zone = ZoneInfo("America/New_York")
    injected = datetime(2026, 10, 31, 14, 30, tzinfo=zone)
    until = interruption("acmui24", [Given("maa", injected.astimezone(UTC))]).until
    assert until.astimezone(zone).strftime("%a %H:%M") == "Sun 13:30"


def test_a_gas_alone_is_breathed_out():
    assert only_gas([Given("xe133", AT)])
    assert not only_gas([Given("xe133", AT), Given("maa", AT)])
    assert not only_gas([])


_GIVEN = st.lists(
    st.builds(Given, st.sampled_from(sorted(PRODUCTS)), st.datetimes(timezones=st.just(UTC))), max_size=4
)


@given(st.sampled_from(Policy), _GIVEN, _GIVEN)
def test_another_tracer_never_shortens_the_interruption(policy, one, more):
    before, after = interruption(policy, one), interruption(policy, [*one, *more])
    if before:
        assert after.until >= before.until
        assert after.kept_until >= before.kept_until


@given(st.sampled_from(Policy), _GIVEN)
def test_the_cautious_policy_is_never_the_shorter_one(policy, tracers):
    cautious, other = interruption(Policy.ACMUI24, tracers), interruption(policy, tracers)
    if other:
        assert cautious.until >= other.until
    for each in tracers:
        assert HOURS[policy].get(each.product, 0) in (0, 12, 24)
