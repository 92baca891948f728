"""The cases that a physician can read and extend (cases/*.toml), each against the table it is for."""

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from reporting.engine.criteria import TABLES, Options, Refusal, suggest
from reporting.engine.findings import Study, Technique
from reporting.engine.schemes import Group
from tests.reporting.engine.maps import reading

FILES = sorted((Path(__file__).parent / "cases").glob("*.toml"))
WHOLE = ("nonsegmental", "effusion", "near_normal", "quality")
KNOWN = {"name", "map", "study", "options", "expect", "row", "refused", "source", *WHOLE}
FEWEST = 25


def load(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


BOOKS = {path.stem: load(path) for path in FILES}
CASES = [
    pytest.param(book, case, id=f"{stem}: {case['name']}")
    for stem, book in BOOKS.items()
    for case in book["cases"]
]


def study_of(values):
    return Study(**{**values, "technique": Technique(values["technique"])})


def options_of(values):
    return Options(
        Group(values.get("low_in_trinary", "unlikely")), Decimal(str(values.get("high_from_equivalents", 2)))
    )


def suggested(book, case):
    whole = {name: case[name] for name in WHOLE if name in case}
    study = study_of(case.get("study", book["study"]))
    return suggest(book["scheme"], reading(case["map"], **whole), study, options_of(case.get("options", {})))


@pytest.mark.parametrize(("book", "case"), CASES)
def test_case(book, case):
    found = suggested(book, case)
    if "refused" in case:
        assert isinstance(found, Refusal)
        assert case["refused"] in found.sentence
    else:
        assert (found.category, found.row) == (case["expect"], case["row"])


@pytest.mark.parametrize(("book", "case"), CASES)
def test_case_names_a_source_that_its_file_explains(book, case):
    assert set(case) <= KNOWN
    assert case["source"] in book["sources"]


@pytest.mark.parametrize("book", BOOKS.values(), ids=BOOKS)
def test_scheme_has_enough_cases_each_with_its_own_name(book):
    names = [case["name"] for case in book["cases"]]
    assert len(names) >= FEWEST
    assert len(set(names)) == len(names)


def test_every_scheme_with_criteria_has_cases():
    assert {book["scheme"] for book in BOOKS.values()} == {*TABLES, "TRINARY"}


@pytest.mark.parametrize("scheme", TABLES)
def test_every_row_of_a_table_wins_in_some_case(scheme):
    won = {case.get("row") for book in BOOKS.values() if book["scheme"] == scheme for case in book["cases"]}
    assert {row.key for row in TABLES[scheme].rows} <= won
