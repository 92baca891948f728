"""Who may be the same person is shown before a new record is made."""

from datetime import date

import pytest

from scheduling.models import Patient
from scheduling.services import intake, referrers
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


@pytest.fixture
def known(site, scheduler):
    return department.patient(
        site,
        by=scheduler,
        family_name="Müller",
        given_name="Anneliese",
        born_on=date(1948, 2, 11),
        phone="+1 212 555 0142",
        email="anne@mail.example",
    )


def register(site, by, **fields):
    values = {
        "mrn": "N1",
        "mrn_issuer": "riverside",
        "family_name": "Nobody",
        "given_name": "Else",
        "born_on": date(1990, 1, 1),
        "sex": "female",
    }
    return intake.register_patient(site=site, by=by, now=NOW, **values | fields)


SAME_DAY = {"born_on": date(1948, 2, 11)}


@pytest.mark.parametrize(
    "fields",
    [
        {"family_name": "Müller", "given_name": "Anneliese", **SAME_DAY},
        {"family_name": "Mueller", "given_name": "Anneliese", **SAME_DAY},
        {"family_name": "Anneliese", "given_name": "Müller", **SAME_DAY},
        {"family_name": "Muller", "given_name": "Annelise", **SAME_DAY},
        {"family_name": "Müller", "given_name": "Anne", "phone": "+1 212 555 0142"},
        {"family_name": "Müller", "given_name": "A.", "email": "ANNE@mail.example"},
    ],
)
def test_somebody_like_a_patient_is_not_registered_unseen(site, scheduler, known, fields):
    with pytest.raises(intake.PossibleDuplicates) as refusal:
        register(site, scheduler, **fields)
    assert (refusal.value.sentence, refusal.value.extra) == (
        intake.SAME_PERSON,
        {"candidates": [known.pk]},
    )
    assert Patient.objects.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"family_name": "Okafor", "given_name": "Adaeze", **SAME_DAY},
        {"family_name": "Müller", "given_name": "Anneliese"},
        {"family_name": "Okafor", "given_name": "Adaeze", "phone": "+1 212 555 0142"},
    ],
)
def test_a_birthday_a_name_or_a_phone_alone_makes_nobody_the_same(site, scheduler, known, fields):
    assert register(site, scheduler, **fields).pk != known.pk


def test_a_different_person_is_registered_and_the_choice_stands_in_the_audit(site, scheduler, known):
    made = register(
        site,
        scheduler,
        family_name="Müller",
        given_name="Anneliese",
        confirmed_different=[known.pk, 999],
        **SAME_DAY,
    )
    event = AuditEvent.objects.get(action="patient.registered", patient_ids=[made.pk])
    assert event.data == {"different_from": [known.pk]}


def test_somebody_without_papers_is_a_candidate_by_the_name_alone(site, scheduler):
    stat = intake.place_stat_order(
        site=site,
        name="Moreno, Pat",
        sex="unknown",
        clinical_question="PE?",
        referrer=department.referrer(site),
        ward="ED",
        by=scheduler,
        now=NOW,
    )
    with pytest.raises(intake.PossibleDuplicates) as refusal:
        register(site, scheduler, family_name="Moreno", given_name="Pat")
    assert refusal.value.extra["candidates"] == [stat.patient_id]


def test_patients_of_another_site_are_nobody_s_duplicates(site, scheduler, known):
    elsewhere = department.site("hillside", equipped=False)
    made = register(
        elsewhere, department.scheduler(elsewhere), family_name="Müller", given_name="Anneliese", **SAME_DAY
    )
    assert made.site == elsewhere


def request_of(site, **fields):
    values = {
        "referrer": department.referrer(site),
        "priority": "routine",
        "patient_class": "O",
        "clinical_question": "PE?",
    }
    return intake.Request(**values | fields)


def test_the_criteria_make_the_wells_score(site, scheduler, known):
    asked = request_of(site, wells_criteria=("heart_rate", "pe_most_likely"))
    order = intake.place_order(known, asked, by=scheduler, now=NOW)
    assert (order.wells_score, order.wells_criteria) == (4.5, ["heart_rate", "pe_most_likely"])


def test_a_score_that_its_criteria_do_not_make_is_refused(site, scheduler, known):
    asked = request_of(site, wells_criteria=("heart_rate",), wells_score=6)
    with pytest.raises(Invalid) as refusal:
        intake.place_order(known, asked, by=scheduler, now=NOW)
    assert refusal.value.fields == {
        "wells_score": ["The criteria add up to 1.5. Clear them to enter another score."]
    }


def test_the_language_of_the_order_becomes_the_patient_s(site, scheduler, known):
    asked = request_of(site, language="de", interpreter_needed=True)
    intake.place_order(known, asked, by=scheduler, now=NOW)
    known.refresh_from_db()
    assert (known.language, known.interpreter_needed) == ("de", True)
    event = AuditEvent.objects.get(action="patient.language_changed")
    assert event.data == {"language": "de", "interpreter_needed": True}


def test_a_new_patient_and_the_order_are_saved_together_or_not_at_all(site, scheduler):
    registration = {
        "mrn": "N1",
        "mrn_issuer": "riverside",
        "family_name": "Okafor",
        "born_on": date(1990, 1, 1),
        "sex": "female",
    }
    common = {"site": site, "by": scheduler, "now": NOW}
    wrong = request_of(site, wells_criteria=("none_such",))
    with pytest.raises(Invalid):
        intake.register_and_order(request=wrong, **common, **registration)
    assert Patient.objects.count() == 0
    order = intake.register_and_order(request=request_of(site), **common, **registration)
    assert order.patient.mrn == "N1"


def test_a_referrer_is_added_changed_and_taken_off_the_list(site, scheduler):
    made = referrers.add(site=site, by=scheduler, name=" Dr Ada Lund ", place="Ward 4", phone="555 0142")
    assert (made.name, made.is_active) == ("Dr Ada Lund", True)
    referrers.change(made, by=scheduler, pager="77")
    referrers.set_active(made, is_active=False, by=scheduler)
    made.refresh_from_db()
    assert (made.pager, made.phone, made.is_active) == ("77", "555 0142", False)
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["referrer.added", "referrer.changed", "referrer.deactivated"]


def test_a_referrer_whom_nobody_can_reach_is_refused(site, scheduler):
    with pytest.raises(Invalid) as refusal:
        referrers.add(site=site, by=scheduler, name="Dr Ada Lund")
    assert refusal.value.fields == {"phone": [referrers.UNREACHABLE]}


def test_the_same_referrer_is_added_once(site, scheduler):
    referrers.add(site=site, by=scheduler, name="Dr Ada Lund", phone="1 2 3")
    with pytest.raises(Conflict):
        referrers.add(site=site, by=scheduler, name="Dr Ada Lund", phone="4 5 6")


def test_a_technologist_changes_nothing_in_the_directory(site):
    with pytest.raises(NotAllowed):
        referrers.add(site=site, by=department.technologist(site), name="Dr Ada Lund", phone="1 2 3")
