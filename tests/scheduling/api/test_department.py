"""The department over the API: the same services, dry runs, refusals at their fields."""

import pytest

from scheduling.models import OpeningHours, PlannedChange, Shift
from tests import department
from tests.callers import Caller

TOMORROW = "2027-03-09"


@pytest.fixture
def camera(site):
    return site.resources.get(name="Camera 1")


def week(begins, ends):
    return [{"weekday": day, "opens": begins, "closes": ends} for day in range(7)]


def test_hours_are_tried_and_then_changed(lead, site, camera):
    booked = department.booked(site, first_day=department.TODAY + department.timedelta(days=1))
    rooms = [
        row.resource_id
        for row in booked.steps.get(kind="perfusion").reservations.all()
        if row.resource.name.startswith("Camera")
    ]
    wish = {"hours": week("17:00", "21:00"), "starts_on": TOMORROW, "dry_run": True}
    status, answer = lead.post(f"department/rooms/{rooms[0]}/hours", wish)
    assert (status, answer["saved"], answer["changes"]) == (200, False, ["Mon-Sun 17:00-21:00"])
    assert [row["appointment"] for row in answer["affected"]] == [str(booked.pk)]
    assert not OpeningHours.objects.filter(starts_on__isnull=False).exists()
    assert lead.post(f"department/rooms/{rooms[0]}/hours", {**wish, "dry_run": False})[1]["saved"] is True
    status, answer = lead.get("department/rooms")
    room = next(each for each in answer["results"] if each["id"] == rooms[0])
    assert {row["opens"] for row in room["opening_hours"] if row["starts_on"] == TOMORROW} == {"17:00"}


def test_a_room_is_changed_listed_as_planned_and_withdrawn(lead, camera):
    wish = {"clearance_minutes": 15, "starts_on": TOMORROW}
    status, answer = lead.post(f"department/rooms/{camera.pk}/change", wish)
    assert (status, answer["changes"]) == (200, ["Clearing the room: 0 min -> 15 min"])
    planned = lead.get("department/changes", state="planned")[1]["results"]
    assert [row["subject_id"] for row in planned] == [camera.pk]
    assert lead.post(f"department/changes/{planned[0]['id']}/withdraw")[1]["state"] == "withdrawn"
    assert lead.post(f"department/changes/{planned[0]['id']}/withdraw")[0] == 409


def test_rooms_and_people_are_added(lead, site):
    status, room = lead.post("department/rooms", {"name": "Camera 9", "capabilities": ["gamma_camera_spect"]})
    assert (status, room["opening_hours"], room["clearance_minutes"]) == (201, [], 0)
    status, refusal = lead.post("department/people", {"name": "Camera 9", "capabilities": ["escort"]})
    assert (status, list(refusal["errors"])) == (422, ["name"])
    status, refusal = lead.post(
        "department/people", {"name": "Eve", "capabilities": ["escort"], "user": 99999}
    )
    assert (status, list(refusal["errors"])) == (422, ["user"])
    user = department.technologist(site)
    status, person = lead.post(
        "department/people", {"name": "Eve", "capabilities": ["escort"], "user": user.pk}
    )
    assert (status, person["user"]) == (201, user.pk)


def test_shifts_are_planned_and_listed(lead, site):
    ana = site.resources.get(name="Ana Ruiz")
    wish = {"work": "works", "weekdays": [1], "first_day": TOMORROW, "last_day": "2027-03-12"}
    status, refusal = lead.post(f"department/people/{ana.pk}/shifts", wish)
    assert (status, list(refusal["errors"])) == (422, ["begins"])
    status, answer = lead.post(
        f"department/people/{ana.pk}/shifts", {**wish, "begins": "12:00", "ends": "20:00"}
    )
    assert (status, answer["changes"]) == (200, ["1 new, 1 taken away"])
    days = {"first_day": TOMORROW, "last_day": TOMORROW}
    [shift] = lead.get(f"department/people/{ana.pk}/shifts", **days)[1]
    assert shift["starts_at"] == "2027-03-09T12:00:00-05:00"
    assert Shift.objects.filter(resource=ana).count() == 21


def test_a_protocol_settings_and_letters_are_changed(lead, site):
    protocol = site.protocols.get(key="V_THEN_Q")
    wish = {"starts_on": TOMORROW, "steps": [{"kind": "perfusion", "acquisition_minutes": 25}]}
    status, answer = lead.post(f"department/protocols/{protocol.pk}/change", wish)
    assert (status, answer["changes"]) == (200, ["Perfusion: Pictures: 20 min -> 25 min"])
    status, refusal = lead.post(
        f"department/protocols/{protocol.pk}/change",
        {"starts_on": "2027-03-10", "steps": [{"kind": "perfusion", "lag_max_minutes": 1}]},
    )
    assert (status, list(refusal["errors"])) == (422, ["perfusion_lag_max_minutes"])
    assert lead.post("department/settings", {"starts_on": TOMORROW, "stat_start_target": 90})[0] == 200
    assert lead.get("department/settings")[1]["stat_start_target"] == 120
    letter = {"kind": "moved", "language": "en", "opening": "New time.", "starts_on": "2027-03-08"}
    assert lead.post("department/letters", letter)[0] == 200
    assert [row["opening"] for row in lead.get("department/letters")[1]] == ["New time."]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("rooms/{room}/hours", {"hours": week("7", "18:00"), "starts_on": TOMORROW}),
        ("rooms/{room}/hours", {"hours": week("07:00", "18:00"), "starts_on": TOMORROW}),
        ("rooms/{room}/hours", {"hours": week("08:00", "18:00"), "starts_on": "2027-03-08"}),
        ("rooms/{room}/kept", {"slots": [], "starts_on": TOMORROW}),
        ("rooms/{room}/change", {"starts_on": TOMORROW}),
        ("rooms/{room}/change", {"capabilities": ["escort"], "starts_on": TOMORROW}),
        ("settings", {"starts_on": TOMORROW, "stat_start_target": True}),
        ("letters", {"kind": "moved", "language": "es", "opening": "Su radiografía", "starts_on": TOMORROW}),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(lead, camera, path, body):
    assert lead.post("department/" + path.format(room=camera.pk), body)[0] == 422
    assert not PlannedChange.objects.exists()
    assert not OpeningHours.objects.filter(starts_on__isnull=False).exists()


def test_a_scheduler_reads_and_does_not_change(scheduler, camera):
    assert scheduler.get("department/rooms")[0] == 200
    assert scheduler.post(f"department/rooms/{camera.pk}/change", {"starts_on": TOMORROW})[0] == 403


def test_rooms_take_the_same_queries_whatever_their_number(lead, site, django_assert_num_queries):
    lead.get("department/rooms")
    client = Caller(lead.user)
    client.get("department/rooms")
    with django_assert_num_queries(7):
        client.get("department/rooms")


def test_the_lists_of_a_day_are_read_as_they_are_printed(scheduler, site):
    booked = department.booked(site)
    status, sheet = scheduler.get("lists", kind="day")
    assert (status, sheet["columns"][:2], len(sheet["sections"][0]["rows"])) == (200, ["Comes", "Patient"], 1)
    assert booked.procedure.order.patient.mrn in sheet["sections"][0]["rows"][0][1]
    assert scheduler.get("lists", kind="week")[0] == 422
