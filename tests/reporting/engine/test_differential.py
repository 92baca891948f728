"""Shares of perfusion and ventilation, against figures worked by hand."""

import pytest

from reporting.engine import differential
from reporting.engine.findings import Measured, Region, parse


def lungs(right, left):
    return Measured("lung", (Region("right", **right), Region("left", **left)))


def test_counts_of_two_views_become_their_geometric_mean():
    measured = lungs({"anterior": 90, "posterior": 40}, {"anterior": 20, "posterior": 20})
    assert differential.shares(measured) == pytest.approx({"right": 75.0, "left": 25.0})


def test_counts_of_one_view_stand_alone():
    measured = lungs({"posterior": 300}, {"posterior": 100})
    assert differential.shares(measured) == {"right": 75.0, "left": 25.0}


def test_percent_stays_as_given():
    assert differential.shares(lungs({"percent": 54.4}, {"percent": 45.0})) == {"right": 54.4, "left": 45.0}


def test_lobes_and_zones_add_up_to_lungs():
    lobes = {"RUL": 20, "RML": 10, "RLL": 25, "LUL": 25, "LLL": 20}
    measured = Measured("lobe", tuple(Region(key, percent=value) for key, value in lobes.items()))
    assert differential.by_lung(measured) == {"right": 55.0, "left": 45.0}


def test_what_is_left_after_a_resection():
    lobes = {"RUL": 20, "RML": 10, "RLL": 25, "LUL": 25, "LLL": 20}
    measured = Measured("lobe", tuple(Region(key, percent=value) for key, value in lobes.items()))
    assert differential.left_after(measured, ("RUL", "RML"), 2.0) == pytest.approx(1.4)


@pytest.mark.parametrize(
    ("regions", "sentence"),
    [
        (
            {"right": {"percent": 60}, "left": {"percent": 60}},
            "The percentages add up to 120. They should make 100.",
        ),
        ({"right": {"percent": 60}}, "Left lung has no figure. Give one for each region."),
        (
            {"right": {"percent": 60}, "left": {"posterior": 5}},
            "Some regions have percent and some counts. Give all of them in one way.",
        ),
        (
            {"right": {"anterior": 60, "posterior": 5}, "left": {"posterior": 5}},
            "Some regions have one view and some two. Give the same views for each region.",
        ),
        (
            {"right": {"posterior": 0}, "left": {"posterior": 0}},
            "There are no counts in any region. Check the figures.",
        ),
    ],
)
def test_figures_that_cannot_be_right_are_refused(regions, sentence):
    with pytest.raises(ValueError, match=r"differential\.perfusion") as refused:
        parse({"differential": {"perfusion": {"by": "lung", "regions": regions}}})
    assert refused.value.sentence == sentence


def test_rounded_shares_may_miss_100_by_a_little():
    assert parse(
        {
            "differential": {
                "perfusion": {"by": "lung", "regions": {"right": {"percent": 55}, "left": {"percent": 44}}}
            }
        }
    )
