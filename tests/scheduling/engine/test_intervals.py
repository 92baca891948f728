"""Intervals against sets of minutes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine import intervals
from scheduling.engine.intervals import Intervals

PAIRS = st.lists(st.tuples(st.integers(-30, 60), st.integers(-30, 60)), max_size=8)
SETS = PAIRS.map(intervals.normal)
MINUTE = st.integers(-40, 70)


def minutes(found: Intervals) -> set[int]:
    return {minute for low, high in found for minute in range(low, high)}


def in_normal_form(found: Intervals) -> bool:
    bounds = [bound for pair in found for bound in pair]
    return all(one < other for one, other in pairwise(bounds))


@given(PAIRS)
def test_normal_form_holds_the_same_minutes(pairs):
    found = intervals.normal(pairs)
    assert in_normal_form(found)
    assert minutes(found) == {m for low, high in pairs for m in range(low, high)}


@given(SETS, SETS, SETS)
def test_union_intersection_and_difference_are_those_of_sets(one, other, third):
    for found, wanted in [
        (intervals.union(one, other, third), minutes(one) | minutes(other) | minutes(third)),
        (intervals.intersect(one, other), minutes(one) & minutes(other)),
        (intervals.subtract(one, other), minutes(one) - minutes(other)),
    ]:
        assert in_normal_form(found)
        assert minutes(found) == wanted


def test_the_union_of_nothing_is_empty():
    assert intervals.union() == ()


@given(SETS, MINUTE, MINUTE)
def test_clip_keeps_the_minutes_between_its_bounds(one, low, high):
    found = intervals.clip(one, low, high)
    assert in_normal_form(found)
    assert minutes(found) == minutes(one) & set(range(low, high))


@given(SETS, st.integers(-10, 20), st.integers(1, 25))
def test_eroded_starts_are_those_whose_whole_span_is_free(free, before, length):
    after = length - before
    found = intervals.erode(free, before, after)
    assert in_normal_form(found)
    wanted = {t for t in range(-80, 120) if set(range(t - before, t + after)) <= minutes(free)}
    assert minutes(found) == wanted


@pytest.mark.parametrize(("before", "after"), [(0, 0), (5, -5), (5, -6)])
def test_an_empty_span_is_refused(before, after):
    with pytest.raises(ValueError, match="one minute"):
        intervals.erode(((0, 10),), before, after)


@given(SETS, st.integers(-20, 20), st.integers(-20, 20))
def test_dilated_starts_are_all_starts_moved_by_all_lags(starts, low, high):
    found = intervals.dilate(starts, low, high)
    assert in_normal_form(found)
    assert minutes(found) == {t + lag for t in minutes(starts) for lag in range(low, high + 1)}


@given(SETS, MINUTE)
def test_nearest_minutes_are_those_of_the_set(starts, t):
    assert intervals.contains(starts, t) == (t in minutes(starts))
    assert intervals.next_at_or_after(starts, t) == min((m for m in minutes(starts) if m >= t), default=None)
    assert intervals.last_at_or_before(starts, t) == max((m for m in minutes(starts) if m <= t), default=None)


@given(SETS, MINUTE, st.integers(1, 20))
def test_the_covering_interval_holds_the_whole_span(free, low, length):
    found = intervals.covering(free, low, low + length)
    if found is None:
        assert not set(range(low, low + length)) <= minutes(free)
    else:
        assert found in free
        assert found[0] <= low
        assert found[1] >= low + length
