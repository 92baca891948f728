"""The next weeks, one step's other starts and the letter, through the API."""

from datetime import timedelta

import pytest

from scheduling.models import ProtocolStep
from tests import department
from tests.callers import Caller


@pytest.fixture
def appointment(site):
    return department.booked(site)


def test_the_days_of_the_next_six_weeks(scheduler, vetted):
    status, found = scheduler.get(f"orders/{vetted.pk}/itinerary-days")
    assert (status, len(found["days"])) == (200, 42)
    first = found["days"][0]
    assert (first["day"], first["closed"], first["starts"] > 0) == ("2027-03-08", "", True)
    assert first["best_at"].endswith("-05:00")
    assert found["days"][41]["closed"] == "Nobody on shift"


def test_days_with_wishes_and_an_xray_done_elsewhere(scheduler, vetted):
    asked = {
        "days": 3,
        "wishes": {"weekdays": [0]},
        "xray_elsewhere": {"ended_at": "2027-03-08T06:00:00-05:00", "place": "ER"},
    }
    status, found = scheduler.post(f"orders/{vetted.pk}/itinerary-days", asked)
    assert status == 200
    assert [each["wished"] > 0 for each in found["days"]] == [True, False, False]


@pytest.mark.parametrize(
    "query", [{"days": 0}, {"days": 61}, {"first_day": "2027-03-01"}, {"first_day": "soon"}]
)
def test_bad_periods_are_refused(scheduler, vetted, query):
    text = "&".join(f"{key}={value}" for key, value in query.items())
    status, problem = scheduler.get(f"orders/{vetted.pk}/itinerary-days?{text}")
    assert status == 422
    assert set(problem["errors"]) == set(query)


def test_the_days_of_an_appointment(scheduler, appointment):
    status, found = scheduler.get(f"appointments/{appointment.pk}/itinerary-days?days=2")
    assert (status, len(found["days"])) == (200, 2)


def test_one_step_is_moved_and_the_others_stay(scheduler, appointment):
    step = appointment.steps.get(kind="perfusion")
    status, found = scheduler.get(f"steps/{step.pk}/itineraries")
    assert (status, found["blockers"]) == (200, [])
    wanted = found["proposals"][-1]["starts"]
    assert {each["starts"]["ventilation"] for each in found["proposals"]} == {wanted["ventilation"]}
    status, moved = scheduler.post(f"steps/{step.pk}/move", {"start": wanted["perfusion"]})
    assert status == 200
    by_kind = {each["kind"]: each["planned_start_at"] for each in moved["steps"]}
    assert by_kind == wanted


def test_a_start_that_cannot_be_had_comes_with_the_nearest_that_can(scheduler, appointment):
    step = appointment.steps.get(kind="perfusion")
    wanted = step.planned_start_at + timedelta(hours=2)
    status, refused = scheduler.post(f"steps/{step.pk}/move", {"start": wanted.isoformat()})
    assert status == 409
    _, every = scheduler.get(f"steps/{step.pk}/itineraries")
    latest = [each["starts"] for each in every["proposals"][-1:-6:-1]]
    assert [each["starts"] for each in refused["alternatives"]] == latest
    assert scheduler.post(f"steps/{step.pk}/move", {"start": latest[0]["perfusion"]})[0] == 200


def test_a_step_without_another_start_comes_with_other_times_of_the_visit(scheduler, appointment):
    step = appointment.steps.get(kind="perfusion")
    lag = step.planned_start_at - appointment.steps.get(kind="ventilation").planned_end_at
    only = dict.fromkeys(("lag_min_minutes", "lag_max_minutes"), lag // timedelta(minutes=1))
    ProtocolStep.objects.filter(kind="perfusion").update(**only)
    assert scheduler.get(f"steps/{step.pk}/itineraries")[1]["proposals"] == []
    wanted = step.planned_start_at + timedelta(hours=2)
    status, refused = scheduler.post(f"steps/{step.pk}/move", {"start": wanted.isoformat()})
    assert (status, len(refused["alternatives"])) == (409, 5)


def test_why_one_step_cannot_start_then(scheduler, appointment):
    step = appointment.steps.get(kind="perfusion")
    status, found = scheduler.post(f"steps/{step.pk}/why-not", {"start": "2027-03-08T16:00:00-05:00"})
    assert status == 200
    assert found["proposal"] is None
    assert found["steps"]


def test_the_letter_as_text_as_pdf_and_sent(scheduler, appointment):
    status, letter = scheduler.get(f"appointments/{appointment.pk}/letter")
    assert (status, letter["visits"][0]["day"]) == (200, "Monday 8 March 2027")
    status, sent = scheduler.post(f"appointments/{appointment.pk}/letter/send", {})
    assert (status, sent["state"]) == (202, "pending")
    status, problem = scheduler.post(f"appointments/{appointment.pk}/letter/send", {})
    assert (status, problem["detail"]) == (409, "The letter is on its way already.")


def test_a_reason_to_overbook_has_to_say_something(site, vetted):
    lead = Caller(department.lead(site))
    best = department.proposal(vetted)
    body = {"starts": {kind: at.isoformat() for kind, at in best.starts.items()}, "overbook_reason": "Shock"}
    status, problem = lead.post(f"orders/{vetted.pk}/appointment", body)
    assert status == 422
    assert "Say in a few words" in problem["errors"]["overbook_reason"][0]
