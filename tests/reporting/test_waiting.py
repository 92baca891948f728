"""Who waits for a release, and what the technologist handed over, as the reader sees it."""

import pytest
from django.urls import reverse

from reporting import worklist
from reporting.services import reading
from scheduling.services import release
from tests import department
from tests.reporting.browser import html
from tests.reporting.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(db):
    made = department.site()
    made.releases_patients = True
    made.save(update_fields=["releases_patients"])
    return made


def examination(order):
    return order.procedure.appointments.get()


def test_the_tab_is_there_only_where_patients_are_released(order, attending, elsewhere, page_of):
    tabs = page_of(attending).get(reverse("reporting:reports")).context["tabs"]
    assert next((tab["label"], tab["count"]) for tab in tabs) == ("Awaiting release", 1)
    stranger = department.attending(elsewhere)
    labels = [tab["label"] for tab in page_of(stranger).get(reverse("reporting:reports")).context["tabs"]]
    assert "Awaiting release" not in labels


def test_the_list_is_asked_again_only_for_what_is_new(order, attending, page_of):
    page = page_of(attending)
    shown = page.get(reverse("reporting:reports"), {"tab": "release"})
    assert order.patient.family_name in html(shown)
    asked = {"version": shown.context["version"]}
    assert page.get(reverse("reporting:waiting"), asked).status_code == 204
    release.decide(examination(order), outcome="wait", by=attending, now=NOW)
    again = page.get(reverse("reporting:waiting"), asked)
    assert (again.status_code, "Waits here" in html(again)) == (200, True)


def test_the_other_lists_say_how_many_wait(order, attending, page_of):
    page = page_of(attending)
    assert "1 patient waits for what you say" in html(page.get(reverse("reporting:reports")))
    address = reverse("reporting:waiting-count")
    assert page.get(address, {"version": "1"}).status_code == 204
    release.decide(examination(order), outcome="home", by=attending, now=NOW)
    assert "waits for what you say" not in html(page.get(address, {"version": "1"}))


def test_a_row_says_that_the_patient_waits_and_nothing_is_handed_over(order, attending, technologist):
    [row] = worklist.rows(worklist.unread(attending), now=NOW)
    assert (row.awaits_release, row.is_not_handed_over, row.limited) == (True, True, "")
    release.hand_over(examination(order), note="Coughed.", by=technologist, now=NOW)
    release.decide(examination(order), outcome="home", by=attending, now=NOW)
    [row] = worklist.rows(worklist.unread(attending), now=NOW)
    assert (row.awaits_release, row.is_not_handed_over, row.handed_over_at) == (False, False, NOW)


def test_where_nobody_hands_over_nothing_is_missed(attending):
    plain = department.site("plain")
    department.performed(plain)
    [row] = worklist.rows(worklist.unread(department.attending(plain)), now=NOW)
    assert not row.is_not_handed_over


def test_the_reader_sees_the_notes_and_what_is_missing(order, attending, technologist, page_of):
    page = page_of(attending)
    assert "Not handed over yet." in html(page.get(reverse("reporting:report", args=[order.pk])))
    release.hand_over(examination(order), note="Coughed.", by=technologist, now=NOW)
    shown = html(page.get(reverse("reporting:report", args=[order.pk])))
    assert "Coughed." in shown
    assert "Nobody has recorded who looked at the chest X-ray." in shown
    assert reading.case(order, now=NOW).handed.row.handed_by == technologist


def test_there_is_nothing_from_the_technologist_before_the_end(site):
    assert reading.case(department.booked(site).procedure.order, now=NOW).handed is None
