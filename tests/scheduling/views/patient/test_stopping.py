"""No more reminders: by one press in the mail program (RFC 8058), or on the page."""

import pytest
from django.test import Client

from tests import department, mailed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def appointment(site):
    return department.booked(site)


@pytest.fixture
def path(appointment):
    return mailed.link(appointment, kind="reminder", name="stop")[0]


@pytest.fixture
def stopped_at(appointment):
    def read():
        patient = appointment.procedure.order.patient
        patient.refresh_from_db()
        return patient.reminders_stopped_at

    return read


def test_one_click_needs_no_cookie_and_no_token_of_a_form(path, stopped_at, appointment):
    mail_program = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = mail_program.post(path, ONE_CLICK)
        assert (answer.status_code, answer.content) == (200, b"No more reminders.\n")
    assert stopped_at() == department.NOW
    appointment.refresh_from_db()
    assert appointment.state == "booked"
    assert mail_program.cookies == {}


def test_another_post_stops_nothing(client, path, stopped_at):
    assert client.post(path).status_code == 400
    assert stopped_at() is None


def test_one_click_on_an_unknown_link_is_gone(client, site):
    assert client.post("/a/stop/" + "x" * 43, ONE_CLICK).status_code == 410


def test_the_link_of_the_visit_does_not_stop_reminders(client, appointment, stopped_at):
    visit = mailed.link(appointment)[0]
    assert client.post(visit.replace("/a/", "/a/stop/"), ONE_CLICK).status_code == 410
    assert client.post(visit, ONE_CLICK).status_code == 405
    assert stopped_at() is None


def test_opening_the_link_asks_and_a_button_stops(client, path, stopped_at):
    assert client.get(path)["Location"] == "/a/stop/"
    page = client.get("/a/stop/").content.decode()
    assert "Stop the reminders?" in page
    assert stopped_at() is None
    mailed.post(client, "/a/stop/")
    assert "You get no more reminders" in client.get("/a/stop/").content.decode()
    assert stopped_at() == department.NOW


def test_who_pressed_by_mistake_can_have_them_again(client, path, stopped_at):
    client.get(path)
    mailed.post(client, "/a/stop/")
    mailed.post(client, "/a/stop/", again="1")
    assert stopped_at() is None


def test_it_opens_nothing_else(client, path):
    client.get(path)
    for page in ("", "what-happens/", "cancel/"):
        answer = client.get(f"/a/{page}")
        assert (answer.status_code, answer["Location"]) == (302, "/a/stop/")


def test_the_language_can_be_chosen_here_too(client, path):
    client.get(path)
    assert client.post("/a/language/", {"language": "es"})["Location"] == "/a/stop/"
    assert '<html lang="es"' in client.get("/a/stop/").content.decode()
