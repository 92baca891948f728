"""The count-rate rule: its limits, and what can be done."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine import countrates
from scheduling.engine.countrates import Grade, compare

V_FIRST = {"first": "ventilation", "second": "perfusion"}
Q_FIRST = {"first": "perfusion", "second": "ventilation"}
DAY = date(2027, 3, 8)


@pytest.mark.parametrize(
    ("total", "ratio", "grade"),
    [
        (10_000, 4.0, Grade.GOOD),
        (9_999, 3.9995, Grade.LOW),
        (8_000, 3.0, Grade.LOW),
        (7_999, 2.9995, Grade.TOO_LOW),
        (2_000, 0.0, Grade.TOO_LOW),
    ],
)
def test_three_times_is_the_least_and_four_times_the_aim(total, ratio, grade):
    found = compare(2_000, total, 0, **V_FIRST)
    assert found.ratio == pytest.approx(ratio)
    assert found.grade is grade


def test_what_is_left_of_the_first_study_has_decayed():
    """One half-life of 6.015 h later 2,000 counts/s are 1,000, so that 5,000 in all are 4 times."""
    found = compare(2_000, 5_000, 6.015 * 3600, **V_FIRST)
    assert (found.first_left, found.ratio) == (pytest.approx(1_000), pytest.approx(4.0))


def test_perfusion_first_is_judged_the_other_way_round():
    found = compare(500, 1_500, 0, **Q_FIRST)
    assert found.grade is Grade.TOO_LOW
    assert (
        found.sentence == "Ventilation shows 2.0 times the counts of perfusion; at least 3 times is needed."
    )


def test_each_grade_has_its_sentence():
    said = [compare(1_000, total, 0, **V_FIRST).sentence for total in (6_000, 4_500, 3_000, 900)]
    assert said == [
        "Perfusion shows 5.0 times the counts of ventilation.",
        "Perfusion shows 3.5 times the counts of ventilation; 4 times is aimed at.",
        "Perfusion shows 2.0 times the counts of ventilation; at least 3 times is needed.",
        "Perfusion adds no counts to ventilation. Measure again, in one view and window.",
    ]


@pytest.mark.parametrize(
    ("agent", "other_day", "holds"),
    [("technegas", False, True), ("dtpa", False, True), ("dtpa", True, False), ("xe133", False, False),
     ("kr81m", False, False), ("", False, False)],
)  # fmt: skip
def test_the_rule_is_for_technetium_on_technetium_on_one_day(agent, other_day, holds):
    assert countrates.applies(agent, DAY, date(2027, 3, 9) if other_day else DAY) is holds


def test_how_much_more_would_do():
    found = compare(1_000, 3_000, 0, **V_FIRST)  # twice
    assert countrates.more_needed_kbq(found, 100_000) == 50_000
    assert countrates.more_needed_kbq(compare(1_000, 900, 0, **V_FIRST), 100_000) is None
    assert countrates.more_needed_kbq(compare(1_000, 6_000, 0, **V_FIRST), 100_000) == 0


@given(st.integers(1, 5_000), st.integers(1, 20_000), st.integers(0, 4 * 3600), st.integers(1_000, 185_000))
def test_the_activity_that_is_missing_reaches_the_limit(first, net, seconds, given_kbq):
    left = compare(first, first, seconds, **V_FIRST).first_left
    found = compare(first, round(left) + net, seconds, **V_FIRST)
    if found.ratio <= 0:
        return
    more = countrates.more_needed_kbq(found, given_kbq)
    assert found.ratio * (given_kbq + more) / given_kbq >= 3 - 1e-9 or more == 0


@given(st.integers(1, 5_000), st.integers(0, 50_000), st.integers(0, 12 * 3600))
def test_a_later_comparison_of_the_same_counts_is_never_worse(first, total, seconds):
    early, late = compare(first, total, 0, **V_FIRST), compare(first, total, seconds, **V_FIRST)
    assert late.ratio >= early.ratio - 1e-9


def test_waiting_helps_where_the_aerosol_leaves_the_lungs():
    assert countrates.waiting_helps("dtpa", "ventilation")
    assert not countrates.waiting_helps("technegas", "ventilation")
    assert not countrates.waiting_helps("dtpa", "perfusion")
