"""The prose in its languages."""

import re
from datetime import date

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from reporting.engine import next_steps
from reporting.engine import prose as engine
from reporting.engine.differential import REGIONS
from reporting.engine.findings import LIMITS, NONSEGMENTAL, OTHER_FINDINGS, Level, Study, Technique, parse
from reporting.engine.schemes import DEFAULT_SCHEME, SCHEMES
from reporting.engine.sentences import Sentence
from reporting.services import prose
from reporting.services.prose.writing import PHRASES
from tests.reporting.engine import strategies
from tests.reporting.engine.maps import CODES, reading

LANGUAGES = [code for code, _ in prose.languages()]
PLANAR = Study(Technique.PLANAR, ventilation_done=True, xray_known=True)
WORDS = {
    "limit": LIMITS,
    "cause": NONSEGMENTAL,
    "finding": OTHER_FINDINGS,
    "segment": CODES,
    "region": [key for regions in REGIONS.values() for key in regions],
    "scheme": [key for key in SCHEMES if key != DEFAULT_SCHEME],
    "term": {category.key for scheme in SCHEMES.values() for category in scheme.categories},
    "probability": [level for level in Level if level],
    "confidence": [level for level in Level if level],
    "study": ["no_xray", *(f"{technique}_{part}" for technique in Technique for part in ("vq", "q"))],
}


def generated(found, **values):
    return prose.generated(found, PLANAR, **{"scheme": "MOD_PIOPED_II", "category": "", **values})


@pytest.mark.parametrize("language", LANGUAGES)
@strategies.steady
@given(kept=strategies.anything, technique=st.sampled_from(list(Technique)), prior=st.none() | st.dates())
def test_anything_can_be_said_in_every_language(language, kept, technique, prior):
    found, study = parse(kept), Study(technique, True, True)
    said = prose.generated(
        found, study, scheme="PIOPED_I", category="low_probability", language=language, prior_on=prior
    )
    notes = "".join((found.limits_note, found.other_note, found.comparison.note))
    assert "%(" not in said.findings or "%(" in notes
    assert len(said.findings.split("\n")) == len(engine.findings(found, study, "x" if prior else ""))
    assert said.impression
    assert said.next_step


# What stands in Latin letters in every language: segments, schemes, and the names of what was done.
NAMES = re.compile(r"[RL]B\d+(?:\+2)?|PIOPED(?: I+)?|PISAPED|EANM|SPECT/CT|SPECT|CT")
NOTES = ("limits_note", "other_note")


@settings(strategies.steady, max_examples=40)
@given(
    kept=strategies.anything,
    study=strategies.studies,
)
def test_every_language_says_the_same_findings_in_its_own_words(kept, study):
    kept = {key: value for key, value in kept.items() if key not in NOTES}
    kept["comparison"] = {"change": kept.get("comparison", {}).get("change", "")}
    found = parse(kept)

    def said(language):
        text = prose.generated(found, study, scheme="PIOPED_I", category="low_probability", language=language)
        return [
            line for part in (text.findings, text.impression, text.next_step) for line in part.split("\n")
        ]

    english = said("en")
    for language in (each for each in LANGUAGES if each != "en"):
        lines = said(language)
        assert len(lines) == len(english)
        for line, origin in zip(lines, english, strict=True):
            assert line != origin
            assert "%(" not in line
            assert codes(line) == codes(origin), (language, line, origin)
            assert figures(line) == figures(origin), (language, line, origin)
            if language in ("ar", "zh-Hans"):
                assert not re.search("[A-Za-z]{2,}", NAMES.sub("", line)), line


def codes(line):
    return re.findall(r"[RL]B\d+(?:\+2)?", line)


def figures(line):
    """The digits of a line's figures, in any script and order: languages put them where they want."""
    return sorted(str(int(each)) for each in re.findall(r"\d+", NAMES.sub("", line)))


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_every_phrase_is_translated(language):
    """What is the same word in both languages is known by name."""
    english = {key: str(text) for key, text in PHRASES.items()}
    with override(language):
        same = {key for key, text in english.items() if str(PHRASES[key]) == text}
    assert same <= THE_SAME, same - THE_SAME


THE_SAME = {
    *("scheme.PIOPED_I", "impression.plain", "impression.by_scheme", "defects", "defects.ventilation"),
    *("where.segment", "where.lobe", "share.of", "scheme.PISAPED"),
    *("finding.fibrosis", "finding.fracture", "finding.pneumothorax"),
}


@pytest.mark.parametrize("kind", WORDS)
def test_every_word_of_the_structure_has_a_phrase(kind):
    assert {f"{kind}.{key}" for key in WORDS[kind]} == {key for key in PHRASES if key.split(".")[0] == kind}


def test_every_next_step_has_a_sentence():
    said = {
        sentence.key
        for key, scheme in SCHEMES.items()
        for category in scheme.categories
        for prior in Level
        for sentence in next_steps.suggested(key, category.key, prior, cteph=True)
    }
    assert said == {key for key in PHRASES if key.startswith("next.")}


def test_a_normal_examination_in_words():
    said = generated(reading(), category="normal")
    assert said.findings == (
        "Planar ventilation and perfusion scan.\n"
        "Perfusion is normal in all segments.\n"
        "Ventilation is normal in all segments.\n"
        "The chest X-ray is clear in all segments."
    )
    assert said.impression == "Normal scan (modified PIOPED II)."
    assert said.next_step == "No further imaging for pulmonary embolism is needed."


def test_mismatches_in_words_name_a_whole_lobe_as_one():
    said = generated(reading("RB4 large; RB5 large; LB9 moderate smaller"))
    assert "ventilation normal there: whole middle lobe (RB4, RB5)." in said.findings
    assert "ventilation changed less there: left lower lobe lateral basal (LB9)." in said.findings
    assert "add up to 2.5 segment equivalents, about 12 % of the lung volume." in said.findings


def test_figures_and_days_are_written_as_the_language_does():
    found = reading("RB4 large; RB5 large; LB9 moderate", comparison={"change": "new"})
    said = generated(found, language="de", prior_on=date(2026, 11, 2))
    assert "zusammen 2,5 Segmentäquivalente, etwa 12 % des Lungenvolumens." in said.findings
    assert "Im Vergleich zur Untersuchung vom 2. November 2026: neue Befunde." in said.findings


def test_split_function_in_words():
    found = parse({"differential": {"perfusion": {"by": "lung", "regions": {
        "right": {"anterior": 90, "posterior": 40}, "left": {"anterior": 20, "posterior": 20}}}}})  # fmt: skip
    assert "Share of perfusion: right lung 75 %, left lung 25 %." in generated(found).findings


def test_own_words_stay_as_they_are_in_any_language():
    assert (
        "50 % sure, %(x)s." in generated(parse({"other_note": "50 % sure, %(x)s."}), language="de").findings
    )


def test_sentence_without_words_is_a_mistake():
    with pytest.raises(KeyError):
        prose.in_language((Sentence("nothing.like_this"),), "en")


def test_renewed_prose_keeps_what_the_reader_wrote():
    before, after = generated(reading()), generated(reading("RB8 small"), category="very_low_probability")
    own = prose.Prose(f"{before.findings}\nI looked twice.", "", "")
    made = prose.renewed(own, before, after)
    assert made == prose.Prose(f"{after.findings}\nI looked twice.", after.impression, after.next_step)
