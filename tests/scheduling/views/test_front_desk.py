"""The waiting room's screen: nothing but initials, three digits and a time, readable while the session is locked."""

import re

import pytest
from django.urls import reverse

from tests import department
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
SCREEN, ROWS = "/front-desk/", "/front-desk/rows/"
POLL = {"HX-Request": "true", "X-VQFlow-Poll": "1"}


@pytest.fixture
def person(site, scheduler):
    named = {"family_name": "Quillon", "given_name": "Zoe"}
    return department.patient(site, by=scheduler, **named)


@pytest.fixture
def appointment(site, scheduler, person):
    return department.booked(site, by=scheduler, of=person)


@pytest.fixture
def desk(page_of, scheduler):
    return page_of(scheduler)


def text(response):
    return response.content.decode()


def version_of(page):
    return re.search(r'data-version="([^"]+)"', page)[1]


def test_nothing_personal_is_on_it(desk, appointment, person):
    page = text(desk.get(SCREEN))
    assert "Z. Q." in page
    assert f"…{person.mrn[-3:]}" in page
    for secret in (person.family_name, person.given_name, person.mrn, str(appointment.pk)):
        assert secret not in page


def test_an_empty_department_says_so(desk, site):
    assert "Nobody is waiting." in text(desk.get(SCREEN))


def test_whom_it_shows_is_in_the_audit_trail_and_a_poll_without_news_is_not(desk, appointment, person):
    version = version_of(text(desk.get(SCREEN)))
    seen = AuditEvent.objects.filter(data__list="front_desk", patient_ids=[person.pk])
    assert seen.count() == 1
    assert desk.get(ROWS, {"version": version}, headers=POLL).status_code == 204
    assert seen.count() == 1
    answer = desk.get(ROWS, {"version": "older"}, headers=POLL)
    assert (answer.status_code, "Z. Q." in text(answer), seen.count()) == (200, True, 2)


def test_it_stays_readable_while_the_session_is_locked_and_nothing_else_does(desk, appointment):
    desk.get(SCREEN)
    session = desk.session
    session["locked"] = True
    session.save()
    assert "Z. Q." in text(desk.get(SCREEN))
    assert desk.get(ROWS, {"version": "older"}, headers=POLL).status_code == 200
    board = desk.get(reverse("scheduling:board"))
    assert (board.status_code, board["Location"].startswith(reverse("vqflow:lock"))) == (302, True)


def test_readers_have_no_screen(page_of, attending):
    assert page_of(attending).get(SCREEN).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_same_number_of_queries_for_every_list(desk, site, count, django_assert_num_queries):
    for _ in range(count):
        department.booked(site)
    desk.get(SCREEN)
    # The session, the user and the savepoint; the site, the version, the day, the names; the audit row.
    with django_assert_num_queries(9):
        assert text(desk.get(SCREEN)).count("screen__who") == count
