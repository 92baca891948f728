"""Tracers through the API: the day, what becomes of a batch, weekly plans."""

import pytest

from scheduling.models import TracerBatch
from tests import department, doses
from vqflow.models import AuditEvent

BATCHES, SUPPLIES = "tracers/batches", "tracers/supplies"
BATCH = {
    "product": "maa",
    "usable_from": "2027-03-08T07:30:00-05:00",
    "activity_mbq": 1850,
    "particles": 4_000_000,
}
SUPPLY = {
    "product": "maa",
    "weekdays": [0, 1, 2, 3, 4],
    "usable_time": "07:30:00",
    "activity_mbq": 1850,
    "shelf_life_minutes": 360,
    "particles": 4_000_000,
    "starts_on": "2027-03-08",
}


@pytest.fixture
def kit(site, lead):
    doses.needed(site)
    return doses.batch(site, by=lead.user)


def test_a_batch_is_entered_and_stands_in_the_day(lead, scheduler):
    status, made = lead.post(BATCHES, BATCH)
    assert status == 201
    _, answer = scheduler.get(BATCHES)
    assert answer["day"] == "2027-03-08"
    [line] = answer["batches"]
    assert line["batch"]["id"] == made["id"]
    assert line["name"] == "MAA kit 07:30"
    assert line["left_mbq"] == 1850
    assert line["ends_at"] == "2027-03-08T13:30:00-05:00"
    assert line["doses"] == line["stranded"] == []


def test_the_doses_of_a_day_name_no_patient(lead, site, kit):
    appointment = department.booked(site)
    [line] = lead.get(BATCHES)[1]["batches"]
    [dose] = line["doses"]
    assert set(dose) == {"kind", "needed_at", "activity_mbq", "status"}
    assert appointment.procedure.order.patient.mrn not in str(line)


def test_a_failed_batch_answers_whose_dose_is_gone(lead, site, kit):
    appointment = department.booked(site)
    _, answer = lead.post(f"{BATCHES}/{kit.pk}/fail", {"reason": "Spilled"})
    assert answer["batch"]["state"] == "failed"
    [lost] = answer["stranded"]
    assert (lost["appointment"], lost["kind"]) == (str(appointment.pk), "perfusion")
    shown = AuditEvent.objects.get(action="list.viewed", data__list="tracers.stranded.api")
    assert shown.patient_ids == [appointment.procedure.order.patient_id]
    _, disruption = lead.get(f"disruptions/{answer['disruption']}")
    assert (disruption["kind"], disruption["batch"]) == ("tracer_failed", kit.pk)


def test_a_batch_is_measured_and_delayed(lead, kit):
    figures = {
        "calibrated_at": "2027-03-08T07:10:00-05:00",
        "activity_mbq": "1790.5",
        "expires_at": "2027-03-08T13:10:00-05:00",
        "particles": 3_900_000,
    }
    _, measured = lead.post(f"{BATCHES}/{kit.pk}/measured", figures)
    assert (measured["batch"]["state"], measured["batch"]["activity_mbq"]) == ("ready", "1790.500")
    _, late = lead.post(f"{BATCHES}/{kit.pk}/delay", {"usable_from": "2027-03-08T08:00:00-05:00"})
    assert late["batch"]["expires_at"] == "2027-03-08T14:10:00-05:00"
    assert late["disruption"] is None


def test_a_failed_batch_is_not_delayed(lead, kit):
    lead.post(f"{BATCHES}/{kit.pk}/fail", {"reason": "Spilled"})
    status, _ = lead.post(f"{BATCHES}/{kit.pk}/delay", {"usable_from": "2027-03-08T08:00:00-05:00"})
    assert status == 409


def test_a_weekly_plan_is_entered_listed_and_ended(lead):
    status, made = lead.post(SUPPLIES, SUPPLY)
    assert status == 201
    pk = made["id"]
    assert [row["id"] for row in lead.get(SUPPLIES)[1]["results"]] == [pk]
    _, ended = lead.post(f"{SUPPLIES}/{pk}/end", {"ends_on": "2027-03-08"})
    assert ended["ends_on"] == "2027-03-08"
    assert TracerBatch.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"product": "gold"}, "product"),
        ({"product": ""}, "product"),
        ({"product": 5}, "product"),
        ({"activity_mbq": -1}, "activity_mbq"),
        ({"activity_mbq": "NaN"}, "activity_mbq"),
        ({"activity_mbq": 0}, "activity_mbq"),
        ({"activity_mbq": 10**9}, "activity_mbq"),
        ({"particles": None}, "particles"),
        ({"particles": 10**12}, "particles"),
        ({"usable_from": "2027-03-08T07:30:00"}, "usable_from"),
        ({"expires_at": "2027-03-08T07:00:00-05:00"}, "expires_at"),
        ({"is_unit_dose": "yes"}, "is_unit_dose"),
        ({"lot": "a\nb"}, "lot"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_batch_that_cannot_be_is_refused_at_its_field(lead, wrong, field):
    status, answer = lead.post(BATCHES, BATCH | wrong)
    assert status == 422
    assert field in answer["errors"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": [7]}, "weekdays.0"),
        ({"weekdays": "Mon"}, "weekdays"),
        ({"usable_time": "25:00"}, "usable_time"),
        ({"starts_on": "2020-01-01"}, "starts_on"),
        ({"ends_on": "2027-03-07"}, "ends_on"),
        ({"shelf_life_minutes": 0}, "shelf_life_minutes"),
        ({"unit_doses": 51}, "unit_doses"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_at_its_field(lead, wrong, field):
    status, answer = lead.post(SUPPLIES, SUPPLY | wrong)
    assert status == 422
    assert field in answer["errors"]


def test_a_day_that_cannot_be_is_refused(lead):
    assert lead.get(BATCHES, day="yesterday")[0] == 422


def test_a_scheduler_changes_nothing(scheduler, kit):
    assert scheduler.post(BATCHES, BATCH)[0] == 403
    assert scheduler.post(f"{BATCHES}/{kit.pk}/fail", {"reason": "x"})[0] == 403
    assert scheduler.post(SUPPLIES, SUPPLY)[0] == 403
