"""Whom free time is offered to, against trying every patient at every minute."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine.intervals import normal
from scheduling.engine.waitlist import Free, Match, Wish, matches, meets, sharing

DAY = 24 * 60
END = 3 * DAY
minutes = st.integers(0, END)
intervals = st.lists(st.tuples(minutes, st.integers(1, 400)), max_size=6).map(
    lambda pairs: normal([(low, low + length) for low, length in pairs])
)
grids = st.sampled_from([1, 5, 15])


@st.composite
def wishes(draw):
    return [
        Wish(
            entry=number,
            chain=draw(st.integers(0, 2)),
            hours=draw(st.integers(0, 2)),
            rank=draw(st.integers(0, 2)),
            waits_since=draw(st.integers(0, 5)),
            earliest=draw(minutes),
            before=draw(minutes),
            present=draw(st.none() | minutes),
            unwanted=draw(intervals),
        )
        for number in range(draw(st.integers(0, 8)))
    ]


@st.composite
def free(draw):
    return Free(
        starts={key: draw(intervals) for key in range(2)},
        hours={key: draw(intervals) for key in range(2)},
        grid_minutes=draw(grids),
    )


def is_in(spans, t):
    return any(low <= t < high for low, high in spans)


def may(free, wish, t):
    return (
        t % free.grid_minutes == 0
        and wish.earliest <= t < wish.before
        and is_in(free.starts.get(wish.chain, ()), t)
        and is_in(free.hours.get(wish.hours, ()), t)
        and not is_in(wish.unwanted, t)
    )


def by_brute_force(free, wishes):
    found = []
    for wish in wishes:
        start = next((t for t in range(END + 500) if may(free, wish, t)), None)
        if start is not None:
            gained = float("inf") if wish.present is None else (wish.present - start) // DAY
            found.append((wish.rank, -gained, wish.waits_since, wish.entry, start))
    return sorted(found)


@given(free(), wishes())
def test_the_matches_are_those_of_trying_every_minute(free, wishes):
    assert matches(free, wishes) == by_brute_force(free, wishes)


@given(free(), wishes(), st.randoms(use_true_random=False))
def test_the_order_in_which_patients_are_listed_changes_nothing(free, wishes, dice):
    shuffled = list(wishes)
    dice.shuffle(shuffled)
    assert matches(free, shuffled) == matches(free, wishes)


@given(free(), wishes(), minutes)
def test_one_start_is_shared_by_exactly_those_it_suits(free, wishes, start):
    assert {each.entry for each in sharing(free, wishes, start)} == {
        wish.entry for wish in wishes if may(free, wish, start)
    }
    for match in matches(free, wishes):
        assert meets(free, wishes[match.entry], match.start)


@given(free(), wishes(), intervals)
def test_more_free_time_never_takes_a_match_away(free, wishes, freed):
    more = Free(
        {key: normal([*spans, *freed]) for key, spans in free.starts.items()}, free.hours, free.grid_minutes
    )
    before = {each.entry: each.start for each in matches(free, wishes)}
    after = {each.entry: each.start for each in matches(more, wishes)}
    assert all(after[entry] <= start for entry, start in before.items())


NINE, FREE = 9 * 60, Free({0: ((9 * 60, 10 * 60),)}, {0: ((0, END),)}, 5)


def wish(entry, **differs):
    usual = {"chain": 0, "hours": 0, "rank": 2, "waits_since": 0, "earliest": 0, "before": END}
    return Wish(entry, **usual | differs)


def test_priority_goes_before_waiting_time():
    found = matches(FREE, [wish(1, waits_since=-9000), wish(2, rank=1), wish(3, rank=0, waits_since=50)])
    assert [each.entry for each in found] == [3, 2, 1]


def test_who_has_no_time_yet_goes_before_who_wants_an_earlier_one():
    found = matches(FREE, [wish(1, present=5 * DAY, waits_since=-9000), wish(2)])
    assert [each.entry for each in found] == [2, 1]


def test_of_those_who_have_a_time_who_gains_more_days_goes_first():
    found = matches(FREE, [wish(1, present=2 * DAY + NINE, waits_since=-9000), wish(2, present=6 * DAY)])
    assert [each.entry for each in found] == [2, 1]


def test_else_who_has_waited_longest_goes_first():
    found = matches(FREE, [wish(1, waits_since=20), wish(2, waits_since=10)])
    assert found == [
        Match(2, -float("inf"), 10, 2, NINE),
        Match(2, -float("inf"), 20, 1, NINE),
    ]


def test_five_hundred_who_wait_are_matched_in_less_than_a_few_milliseconds():
    """The goal of 1 ms is measured by tests/benchmarks/waitlist.py on a quiet machine."""
    dice = random.Random(4)
    many = [wish(number, waits_since=dice.randrange(9999)) for number in range(500)]
    begun = time.thread_time()
    assert len(matches(FREE, many)) == 500
    assert time.thread_time() - begun < 0.02
