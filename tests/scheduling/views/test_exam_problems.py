"""The Problem button: one press makes an examination pending, another closes it, and both are taken back."""

from datetime import timedelta

import pytest

from scheduling.models import Problem
from scheduling.services import problems
from tests import department
from tests.department import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]


@pytest.fixture
def appointment(site):
    return department.booked(site)


@pytest.fixture
def camera(client, technologist):
    client.force_login(technologist)
    return client


def url(appointment):
    return f"/appointments/{appointment.pk}/problem/"


def open_problem(appointment, by, **more):
    return problems.report(appointment, **{"reason": "no_iv", **more}, by=by, now=NOW)


def test_one_press_on_a_reason_is_enough(camera, appointment, technologist):
    answer = camera.post(url(appointment), {"reason": "no_iv"})
    found = Problem.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/worklist/#exam-{appointment.pk}")
    assert (found.reason, found.owner, found.due_at) == ("no_iv", technologist, NOW + timedelta(minutes=15))
    page = camera.get("/worklist/?day=2027-03-08").content.decode()
    assert "Pending: No IV access" in page
    assert f'action="/problems/{found.pk}/withdraw/"' in page


def test_owner_time_and_words_are_taken_from_the_form(camera, appointment, scheduler):
    sent = {"reason": "other", "note": "Lift broken", "owner": scheduler.pk, "due_minutes": "60"}
    camera.post(url(appointment), sent)
    found = Problem.objects.get()
    assert (found.note, found.owner, found.due_at) == ("Lift broken", scheduler, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Choose a reason."),
        ({"reason": "weather"}, "Choose a reason from the list."),
        ({"reason": "other"}, "Say what the problem is."),
        ({"reason": "no_iv", "owner": "0"}, "Choose from the list."),
        ({"reason": "no_iv", "due_minutes": "7"}, "Choose a time from the list."),
    ],
)
def test_what_cannot_be_right_comes_back_with_the_reason(camera, appointment, sent, sentence):
    answer = camera.post(url(appointment), sent)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Problem.objects.exists()


def test_second_person_reads_that_it_is_reported_already(camera, appointment, technologist):
    open_problem(appointment, technologist)
    answer = camera.post(url(appointment), {"reason": "no_iv"})
    assert answer.status_code == 409
    assert "No IV access is reported already" in answer.content.decode()


def test_closing_says_how_and_offers_the_undo(camera, appointment, technologist):
    made = open_problem(appointment, technologist)
    camera.post(f"/problems/{made.pk}/close/", {"outcome": "IV access is there."})
    made.refresh_from_db()
    assert (made.outcome, made.closed_by) == ("IV access is there.", technologist)
    camera.post(f"/problems/{made.pk}/reopen/")
    made.refresh_from_db()
    assert made.closed_at is None
    camera.post(f"/problems/{made.pk}/withdraw/")
    made.refresh_from_db()
    assert made.outcome == problems.BY_MISTAKE


def test_owner_and_time_are_changed(camera, appointment, technologist, scheduler):
    made = open_problem(appointment, technologist)
    page = camera.get(f"/problems/{made.pk}/change/")
    assert "No IV access" in page.content.decode()
    camera.post(
        f"/problems/{made.pk}/change/", {"owner": scheduler.pk, "due_minutes": "30", "note": "Ward 4"}
    )
    made.refresh_from_db()
    assert (made.owner, made.due_at, made.note) == (scheduler, NOW + timedelta(minutes=30), "Ward 4")


def test_another_sites_problem_is_not_there(client, appointment, technologist, elsewhere):
    made = open_problem(appointment, technologist)
    client.force_login(department.technologist(elsewhere))
    assert client.post(f"/problems/{made.pk}/close/").status_code == 404
    assert client.get(url(appointment)).status_code == 404
