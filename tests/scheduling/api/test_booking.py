from datetime import timedelta

import pytest

from scheduling.models import Appointment, Reservation, Resource, Shift
from tests import department
from tests.callers import Caller


@pytest.fixture
def appointment(site):
    return department.booked(site)


def chosen(proposal):
    return {name: proposal[name] for name in ("starts", "resource_ids")}


def test_who_loses_the_race_reads_who_was_faster_and_gets_the_next_times(site, scheduler):
    first, second = department.order(site), department.order(site)
    rival = Caller(department.scheduler(site, username="rob", first_name="Rob", last_name="Vance"))
    _, found = scheduler.get(f"orders/{second.pk}/itineraries")
    wanted = chosen(found["proposals"][0])
    Resource.objects.filter(name__in=["Camera 2", "Ventilation 2"]).update(is_active=False)
    assert rival.post(f"orders/{first.pk}/appointment", wanted)[0] == 201

    status, refused = scheduler.post(f"orders/{second.pk}/appointment", wanted)
    assert status == 409
    assert refused["detail"].startswith("Rob Vance was faster: ")
    assert len(refused["alternatives"]) == 5
    assert Appointment.objects.filter(procedure__order=second).count() == 0
    status, booked = scheduler.post(f"orders/{second.pk}/appointment", chosen(refused["alternatives"][0]))
    assert (status, booked["order"]) == (201, second.pk)


def test_the_next_times_come_however_far_off_they_are(vetted, scheduler):
    _, found = scheduler.get(f"orders/{vetted.pk}/itineraries")
    for shift in Shift.objects.all():
        if shift.span.lower.date() < department.TODAY + timedelta(days=10):
            shift.delete()
    status, refused = scheduler.post(f"orders/{vetted.pk}/appointment", chosen(found["proposals"][0]))
    assert status == 409
    assert {each["starts"]["ventilation"][:10] for each in refused["alternatives"]} == {"2027-03-18"}
    assert len(refused["alternatives"]) == 5


def test_an_xray_done_elsewhere_is_searched_and_booked_with(vetted, scheduler, clock):
    xray = {"ended_at": "2027-03-08T06:00:00-05:00", "place": "Hillside ED", "modality": "CT"}
    status, found = scheduler.post(f"orders/{vetted.pk}/itineraries", {"days": 1, "xray_elsewhere": xray})
    assert status == 200
    assert [step["kind"] for step in found["proposals"][0]["steps"]] == ["ventilation", "perfusion"]
    body = {**chosen(found["proposals"][0]), "xray_elsewhere": xray}
    status, booked = scheduler.post(f"orders/{vetted.pk}/appointment", body)
    step = booked["steps"][0]
    assert (status, step["state"], step["elsewhere"], step["modality"]) == (
        201,
        "completed",
        "Hillside ED",
        "CT",
    )


def test_an_order_that_is_not_vetted_has_no_itineraries(site, scheduler):
    order = department.order(site, vetted=False)
    status, refused = scheduler.get(f"orders/{order.pk}/itineraries")
    assert (status, refused["detail"]) == (
        409,
        "A nuclear physician has to vet this order before it is booked.",
    )


def test_an_appointment_is_confirmed_once(appointment, scheduler, site):
    address = f"appointments/{appointment.pk}"
    assert scheduler.get(address)[1]["confirmed_at"] is None
    for _ in range(2):
        status, confirmed = scheduler.post(f"{address}/confirm")
        assert (status, confirmed["confirmed_at"]) == (200, "2027-03-08T07:00:00-05:00")
    technologist = Caller(department.technologist(site))
    assert technologist.post(f"{address}/confirm")[0] == 403


def test_an_appointment_is_moved_and_cancelled(appointment, scheduler):
    address = f"appointments/{appointment.pk}"
    _, found = scheduler.get(f"{address}/itineraries", first_day="2027-03-10")
    status, moved = scheduler.post(f"{address}/move", chosen(found["proposals"][0]))
    assert (status, moved["revision"]) == (200, 2)
    assert moved["starts_at"].startswith("2027-03-10T")
    status, cancelled = scheduler.post(f"{address}/cancel", {"reason": "The patient is ill."})
    assert (status, cancelled["state"], cancelled["ended_reason"]) == (
        200,
        "cancelled",
        "The patient is ill.",
    )
    status, refused = scheduler.get(f"{address}/itineraries")
    assert (status, refused["detail"]) == (409, "This appointment is cancelled; it cannot be moved.")
    assert not Reservation.objects.occupying().exists()


def test_a_finished_appointment_has_no_other_times(site, scheduler):
    order = department.performed(site)
    appointment = Appointment.objects.get(procedure__order=order)
    status, refused = scheduler.get(f"appointments/{appointment.pk}/itineraries")
    assert (status, refused["detail"]) == (409, "This appointment is fulfilled; it cannot be moved.")


def test_an_appointment_whose_xray_is_running_is_not_moved(appointment, technologist):
    address = f"appointments/{appointment.pk}"
    _, found = technologist.get(f"{address}/itineraries", first_day="2027-03-10")
    technologist.post(f"{address}/check-in", department.HERE)
    assert technologist.post(f"steps/{appointment.steps.get(kind='xray').pk}/start")[0] == 200
    status, refused = technologist.post(f"{address}/move", chosen(found["proposals"][0]))
    assert (status, refused["detail"]) == (
        409,
        "The X-ray is in progress. End it or undo it, then move the appointment.",
    )
    assert technologist.get(f"{address}/itineraries")[1]["detail"] == refused["detail"]


def test_a_missed_appointment_frees_its_time(appointment, technologist, clock):
    early = technologist.post(f"appointments/{appointment.pk}/no-show")
    assert (early[0], early[1]["detail"]) == (409, "The patient is not expected yet.")
    clock.now = appointment.starts_at + timedelta(minutes=30)
    status, row = technologist.post(f"appointments/{appointment.pk}/no-show")
    assert (status, row["state"]) == (200, "noshow")


def test_a_step_is_given_to_another_technologist(appointment, lead, elsewhere):
    step = appointment.steps.get(kind="ventilation")
    _, before = lead.get(f"appointments/{appointment.pk}")
    name = next(row for row in before["steps"] if row["id"] == step.pk)["technologist"]["name"]
    other = (
        Resource.objects.filter(site=appointment.site, capabilities=["technologist_nm"])
        .exclude(name=name)
        .first()
    )
    status, row = lead.post(f"steps/{step.pk}/technologist", {"technologist": other.pk})
    assert status == 200
    assert next(each for each in row["steps"] if each["id"] == step.pk)["technologist"]["name"] == other.name
    stranger = Resource.objects.get(site=elsewhere, name=other.name)
    status, refused = lead.post(f"steps/{step.pk}/technologist", {"technologist": stranger.pk})
    assert (status, refused["errors"]) == (
        422,
        {"technologist": ["There is no such record at your site. Choose from the list."]},
    )


class TestTheVisit:
    def test_what_was_recorded_can_be_taken_back(self, appointment, technologist, clock):
        address = f"appointments/{appointment.pk}"
        clock.now = appointment.lungs_start_at
        technologist.post(f"{address}/check-in", department.HERE)
        ended_at = (clock.now - timedelta(hours=3)).isoformat()
        _, row = technologist.post(f"{address}/xray", {"ended_at": ended_at, "elsewhere": "Hillside"})
        _, row = technologist.post(f"{address}/clear-dose")
        step = row["action"]["step"]
        technologist.post(f"steps/{step}/start")
        _, row = technologist.post(f"steps/{step}/discontinue", {"reason": "Could not go on."})
        assert row["steps"][1]["discontinued_reason"] == "Could not go on."
        _, row = technologist.post(f"steps/{step}/undo")
        _, row = technologist.post(f"steps/{step}/undo")
        assert (row["state"], row["action"]["name"]) == ("arrived", "start")
        _, row = technologist.post(f"{address}/undo-clear-dose")
        assert row["dose_cleared_at"] is None
        _, row = technologist.post(f"{address}/undo-check-in")
        assert row["state"] == "booked"

    def test_the_window_is_judged_before_the_dose(self, appointment, technologist, clock):
        address = f"appointments/{appointment.pk}"
        clock.now = appointment.lungs_start_at
        technologist.post(f"{address}/check-in", department.HERE)
        technologist.post(f"{address}/xray", {"ended_at": (clock.now - timedelta(minutes=20)).isoformat()})
        _, row = technologist.get(address)
        status, refused = technologist.post(f"{address}/clear-dose")
        assert (status, refused["detail"]) == (409, row["action"]["refusal"])

    def test_the_worklist_of_a_day_shows_the_next_action(self, appointment, technologist):
        on = appointment.lungs_start_at.astimezone(department.ZONE).date().isoformat()
        status, listed = technologist.get("worklist", day=on)
        assert (status, listed["day"], [row["id"] for row in listed["rows"]]) == (
            200,
            on,
            [str(appointment.pk)],
        )
        assert listed["rows"][0]["action"]["label"] == "Check in"
        _, today = technologist.get("worklist")
        assert today["day"] == "2027-03-08"
