"""Presets when two come at once, and what belongs to one patient's category only."""

from datetime import timedelta

import pytest

from reporting.models import Preset, Report
from reporting.services import drafting, presets
from tests import department
from tests.reporting.conftest import LIKELY, NOW
from tests.reporting.test_drafting import NORMAL
from tests.reporting.test_signing import in_threads
from vqflow.errors import Conflict, NotFound

LATER = NOW + timedelta(minutes=7)
TAKEN = "You have a preset named Usual already. Choose another name."


def kept(report, name, by):
    return presets.keep(report, name=name, by=by)


@pytest.mark.django_db(transaction=True)
def test_of_two_presets_renamed_alike_at_once_one_is_and_the_other_is_told(report, attending):
    """The page looks before it renames no more: the database refuses, and the refusal is a sentence."""
    for at in range(8):
        Preset.objects.all().delete()
        one, two = kept(report, "One", attending), kept(report, f"Two {at}", attending)
        answers = in_threads(
            lambda one=one: presets.rename(one, name="Usual", by=attending),
            lambda two=two: presets.rename(two, name="Usual", by=attending),
        )
        [refusal] = [answer for answer in answers if isinstance(answer, Conflict)]
        assert refusal.sentence == TAKEN
        assert [type(answer) for answer in answers].count(Preset) == 1
        assert Preset.objects.filter(name="Usual").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_preset_kept_twice_at_once_under_one_name_is_one(report, attending):
    keeps = [lambda: kept(report, "Usual", attending)] * 2
    assert [type(answer) for answer in in_threads(*keeps)] == [Preset, Preset]
    assert Preset.objects.count() == 1


@pytest.mark.django_db
def test_a_name_that_is_taken_is_refused_and_ones_own_is_not(report, attending, resident):
    kept(report, "Usual", resident)
    mine = kept(report, "Usual", attending)
    other = kept(report, "Other", attending)
    with pytest.raises(Conflict, match=TAKEN):
        presets.rename(other, name="Usual", by=attending)
    assert presets.rename(mine, name=" Usual ", by=attending).name == "Usual"


@pytest.mark.django_db
def test_one_that_was_deleted_meanwhile_is_not_found(report, attending):
    mine = kept(report, "Usual", attending)
    presets.delete(mine, by=attending)
    with pytest.raises(NotFound):
        presets.rename(mine, name="Another", by=attending)


@pytest.mark.django_db
class TestOverADraftWithAReason:
    @pytest.fixture
    def drafted(self, site, resident):
        """Nondiagnostic, against the criteria's normal, with a reason for that."""
        content = {"category": "nondiagnostic", "override_reason": "Much motion.", "reading": NORMAL}
        order = department.performed(site)
        return drafting.write(order, draft_version=1, scheme="MOD_PIOPED_II", **content, by=resident, now=NOW)

    def applied(self, drafted, by, category):
        made = kept(Report(scheme="MOD_PIOPED_II", category=category, reading=NORMAL), "Usual", by)
        version = drafted.draft_version
        return presets.apply(made, drafted, draft_version=version, by=by, now=LATER)

    def test_of_another_category_the_reason_does_not_stay(self, drafted, resident):
        saved = self.applied(drafted, resident, "very_low_probability")
        assert (saved.category, saved.suggested) == ("very_low_probability", "normal")
        assert saved.override_reason == ""

    def test_of_the_same_category_it_does(self, drafted, resident):
        assert self.applied(drafted, resident, "nondiagnostic").override_reason == "Much motion."


def test_a_preset_holds_what_the_draft_says(report, attending):
    made = kept(report, "Usual", attending)
    assert {field: getattr(made, field) for field in LIKELY} == LIKELY
