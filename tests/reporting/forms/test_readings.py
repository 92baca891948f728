"""From the fields of the page to the reading that is kept, and back."""

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from reporting.engine.findings import (
    DEFECTS,
    LIMITS,
    NONSEGMENTAL,
    OTHER_FINDINGS,
    Change,
    Comparison,
    Differential,
    Effusion,
    Level,
    Measured,
    Perfusion,
    Quality,
    Reading,
    Region,
    SegmentFinding,
    Ventilation,
    Xray,
    as_json,
)
from reporting.engine.segments import SEGMENTS
from reporting.forms import readings

CODES = [segment.code for segment in SEGMENTS["SEG18"]]
EMPTY = "reading=SEG18"


def read(text):
    return readings.reading_of(QueryDict(text.replace("LB1+2", "LB1%2B2")))


@st.composite
def findings(draw):
    """A map with something assessed in some segments."""
    found = []
    for code in draw(st.lists(st.sampled_from(CODES), unique=True)):
        perfusion = draw(st.sampled_from(Perfusion))
        defect = perfusion in DEFECTS
        found.append(
            SegmentFinding(
                code,
                perfusion,
                draw(st.sampled_from(Ventilation)),
                draw(st.sampled_from(Xray)),
                draw(st.sampled_from([None, True, False])) if defect else None,
                draw(st.booleans()) if defect else False,
            )
        )
    assessed = [each for each in found if each != SegmentFinding(each.code)]
    return tuple(sorted(assessed, key=lambda each: CODES.index(each.code)))


def some_of(keys):
    return st.sets(st.sampled_from(list(keys))).map(
        lambda chosen: tuple(each for each in keys if each in chosen)
    )


NOTES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40).map(str.strip)
SHARES = st.sampled_from(
    [
        Measured("lung", (Region("right", 54.5), Region("left", 45.5))),
        Measured("lung", (Region("right", None, 5400, 6100), Region("left", None, 4400, 5000))),
        Measured("lung", (Region("right", None, None, 61), Region("left", None, None, 0))),
        None,
    ]
)
READINGS = st.builds(
    Reading,
    segments=findings(),
    nonsegmental=some_of(NONSEGMENTAL),
    effusion_right=st.sampled_from(Effusion),
    effusion_left=st.sampled_from(Effusion),
    near_normal=st.booleans(),
    quality=st.sampled_from(Quality),
    limits=some_of(LIMITS),
    limits_note=NOTES,
    cteph=st.sampled_from([None, True, False]),
    other=some_of(OTHER_FINDINGS),
    other_note=NOTES,
    differential=st.builds(Differential, SHARES, SHARES),
    comparison=st.builds(Comparison, st.none() | st.integers(0, 2**40), st.sampled_from(Change), NOTES),
    confidence=st.sampled_from(Level),
    prior=st.sampled_from(Level),
)


@given(READINGS)
def test_a_reading_shown_in_its_fields_and_sent_back_is_the_same_reading(reading):
    kept = as_json(reading)
    assert readings.reading_of(readings.fields_of(kept)) == (kept, {})


def test_an_untouched_map_is_an_empty_reading_and_not_a_normal_one():
    assert read(EMPTY) == ({}, {})


def test_a_page_without_the_map_sends_no_reading():
    assert not readings.is_there(QueryDict("findings=x"))
    assert readings.is_there(QueryDict(EMPTY))


def test_each_column_of_the_table_reaches_its_segment():
    found, faults = read(f"{EMPTY}&q-RB9=large&v-RB9=normal&x-RB9=clear&w-RB9=yes&s-RB9=yes&q-LB1+2=normal")
    assert faults == {}
    assert found["segments"] == {
        "RB9": {
            "perfusion": "large",
            "ventilation": "normal",
            "xray": "clear",
            "wedge": True,
            "stripe": True,
        },
        "LB1+2": {"perfusion": "normal"},
    }


def test_no_wedge_is_another_thing_than_a_shape_not_assessed():
    assert read(f"{EMPTY}&q-RB9=large&w-RB9=no")[0]["segments"]["RB9"]["wedge"] is False
    assert "wedge" not in read(f"{EMPTY}&q-RB9=large&w-RB9=")[0]["segments"]["RB9"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ("q-RB1=huge", "q-RB1"),
        ("v-LB1+2=odd", "v-LB1+2"),
        ("w-RB1=perhaps&q-RB1=large", "w-RB1"),
        ("nonsegmental=moon", "nonsegmental"),
        ("effusion_left=sea", "effusion_left"),
        ("comparison_change=odd", "comparison_change"),
        ("comparison_order=first", "comparison_order"),
        ("prior=certain", "prior"),
        ("limits_note=" + "x" * 501, "limits_note"),
        ("d-p-by=planet", "d-p-by"),
        ("d-p-by=lung", "d-p-by"),
        ("d-p-by=lung&d-p-lung-right-percent=60&d-p-lung-left-percent=60", "d-p-by"),
        ("d-v-by=lung&d-v-as=counts&d-v-lung-right-anterior=many", "d-v-lung-right-anterior"),
        ("d-v-by=lung&d-v-as=counts&d-v-lung-right-anterior=" + "9" * 5000, "d-v-lung-right-anterior"),
        ("d-p-by=lung&d-p-lung-right-percent=nan&d-p-lung-left-percent=50", "d-p-by"),
        ("reading=OTHER", "reading"),
    ],
)
def test_what_cannot_be_right_is_said_at_its_field_and_the_rest_is_read(sent, field):
    start = "" if sent.startswith("reading=") else f"{EMPTY}&"
    found, faults = read(f"{start}{sent}&q-RB2=normal&quality=good")
    assert list(faults) == [field]
    assert found["quality"] == "good"


def test_every_fault_is_said_at_once():
    assert set(read(f"{EMPTY}&q-RB1=huge&x-RB2=odd&quality=odd")[1]) == {"q-RB1", "x-RB2", "quality"}


def test_percent_may_have_a_comma_and_counts_their_thousands_apart():
    found, _ = read(f"{EMPTY}&d-p-by=lung&d-p-lung-right-percent=54,5&d-p-lung-left-percent=45.5")
    assert found["differential"]["perfusion"]["regions"]["right"] == {"percent": 54.5}
    found, _ = read(
        f"{EMPTY}&d-p-by=lung&d-p-as=counts&d-p-lung-right-posterior=61 200&d-p-lung-left-posterior=50100"
    )
    assert found["differential"]["perfusion"]["regions"]["right"] == {"posterior": 61200}
