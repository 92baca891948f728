"""Every screening rule, one case each, as a table that a physician can read and extend."""

import pytest

from scheduling.engine import screening
from scheduling.engine.screening import QUESTIONS, RULES, Action, Facts, Stage, evaluate, stage_blockers

WOMAN, GIRL, MAN = Facts("female", 30), Facts("female", 8), Facts("male", 30)
OLDER_WOMAN, NOBODY_KNOWS = Facts("female", 70), Facts("unknown", None)
INPATIENT = Facts("male", 60, "inpatient")
STAT = Facts("female", 30, "inpatient", "stat")

# Everything answered so that no rule applies.
ALL_CLEAR = {
    "pregnancy": "no",
    "pulmonary_hypertension": "none",
    "pretest": "high",
    "chest_xray": "normal",
    **{q.key: "no" for q in QUESTIONS if "no" in dict(q.choices) and q.key != "pregnancy"},
}

NOTHING = ""
CASES = [
    ("chest_xray", "abnormal", MAN, "CXR-7 warn book -"),
    ("chest_xray", "none", MAN, NOTHING),
    ("chest_xray", "unknown", MAN, NOTHING),
    # question, answer, patient; then what comes of it, each as "rule action stages override"
    ("pregnancy", "yes", WOMAN, "PREG-1 consult xray+dose+start physician, PREG-1 protocol book -"),
    ("pregnancy", "possible", WOMAN, "PREG-1 consult xray+dose+start physician, PREG-1 protocol book -"),
    ("pregnancy", "unknown", WOMAN, "PREG-2 task xray+dose physician"),
    ("pregnancy", "unknown", Facts("female", 12), "PREG-2 task xray+dose physician"),
    ("pregnancy", "unknown", Facts("female", 55), "PREG-2 task xray+dose physician"),
    ("pregnancy", "unknown", Facts("female", None), "PREG-2 task xray+dose physician"),
    ("pregnancy", "unknown", Facts("other", 30), "PREG-2 task xray+dose physician"),
    ("pregnancy", "unknown", NOBODY_KNOWS, "PREG-2 task xray+dose physician"),
    ("pregnancy", "unknown", Facts("female", 11), NOTHING),
    ("pregnancy", "unknown", Facts("female", 56), NOTHING),
    ("pregnancy", "unknown", MAN, NOTHING),
    ("pregnancy", "no", WOMAN, NOTHING),
    ("pregnancy", "cannot_be", WOMAN, NOTHING),
    (
        "pregnancy",
        "yes",
        Facts("female", 57),
        "PREG-1 consult xray+dose+start physician, PREG-1 protocol book -",
    ),
    ("breastfeeding", "yes", WOMAN, "BF-1 protocol book -, BF-1 info book -"),
    ("breastfeeding", "unknown", WOMAN, "BF-1-ASK task - -"),
    ("breastfeeding", "unknown", MAN, NOTHING),
    ("pulmonary_hypertension", "severe", MAN, "PH-1 block dose+start authorised_user"),
    ("pulmonary_hypertension", "mild_or_moderate", MAN, "PH-2 protocol book -, PH-2 warn dose -"),
    ("pulmonary_hypertension", "unknown_severity", MAN, "PH-2 protocol book -, PH-2 warn dose -"),
    ("pulmonary_hypertension", "unknown", MAN, "PH-1-ASK task dose authorised_user"),
    ("right_to_left_shunt", "yes", MAN, "SHUNT-1 consult dose+start physician, SHUNT-1 protocol book -"),
    ("right_to_left_shunt", "unknown", MAN, "SHUNT-1-ASK task dose physician"),
    ("one_lung_or_transplant", "one_lung", MAN, "LUNG-1 protocol book -, LUNG-1 warn dose -"),
    ("one_lung_or_transplant", "transplant", MAN, "LUNG-1 protocol book -, LUNG-1 warn dose -"),
    ("one_lung_or_transplant", "no", MAN, NOTHING),
    ("one_lung_or_transplant", "unknown", MAN, "LUNG-1-ASK task - -"),
    ("albumin_allergy", "yes", MAN, "ALB-1 block dose+start authorised_user"),
    ("albumin_allergy", "unknown", MAN, "ALB-1-ASK task dose authorised_user"),
    ("cannot_keep_still", "yes", MAN, "STILL-1 warn book -, STILL-1 protocol book -"),
    ("cannot_keep_still", "unknown", MAN, "STILL-1-ASK task - -"),
    ("cannot_raise_arms", "yes", MAN, "ARMS-1 protocol book -"),
    ("cannot_raise_arms", "unknown", MAN, "ARMS-1-ASK task - -"),
    ("claustrophobia", "yes", MAN, "CLAUS-1 warn book -"),
    ("claustrophobia", "unknown", MAN, "CLAUS-1-ASK task - -"),
    ("oxygen", "yes", MAN, "O2-1 warn book -"),
    ("oxygen", "unknown", MAN, "O2-1-ASK task - -"),
    ("recent_tc99m", "yes", MAN, "TC-1 warn book -"),
    ("recent_tc99m", "unknown", MAN, "TC-1-ASK task - -"),
    ("copd_or_asthma", "yes", MAN, "COPD-1 protocol book -"),
    ("copd_or_asthma", "unknown", MAN, "COPD-1-ASK task - -"),
    ("smoker", "yes", MAN, "SMOK-1 info dose -"),
    ("smoker", "unknown", MAN, NOTHING),
    ("interpreter", "yes", MAN, "INTERP-1 protocol book -"),
    ("interpreter", "unknown", MAN, NOTHING),
    ("respiratory_isolation", "yes", MAN, "INF-1 consult dose+start physician, INF-1 protocol book -"),
    ("respiratory_isolation", "unknown", MAN, "INF-1-ASK task - -"),
    ("unstable", "yes", MAN, "UNST-1 consult dose+start physician"),
    ("unstable", "unknown", MAN, "UNST-1-ASK task - -"),
    ("renal_failure", "yes", MAN, "RENAL info book -"),
    ("renal_failure", "unknown", MAN, NOTHING),
    ("contrast_allergy", "yes", MAN, "ALLERGY info book -"),
    ("contrast_allergy", "unknown", MAN, NOTHING),
    ("pretest", "low", MAN, NOTHING),
    ("pretest", "unknown", MAN, "PRIOR-1 warn book -"),
    ("pretest", "high", INPATIENT, "LOC-1 protocol book -"),
]


def told(effects) -> str:
    def line(effect):
        stages = "+".join(stage for stage in Stage if stage in effect.stages) or "-"
        return f"{effect.rule_id} {effect.action} {stages} {effect.override or '-'}"

    return ", ".join(line(effect) for effect in effects)


@pytest.mark.parametrize(("question", "answer", "patient", "wanted"), CASES)
def test_each_answer_does_what_the_table_says(question, answer, patient, wanted):
    effects = evaluate({**ALL_CLEAR, question: answer}, patient)
    assert told(effects) == wanted
    assert all(effect.open == (effect.action is Action.TASK) for effect in effects)


def test_every_rule_has_a_case():
    named = {word for case in CASES for word in case[3].replace(",", "").split() if word[0].isupper()}
    assert {rule.id for rule in RULES} == named


def test_every_rule_listens_to_answers_that_can_be_given():
    choices = {question.key: {value for value, _ in question.choices} for question in QUESTIONS}
    for rule in RULES:
        assert rule.question is None or rule.when <= choices[rule.question], rule.id
        assert rule.effect.endswith(".")
        assert rule.source


def test_unknown_is_an_answer_to_every_question():
    assert all("unknown" in dict(question.choices) for question in QUESTIONS)


def test_nothing_answered_is_the_same_as_all_unknown():
    everything = {question.key: "unknown" for question in QUESTIONS}
    assert evaluate({}, WOMAN) == evaluate(everything, WOMAN) == evaluate({"pregnancy": ""}, WOMAN)


def test_nothing_ever_gates_booking():
    for rule in RULES:
        if rule.action in screening.GATING:
            assert Stage.BOOK not in rule.stages, rule.id
    worst = {
        q.key: next(a for a, _ in q.choices if a in ("severe", "yes", "one_lung", "abnormal", "high"))
        for q in QUESTIONS
    }
    assert stage_blockers(evaluate(worst, STAT), Stage.BOOK) == ()


def test_stat_skips_neither_albumin_nor_pulmonary_hypertension():
    answers = {**ALL_CLEAR, "albumin_allergy": "yes", "pulmonary_hypertension": "severe"}
    for priority in ("stat", "urgent", "routine"):
        effects = evaluate(answers, Facts("female", 30, "emergency", priority))
        for stage in (Stage.DOSE, Stage.START):
            assert [effect.rule_id for effect in stage_blockers(effects, stage)] == ["PH-1", "ALB-1"]


def test_a_resolved_rule_gates_no_longer_and_the_others_still_do():
    effects = evaluate({**ALL_CLEAR, "albumin_allergy": "yes", "unstable": "yes"}, MAN)
    left = stage_blockers(effects, Stage.DOSE, frozenset({"UNST-1"}))
    assert [effect.rule_id for effect in left] == ["ALB-1"]


def test_a_resolved_question_does_not_resolve_its_answer():
    asked = evaluate({**ALL_CLEAR, "albumin_allergy": "unknown"}, MAN)
    resolved = frozenset(effect.rule_id for effect in stage_blockers(asked, Stage.DOSE))
    answered = evaluate({**ALL_CLEAR, "albumin_allergy": "yes"}, MAN)
    assert [effect.rule_id for effect in stage_blockers(answered, Stage.DOSE, resolved)] == ["ALB-1"]


def test_an_unanswered_pregnancy_question_gates_the_xray_and_the_dose():
    effects = evaluate({**ALL_CLEAR, "pregnancy": "unknown"}, WOMAN)
    gated = [stage for stage in Stage if stage_blockers(effects, stage)]
    assert gated == [Stage.XRAY, Stage.DOSE]


@pytest.mark.parametrize(
    ("patient", "asked"),
    [(WOMAN, True), (NOBODY_KNOWS, True), (MAN, False), (GIRL, False), (OLDER_WOMAN, False)],
)
def test_pregnancy_and_breastfeeding_are_asked_where_they_can_be(patient, asked):
    keys = {question.key for question in screening.questions_for(patient)}
    assert ({"pregnancy", "breastfeeding"} <= keys) is asked
    assert len(keys) == len(QUESTIONS) - (0 if asked else 2)


def test_an_answer_that_is_no_choice_is_refused():
    with pytest.raises(ValueError, match="not an answer"):
        evaluate({"albumin_allergy": "perhaps"}, MAN)
