import re

import pytest

from scheduling.forms.doses import ResidualForm, SiteForm

DJANGO = re.compile(r"^(Ensure|This field|Select a valid choice)")


@pytest.mark.parametrize("typed", ["1e99", "999999999999", "1.23456", "abc", "NaN", "-1"])
def test_an_activity_that_cannot_be_is_refused_in_the_words_of_the_house(typed):
    form = ResidualForm({"residual_mbq": typed}, zone="America/New_York")
    (sentence,) = form.errors["residual_mbq"]
    assert not DJANGO.match(sentence)


def test_what_a_field_says_itself_stands():
    assert ResidualForm({}, zone="UTC").errors["residual_mbq"] == ["Enter the activity in MBq."]


def test_too_much_text_is_refused_with_how_much_is_allowed():
    form = SiteForm({"injection_site": "x" * 61})
    assert form.errors["injection_site"] == ["This is too long: 61 characters. Use at most 60."]
