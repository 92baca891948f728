"""Prose says what the structure says and nothing else, and own lines survive when it is made again."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reporting.engine import prose
from reporting.engine.criteria import counts, suggest
from reporting.engine.findings import Study, Technique, Ventilation, counted, idle, parse
from reporting.engine.schemes import SCHEMES
from reporting.engine.sentences import Listed, Own, Sentence
from tests.reporting.engine import strategies
from tests.reporting.engine.maps import CODES, reading

PLANAR = Study(Technique.PLANAR, ventilation_done=True, xray_known=True)


def keys(found, study=PLANAR):
    return [line.key for line in prose.findings(found, study) if isinstance(line, Sentence)]


def codes_in(value):
    """The codes of segments that a line names."""
    if isinstance(value, Sentence):
        return {code for _, inner in value.values for code in codes_in(inner)}
    if isinstance(value, Listed):
        return {code for inner in value.items for code in codes_in(inner)}
    return {part for part in value.split(", ") if part in CODES} if isinstance(value, str) else set()


def test_an_untouched_reading_says_only_what_was_done():
    assert keys(parse({})) == ["study.planar_vq"]


def test_a_normal_reading_is_four_lines():
    assert keys(reading()) == ["study.planar_vq", "perfusion.normal", "ventilation.normal", "xray.clear"]


def test_one_segment_left_out_and_nothing_is_called_normal_in_all():
    found = keys(reading("RB1 unassessed"))
    assert found == ["study.planar_vq", "perfusion.not_assessed"]


@strategies.steady
@given(strategies.anything, strategies.studies)
def test_a_segment_is_named_only_for_what_was_assessed_in_it_or_was_not(kept, study):
    found = parse(kept)
    plain = {
        each.code
        for each in found.every_segment()
        if each.perfusion == "normal"
        and each.ventilation in ("", "normal", "matched", "smaller")
        and each.xray in ("", "clear", "equal", "smaller")
    }
    named = {code for line in prose.findings(found, study) for code in codes_in(line)}
    assert named & plain == set()


@strategies.steady
@given(strategies.anything, strategies.studies)
def test_what_is_not_assessed_is_not_said(kept, study):
    said = {line.key for line in prose.findings(parse(kept), study) if isinstance(line, Sentence)}
    found = parse(kept)
    every = found.every_segment()
    assert ("perfusion.normal" in said) == all(each.perfusion == "normal" for each in every)
    assert ("ventilation.normal" in said) == all(each.ventilation == "normal" for each in every)
    assert ("xray.clear" in said) == all(each.xray == "clear" for each in every)
    assert ("cteph.yes" in said, "cteph.no" in said) == (found.cteph is True, found.cteph is False)
    assert ("other" in said) == bool(found.other)
    assert ("effusion.none" in said) == (found.effusion_right == found.effusion_left == "none")


@strategies.steady
@given(strategies.anything, strategies.studies)
def test_own_notes_are_said_as_they_are(kept, study):
    found = parse(kept)
    notes = [note for note in (found.limits_note, found.other_note, found.comparison.note) if note]
    assert [line.text for line in prose.findings(found, study) if isinstance(line, Own)] == notes


def test_mismatch_is_added_up_on_a_whole_map_only():
    assert "mismatch.sum" in keys(reading("RB8 large"))
    assert "mismatch.none" in keys(reading("RB8 large matched"))
    assert not {"mismatch.sum", "mismatch.none"} & {
        *keys(reading("RB8 large; RB1 unassessed")),
        *keys(reading()),
    }


def test_impression_is_empty_without_a_category():
    assert prose.impression("PIOPED_I", "", reading(), PLANAR) == ()


def test_impression_says_the_probability_that_belongs_to_the_prior():
    found = prose.impression("PIOPED_I", "low_probability", reading("RB8 moderate", prior="high"), PLANAR)
    assert [(line.key, dict(line.values).get("percent")) for line in found] == [
        ("impression.by_scheme", None),
        ("probability.high", 40),
    ]


def test_ten_terms_stand_without_a_scheme():
    (line,) = prose.impression("TEN_TERMS", "normal", reading(), PLANAR)
    assert line.key == "impression.plain"


lines = st.lists(st.text("abcdef", min_size=1, max_size=3), unique=True, max_size=6)
texts = lines.map("\n".join)


@strategies.steady
@given(texts, texts)
def test_untouched_prose_is_replaced_whole(before, after):
    assert prose.renewed(before, before, after) == after


@strategies.steady
@given(texts, texts)
def test_prose_that_says_the_same_leaves_the_text_alone(before, after):
    assert prose.renewed(after, before, before) == after


@strategies.steady
@given(lines, lines, lines, st.randoms(use_true_random=False))
def test_own_lines_are_kept_once_and_in_order(before, after, own, random):
    mine = [f"own {line}" for line in own]
    text = list(before)
    places = sorted(random.randint(0, len(before)) for _ in mine)
    for place, line in zip(reversed(places), reversed(mine), strict=True):
        text.insert(place, line)
    made = prose.renewed("\n".join(text), "\n".join(before), "\n".join(after)).splitlines()
    assert [line for line in made if line.startswith("own ")] == mine
    assert [line for line in made if not line.startswith("own ")] == after


def test_a_generated_line_that_the_reader_deleted_stays_away():
    assert prose.renewed("a\nc", "a\nb\nc", "a\nb\nd") == "a\nd"


def test_a_generated_line_that_the_reader_rewrote_stays_rewritten():
    assert prose.renewed("a\nB, surely\nc", "a\nb\nc", "a\nb\nc\nd") == "a\nB, surely\nc\nd"


def test_an_own_line_stays_behind_its_sentence():
    assert prose.renewed("a\nmine\nb", "a\nb", "x\na\ny\nb") == "x\na\nmine\ny\nb"


DONE = Study(Technique.SPECT_CT, ventilation_done=True, xray_known=True)
UNDONE = Study(Technique.PLANAR, ventilation_done=False, xray_known=False)


def test_values_of_what_was_not_done_are_neither_counted_nor_said():
    typed = reading("RB8 large matched xray=equal; RB9 moderate; LB3 normal worse xray=larger")
    assert {key.split(".")[0] for key in keys(typed, DONE)} >= {"xray", "ventilation", "defects"}
    left = keys(typed, UNDONE)
    assert left == ["study.planar_q", "study.no_xray", "defects", "defects", "perfusion.rest_normal"]


@strategies.steady
@given(strategies.anything, strategies.studies)
def test_prose_and_criteria_leave_out_the_same(kept, study):
    """What is typed of something that was not done changes no sentence and no count: the same without it."""
    found = parse(kept)
    cleared = counted(found, study)
    plain = cleared if study.ventilation_done else _without_what_was_not_done(cleared)
    for each in (cleared, plain):
        assert prose.findings(found, study) == prose.findings(each, study)
        assert counts(found, study) == counts(each, study)
        assert idle(each, study) == {}
    assert (cleared == found) or idle(found, study) or not study.ventilation_done
    for key in SCHEMES:
        assert suggest(key, found, study) == suggest(key, cleared, study)


def _without_what_was_not_done(found):
    unsaid = (replace(each, ventilation=Ventilation.NOT_ASSESSED) for each in found.segments)
    return replace(found, segments=tuple(unsaid))


def test_mismatch_is_said_as_the_scheme_judges_it():
    found = reading("RB8 large wedge xray=equal")
    said = [line.key for line in prose.findings(found, DONE, scheme="EANM_SPECT")]
    assert "mismatch.sum" in said
    assert "xray.equal" in said
    assert "mismatch.none" in [line.key for line in prose.findings(found, PLANAR, scheme="PIOPED_I")]


def test_near_normal_is_not_said_where_all_is_normal():
    assert "perfusion.near_normal" in keys(reading("RB8 small", near_normal=True))
    assert "perfusion.near_normal" in keys(reading(nonsegmental=["cardiomegaly"], near_normal=True))
    assert "perfusion.near_normal" not in keys(reading(near_normal=True))
