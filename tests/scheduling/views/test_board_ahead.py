"""Delay on the board: expected times of what is late, what will not work out, and the way to repair it."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from scheduling.models import Disruption, StepKind
from scheduling.services import visits
from tests import department
from tests.callers import Caller, Clock
from tests.department import TODAY

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DAY = f"/board/?day={TODAY}"


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def patient(site, scheduler, clock):
    return department.patient(site, by=scheduler, family_name="Quillon", given_name="Zoe")


@pytest.fixture
def appointment(site, scheduler, patient):
    return department.booked(site, by=scheduler, of=patient)


@pytest.fixture
def overrun(appointment, technologist, clock):
    """Its ventilation runs 30 minutes longer than planned."""
    ready, at = department.ready(appointment, by=technologist)
    step = ready.steps.get(kind=StepKind.VENTILATION)
    visits.start(step, by=technologist, now=at)
    clock.now = step.planned_end_at + 30 * MINUTE
    return step


class Desk:
    """Somebody who signs in whenever they look: the clock moves by hours."""

    def __init__(self, page_of, user):
        self._page_of, self._user = page_of, user

    def get(self, address):
        return self._page_of(self._user).get(address)

    def post(self, address, form):
        return self._page_of(self._user).post(address, form)


@pytest.fixture
def desk(page_of, scheduler):
    return Desk(page_of, scheduler)


def page_text(response):
    assert response.status_code == 200
    return response.content.decode()


def local(site, moment):
    return f"{timezone.localtime(moment, department.ZONE):%H:%M}"


def test_nothing_is_said_while_nothing_is_late(desk, appointment):
    page = page_text(desk.get(DAY))
    assert "will not work out" not in page
    assert 'class="later"' not in page.split("board-legend")[0]


def test_what_follows_a_scan_that_runs_on_is_drawn_and_said_at_its_expected_time(desk, site, overrun, clock):
    page = page_text(desk.get(DAY))
    at = local(site, clock.now + 5 * MINUTE)
    assert f"expected {at}" in page
    assert f"Expected {at}" in page
    assert 'class="later"' in page.split("board-legend")[0]
    assert "For 1 patient the plan will not work out" in page
    assert f"The perfusion will begin 30 min late, at {at}" in page


def test_repair_leads_to_the_report_of_the_scan_that_is_filled_in_and_plans_the_day_anew(
    desk, appointment, overrun, clock
):
    page = page_text(desk.get(DAY))
    url = re.search(r'href="([^"]+)">Repair…', page)[1].replace("&amp;", "&")
    asked = parse_qs(urlsplit(url).query)
    assert (asked["kind"], asked["appointment"]) == (["scan_overruns"], [str(appointment.pk)])
    form = page_text(desk.get(url))
    assert f'<option value="{appointment.pk}" selected>' in form
    until = timezone.localtime(clock.now + 10 * MINUTE, department.ZONE)
    assert f'value="{until:%H:%M}"' in form
    answer = desk.post(
        url,
        {
            "appointment": appointment.pk,
            "ends_at_0": f"{until:%Y-%m-%d}",
            "ends_at_1": f"{until:%H:%M}",
            "reason": "",
        },
    )
    assert answer.status_code == 302
    assert Disruption.objects.get().appointment_id == appointment.pk


def test_a_time_in_the_address_that_is_none_is_left_out(desk, overrun, appointment):
    assert page_text(
        desk.get(f"/disruptions/new/?kind=scan_overruns&appointment={appointment.pk}&until=soon")
    )
    assert page_text(desk.get("/disruptions/new/?kind=scan_overruns&appointment=x&until=2027-03-08T10:00"))


def test_who_is_missing_can_be_moved(desk, appointment, clock):
    xray = appointment.steps.get(kind=StepKind.XRAY)
    clock.now = xray.planned_start_at + 20 * MINUTE
    page = page_text(desk.get(DAY))
    section = page[page.index('id="board-ahead"') :]
    assert "The chest X-ray will begin 2" in section
    assert "kind=xray_late" in section


def test_the_api_tells_expected_times_conflicts_and_what_to_report(scheduler, appointment, overrun, clock):
    board = Caller(scheduler).get("board", day=str(TODAY))[1]
    steps = {step["kind"]: step for step in board["appointments"][0]["steps"]}
    assert steps["xray"]["expected"] is None
    at = timezone.localtime(clock.now, department.ZONE)
    assert steps["ventilation"]["expected"]["ends_at"] == at.isoformat()
    assert (steps["ventilation"]["expected_delay_minutes"], steps["perfusion"]["expected_delay_minutes"]) == (
        30,
        30,
    )
    [ahead] = [each for each in board["ahead"] if each["kind"] == "late"]
    assert (ahead["appointment"], ahead["step"]) == (str(appointment.pk), steps["perfusion"]["id"])
    assert ahead["repair"] == {
        "kind": "scan_overruns",
        "appointment": str(appointment.pk),
        "ends_at": (at + 10 * MINUTE).isoformat(),
    }


def test_the_front_desk_is_there_for_programs(scheduler, technologist, overrun, patient):
    status, lines = Caller(scheduler).get("front-desk")
    assert status == 200
    digits = patient.mrn[-3:]
    assert lines == [{"initials": "Z. Q.", "digits": digits, "when": "now", "about": None, "is_here": True}]


def test_another_day_than_today_shows_no_expected_times(desk, overrun):
    page = page_text(desk.get(f"/board/?day={TODAY + timedelta(days=1)}"))
    assert "will not work out" not in page
