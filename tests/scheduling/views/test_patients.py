"""Finding, registering and seeing patients, through the pages."""

import pytest
from django.urls import reverse

from scheduling import patient_search
from scheduling.models import Patient
from tests import department
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
PATIENTS = "/patients/"
NEW = "/patients/new/"


def values(**changed):
    return {
        "mrn": "A1",
        "mrn_issuer": "riverside",
        "family_name": "Núñez",
        "given_name": "Rocío",
        "born_on": "1960-05-17",
        "sex": "female",
        "language": "es",
        "phone": "212 555 0142",
        **changed,
    }


@pytest.fixture
def people(site, scheduler):
    names = [
        ("Núñez", "Rocío"),
        ("Okafor", "Adaeze"),
        ("山田", "太郎"),
        ("Иванова", "Ольга"),
        ("O'Rourke", "Seán"),
    ]
    return [
        department.patient(site, by=scheduler, family_name=family, given_name=given, mrn=f"MR{at}00")
        for at, (family, given) in enumerate(names)
    ]


def found(text, by):
    return [patient.family_name for patient in patient_search.find(text, by=by)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nunez", "Núñez"),
        ("NÚÑEZ", "Núñez"),
        ("rocio nunez", "Núñez"),
        ("Nuñes, Rocio", "Núñez"),
        ("okfor", "Okafor"),
        ("oakfor", "Okafor"),
        ("Adaeze Okafor", "Okafor"),
        ("nuenez", "Núñez"),
        ("Nunez 17.5.60", "Núñez"),
        ("ada oka", "Okafor"),
        ("山田", "山田"),
        ("太郎", "山田"),
        ("иванова", "Иванова"),
        ("ИВАНОВА", "Иванова"),
        ("o'rourke", "O'Rourke"),
        ("MR300", "Иванова"),
        ("mr30", "Иванова"),
    ],
)
def test_a_patient_is_found_by_name_in_any_script_or_by_number(people, scheduler, text, name):
    assert found(text, scheduler)[:1] == [name]


@pytest.mark.parametrize(
    "text", ["17 May 1960", "17.5.1960", "05/17/1960", "17/05/1960", "1960-05-17", "May 17, 1960"]
)
def test_a_birthday_is_found_in_several_spellings(people, scheduler, text):
    assert len(found(text, scheduler)) == 5


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00", "%", ",", "--", "Smithereens", "'; DROP TABLE--", "x" * 150]
)
def test_nobody_is_found_by_what_fits_nobody(people, scheduler, text):
    assert found(text, scheduler) == []


def test_the_exact_number_comes_first(site, scheduler):
    department.patient(site, by=scheduler, mrn="77")
    department.patient(site, by=scheduler, mrn="7")
    assert [patient.mrn for patient in patient_search.find("7", by=scheduler)] == ["7", "77"]


def test_patients_of_another_site_are_not_found(people, elsewhere):
    assert found("nunez", department.scheduler(elsewhere)) == []


def test_the_search_answers_with_a_list_and_leaves_the_name_out_of_every_address(page_of, people, scheduler):
    answer = page_of(scheduler).post(PATIENTS, {"text": "nunez"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Núñez" in page
    assert "?text" not in page
    assert AuditEvent.objects.filter(action="list.viewed", patient_ids=[people[0].pk]).exists()


def test_a_search_that_finds_nobody_offers_to_register_what_was_typed(page_of, scheduler):
    page = page_of(scheduler).post(PATIENTS, {"text": "Moreau, Anaïs"}).content.decode()
    assert "Nobody found" in page
    form = page_of(scheduler).post(NEW, {"searched": "Moreau, Anaïs"})
    assert form.status_code == 200
    assert form.context["form"]["family_name"].value() == "Moreau"
    assert form.context["form"]["given_name"].value() == "Anaïs"
    assert Patient.objects.count() == 0


def test_an_empty_search_is_refused_at_the_field(page_of, scheduler):
    answer = page_of(scheduler).post(PATIENTS, {"text": "  "})
    assert answer.status_code == 422
    assert "Enter an MRN, a name or a date of birth." in answer.content.decode()


def test_a_patient_is_registered_once_however_often_the_form_is_sent(page_of, scheduler):
    sent = values(request_id="7b0c", email="rocio@mail.example", email_consent="on", weight_kg="61.5")
    answers = [page_of(scheduler).post(NEW, sent) for _ in range(2)]
    patient = Patient.objects.get()
    assert [answer["Location"] for answer in answers] == [
        reverse("scheduling:patient", args=[patient.pk])
    ] * 2
    assert patient.phone == "+1 212-555-0142"
    assert (patient.email_consent_by, patient.measurements.get().weight_kg) == (scheduler, 61.5)


def test_registering_goes_on_to_the_order_when_asked(page_of, scheduler):
    answer = page_of(scheduler).post(NEW, values(then="order"))
    assert answer["Location"] == reverse("scheduling:order-new", args=[Patient.objects.get().pk])


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("mrn", "", "Fill this in."),
        ("mrn", "x" * 31, "Use at most 30."),
        ("family_name", "N\x00", "Null characters are not allowed."),
        ("born_on", "2027-03-09", "in the future"),
        ("born_on", "1890-01-01", "more than 130 years ago"),
        ("born_on", "31 Feb 1990", "Enter a date"),
        ("email", "a@b.example\nBcc: c@d.example", "Enter a valid email address."),
        ("phone", "call me", "Enter a phone number"),
        ("weight_kg", "900", "Enter 500 or less"),
        ("sex", "", "Choose one."),
        ("language", "xx", "Choose from the list"),
        ("detailed_email_consent", "on", "E-mails with details need this consent too."),
    ],
)
def test_what_cannot_be_right_is_said_at_the_field_and_nothing_is_written(
    page_of, scheduler, field, value, sentence
):
    answer = page_of(scheduler).post(NEW, values(**{field: value}))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Patient.objects.count() == 0


def test_a_number_that_is_taken_is_said_at_the_number(page_of, site, scheduler):
    department.patient(site, by=scheduler, mrn="A1")
    answer = page_of(scheduler).post(NEW, values())
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"mrn"}
    assert "Search for it instead." in answer.content.decode()


def test_a_patient_s_page_shows_contact_measurements_and_orders_and_is_audited(page_of, site, scheduler):
    order = department.order(site, by=scheduler)
    url = reverse("scheduling:patient", args=[order.patient_id])
    page = page_of(scheduler).get(url).content.decode()
    assert order.accession_number in page
    assert order.patient.email in page
    assert "New order" in page
    assert AuditEvent.objects.filter(action="patient.view", patient_ids=[order.patient_id]).exists()


def test_a_patient_of_another_site_is_not_there(page_of, elsewhere, scheduler):
    stranger = department.patient(elsewhere)
    assert page_of(scheduler).get(reverse("scheduling:patient", args=[stranger.pk])).status_code == 404


def test_a_technologist_sees_patients_and_registers_none(page_of, people, technologist):
    browser = page_of(technologist)
    assert browser.get(PATIENTS).status_code == 200
    assert browser.get(NEW).status_code == 403
    assert browser.post(NEW, values(mrn="B2")).status_code == 403


def test_a_referrer_finds_nobody(page_of, site, people):
    assert page_of(department.user("referrer", site)).get(PATIENTS).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_database_no_more_for_three_patients_than_for_one(
    page_of, site, scheduler, count, django_assert_num_queries
):
    for _ in range(count):
        department.patient(site, by=scheduler)
    browser = page_of(scheduler)
    browser.get(PATIENTS)
    with django_assert_num_queries(10):
        browser.post(PATIENTS, {"text": "Moreno"})
