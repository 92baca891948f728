"""The page of the safety questions: asked in words, answered without a script, never asked again."""

from datetime import date

import pytest

from scheduling.models import ScreeningAnswer, Task
from scheduling.services import site_accounts
from tests import department, mailed
from tests.scheduling.self_service.conftest import booked, opened

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
PATH = "/a/questions/"


@pytest.fixture
def site():
    return opened()


def open_for(client, site, **person):
    patient = department.patient(site, **{"sex": "female", "born_on": date(1990, 5, 17), **person})
    client.get(mailed.link(booked(site, of=patient))[0])
    mailed.unlock(client, year=str(patient.born_on.year))


def answers():
    rows = ScreeningAnswer.objects.filter(answered_by__role="patient")
    return dict(rows.values_list("question", "answer"))


def test_looking_asks_and_writes_nothing(client, site):
    open_for(client, site)
    page = client.get(PATH).content.decode()
    assert page.count("<fieldset") == 5
    assert "Are you breastfeeding?" in page
    assert answers() == {}


def test_answers_are_saved_and_only_the_others_are_asked_again(client, site):
    open_for(client, site)
    answer = mailed.post(client, PATH, oxygen="no", pregnancy="no")
    assert (answer.status_code, answer["Location"]) == (302, PATH)
    assert answers() == {"oxygen": "no", "pregnancy": "no"}
    page = client.get(PATH).content.decode()
    assert "Thank you. We have saved your answers." in page
    assert "extra oxygen" not in page
    assert page.count("<fieldset") == 3


def test_when_nothing_is_left_the_visit_is_shown(client, site):
    open_for(client, site, sex="male")
    given = {"oxygen": "no", "albumin_allergy": "no", "cannot_keep_still": "no"}
    assert mailed.post(client, PATH, **given)["Location"] == "/a/"
    assert "We have no more questions" in client.get(PATH).content.decode()


def test_who_breastfeeds_reads_how_long_to_pause_before_the_visit(client, site):
    open_for(client, site)
    page = mailed.post(client, PATH, breastfeeding="yes").headers["Location"]
    shown = client.get(page).content.decode()
    assert "please do not breastfeed for 24 hours" in shown
    assert "Express milk before you come" in shown


def test_an_empty_form_says_what_to_do(client, site):
    open_for(client, site)
    answer = mailed.post(client, PATH)
    assert answer.status_code == 422
    assert "Please answer at least one question." in answer.content.decode()


def test_an_answer_that_is_no_choice_is_refused_at_its_question(client, site):
    open_for(client, site)
    answer = mailed.post(client, PATH, oxygen="often", pregnancy="no")
    assert answer.status_code == 422
    assert 'id="oxygen-wrong"' in answer.content.decode()
    assert answers() == {}


def test_a_minor_is_not_asked_about_pregnancy_and_cannot_answer_it_here(client, site):
    open_for(client, site, born_on=date(2011, 5, 17), guardian_name="Ana", guardian_email="ana@mail.example")
    page = client.get(PATH).content.decode()
    assert "pregnan" not in page
    assert "Please answer for the person who has the appointment." in page
    mailed.post(client, PATH, pregnancy="no", oxygen="no")
    assert answers() == {"oxygen": "no"}


def test_before_the_date_of_birth_nothing_is_asked(client, site):
    appointment = booked(site)
    client.get(mailed.link(appointment)[0])
    assert client.get(PATH)["Location"] == "/a/"
    assert mailed.post(client, PATH, oxygen="no").status_code == 302
    assert answers() == {}


def test_the_department_sees_what_it_has_to_do(client, site):
    open_for(client, site)
    mailed.post(client, PATH, oxygen="yes")
    call = Task.objects.get(kind="phone", about="answer:oxygen")
    assert call.sentence.startswith("Answered by the patient at home. Needs oxygen")
    account = site_accounts.PATIENTS.of(site)
    assert ScreeningAnswer.objects.get(question="oxygen").answered_by == account
