"""Bit sets against sets of minutes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine import bitsets
from scheduling.engine.frame import Frame
from scheduling.engine.intervals import normal
from scheduling.engine.request import Need, ResourceFree

BASE = -50
PAIRS = st.lists(st.tuples(st.integers(-30, 60), st.integers(-30, 60)), max_size=8)
SETS = PAIRS.map(normal)


def minutes(found) -> set[int]:
    return {minute for low, high in found for minute in range(low, high)}


def bits(found) -> int:
    return bitsets.of_intervals(found, BASE, 100, BASE)


def read(found: int) -> set[int]:
    return minutes(bitsets.to_intervals(found, BASE))


@given(SETS, st.integers(-50, 70), st.integers(-50, 70))
def test_intervals_turn_into_bits_and_back(free, low, high):
    found = bitsets.of_intervals(free, low, high, BASE)
    assert bitsets.to_intervals(found, BASE) == normal([(m, m + 1) for m in minutes(free) if low <= m < high])


@given(SETS, st.integers(-5, 9), st.integers(1, 12))
def test_the_starts_are_those_whose_whole_span_is_free(free, before, length):
    after = length - before
    wanted = {t for t in range(-45, 80) if set(range(t - before, t + after)) <= minutes(free)}
    assert read(bitsets.eroded(bits(free), before, after)) == wanted


def test_an_empty_span_is_refused():
    with pytest.raises(ValueError, match="at least one minute"):
        bitsets.eroded(7, 3, -3)


@given(SETS, st.integers(-15, 30), st.integers(-15, 30))
def test_dilation_adds_every_lag_between_the_two(starts, low, high):
    wanted = {t + lag for t in minutes(starts) for lag in range(low, high + 1)}
    assert read(bitsets.dilated(bits(starts), low, high)) == wanted


@given(st.lists(SETS, max_size=5), st.integers(1, 4))
def test_as_many_as_are_counted_are_free_at_once(sets, count):
    wanted = {t for t in range(-40, 70) if sum(t in minutes(each) for each in sets) >= count}
    assert read(bitsets.at_least([bits(each) for each in sets], count)) == wanted


@given(SETS, st.integers(-40, 70), st.none() | st.integers(0, 8))
def test_any_hint_leads_to_the_first_interval_that_ends_later(free, low, hint):
    hint = None if hint is None else min(hint, len(free))
    wanted = next((at for at, (_, end) in enumerate(free) if end > low), len(free))
    assert bitsets.reaching(free, low, hint) == wanted


@given(st.lists(SETS, min_size=1, max_size=4), st.data())
def test_consecutive_frames_serve_what_is_free_for_the_whole_need(sets, data):
    """Two needs of different length; the hints of the first frame are given to the second."""
    pool = tuple(ResourceFree(n, f"R{n}", frozenset(), free) for n, free in enumerate(sets))
    before, length = data.draw(st.integers(-2, 4)), data.draw(st.integers(1, 6))
    asked = [Need(frozenset(), before, length - before), Need(frozenset(), before, length + 3 - before)]
    shortest = dict.fromkeys(range(len(sets)), length)
    hints: dict[int, int] = {}
    for low, high in sorted(
        data.draw(st.lists(st.tuples(st.integers(-30, 60), st.integers(5, 40)), max_size=3))
    ):
        frame = Frame(low - 5, low, low + high, shortest, hints)
        for need in asked:
            found = minutes(bitsets.to_intervals(frame.serves(need, pool), frame.base))
            spans = {t: range(t - before, t + need.ends_after_start) for t in range(low - 5, low + high + 5)}
            assert {t for t in found if spans.get(t)} == {
                t
                for t, span in spans.items()
                if low <= span.start
                and span.stop <= low + high
                and any(set(span) <= minutes(s) for s in sets)
            }
