"""The broken day through the API: report, plan, accept, end; closures."""

from datetime import timedelta

import pytest

from scheduling.models import Closure, Replan, Reservation, Resource
from scheduling.services import booking, solving
from tests import department
from tests.department import NOW

EVENING = (NOW + timedelta(hours=11)).isoformat()


@pytest.fixture
def camera(site):
    return Resource.objects.get(site=site, name="Camera 1")


@pytest.fixture
def booked(site):
    by = department.scheduler(site)
    return [department.booked(site, by=by) for _ in range(4)]


def report(caller, camera, **fields):
    values = {"kind": "room_down", "resource": camera.pk, "ends_at": EVENING, "reason": "Detector 2"}
    return caller.post("disruptions", {**values, **fields})


def occupied(camera):
    return Reservation.objects.occupying().filter(resource=camera).count()


def test_a_report_its_plan_and_its_acceptance(lead, camera, booked):
    status, made = report(lead, camera)
    assert (status, made["kind"], made["resource"]) == (201, "room_down", camera.pk)
    assert lead.get("disruptions")[1]["results"][0]["id"] == made["id"]
    status, plan = lead.get(f"replans/{made['replan']}")
    assert (status, plan["state"], plan["why_not_accept"]) == (200, "greedy", None)
    assert plan["changes"][0]["effects"] == ["Perfusion: Camera 1 is out of order."]
    solving.solve_due(now=NOW)
    plan = lead.get(f"replans/{made['replan']}")[1]
    assert (plan["state"], plan["proven_least_lost"]) == ("proposed", True)
    status, accepted = lead.post(f"replans/{plan['id']}/accept")
    assert (status, accepted["state"]) == (200, "accepted")
    assert all(change["accepted_at"] for change in accepted["changes"])
    assert occupied(camera) == 0


def test_named_changes_only(lead, camera, booked):
    plan = lead.get(f"replans/{report(lead, camera)[1]['replan']}")[1]
    named = [change["id"] for change in plan["changes"]]
    status, body = lead.post(f"replans/{plan['id']}/accept", {"changes": named})
    assert status == 200
    assert [each["id"] for each in body["changes"] if each["accepted_at"]] == named


def test_a_change_that_needs_the_time_of_another_says_which_to_choose_too(lead, camera, booked):
    plan = lead.get(f"replans/{report(lead, camera)[1]['replan']}")[1]
    status, problem = lead.post(f"replans/{plan['id']}/accept", {"changes": [plan["changes"][0]["id"]]})
    assert status == 409
    assert problem["detail"].endswith("too: it needs their time.")


def test_a_stale_plan_is_a_conflict_and_a_new_one_is_made(lead, camera, booked):
    made = report(lead, camera)[1]
    booking.cancel(booked[0], reason="Feels better", by=lead.user, now=NOW)
    status, problem = lead.post(f"replans/{made['replan']}/accept")
    assert (status, problem["detail"]) == (
        409,
        "The day has changed since this plan was made. Compute it again.",
    )
    status, plan = lead.post(f"disruptions/{made['id']}/plan", {})
    assert (status, plan["state"], plan["id"] != made["replan"]) == (201, "greedy", True)


def test_a_plan_is_accepted_once_however_often_it_is_sent(lead, camera, booked):
    made = report(lead, camera)[1]
    answers = [lead.post(f"replans/{made['replan']}/accept", {}, key="one") for _ in range(2)]
    assert answers[0] == answers[1]
    assert lead.post(f"replans/{made['replan']}/accept")[0] == 409


def test_it_works_again(lead, camera):
    made = report(lead, camera)[1]
    status, ended = lead.post(f"disruptions/{made['id']}/end")
    assert (status, ended["closed_at"] is not None) == (200, True)
    assert lead.post(f"disruptions/{made['id']}/end")[0] == 409
    assert lead.post(f"disruptions/{made['id']}/plan")[0] == 409
    assert lead.get(f"disruptions/{made['id']}")[1]["id"] == made["id"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "flood"}, "kind"),
        ({"kind": 5}, "kind"),
        ({"resource": 10**9}, "resource"),
        ({"resource": "1"}, "resource"),
        ({"ends_at": "2027-03-08T18:00:00"}, "ends_at"),
        ({"ends_at": "soon"}, "ends_at"),
        ({"ends_at": NOW.isoformat()}, "ends_at"),
        ({"starts_at": EVENING}, "ends_at"),
        ({"reason": "a\nb"}, "reason"),
        ({"reason": "x" * 101}, "reason"),
        ({"kind": "xray_late", "appointment": "1"}, "appointment"),
        ({"kind": "xray_late"}, "appointment"),
        ({"kind": "tracer_late", "batch": 1}, "batch"),
        ({"room": 1}, "room"),
    ],
)
def test_a_report_is_refused_at_the_field(lead, camera, fields, field):
    status, problem = report(lead, camera, **fields)
    assert status == 422
    assert field in problem["errors"]
    assert not Closure.objects.exists()


@pytest.mark.parametrize("changes", [[], [0], ["1"], [10**40], [1, 999999], "all", [None]])
def test_changes_that_are_not_of_the_plan_are_refused(lead, camera, booked, changes):
    made = report(lead, camera)[1]
    status, problem = lead.post(f"replans/{made['replan']}/accept", {"changes": changes})
    assert status == 422, problem
    assert Replan.objects.get().state == "greedy"


def test_another_sites_camera_and_plan_are_not_there(lead, camera, elsewhere, booked):
    there = Resource.objects.get(site=elsewhere, name="Camera 1")
    assert report(lead, there)[0] == 422
    made = report(lead, camera)[1]
    stranger = type(lead)(department.lead(elsewhere))
    for address in (f"disruptions/{made['id']}", f"replans/{made['replan']}"):
        assert stranger.get(address)[0] == 404
    assert stranger.post(f"replans/{made['replan']}/accept")[0] == 404


def test_closures_are_listed_added_and_ended(lead, camera, booked):
    body = {"resource": camera.pk, "starts_at": NOW.isoformat(), "ends_at": EVENING, "reason": "Service"}
    status, made = lead.post("closures", body)
    assert (status, made["closure"]["reason"]) == (201, "Service")
    assert made["booked_within"] >= 1
    assert [each["id"] for each in lead.get("closures")[1]["results"]] == [made["closure"]["id"]]
    address = f"closures/{made['closure']['id']}/end"
    assert lead.answer("post", address).status_code == 204
    assert lead.get("closures")[1]["results"] == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"ends_at": NOW.isoformat()}, "ends_at"),
        ({"starts_at": None}, "starts_at"),
        ({"resource": 0}, "resource"),
        ({"site": 1}, "site"),
    ],
)
def test_a_closure_is_refused_at_the_field(lead, fields, field):
    body = {"starts_at": NOW.isoformat(), "ends_at": EVENING, "reason": "Service", **fields}
    status, problem = lead.post("closures", body)
    assert status == 422
    assert field in problem["errors"]
    assert not Closure.objects.exists()


def test_a_technologist_does_not_close_tomorrow(technologist):
    tomorrow = NOW + timedelta(days=1)
    body = {
        "starts_at": tomorrow.isoformat(),
        "ends_at": (tomorrow + timedelta(hours=1)).isoformat(),
        "reason": "Away",
    }
    assert technologist.post("closures", body)[0] == 403
