"""Which protocol the answers speak for: a table that a physician can read and extend."""

import pytest

from scheduling.engine import screening
from scheduling.engine.catalogue import PROTOCOLS
from scheduling.engine.questions import QUESTIONS, Facts
from scheduling.engine.rules import RULES
from scheduling.engine.suggestion import suggest
from scheduling.engine.suggestion_rules import CHANGES, EXAMINATIONS, MAY_CHANGE, NOTES, PREFERENCES

BOOKABLE = [(each.key, each.agent or "") for each in PROTOCOLS if each.bookable]
WOMAN, MAN = Facts("female", 30), Facts("male", 60)
NOTHING_SPECIAL = {
    **{question.key: "no" for question in QUESTIONS},
    **{"pulmonary_hypertension": "none", "chest_xray": "normal", "pretest": "low"},
}


def effects_of(facts=WOMAN, **answers):
    return screening.evaluate(NOTHING_SPECIAL | answers, facts)


def chosen(offered=BOOKABLE, *, facts=WOMAN, indication="", **answers):
    found = suggest(effects_of(facts, **answers), offered, indication=indication)
    return (found.key, found.agent), found


CASES = [
    # answers, then the examination and what is breathed
    ({}, "V_THEN_Q", "technegas"),
    ({"pregnancy": "yes"}, "Q_FIRST_V_IF_ABNORMAL", "dtpa"),
    ({"pregnancy": "possible"}, "Q_FIRST_V_IF_ABNORMAL", "dtpa"),
    ({"pregnancy": "yes", "respiratory_isolation": "yes"}, "Q_FIRST_V_IF_ABNORMAL", "dtpa"),
    ({"pregnancy": "yes", "copd_or_asthma": "yes"}, "Q_FIRST_V_IF_ABNORMAL", "kr81m"),
    ({"respiratory_isolation": "yes"}, "Q_ONLY", ""),
    ({"oxygen": "yes"}, "V_THEN_Q", "dtpa"),
    ({"copd_or_asthma": "yes"}, "V_THEN_Q", "technegas"),
    ({"oxygen": "yes", "copd_or_asthma": "yes"}, "V_THEN_Q", "kr81m"),
    ({"pulmonary_hypertension": "severe"}, "V_THEN_Q", "technegas"),
    ({"right_to_left_shunt": "yes"}, "V_THEN_Q", "technegas"),
    ({"cannot_keep_still": "yes"}, "V_THEN_Q", "technegas"),
    ({"renal_failure": "yes", "contrast_allergy": "yes"}, "V_THEN_Q", "technegas"),
    ({"pregnancy": "unknown"}, "V_THEN_Q", "technegas"),
]


@pytest.mark.parametrize(("answers", "key", "agent"), CASES)
def test_each_answer_leads_to_its_protocol(answers, key, agent):
    assert chosen(**answers)[0] == (key, agent)


def test_pregnancy_is_explained_with_its_source():
    _, found = chosen(pregnancy="yes")
    first = found.reasons[0]
    assert "ventilation is held until a physician has read perfusion" in first.sentence
    assert (first.rule, first.source.partition(";")[0]) == ("PREG-1", "Blackpool Teaching Hospitals PL1003")


@pytest.mark.parametrize(
    ("answers", "rule", "words"),
    [
        ({"pregnancy": "yes"}, "PREG-1", "reduced number of particles"),
        ({"pulmonary_hypertension": "severe"}, "PH-1", "100,000 to 200,000 particles"),
        ({"pulmonary_hypertension": "mild_or_moderate"}, "PH-2", "100,000 to 200,000 particles"),
        ({"right_to_left_shunt": "yes"}, "SHUNT-1", "100,000 to 200,000 particles"),
        ({"one_lung_or_transplant": "transplant"}, "LUNG-1", "100,000 to 200,000 particles"),
        ({"cannot_keep_still": "yes"}, "STILL-1", "short blocks"),
        ({"cannot_raise_arms": "yes"}, "ARMS-1", "planar pictures"),
    ],
)
def test_what_is_done_otherwise_within_the_protocol_is_said(answers, rule, words):
    _, found = chosen(**answers)
    assert [(each.rule, words in each.sentence) for each in found.changes] == [(rule, True)]


def test_kidneys_and_contrast_allergy_are_noted_as_changing_nothing():
    _, found = chosen(renal_failure="yes", contrast_allergy="yes")
    assert [each.rule for each in found.notes] == ["RENAL", "ALLERGY"]
    assert all("changes nothing" in each.sentence for each in found.notes)
    assert found.changes == ()


def test_only_what_the_site_offers_is_suggested_and_the_rest_is_said():
    (key, _), found = chosen([("V_THEN_Q", "dtpa"), ("V_ONLY", "dtpa")], respiratory_isolation="yes")
    assert key == "V_THEN_Q"
    assert found.reasons[0].sentence.endswith("No such protocol can be booked here.")
    assert found.reasons[0].rule == "INF-1"


def test_pregnancy_without_a_held_ventilation_falls_back_to_perfusion_alone():
    offered = [("V_THEN_Q", ""), ("Q_ONLY", "")]
    assert chosen(offered, pregnancy="yes")[0] == ("Q_ONLY", "")


def test_an_agent_that_is_advised_against_is_suggested_only_with_a_caution():
    (_, agent), found = chosen([("V_THEN_Q", "technegas")], oxygen="yes")
    assert agent == "technegas"
    assert found.reasons[-1].sentence.endswith("Only Technegas fits all else here: take care.")


def test_ventilation_alone_is_never_suggested():
    assert suggest(effects_of(), [("V_ONLY", "dtpa")]) is None
    assert suggest(effects_of(), []) is None


def test_of_equal_agents_the_site_s_first_is_taken():
    backwards = list(reversed(BOOKABLE))
    assert chosen(backwards)[0] == ("V_THEN_Q", "kr81m")


def test_split_function_before_lung_surgery_where_it_can_be_booked():
    offered = [*BOOKABLE, ("QUANT_DIFFERENTIAL", "")]
    assert chosen(offered, indication="Z01.811")[0] == ("QUANT_DIFFERENTIAL", "")
    assert chosen(indication="Z01.811")[0] == ("V_THEN_Q", "technegas")


def test_unknown_answers_that_may_change_it_are_named():
    _, found = chosen(pregnancy="unknown", oxygen="unknown", smoker="unknown")
    assert set(found.unknown) == {"pregnancy", "oxygen"}
    assert suggest(effects_of(MAN, pregnancy="unknown"), BOOKABLE).unknown == ()


def test_every_row_of_the_tables_names_a_rule_and_a_source():
    known = {rule.id for rule in RULES}
    rows = [*EXAMINATIONS, *PREFERENCES, *CHANGES, *NOTES]
    assert {row.rule for row in rows} - {""} <= known
    assert all(row.source and row.sentence.endswith(".") for row in rows)
    assert {question.key for question in QUESTIONS} >= MAY_CHANGE.keys()
