"""The one screen on which orders are taken, its fragments, merging and the directory, through the pages."""

import pytest
from django.urls import reverse

from scheduling.models import Order, Patient, Referrer
from scheduling.services import intake
from scheduling.services.patients import merging
from tests import department
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
NEW, MATCHES, REFERRERS = "/orders/new/", "/patients/matches/", "/referrers/"


@pytest.fixture
def patient(site, scheduler):
    return department.patient(
        site, by=scheduler, family_name="Núñez", given_name="Rocío", mrn="A77", language="es", sex="female"
    )


@pytest.fixture
def doctor(site):
    return department.referrer(site, name="Dr Rita Moss", place="Harbour practice")


def order(doctor, **changed):
    return {
        "priority": "routine",
        "patient_class": "O",
        "transport": "chair",
        "language": "es",
        "referrer": doctor.pk,
        "clinical_question": "Acute pulmonary embolism?",
        **changed,
    }


def newcomer(**changed):
    return {
        "who": "new",
        "new-mrn": "B1",
        "new-mrn_issuer": "riverside",
        "new-family_name": "Okafor",
        "new-given_name": "Adaeze",
        "new-born_on": "1990-01-31",
        "new-sex": "female",
        **changed,
    }


def test_the_screen_opens_with_nobody_chosen(page_of, scheduler):
    answer = page_of(scheduler).get(NEW)
    assert answer.status_code == 200
    assert "MRN, name or date of birth" in answer.content.decode()


def test_matches_are_shown_while_typing_and_audited(page_of, scheduler, patient):
    answer = page_of(scheduler).post(MATCHES, {"text": "nunze"})
    page = answer.content.decode()
    assert "Núñez" in page
    assert f'value="{patient.pk}"' in page
    event = AuditEvent.objects.get(action="list.viewed", data__list="patients.matches")
    assert event.patient_ids == [patient.pk]


@pytest.mark.parametrize("text", ["", "n", " "])
def test_one_letter_is_too_little_to_tell_people_apart(page_of, scheduler, patient, text):
    assert "Núñez" not in page_of(scheduler).post(MATCHES, {"text": text}).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_matches_ask_the_database_no_more_for_three_than_for_one(
    page_of, site, scheduler, count, django_assert_num_queries
):
    for _ in range(count):
        department.patient(site, by=scheduler)
    browser = page_of(scheduler)
    browser.post(MATCHES, {"text": "moreno"})
    with django_assert_num_queries(10):
        browser.post(MATCHES, {"text": "moreno"})


def test_searching_without_scripts_keeps_what_was_typed_into_the_order(page_of, scheduler, patient):
    sent = {"text": "nunez", "do": "find", "ward": "Ward 4", "smoker": "yes"}
    answer = page_of(scheduler).post(NEW, sent)
    assert answer.status_code == 200
    assert [each.pk for each, _ in answer.context["matches"]] == [patient.pk]
    assert answer.context["form"]["ward"].value() == "Ward 4"
    assert answer.context["form"]["smoker"].value() == "yes"


def test_enter_in_the_search_field_searches(page_of, scheduler, patient):
    answer = page_of(scheduler).post(NEW, {"text": "nunez", "do": "save"})
    assert (answer.status_code, len(answer.context["matches"])) == (200, 1)


def test_the_chosen_patient_stands_on_the_screen_with_the_own_language(page_of, scheduler, patient):
    answer = page_of(scheduler).post(NEW, {"pick": patient.pk, "text": "nunez", "priority": "urgent"})
    page = answer.content.decode()
    assert f'name="patient" value="{patient.pk}"' in page
    assert answer.context["form"]["language"].value() == "es"
    assert answer.context["form"]["priority"].value() == "urgent"
    assert "A77" in page


def test_an_order_that_the_patient_has_already_is_shown_before_another_is_taken(page_of, scheduler, patient):
    chosen = {"pick": patient.pk}
    assert b"has an order already" not in page_of(scheduler).post(NEW, chosen).content
    before = department.order(patient.site, by=scheduler, of=patient)
    page = page_of(scheduler).post(NEW, chosen).content.decode()
    assert "This patient has an order already" in page
    assert f'href="/orders/{before.pk}/">{before.accession_number}</a>' in page
    intake.cancel_order(before, reason="Taken twice", by=scheduler, now=department.NOW)
    assert b"has an order already" not in page_of(scheduler).post(NEW, chosen).content


def test_an_order_is_saved_for_the_chosen_patient(page_of, scheduler, patient, doctor):
    sent = order(
        doctor, patient=patient.pk, wells_criteria=["heart_rate"], d_dimer="1.2", d_dimer_unit="mg/L FEU"
    )
    answer = page_of(scheduler).post(NEW, sent)
    made = Order.objects.get()
    assert answer["Location"] == reverse("scheduling:order", args=[made.pk])
    assert (made.patient, made.transport, made.wells_score) == (patient, "chair", 1.5)
    assert (made.d_dimer_ng_per_ml, made.d_dimer_units) == (1200, "FEU")


def test_an_order_for_nobody_is_refused_at_the_patient(page_of, scheduler, doctor):
    answer = page_of(scheduler).post(NEW, order(doctor))
    assert answer.status_code == 422
    assert "Find the patient first, or register a new one." in answer.content.decode()
    assert Order.objects.count() == 0


def test_a_new_patient_and_the_order_are_saved_at_once_and_once(page_of, scheduler, doctor):
    sent = order(doctor, **newcomer(), request_id="k1")
    answers = [page_of(scheduler).post(NEW, sent) for _ in range(2)]
    made = Order.objects.get()
    assert [each["Location"] for each in answers] == [reverse("scheduling:order", args=[made.pk])] * 2
    assert (made.patient.mrn, made.patient.language) == ("B1", "es")


@pytest.mark.parametrize(
    ("field", "value", "form"),
    [
        ("new-born_on", "", "new_patient"),
        ("new-mrn", "", "new_patient"),
        ("new-email", "nonsense", "new_patient"),
        ("clinical_question", "", "form"),
        ("transport", "on foot", "form"),
        ("d_dimer", "9999", "form"),
    ],
)
def test_neither_is_saved_when_one_is_wrong(page_of, scheduler, doctor, field, value, form):
    sent = order(doctor, **newcomer(), d_dimer_unit="mg/L FEU") | {field: value}
    answer = page_of(scheduler).post(NEW, sent)
    assert answer.status_code == 422
    assert answer.context[form].errors
    assert (Patient.objects.count(), Order.objects.count()) == (0, 0)


def test_a_taken_number_is_said_at_the_number(page_of, scheduler, doctor, patient):
    answer = page_of(scheduler).post(NEW, order(doctor, **newcomer(**{"new-mrn": "A77"})))
    assert answer.status_code == 422
    assert "mrn" in answer.context["new_patient"].errors


def test_possible_duplicates_are_shown_before_and_the_answer_is_kept(page_of, scheduler, doctor, patient):
    twin = newcomer(
        **{"new-family_name": "Nunez", "new-given_name": "Rocio", "new-born_on": str(patient.born_on)}
    )
    answer = page_of(scheduler).post(NEW, order(doctor, **twin))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "same date of birth" in page
    assert "A different person: register" in page
    assert Patient.objects.count() == 1
    again = page_of(scheduler).post(NEW, order(doctor, **twin, different=f"{patient.pk} "))
    assert again.status_code == 302
    event = AuditEvent.objects.filter(action="patient.registered").latest("pk")
    assert event.data == {"different_from": [patient.pk]}


def test_registering_alone_shows_possible_duplicates_too(page_of, scheduler, patient):
    sent = {
        "mrn": "B1", "mrn_issuer": "riverside", "family_name": "Rocío", "given_name": "Núñez",
        "born_on": str(patient.born_on), "sex": "female", "language": "es",
    }  # fmt: skip
    answer = page_of(scheduler).post("/patients/new/", sent)
    assert answer.status_code == 409
    assert "the other way round" in answer.content.decode()
    assert (
        page_of(scheduler).post("/patients/new/", {**sent, "different": str(patient.pk)}).status_code == 302
    )


@pytest.mark.parametrize("typed", ["moss", "harbour", "msos rita"])
def test_the_only_referrer_who_fits_is_taken(page_of, scheduler, patient, doctor, typed):
    sent = order(doctor, patient=patient.pk, referrer_text=typed)
    del sent["referrer"]
    assert page_of(scheduler).post(NEW, sent).status_code == 302
    assert Order.objects.get().referrer == doctor


def test_of_several_referrers_one_must_be_chosen(page_of, site, scheduler, patient, doctor):
    department.referrer(site, name="Dr Rita Mossberg")
    sent = order(doctor, patient=patient.pk, referrer_text="rita")
    del sent["referrer"]
    answer = page_of(scheduler).post(NEW, sent)
    assert answer.status_code == 422
    assert answer.context["form"].errors["referrer"] == ["Choose one of these from the list."]
    assert len(answer.context["referrers"]) == 2


def test_the_directory_finds_while_typing_and_keeps_the_chosen_one(page_of, site, scheduler, doctor):
    other = department.referrer(site, name="Dr Amal Haddad")
    department.referrer(site, name="Dr Gone Haddad", is_active=False)
    answer = page_of(scheduler).post("/referrers/matches/", {"referrer_text": "hadad", "referrer": doctor.pk})
    assert answer.context["referrers"] == [doctor, other]


def test_indications_are_found_by_code_word_and_abbreviation(page_of, scheduler):
    page = page_of(scheduler).post("/orders/new/indications/", {"indication": "sob"}).content.decode()
    assert "R06.02" in page
    assert "Shortness of breath" in page


def test_the_wells_score_comes_from_its_criteria_with_what_it_says(page_of, scheduler):
    sent = {"wells_criteria": ["pe_most_likely", "heart_rate", "nonsense"]}
    page = page_of(scheduler).post("/orders/new/wells/", sent).content.decode()
    assert 'value="4.5"' in page
    assert "PE likely" in page
    assert "readonly" in page


def test_a_merged_record_leads_to_the_one_that_stays(page_of, site, scheduler, lead, patient):
    other = department.patient(site, by=scheduler, mrn="D2")
    merging.merge(patient, other, by=lead, now=department.NOW)
    answer = page_of(scheduler).get(f"/patients/{other.pk}/", follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(f"/patients/{patient.pk}/", 302)]
    assert "was merged into this one" in page
    assert "D2" in page


def test_the_lead_compares_two_records_and_merges_them_once(page_of, site, scheduler, lead, patient):
    other = department.patient(site, by=scheduler, mrn="D2", family_name="Nunez", given_name="Rocio")
    url, browser = f"/patients/{patient.pk}/merge/", page_of(lead)
    assert browser.get(url).context["candidates"][0].patient == other
    shown = browser.post(url, {"other": other.pk})
    assert {each.group for each in shown.context["differ"]} >= {"name", "email"}
    sent = {
        "other": other.pk, "merge": "yes", "seen": shown.context["seen"],
        "take-name": "other", "request_id": "m1",
    }  # fmt: skip
    answers = [browser.post(url, sent) for _ in range(2)]
    assert [each["Location"] for each in answers] == [f"/patients/{patient.pk}/"] * 2
    patient.refresh_from_db()
    assert patient.family_name == "Nunez"
    assert AuditEvent.objects.filter(action="patient.merged").count() == 1


def test_a_clash_is_said_before_anybody_presses(page_of, site, scheduler, lead, patient):
    other = department.patient(site, by=scheduler)
    for each in (patient, other):
        department.booked(site, by=scheduler, of=each)
    url = f"/patients/{patient.pk}/merge/"
    assert "at the same time" in page_of(lead).post(url, {"other": other.pk}).context["refusal"]
    assert page_of(lead).post(url, {"other": other.pk, "merge": "yes"}).status_code == 409


def test_a_scheduler_identifies_and_does_not_merge(page_of, site, scheduler, doctor):
    stat = intake.place_stat_order(
        site=site, name="", sex="unknown", clinical_question="PE?", referrer=doctor, ward="ED",
        by=scheduler, now=department.NOW,
    )  # fmt: skip
    browser, pk = page_of(scheduler), stat.patient_id
    assert browser.get(f"/patients/{pk}/merge/").status_code == 403
    sent = {
        "mrn": "R1", "mrn_issuer": "riverside", "family_name": "Okafor", "given_name": "Ada",
        "born_on": "1990-01-31", "sex": "female",
    }  # fmt: skip
    assert browser.post(f"/patients/{pk}/identify/", {**sent, "born_on": ""}).status_code == 422
    assert browser.post(f"/patients/{pk}/identify/", sent)["Location"] == f"/patients/{pk}/"
    assert Patient.objects.get().mrn == "R1"


def test_a_number_that_has_a_record_is_shown_instead(page_of, site, scheduler, doctor, patient):
    stat = intake.place_stat_order(
        site=site, name="", sex="unknown", clinical_question="PE?", referrer=doctor, ward="ED",
        by=scheduler, now=department.NOW,
    )  # fmt: skip
    sent = {
        "mrn": "A77", "mrn_issuer": "riverside", "family_name": "Núñez", "given_name": "",
        "born_on": "1990-01-31", "sex": "female",
    }  # fmt: skip
    answer = page_of(scheduler).post(f"/patients/{stat.patient_id}/identify/", sent)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "ask the lead to merge" in page
    assert f"/patients/{patient.pk}/" in page


def test_the_directory_is_kept_by_the_desk(page_of, scheduler, technologist):
    browser = page_of(scheduler)
    sent = {"name": "Dr Ada Lund", "place": "Ward 4", "phone": "555 0142"}
    assert browser.post("/referrers/new/", {**sent, "phone": ""}).status_code == 422
    assert browser.post("/referrers/new/", sent)["Location"] == REFERRERS
    assert browser.post("/referrers/new/", sent).status_code == 422
    made = Referrer.objects.get()
    browser.post(f"/referrers/{made.pk}/", {**sent, "pager": "77", "covering_phone": "(212) 555 2368"})
    browser.post(f"/referrers/{made.pk}/active/", {"is_active": "no"})
    made.refresh_from_db()
    assert (made.pager, made.is_active) == ("77", False)
    assert (made.phone, made.covering_phone) == ("555 0142", "+1 212-555-2368")  # what can be dialled
    assert "Dr Ada Lund" in browser.get(REFERRERS, {"text": "lund"}).content.decode()
    assert page_of(technologist).post("/referrers/new/", sent).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_directory_asks_no_more_for_three_than_for_one(
    page_of, site, scheduler, count, django_assert_num_queries
):
    for at in range(count):
        department.referrer(site, name=f"Dr {at}")
    browser = page_of(scheduler)
    browser.get(REFERRERS)
    with django_assert_num_queries(6):
        browser.get(REFERRERS)


def test_a_stat_order_waits_for_no_directory(page_of, technologist, doctor):
    sent = {"sex": "unknown", "clinical_question": "PE?", "ward": "ED", "referrer_text": "Dr New Person"}
    answer = page_of(technologist).post("/orders/stat/", sent)
    assert answer.status_code == 422
    assert "Write a phone number after the name" in answer.content.decode()
    answer = page_of(technologist).post("/orders/stat/", sent | {"referrer_text": "Dr New Person, 555 0142"})
    assert answer.status_code == 302
    made = Order.objects.get().referrer
    assert (made.name, made.phone, made.is_active) == ("Dr New Person", "555 0142", True)
    assert AuditEvent.objects.get(action="referrer.added").data == {"stat": True}
