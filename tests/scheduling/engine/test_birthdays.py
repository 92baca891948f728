"""Dates of birth in the usual ways of writing, the Wells score, and the pick list of indications."""

from datetime import date
from decimal import Decimal

import pytest

from scheduling.engine import birthdays, indications, wells

DAY = date(1960, 5, 17)


@pytest.mark.parametrize(
    "text",
    [
        "17 May 1960",
        "17.5.1960",
        "17. 5. 1960",
        "05/17/1960",
        "17/05/1960",
        "1960-05-17",
        "1960/5/17",
        "May 17, 1960",
        "17-May-1960",
        "17th of May 1960".replace(" of", ""),
        "17. Mai 1960",
        "17 mai 1960",
        "17 de mayo de 1960",
        "1960年5月17日",
        "17051960",
        "19600517",
        "\u0661\u0667/\u0665/\u0661\u0669\u0666\u0660",  # Arabic-Indic figures
    ],
)
def test_a_date_is_read_in_the_usual_ways_of_writing(text):
    assert birthdays.read(text) == (frozenset([DAY]), "")


def test_two_figures_of_a_year_may_be_of_either_century():
    assert birthdays.read("17.5.60")[0] == {DAY, date(2060, 5, 17)}


def test_a_date_that_can_be_read_both_ways_is_both():
    assert birthdays.read("05/06/1960")[0] == {date(1960, 5, 6), date(1960, 6, 5)}


@pytest.mark.parametrize(
    "text", ["", "Moreno", "M12345", "0012345", "31 Feb 1990", "17.13.1960", "May 1960", "1960"]
)
def test_what_is_no_date_stays_as_it_is(text):
    assert birthdays.read(text) == (frozenset(), text)


@pytest.mark.parametrize("text", ["Moreno 17.5.1960", "17.5.1960, Moreno", "17 May 1960 Moreno"])
def test_a_name_may_stand_beside_the_date(text):
    days, rest = birthdays.read(text)
    assert (DAY in days, rest.strip()) == (True, "Moreno")


def test_the_wells_criteria_add_up_to_twelve_and_a_half():
    assert wells.HIGHEST == wells.score(each.key for each in wells.CRITERIA) == Decimal("12.5")


@pytest.mark.parametrize(
    ("keys", "points", "verdict"),
    [
        ([], "0", "PE unlikely"),
        (["dvt_signs", "cancer"], "4", "PE unlikely"),
        (["pe_most_likely", "heart_rate"], "4.5", "PE likely"),
        (["cancer", "cancer"], "1", "PE unlikely"),
    ],
)
def test_more_than_four_points_make_an_embolism_likely(keys, points, verdict):
    assert wells.score(keys) == Decimal(points)
    assert wells.verdict(wells.score(keys)) == verdict


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("sob", "R06.02"),
        ("breath", "R06.02"),
        ("r06.02", "R06.02"),
        ("I2724", "I27.24"),
        ("cteph", "I27.24"),
        ("pulmonary embol", "I26.99"),
        ("kidney 4", "N18.4"),
        ("dvt left", "I82.402"),
    ],
)
def test_an_indication_is_found_by_code_words_or_abbreviation(text, first):
    assert indications.matching(text)[0].code == first


def test_nothing_typed_or_nothing_alike_finds_no_indication():
    assert indications.matching(" ") == indications.matching("zebra") == ()


def test_every_synonym_names_codes_of_the_list():
    known = {each.code for each in indications.INDICATIONS}
    assert {code for codes in indications.SYNONYMS.values() for code in codes} <= known
