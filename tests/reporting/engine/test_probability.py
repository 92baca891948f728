"""PIOPED's combined table and the next step by result."""

import pytest

from reporting.engine import next_steps, prose
from reporting.engine.findings import Level, Study, Technique, parse
from reporting.engine.probability import ROWS, UNCHECKED, row_of
from reporting.engine.schemes import SCHEMES

PLANAR = Study(Technique.PLANAR, True, True)
SPECT = Study(Technique.SPECT, True, True)
# JAMA 1990;263:2753: percent with pulmonary embolism by clinical probability high, intermediate, low.
PRINTED = {
    "high_probability": (96, 88, 56),
    "intermediate_or_indeterminate": (66, 28, 16),
    "low_probability": (40, 16, 4),
    "normal": (0, 6, 2),
    "very_low_probability": (0, 6, 2),
}
LEVELS = (Level.HIGH, Level.INTERMEDIATE, Level.LOW)


def after_scan(scheme, category, prior, study):
    row = row_of(scheme, category, study)
    return row.given(prior) if row else None


@pytest.mark.parametrize(("category", "percents"), PRINTED.items())
def test_probability_is_the_printed_one(category, percents):
    assert tuple(after_scan("PIOPED_I", category, level, PLANAR) for level in LEVELS) == percents


def test_no_probability_before_the_reader_chose_a_prior():
    assert after_scan("PIOPED_I", "low_probability", Level.NOT_ASSESSED, PLANAR) is None


def test_probability_stands_only_beside_pioped_i_of_planar_pictures():
    assert after_scan("PIOPED_I", "high_probability", Level.LOW, SPECT) is None
    others = [key for key in SCHEMES if key != "PIOPED_I"]
    assert [after_scan(key, "high_probability", Level.LOW, PLANAR) for key in others] == [None] * len(others)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.category)
@pytest.mark.parametrize("level", LEVELS)
def test_a_figure_that_nobody_compared_with_the_paper_is_not_written_into_a_report(row, level):
    said = prose.impression("PIOPED_I", row.category, parse({"prior": level}), PLANAR)
    is_said = f"probability.{level}" in [line.key for line in said]
    assert is_said == ((row.category, level) not in UNCHECKED) == row.is_checked(level)


def keys(*args, **kwargs):
    return [sentence.key for sentence in next_steps.suggested(*args, **kwargs)]


@pytest.mark.parametrize(
    ("category", "prior", "expected"),
    [
        ("high_probability", "", ["next.treat"]),
        ("high_probability", "low", ["next.confirm"]),
        ("intermediate_or_indeterminate", "high", ["next.ctpa_or_ultrasound", "next.not_alone"]),
        ("low_probability", "low", ["next.low_and_low"]),
        ("low_probability", "high", ["next.low_and_high"]),
        ("low_probability", "", ["next.low"]),
        ("low_probability", "intermediate", ["next.low"]),
        ("very_low_probability", "low", ["next.no_imaging"]),
        ("very_low_probability", "high", ["next.discuss_ctpa"]),
        ("normal", "high", ["next.no_imaging"]),
    ],
)
def test_next_step_by_result_and_prior(category, prior, expected):
    assert keys("PIOPED_I", category, Level(prior)) == expected


def test_a_negative_trinary_result_may_be_a_low_probability_and_does_not_end_a_search_with_a_high_prior():
    assert keys("TRINARY", "no_evidence_of_pe", Level.HIGH) == ["next.discuss_ctpa"]
    assert keys("TRINARY", "no_evidence_of_pe", Level.LOW) == ["next.no_imaging"]


def test_cteph_pattern_asks_for_a_referral_whatever_the_category():
    assert keys("PIOPED_I", "normal", cteph=True) == ["next.no_imaging", "next.cteph"]
    assert keys("PIOPED_I", "", cteph=True) == ["next.cteph"]


def test_every_category_has_a_next_step():
    for key, scheme in SCHEMES.items():
        for category in scheme.categories:
            assert keys(key, category.key)


def test_low_probability_alone_never_ends_the_search():
    for prior in ("", "intermediate", "high"):
        assert "next.no_imaging" not in keys("PIOPED_I", "low_probability", Level(prior))
