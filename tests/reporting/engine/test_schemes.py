"""Reporting vocabularies: their terms, their groups, and that a category belongs to its scheme."""

import pytest

from reporting.engine import schemes
from reporting.engine.schemes import DEFAULT_SCHEME, SCHEMES, Group

TERMS = {
    "TEN_TERMS": {
        Group.UNLIKELY: ["Normal", "Low probability", "PE absent", "No evidence of PE"],
        Group.UNCLEAR: ["Intermediate probability", "Indeterminate probability", "Nondiagnostic"],
        Group.LIKELY: ["High probability", "PE present", "PE-positive"],
    },
    "PIOPED_I": {
        Group.UNLIKELY: ["Normal", "Very low probability", "Low probability"],
        Group.UNCLEAR: ["Intermediate or indeterminate probability"],
        Group.LIKELY: ["High probability"],
    },
    "MOD_PIOPED_II": {
        Group.UNLIKELY: ["Normal", "Very low probability"],
        Group.UNCLEAR: ["Nondiagnostic"],
        Group.LIKELY: ["High probability"],
    },
    "MOD_PIOPED_II_Q": {
        Group.UNLIKELY: ["PE absent"],
        Group.UNCLEAR: ["Nondiagnostic"],
        Group.LIKELY: ["PE present"],
    },
    "PISAPED": {
        Group.UNLIKELY: ["PE absent"],
        Group.UNCLEAR: ["Nondiagnostic"],
        Group.LIKELY: ["PE present"],
    },
    "EANM_SPECT": {
        Group.UNLIKELY: ["No PE"],
        Group.UNCLEAR: ["Nondiagnostic"],
        Group.LIKELY: ["PE present"],
    },
    "TRINARY": {
        Group.UNLIKELY: ["No evidence of PE"],
        Group.UNCLEAR: ["Nondiagnostic"],
        Group.LIKELY: ["PE present"],
    },
}


@pytest.mark.parametrize("key", TERMS)
def test_a_scheme_has_exactly_its_terms_in_their_groups(key):
    found = {group: [] for group in Group}
    for category in SCHEMES[key].categories:
        found[schemes.group_of(key, category.key)].append(category.label)
    assert found == TERMS[key]


def test_no_scheme_is_left_out():
    assert list(SCHEMES) == list(TERMS)
    assert all(key == scheme.key and scheme.source for key, scheme in SCHEMES.items())


def test_the_default_scheme_has_ten_terms_in_three_groups():
    assert len(SCHEMES[DEFAULT_SCHEME].categories) == 10
    assert [schemes.GROUP_LABELS[group] for group in Group] == ["PE unlikely", "Could not tell", "PE likely"]


@pytest.mark.parametrize("key", TERMS)
def test_categories_of_a_scheme_are_told_apart(key):
    keys = [category.key for category in SCHEMES[key].categories]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("scheme", "category"),
    [("PISAPED", "high_probability"), ("TEN_TERMS", "very_low_probability"), ("PIOPED", "normal"), ("", "")],
)
def test_a_category_of_another_scheme_does_not_exist(scheme, category):
    with pytest.raises(KeyError):
        schemes.group_of(scheme, category)
    with pytest.raises(KeyError):
        schemes.label_of(scheme, category)


def test_the_label_is_the_term_the_reader_knows():
    assert schemes.label_of("TEN_TERMS", "pe_positive") == "PE-positive"
