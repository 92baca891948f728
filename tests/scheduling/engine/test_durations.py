"""Medians and 90th percentiles of performed times."""

import statistics

from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine.durations import LEAST_COUNT, measure, percentile


def of(*minutes):
    return measure(("scan", each) for each in minutes).get("scan")


def test_the_median_and_what_nine_of_ten_keep_to():
    found = of(*range(10, 31))
    assert (found.count, found.median_minutes, found.most_minutes, found.left_out) == (21, 20, 28, 0)


def test_parts_of_minutes_are_rounded_up():
    found = of(*[17.2] * 12)
    assert (found.median_minutes, found.most_minutes) == (18, 18)


def test_ten_are_enough_and_nine_are_not():
    assert [of(*[20] * count).is_enough for count in (LEAST_COUNT - 1, LEAST_COUNT)] == [False, True]


def test_a_forgotten_end_and_a_time_noted_afterwards_are_left_out():
    found = of(*[18, 19, 20, 21, 22] * 3, 0.2, 700)
    assert (found.count, found.left_out, found.most_minutes) == (15, 2, 22)


def test_what_lies_far_outside_of_the_others_is_left_out():
    found = of(*[18, 19, 20, 21, 22] * 3, 90)
    assert (found.count, found.left_out, found.most_minutes) == (15, 1, 22)


def test_a_minute_beside_many_equal_ones_is_no_outlier():
    assert of(*[20] * 20, 21, 23).left_out == 0


def test_keys_are_measured_apart_and_one_without_a_usable_time_is_not_there():
    found = measure([("a", 10), ("b", 30), ("c", 0)])
    assert {key: each.median_minutes for key, each in found.items()} == {"a": 10, "b": 30}


@given(st.lists(st.floats(1, 240), min_size=2, max_size=60))
def test_percentiles_are_those_of_the_standard_library(values):
    values.sort()
    deciles = statistics.quantiles(values, n=10, method="inclusive")
    assert abs(percentile(values, 0.9) - deciles[8]) < 1e-6
    assert abs(percentile(values, 0.5) - statistics.median(values)) < 1e-6


@given(st.lists(st.floats(0, 300), min_size=1, max_size=60))
def test_the_median_is_never_above_the_other_and_nothing_is_lost(values):
    found = of(*values)
    if found:
        assert found.median_minutes <= found.most_minutes
        assert found.count + found.left_out == len(values)
