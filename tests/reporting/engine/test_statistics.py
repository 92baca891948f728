"""Percentiles, shares and agreement against published figures and a slow oracle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.engine.statistics import FEW, agreement, landis, share, spread

VALUES = st.lists(st.integers(-500, 5000), min_size=1, max_size=40)


def counted(values):
    return {value: values.count(value) for value in values}


@given(VALUES)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(values):
    found = spread(counted(values))
    for percent, value in ((10, found.tenth), (50, found.median), (90, found.ninetieth)):
        assert value in values
        assert sum(each <= value for each in values) * 100 >= percent * len(values)
        smaller = [each for each in values if each < value]
        assert len(smaller) * 100 < percent * len(values)
    assert (found.least, found.most, found.count) == (min(values), max(values), len(values))


def test_nothing_has_no_median():
    assert spread({}).median is None
    assert spread({}).count == 0


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Wilson intervals as in Newcombe, Stat Med 1998;17:857, table I, method 3.
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.0, 16.11),
        (1, 29, 0.61, 17.18),
    ],
)
def test_the_interval_of_a_share_is_wilsons(part, whole, low, high):
    found = share(part, whole)
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)


def test_a_share_of_fewer_than_five_is_no_percentage():
    assert share(3, FEW - 1).percent is None
    assert share(3, FEW).percent == 60
    assert share(0, 0).percent is None


def test_a_part_larger_than_its_whole_is_a_mistake():
    with pytest.raises(ValueError, match="no part"):
        share(3, 2)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_share_lies_in_its_interval(part, more):
    found = share(part, part + more)
    if found.percent is not None:
        assert 0 <= found.low <= found.percent <= found.high <= 100


def pairs(table, terms="ab"):
    return [
        (first, second)
        for first, row in zip(terms, table, strict=True)
        for second, count in zip(terms, row, strict=True)
        for _ in range(count)
    ]


def test_kappa_of_a_textbook_table():
    """Two raters, 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: kappa 0.40 (po 0.70, pe 0.50)."""
    found = agreement(pairs([[20, 5], [10, 15]]))
    assert found.kappa == pytest.approx(0.4)
    assert (found.agreed, found.count, found.percent) == (35, 50, 70)


def test_the_interval_of_kappa_is_that_of_fleiss_cohen_and_everitt():
    """Diagnoses of 100 patients by two raters (Fleiss, Statistical Methods, table 18.1): 0.68, error 0.087."""
    table = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
    found = agreement(pairs(table, "pno"))
    assert found.kappa == pytest.approx(0.676, abs=0.001)
    assert (found.high - found.low) / 2 / 1.959964 == pytest.approx(0.087, abs=0.002)


def test_readers_who_always_agree_have_a_kappa_of_one():
    found = agreement(pairs([[10, 0], [0, 10]]))
    assert (found.kappa, found.low, found.high) == (1, 1, 1)


def test_one_and_the_same_term_throughout_has_no_kappa():
    assert agreement([("a", "a")] * 20).kappa is None


def test_fewer_than_five_pairs_have_no_kappa():
    assert agreement([("a", "b")] * (FEW - 1)).kappa is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=5, max_size=60))
def test_kappa_is_the_agreement_beyond_chance_by_the_definition(read):
    found = agreement(read)
    observed = sum(a == b for a, b in read) / len(read)
    chance = (
        sum(sum(a == term for a, _ in read) * sum(b == term for _, b in read) for term in "abc")
        / len(read) ** 2
    )
    if found.kappa is None:
        assert chance == pytest.approx(1)
    else:
        assert found.kappa == pytest.approx((observed - chance) / (1 - chance))
        assert found.low <= found.kappa <= found.high


def test_agreement_has_landis_and_kochs_words():
    assert [landis(each) for each in (-0.1, 0.1, 0.3, 0.5, 0.7, 0.9)] == [
        "poor",
        "slight",
        "fair",
        "moderate",
        "substantial",
        "almost perfect",
    ]


def test_no_agreement_beyond_chance_is_slight_and_only_less_is_poor():
    assert [landis(each) for each in (-0.01, 0.0, 0.20, 0.21)] == ["poor", "slight", "slight", "fair"]


def test_the_word_for_an_agreement_fits_the_two_decimals_beside_it():
    assert [landis(each) for each in (-0.004, 0.204, 0.604, 0.606)] == [
        "slight",
        "slight",
        "moderate",
        "substantial",
    ]
