"""Why not, through the API: the reasons by step, the nearest proposals, and changes of which some can be booked."""

from datetime import timedelta

from scheduling.models import Closure, Resource
from tests import department

TEN = "2027-03-08T10:00:00-05:00"


def close_cameras(site):
    begins = department.NOW + timedelta(hours=2)
    for room in Resource.objects.filter(name__startswith="Camera"):
        Closure.objects.create(
            site=site, resource=room, span=(begins, begins + timedelta(hours=2)), reason="Repair"
        )


def test_a_refused_time_comes_with_reasons_nearest_proposals_and_changes(site, scheduler, vetted):
    close_cameras(site)
    status, found = scheduler.post(f"orders/{vetted.pk}/why-not", {"starts": {"ventilation": TEN}})
    assert status == 200
    assert found["proposal"] is None
    [step] = found["steps"]
    assert (step["kind"], step["starts_at"]) == ("perfusion", None)
    assert step["sentences"] == ["No perfusion can start 5 min to 20 min after the ventilation."]
    assert [each["sentence"] for each in step["reasons"]] == [
        "Camera 1 is closed until 11:00 (Repair).",
        "Camera 2 is closed until 11:00 (Repair).",
    ]
    assert {each["kind"] for each in found["changes"]} == {"open"}
    assert found["after"]["lungs_start_at"] == "2027-03-08T10:30:00-05:00"


def test_the_nearest_proposal_books(site, scheduler, vetted):
    close_cameras(site)
    _, found = scheduler.post(f"orders/{vetted.pk}/why-not", {"starts": {"ventilation": TEN}})
    chosen = {name: found["after"][name] for name in ("starts", "resource_ids")}
    status, made = scheduler.post(f"orders/{vetted.pk}/appointment", chosen)
    assert status == 201
    assert made["lungs_start_at"] == found["after"]["lungs_start_at"]


def test_a_free_time_answers_with_its_proposal(scheduler, vetted):
    status, found = scheduler.post(f"orders/{vetted.pk}/why-not", {"starts": {"ventilation": TEN}})
    assert status == 200
    assert found["proposal"]["lungs_start_at"] == TEN
    assert (found["steps"], found["changes"], found["before"], found["after"]) == ([], [], None, None)


def test_days_without_a_time_are_explained_without_starts(site, scheduler, vetted):
    Resource.objects.filter(name__startswith="Camera").update(is_active=False)
    status, found = scheduler.post(f"orders/{vetted.pk}/why-not", {"days": 2})
    assert status == 200
    assert [step["sentences"] for step in found["steps"]] == [["There is no gamma camera to choose from."]]


def test_an_appointment_that_is_to_be_moved_is_explained(site, scheduler):
    appointment = department.booked(site)
    close_cameras(site)
    status, found = scheduler.post(f"appointments/{appointment.pk}/why-not", {"starts": {"ventilation": TEN}})
    assert status == 200
    assert [step["kind"] for step in found["steps"]] == ["perfusion"]


def test_starts_that_cannot_be_meant_are_named_at_their_field(scheduler, vetted):
    asked = {"starts": {"ventilation": "2027-03-08T06:00:00-05:00"}}
    status, problem = scheduler.post(f"orders/{vetted.pk}/why-not", asked)
    assert (status, problem["errors"]) == (422, {"starts": ["This time has passed. Choose a later one."]})


def test_an_order_that_cannot_be_booked_is_a_conflict(site, scheduler):
    waiting = department.order(site, vetted=False)
    status, problem = scheduler.post(f"orders/{waiting.pk}/why-not", {"starts": {"ventilation": TEN}})
    assert (status, problem["detail"]) == (
        409,
        "A nuclear physician has to vet this order before it is booked.",
    )


def test_what_is_booked_is_in_the_way_of_somebody_who_holds_nothing(site, scheduler, vetted):
    for _ in range(2):
        status, _ = scheduler.post(
            f"orders/{department.order(site).pk}/appointment",
            {"starts": _free_at(scheduler, vetted)["starts"]},
        )
        assert status == 201
    _, found = scheduler.post(f"orders/{vetted.pk}/itineraries", {})
    assert "2027-03-08T10:00:00-05:00" not in [each["lungs_start_at"] for each in found["proposals"]]
    _, found = scheduler.post(f"orders/{vetted.pk}/why-not", {"starts": {"ventilation": TEN}})
    assert found["proposal"] is None


def _free_at(scheduler, order):
    _, found = scheduler.post(f"orders/{order.pk}/why-not", {"starts": {"ventilation": TEN}})
    return found["proposal"]
