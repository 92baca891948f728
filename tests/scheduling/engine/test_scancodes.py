"""Codes on labels: what is printed is read again, and what was read wrongly is not looked up."""

import string

from hypothesis import given
from hypothesis import strategies as st

from scheduling.engine import scancodes
from scheduling.engine.scancodes import Code, Sort

SIGNS = string.digits + string.ascii_uppercase


@given(st.sampled_from(Sort), st.integers(1, 10**9))
def test_a_code_reads_as_what_was_printed(sort, number):
    printed = str(Code(sort, number))
    assert scancodes.read(printed) == scancodes.read(f" {printed.lower()}\n") == Code(sort, number)
    assert scancodes.read(printed.replace(":", "Ö")) == Code(sort, number)


@given(st.sampled_from(Sort), st.integers(1, 10**9), st.data())
def test_one_wrong_character_is_always_found(sort, number, data):
    printed = str(Code(sort, number))
    at = data.draw(st.sampled_from([i for i, each in enumerate(printed) if each != ":"]))
    wrong = data.draw(st.sampled_from([each for each in SIGNS if each != printed[at]]))
    assert scancodes.read(printed[:at] + wrong + printed[at + 1 :]) is None


def test_a_code_says_nothing_of_the_patient():
    assert str(Code(Sort.PATIENT, 1042)).startswith("P:1042:")


def test_what_is_no_code_is_not_taken_for_one():
    for text in ("", "M00042", "P1042", "12345678", "Moreno", "X:12:A", "P:12"):
        assert scancodes.read(text) is None
        assert not scancodes.is_like_code(text)
    assert scancodes.is_like_code("P:1042:0") or scancodes.read("P:1042:0")
