"""Patients and referrers over the API: the same rules, the same sentences."""

import pytest

from scheduling.models import Order, Patient
from scheduling.services import intake
from tests import department
from tests.department import NOW

PERSON = {
    "mrn": "A1",
    "mrn_issuer": "riverside",
    "family_name": "Müller",
    "given_name": "Anneliese",
    "born_on": "1948-02-11",
    "sex": "female",
}


@pytest.fixture
def known(scheduler):
    return scheduler.post("patients", PERSON)[1]


@pytest.fixture
def unknown(site, scheduler, referrer):
    order = intake.place_stat_order(
        site=site, name="", sex="unknown", clinical_question="PE?", referrer=referrer, ward="ED",
        by=scheduler.user, now=NOW,
    )  # fmt: skip
    return order.patient


@pytest.mark.parametrize(
    "body",
    [
        {"text": "anneliese mueller"},
        {"text": "11.2.48"},
        {"text": "mullre"},
        {"mrn": "a1"},
        {"name": "Muller"},
    ],
)
def test_a_patient_is_found_by_what_somebody_types(scheduler, known, body):
    status, answer = scheduler.post("patients/search", body)
    assert (status, [each["id"] for each in answer["results"]]) == (200, [known["id"]])


def test_possible_duplicates_are_a_409_with_their_ids_until_confirmed(scheduler, known):
    twin = {**PERSON, "mrn": "A2", "family_name": "Mueller"}
    status, problem = scheduler.post("patients", twin)
    assert (status, problem["candidates"]) == (409, [known["id"]])
    assert problem["detail"] == intake.SAME_PERSON
    status, made = scheduler.post("patients", {**twin, "confirmed_different": problem["candidates"]})
    assert (status, made["mrn"]) == (201, "A2")


def test_the_lead_merges_two_records(scheduler, lead, known, unknown):
    refused = scheduler.post(f"patients/{known['id']}/merge", {"other": unknown.pk})
    assert refused[0] == 403
    status, kept = lead.post(f"patients/{known['id']}/merge", {"other": unknown.pk})
    assert (status, kept["id"], kept["former_numbers"]) == (200, known["id"], [unknown.mrn])
    status, gone = scheduler.get(f"patients/{unknown.pk}")
    assert (status, gone["merged_into"]) == (200, known["id"])
    status, found = scheduler.post("patients/search", {"mrn": unknown.mrn})
    assert (status, [each["id"] for each in found["results"]]) == (200, [known["id"]])
    assert Order.objects.get().patient_id == known["id"]
    again = lead.post(f"patients/{known['id']}/merge", {"other": unknown.pk})
    assert (again[0], again[1]["detail"]) == (
        409,
        "One of these records was merged already. Search for the patient again.",
    )


@pytest.mark.parametrize("body", [{}, {"other": 999999}, {"other": "x"}, {"take": ["mrn"]}])
def test_a_merge_that_cannot_be_right_is_a_422(lead, known, unknown, body):
    status, _ = lead.post(f"patients/{known['id']}/merge", {"other": unknown.pk} | body if body else {})
    assert status == 422
    assert Patient.objects.filter(merged_into__isnull=False).count() == 0


def test_a_merged_record_is_not_ordered_for(scheduler, lead, known, unknown, referrer):
    lead.post(f"patients/{known['id']}/merge", {"other": unknown.pk})
    body = {
        "patient": unknown.pk,
        "referrer": referrer.pk,
        "priority": "routine",
        "patient_class": "O",
        "clinical_question": "PE?",
    }
    status, problem = scheduler.post("orders", body)
    assert (status, list(problem["errors"])) == (422, ["patient"])


def test_somebody_unknown_is_identified(scheduler, unknown, known):
    body = {**PERSON, "mrn": "R9", "family_name": "Okafor", "given_name": "Ada"}
    number = unknown.mrn
    status, answer = scheduler.post(f"patients/{unknown.pk}/identity", body)
    assert (status, answer["mrn"], answer["is_temporary"]) == (200, "R9", False)
    assert answer["former_numbers"] == [number]
    assert scheduler.post(f"patients/{unknown.pk}/identity", body)[0] == 409


def test_the_number_of_another_record_is_a_409_with_its_id(scheduler, unknown, known):
    status, problem = scheduler.post(f"patients/{unknown.pk}/identity", PERSON)
    assert (status, problem["candidates"]) == (409, [known["id"]])


def test_an_order_says_how_the_patient_comes_and_what_the_score_is_made_of(scheduler, known, referrer):
    body = {
        "patient": known["id"],
        "referrer": referrer.pk,
        "priority": "routine",
        "patient_class": "I",
        "clinical_question": "PE?",
        "transport": "bed",
        "wells_criteria": ["heart_rate", "cancer"],
        "d_dimer_ng_per_ml": 900,
        "d_dimer_units": "DDU",
        "language": "de",
        "interpreter_needed": True,
    }
    status, order = scheduler.post("orders", body)
    assert status == 201
    assert (order["transport"], order["wells_score"], order["wells_criteria"]) == (
        "bed",
        2.5,
        ["cancer", "heart_rate"],
    )
    assert order["d_dimer_units"] == "DDU"
    assert Patient.objects.get().language == "de"
    status, problem = scheduler.post("orders", {**body, "wells_score": 4})
    assert (status, list(problem["errors"])) == (422, ["wells_score"])


def test_the_directory_over_the_api(scheduler, technologist, referrer):
    status, made = scheduler.post("referrers", {"name": "Dr Ada Lund", "pager": "7"})
    assert status == 201
    assert scheduler.post("referrers", {"name": "Dr Ada Lund", "pager": "8"})[0] == 409
    assert scheduler.post("referrers", {"name": "Dr Nobody"})[0] == 422
    status, changed = scheduler.put(f"referrers/{made['id']}", {"name": "Dr Ada Lund", "place": "Ward 4"})
    assert (status, changed["place"], changed["pager"]) == (200, "Ward 4", "7")
    status, changed = scheduler.post(f"referrers/{made['id']}/active", {"is_active": False})
    assert (status, changed["is_active"]) == (200, False)
    assert technologist.post("referrers", {"name": "Dr X", "pager": "7"})[0] == 403
    assert technologist.get(f"referrers/{made['id']}")[0] == 200


def test_the_pick_list_of_indications(scheduler):
    status, answer = scheduler.get("indications")
    assert status == 200
    assert {"code": "R06.02", "name": "Shortness of breath"} in answer["results"]


def test_patients_of_another_site_are_not_there(scheduler, elsewhere, lead, known):
    stranger = department.patient(elsewhere)
    assert lead.post(f"patients/{stranger.pk}/merge", {"other": known["id"]})[0] == 404
    assert lead.post(f"patients/{known['id']}/merge", {"other": stranger.pk})[0] == 422
    assert scheduler.post(f"patients/{stranger.pk}/identity", PERSON)[0] == 404
