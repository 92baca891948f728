"""Tomorrow's preparation: what is still missing for each patient of a coming day."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling.services import booking
from tests import department, doses
from tests.department import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
TOMORROW = TODAY + timedelta(days=1)
PAGE = "/worklist/preparation/"


@pytest.fixture
def camera(client, technologist):
    client.force_login(technologist)
    return client


def booked(site, **fields):
    return department.booked(site, first_day=TOMORROW, **fields)


def lacks(answer):
    return [[lack.label for lack in row["prepared"].lacks] for row in answer.context["rows"]]


def test_tomorrow_is_shown_unless_told_otherwise(camera, site):
    booked(site)
    department.booked(site)
    answer = camera.get(PAGE)
    assert (answer.context["on"], lacks(answer)) == (TOMORROW, [[]])
    assert "Ready" in answer.content.decode()
    assert len(camera.get(f"{PAGE}?day=2027-03-08").context["rows"]) == 1


def test_what_is_missing_is_named_and_says_what_to_do(camera, site):
    answers = {**department.SAFE_ANSWERS, "albumin_allergy": "unknown"}
    made = department.order(site, priority="stat", vetted=False, answers=answers)
    best = department.proposal(made, first_day=TOMORROW)
    booking.book(made, starts=best.starts, by=department.scheduler(site), now=NOW)
    answer = camera.get(PAGE)
    assert lacks(answer) == [["Not vetted", "1 question open"]]
    assert "A nuclear physician has to vet the order first." in answer.content.decode()


def test_call_that_nobody_has_made_is_missing(camera, site):
    booked(site, of=department.patient(site, email_consent=False))
    assert lacks(camera.get(PAGE)) == [["Call"]]


def test_only_those_who_lack_something_can_be_shown(camera, site):
    booked(site)
    booked(site, of=department.patient(site, email_consent=False))
    answer = camera.get(f"{PAGE}?show=missing")
    assert lacks(answer) == [["Call"]]
    assert [tab["count"] for tab in answer.context["tabs"]] == [2, 1]


def test_step_without_a_technologist_is_named(camera, site):
    appointment = booked(site)
    held = [
        row
        for step in appointment.steps.filter(kind="ventilation")
        for row in step.reservations.filter(resource__kind="technologist")
    ]
    type(held[0]).objects.filter(pk=held[0].pk).update(status="released")
    assert lacks(camera.get(PAGE)) == [["No technologist"]]


def test_room_and_person_are_those_of_the_scan_whose_time_stands_first(camera, site):
    appointment = booked(site)
    [row] = camera.get(PAGE).context["rows"]
    scan = appointment.steps.get(kind="ventilation")
    assert row["line"].stands_at == scan.planned_start_at
    assert row["line"].room.pk in scan.reservations.values_list("resource_id", flat=True)


def test_tracer_that_can_be_used_until_another_day_says_which(camera, site, lead):
    doses.needed(site, ventilation=500)
    for product in ("maa", "pertechnetate"):
        morning = NOW + timedelta(days=1)
        doses.batch(site, by=lead, product=product, starts_at=morning, expires_at=morning + timedelta(days=1))
    booked(site)
    assert "until Wed 07:00" in camera.get(PAGE).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_same_number_of_queries_however_many_rows(camera, site, count):
    for _ in range(count):
        booked(site)
    camera.get(PAGE)
    with CaptureQueriesContext(connection) as seen:
        answer = camera.get(PAGE)
    assert len(answer.context["rows"]) == count
    ours = [
        each["sql"] for each in seen if "django_session" not in each["sql"] and "SAVEPOINT" not in each["sql"]
    ]
    assert len(ours) <= 8


def test_empty_day_says_so(camera, site):
    assert "Nobody is booked on this day" in camera.get(PAGE).content.decode()
    assert "Nothing is missing" in camera.get(f"{PAGE}?show=missing").content.decode()
