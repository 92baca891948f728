"""A reading as JSON and back, and what is refused with a place and a sentence."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.engine.findings import InvalidReading, Reading, as_json, parse
from tests.reporting.engine import strategies


@strategies.steady
@given(strategies.anything)
def test_a_reading_is_the_same_after_json(kept):
    reading = parse(kept)
    written = json.loads(json.dumps(as_json(reading)))
    assert parse(written) == reading
    assert as_json(parse(written)) == written


def test_an_untouched_reading_is_empty():
    assert as_json(Reading()) == {}
    assert parse({}) == Reading()


@strategies.steady
@given(strategies.anything)
def test_nothing_empty_is_kept(kept):
    def empty(value):
        return value in (None, "", [], {})

    def walk(value):
        if isinstance(value, dict):
            assert not any(empty(each) for each in value.values())
            for each in value.values():
                walk(each)

    walk(as_json(parse(kept)))


def test_shape_and_stripe_go_with_the_defect():
    kept = {"segments": {"RB1": {"perfusion": "normal", "wedge": True, "stripe": True}}}
    assert as_json(parse(kept))["segments"] == {"RB1": {"perfusion": "normal"}}


def test_an_answered_no_is_kept():
    kept = {"cteph": False, "segments": {"RB1": {"perfusion": "large", "wedge": False}}}
    assert as_json(parse(kept)) == {**kept, "segment_scheme": "SEG18"}


@pytest.mark.parametrize(
    ("kept", "path"),
    [
        ([], "reading"),
        ({"surprise": 1}, "surprise"),
        ({"segment_scheme": "SEG99"}, "segment_scheme"),
        ({"segments": {"RB99": {}}}, "segments.RB99"),
        ({"segments": {"RB1": "large"}}, "segments.RB1"),
        ({"segments": {"RB1": {"perfusion": "huge"}}}, "segments.RB1.perfusion"),
        ({"segments": {"RB1": {"perfusion": ["large"]}}}, "segments.RB1.perfusion"),
        ({"segments": {"RB1": {"perfusion": "large", "wedge": 1}}}, "segments.RB1.wedge"),
        ({"nonsegmental": "cardiomegaly"}, "nonsegmental"),
        ({"nonsegmental": [{}]}, "nonsegmental"),
        ({"effusion": {"both": "large"}}, "effusion.both"),
        ({"effusion": {"left": "huge"}}, "effusion.left"),
        ({"quality": None}, "quality"),
        ({"limits_note": "x" * 501}, "limits_note"),
        ({"other_note": "a\x00b"}, "other_note"),
        ({"other_note": "\ud800"}, "other_note"),
        ({"comparison": {"prior_order": True}}, "comparison.prior_order"),
        ({"comparison": {"prior_order": -1}}, "comparison.prior_order"),
        ({"differential": {"perfusion": {"by": "heart"}}}, "differential.perfusion.by"),
        ({"differential": {"perfusion": {"by": "lung", "regions": {}}}}, "differential.perfusion"),
        (
            {"differential": {"perfusion": {"by": "lung", "regions": {"right": {"percent": float("nan")}}}}},
            "differential.perfusion.regions.right.percent",
        ),
        (
            {"differential": {"perfusion": {"by": "lung", "regions": {"right": {}}}}},
            "differential.perfusion.regions.right",
        ),
    ],
)
def test_what_a_reading_cannot_hold_is_refused_at_its_place(kept, path):
    with pytest.raises(InvalidReading) as refused:
        parse(kept)
    assert refused.value.path == path
    assert refused.value.sentence.endswith(".")


anything_at_all = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@strategies.steady
@given(
    st.dictionaries(
        st.sampled_from(["segments", "effusion", "other", "differential", "cteph"]), anything_at_all
    )
)
def test_any_json_is_read_or_refused(kept):
    with suppress(InvalidReading):
        assert parse(as_json(parse(kept))) == parse(kept)
