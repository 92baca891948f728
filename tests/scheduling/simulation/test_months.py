"""Simulated months are the same for the same seed, and nothing in them is impossible."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.simulation import checker
from scheduling.simulation.demand import requests
from scheduling.simulation.diary import Diary, without
from scheduling.simulation.figures import figures
from scheduling.simulation.months import booked, simulated
from scheduling.simulation.setups import CAPACITY, DAY, FIRST_FIT
from scheduling.simulation.stories import End, Outage, Work
from tests.scheduling.simulation.departments import small


@pytest.fixture(scope="module")
def months():
    return simulated(small(), seed=1)


def test_the_same_seed_tells_the_same_months(months):
    again = simulated(small(), seed=1)
    assert (again.stories, again.uses, again.outages) == (months.stories, months.uses, months.outages)


def test_another_seed_tells_other_months(months):
    assert simulated(small(), seed=2).uses != months.uses


def test_the_same_patients_come_to_both_of_two_set_ups():
    other = small(('name = "Camera"', 'name = "Camera"\ncount = 2'))
    assert requests(other, seed=1, days=14) == requests(small(), seed=1, days=14)


def test_every_request_is_scanned_lost_stayed_away_or_waiting(months):
    assert len(months.stories) == len(requests(small(), seed=1, days=14))
    ends = Counter(story.end for story in months.stories)
    assert ends.total() == len(months.stories)
    assert {End.SCANNED, End.NO_SHOW} <= set(ends)


def test_an_independent_checker_finds_no_fault(months):
    assert checker.faults(months) == []


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(1, 10_000),
    ranking=st.sampled_from([CAPACITY, FIRST_FIT]),
    spread=st.integers(0, 60),
    longest=st.floats(1, 3),
    cameras=st.integers(1, 2),
    agent=st.sampled_from(["V_THEN_Q technegas", "V_THEN_Q dtpa", "Q_ONLY"]),
)
def test_whatever_goes_wrong_nothing_impossible_happens(seed, ranking, spread, longest, cameras, agent):
    setup = small(
        ("V_THEN_Q technegas", agent),
        (
            'can = ["gamma_camera_spect"]',
            f'count = {cameras}\ncan = ["gamma_camera_spect", "gamma_camera_planar"]',
        ),
        ("late_spread_minutes = 15", f"late_spread_minutes = {spread}"),
        ("durations = [0.8, 1.0, 1.5]", f"durations = [0.8, 1.0, {longest}]"),
    )
    assert checker.faults(simulated(replace(setup, ranking=ranking), seed=seed)) == []


def test_the_checker_sees_a_room_that_serves_two_at_once(months):
    use = next(use for use in months.uses if use.work is Work.PERFUSION)
    doubled = replace(months, uses=(*months.uses, replace(use, request=use.request + 1)))
    assert any("at once" in fault for fault in checker.faults(doubled))


def test_the_checker_sees_a_request_that_is_not_told(months):
    assert "Requests are missing or told twice." in checker.faults(
        replace(months, stories=months.stories[1:])
    )


def test_the_checker_sees_a_scan_on_a_broken_camera(months):
    use = next(use for use in months.uses if use.work is Work.PERFUSION)
    broken = replace(months, outages=(Outage(use.unit, use.begins, use.ends),))
    assert any("broken down" in fault for fault in checker.faults(broken))


def test_cameras_do_break_down_and_are_repaired(months):
    assert months.outages
    assert all(each.begins < each.ends for each in months.outages)


def test_without_mishaps_every_day_goes_as_planned():
    calm = small(
        ("breaks_down_every_days = 1\nrepair_minutes = 120\n", ""),
        ("no_show = 0.1", "no_show = 0"),
        ("late_mean_minutes = 0", "late_mean_minutes = -10"),
        ("late_spread_minutes = 15", "late_spread_minutes = 0"),
        ("repeat = 0.1", "repeat = 0"),
        ("[0.8, 1.0, 1.5]", "[1.0, 1.0, 1.0]"),
    )
    months = simulated(calm, seed=1)
    scanned = [story for story in months.stories if story.end is End.SCANNED]
    assert scanned
    assert all(story.lungs_begun_at == story.appointments[0].lungs.start for story in scanned)
    assert all(story.queued_minutes == 0 for story in scanned)
    assert figures(months)["overtime, minutes per day"] == 0


def test_no_more_patients_are_booked_on_a_day_than_there_are_doses():
    stories = booked(small(("doses = 12", "doses = 3")), seed=1, days=7)
    days = Counter(story.appointments[0].lungs.start // DAY for story in stories if story.appointments)
    assert max(days.values()) == 3


def test_perfusion_is_booked_while_the_kit_lasts():
    stories = booked(small(("lasts_minutes = 360", "lasts_minutes = 120")), seed=1, days=7)
    starts = [story.appointments[0].steps[-1].start % DAY for story in stories if story.appointments]
    assert starts
    assert all(8 * 60 <= start < 10 * 60 for start in starts)


def test_the_lungs_are_booked_within_the_wish_and_before_it_is_too_late():
    setup = small()
    stories = [story for story in booked(setup, seed=1, days=7) if story.appointments]
    for story in stories:
        request, start = story.request, story.appointments[0].lungs.start
        assert start // DAY <= setup.last_day(request.asked_at // DAY, request.within_days)
        if request.wish:
            assert request.wish[0] <= start % DAY <= request.wish[1]
    assert any(story.request.wish for story in stories)


def test_the_ranking_that_spares_room_books_more_than_first_fit():
    busy = small(("[12, 12, 0, 12, 0, 0, 0]", "[20, 20, 0, 20, 0, 0, 0]"), ("doses = 12", "doses = 40"))
    seeds = range(1, 4)
    spared, first_fit = (
        sum(
            1
            for s in seeds
            for each in booked(replace(busy, ranking=r), seed=s, days=14)
            if each.appointments
        )
        for r in (CAPACITY, FIRST_FIT)
    )
    assert spared > first_fit


@given(st.lists(st.integers(0, 50), min_size=2, max_size=8, unique=True), st.data())
def test_taking_a_span_out_of_free_time_leaves_the_other_minutes(edges, data):
    edges = sorted(edges)[: len(edges) // 2 * 2]
    free = tuple(zip(edges[::2], edges[1::2], strict=True))
    low, high = data.draw(st.sampled_from(free))
    begins = data.draw(st.integers(low, high - 1))
    ends = data.draw(st.integers(begins + 1, high))
    minutes = {minute for one, other in free for minute in range(one, other)} - set(range(begins, ends))
    left = without(free, begins, ends)
    assert {minute for one, other in left for minute in range(one, other)} == minutes
    assert all(one < other for one, other in left)


def test_a_diary_gives_no_time_twice():
    setup = small()
    diary = Diary(setup, 10)
    asked = requests(setup, seed=3, days=4)
    found = [found for request in asked if (found := diary.book(request, request.asked_at))]
    spans = sorted(
        (unit, begins, ends)
        for each in found
        for step in each.steps
        for unit, begins, ends in step.resources
        if unit < len(setup.units)
    )
    assert spans
    assert all(one[0] != other[0] or one[2] <= other[1] for one, other in pairwise(spans))
