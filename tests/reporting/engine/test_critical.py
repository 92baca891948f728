from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.engine import critical
from reporting.engine.critical import Asked, Method, Reason, Telling
from reporting.engine.findings import OTHER_FINDINGS
from reporting.engine.schemes import SCHEMES, Group

NOW = datetime(2027, 3, 8, 20, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TELLING = Telling("Dr Rita Moss", Method.PHONE, NOW, "PE present", read_back=True)
ALL_TERMS = [(scheme, each) for scheme in SCHEMES.values() for each in scheme.categories]


@pytest.mark.parametrize(("scheme", "category"), ALL_TERMS, ids=lambda each: each.key)
def test_every_term_of_pe_likely_and_no_other_is_critical_by_itself(scheme, category):
    found = critical.reasons(scheme.key, category.key, (), (), ())
    assert bool(found) == (category.group == Group.LIKELY)
    assert all(reason.key == "pe_likely" for reason in found)


@pytest.mark.parametrize(
    ("scheme", "category", "words"),
    [
        ("TEN_TERMS", "pe_present", "PE present (Ten terms in three groups)"),
        ("PIOPED_I", "high_probability", "High probability of PE (PIOPED I)"),
    ],
)
def test_the_words_for_the_phone_name_the_embolism_and_the_scheme(scheme, category, words):
    assert critical.reasons(scheme, category, (), (), ()) == (Reason("pe_likely", words),)


def test_a_department_adds_terms_and_findings():
    listed = {"terms": ["PIOPED_I:intermediate_or_indeterminate"], "findings": ["pneumothorax"]}
    found = critical.reasons("PIOPED_I", "intermediate_or_indeterminate", ["mass", "pneumothorax"], **listed)
    assert found == (
        Reason(
            "term:PIOPED_I:intermediate_or_indeterminate",
            "Intermediate or indeterminate probability (PIOPED I)",
        ),
        Reason("finding:pneumothorax", OTHER_FINDINGS["pneumothorax"]),
    )


def test_a_term_is_critical_in_its_own_scheme_only():
    assert critical.reasons("TRINARY", "nondiagnostic", (), ["EANM_SPECT:nondiagnostic"], ()) == ()


@pytest.mark.parametrize(("scheme", "category"), [("TEN_TERMS", ""), ("GONE", "pe_present"), ("", "")])
def test_without_a_known_term_nothing_is_critical(scheme, category):
    assert critical.reasons(scheme, category, (), (), ()) == ()


@given(
    term=st.sampled_from(ALL_TERMS),
    other=st.lists(st.sampled_from(list(OTHER_FINDINGS)), unique=True),
    findings=st.lists(st.sampled_from(list(OTHER_FINDINGS)), unique=True),
    lists_term=st.booleans(),
)
def test_what_is_given_as_a_reason_is_said_by_the_report(term, other, findings, lists_term):
    scheme, category = term[0].key, term[1].key
    terms = [f"{scheme}:{category}"] if lists_term else []
    for reason in critical.reasons(scheme, category, other, terms, findings):
        assert critical.is_said(reason.key, scheme, category, other)
        assert reason.words


@pytest.mark.parametrize(
    ("minutes", "asked"),
    [
        ([], [(15, Asked.READER), (30, Asked.LEAD), (60, Asked.COVERING)]),
        ([60, 15, 30, 15], [(15, Asked.READER), (30, Asked.LEAD), (60, Asked.COVERING)]),
        ([20], [(20, Asked.COVERING)]),
        ([10, 20], [(10, Asked.READER), (20, Asked.COVERING)]),
        ([5, 10, 20, 40], [(5, "reader"), (10, "lead"), (20, "lead"), (40, "covering")]),
    ],
)
def test_the_last_step_is_always_the_covering_clinician(minutes, asked):
    steps = critical.escalation(minutes)
    assert [(step.minutes, step.asked) for step in steps] == asked
    assert [step.number for step in steps] == list(range(1, len(asked) + 1))


@pytest.mark.parametrize(
    ("after", "done", "due"),
    [
        (14.99, (), []),
        (15, (), [1]),
        (29, (1,), []),
        (30, (1,), [2]),
        (75, (), [1, 2, 3]),
        (75, (1, 3), [2]),
        (600, (1, 2, 3), []),
    ],
)
def test_steps_fall_due_one_after_the_other_and_all_at_once_after_a_silence(after, done, due):
    found = critical.steps_due(NOW, [], done, NOW + after * MINUTE)
    assert [step.number for step in found] == due


def test_six_fields_and_the_read_back_close_it():
    assert critical.why_not_told(TELLING, NOW - 10 * MINUTE, NOW) == {}


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"told_to": "  "}, "told_to", "Say who was told: their name."),
        ({"method": "email"}, "method", "An e-mail does not count as telling. Phone, or go there."),
        ({"method": ""}, "method", "Say how it was told."),
        ({"finding": ""}, "finding", "Say what was told."),
        ({"told_at": NOW + MINUTE}, "told_at", "This time is still to come."),
        (
            {"told_at": NOW - 131 * MINUTE},
            "told_at",
            "This is long before the result was seen. Check the time.",
        ),
        (
            {"read_back": False},
            "read_back",
            "Have it read back, then say so. Until then the result stays open.",
        ),
    ],
)
def test_a_call_that_lacks_something_does_not_close_it(changed, field, sentence):
    values = {name: getattr(TELLING, name) for name in Telling.__slots__} | changed
    assert critical.why_not_told(Telling(**values), NOW - 10 * MINUTE, NOW) == {field: sentence}


def test_a_call_made_just_before_the_draft_was_saved_counts():
    assert critical.why_not_told(TELLING, NOW + 3 * MINUTE, NOW + 4 * MINUTE) == {}
