"""Checks, evacuated rooms, incidents and dose orders through the API."""

from datetime import timedelta

import pytest

from scheduling.models import Incident, Resource
from scheduling.services import incidents
from tests import department, doses
from tests.department import NOW, TODAY
from vqflow.models import AuditEvent

CAMERA = {"kind": "camera", "every_days": 1, "due_time": "07:30:00"}
INCIDENT = {"kind": "reaction", "severity": "mild", "what": "Flushed.\nGone after five minutes."}


@pytest.fixture
def camera(site):
    return Resource.objects.get(site=site, name="Camera 1")


@pytest.fixture
def plan(lead, camera):
    status, made = lead.post("quality/plans", CAMERA | {"room": camera.pk})
    assert status == 201
    return made


def test_a_check_is_planned_listed_changed_and_ended(lead, technologist, plan):
    assert plan["due_time"] == "07:30"
    assert technologist.get("quality/plans")[1]["results"] == [plan]
    _, changed = lead.post(f"quality/plans/{plan['id']}/change", {"highest": "4.5"})
    assert changed["highest"] == "4.500"
    status, ended = lead.post(f"quality/plans/{plan['id']}/end")
    assert (status, ended["is_active"]) == (200, False)
    assert lead.post(f"quality/plans/{plan['id']}/end")[0] == 409
    assert lead.get("quality/plans")[1]["results"] == []


def test_the_same_check_twice_is_a_conflict(lead, plan, camera):
    status, problem = lead.post("quality/plans", CAMERA | {"room": camera.pk})
    assert (status, problem["detail"]) == (409, "This is checked already. Change that check instead.")


def test_the_morning_says_how_each_check_stands(technologist, plan):
    _, morning = technologist.get("quality")
    assert morning["day"] == "2027-03-08"
    [due] = morning["checks"]
    assert (due["plan"], due["subject"], due["standing"]) == (plan["id"], "Camera 1", "due")
    status, done = technologist.post(f"quality/plans/{plan['id']}/checks", {"passed": True})
    assert (status, done["check"]["passed"], done["disruption"]) == (201, True, None)
    assert technologist.get("quality")[1]["checks"][0]["standing"] == "done"
    status, undone = technologist.post(f"quality/checks/{done['check']['id']}/take-back")
    assert (status, bool(undone["voided_at"])) == (200, True)
    assert technologist.get("quality")[1]["checks"][0]["standing"] == "due"


def test_a_failed_check_needs_words(technologist, plan):
    status, problem = technologist.post(f"quality/plans/{plan['id']}/checks", {"passed": False})
    assert status == 422
    assert problem["errors"]["note"] == ["Say what was found, and what is done about it."]


def test_a_failed_kit_answers_with_the_plan_of_the_day(technologist, lead, site):
    doses.needed(site)
    kit = doses.batch(site, by=lead.user)
    department.booked(site)
    _, purity = lead.post("quality/plans", {"kind": "purity", "product": "maa"})
    found = {"batch": kit.pk, "value": 80, "note": "Discarded."}
    _, done = technologist.post(f"quality/plans/{purity['id']}/checks", found)
    assert not done["check"]["passed"]
    assert technologist.get(f"disruptions/{done['disruption']}")[1]["kind"] == "tracer_failed"


def test_gas_that_escaped_evacuates_a_room_until_it_is_measured(technologist, clock, site):
    room = Resource.objects.get(site=site, name="Ventilation 1")
    assert technologist.post(f"quality/rooms/{room.pk}/spills", {})[0] == 422
    status, spill = technologist.post(f"quality/rooms/{room.pk}/spills", {"clear_minutes": 40})
    assert (status, spill["clears_at"]) == (201, "2027-03-08T07:40:00-05:00")
    assert technologist.get("quality")[1]["evacuated"] == [spill]
    clock.pass_by(minutes=10)
    status, ended = technologist.post(f"quality/spills/{spill['id']}/end", {"note": "Background."})
    assert (status, ended["end_note"]) == (200, "Background.")
    assert technologist.get("quality")[1]["evacuated"] == []
    assert technologist.post(f"quality/spills/{spill['id']}/end", {"note": "Again."})[0] == 409


def test_an_incident_is_recorded_listed_and_reviewed(technologist, lead, site):
    appointment = department.booked(site)
    status, made = technologist.post(
        f"appointments/{appointment.pk}/incidents", INCIDENT | {"step": "perfusion"}
    )
    assert status == 201
    assert made["step"] == appointment.steps.get(kind="perfusion").pk
    assert lead.get("incidents")[1]["results"] == [made]
    shown = AuditEvent.objects.get(action="list.viewed", data__list="incident.list.api")
    assert shown.patient_ids == [appointment.procedure.order.patient_id]
    status, reviewed = lead.post(f"incidents/{made['id']}/review", {"note": "Talked through."})
    assert (status, reviewed["review_note"]) == (200, "Talked through.")
    assert technologist.post(f"incidents/{made['id']}/take-back", {"reason": "Twice."})[0] == 409


def test_an_incident_without_a_patient_is_taken_back_with_a_reason(technologist, lead):
    _, made = technologist.post("incidents", INCIDENT)
    assert lead.get("incidents")[1]["results"] == [made]
    assert not AuditEvent.objects.filter(action="list.viewed", data__list="incident.list.api").exists()
    status, gone = technologist.post(f"incidents/{made['id']}/take-back", {"reason": "Twice."})
    assert (status, bool(gone["voided_at"])) == (200, True)
    assert not Incident.objects.standing().exists()


def test_a_step_that_the_examination_does_not_have_is_refused(technologist, site):
    appointment = department.booked(site)
    appointment.steps.filter(kind="ventilation").delete()
    address = f"appointments/{appointment.pk}/incidents"
    assert technologist.post(address, INCIDENT | {"step": "ventilation"})[0] == 422


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_incidents_takes_as_many_queries_for_one_as_for_three(
    lead, technologist, site, count, django_assert_max_num_queries
):
    appointment = department.booked(site)
    for _ in range(count):
        incidents.record(
            site,
            kind="other",
            severity="mild",
            what="Late.",
            appointment=appointment,
            by=technologist.user,
            now=NOW,
        )
    lead.get("incidents")
    with django_assert_max_num_queries(12) as counted:
        assert len(lead.get("incidents")[1]["results"]) == count
    assert len(counted) == 6


class TestDoseOrders:
    @pytest.fixture
    def supply(self, site, lead):
        doses.needed(site)
        return doses.supply(site, by=lead.user)

    def test_doses_of_tomorrow_are_listed_and_ordered(self, technologist, lead, site, supply):
        supplier = {"supplier": "Isotope Depot", "order_by_time": "15:00:00"}
        _, changed = lead.post(f"tracers/supplies/{supply.pk}/supplier", supplier)
        assert changed["order_by_time"] == "15:00"
        department.booked(site, first_day=TODAY + timedelta(days=1))
        _, listed = technologist.get("tracers/orders")
        [line] = listed["lines"]
        assert (listed["day"], line["needed"], line["order"]) == ("2027-03-09", 1, None)
        assert line["cut_off_at"] == "2027-03-08T15:00:00-05:00"
        status, order = technologist.post(
            f"tracers/supplies/{supply.pk}/orders", {"day": "2027-03-09", "doses": 1, "reference": "A-17"}
        )
        assert status == 201
        assert technologist.get("tracers/orders", day="2027-03-09")[1]["lines"][0]["order"] == order
        assert technologist.post(f"tracers/orders/{order['id']}/take-back")[0] == 200
        assert technologist.post(f"tracers/orders/{order['id']}/take-back")[0] == 409

    def test_what_is_made_here_is_not_ordered(self, technologist, supply):
        body = {"day": "2027-03-09", "doses": 1}
        status, problem = technologist.post(f"tracers/supplies/{supply.pk}/orders", body)
        assert status == 422
        assert "made here" in problem["detail"]


def test_a_scheduler_records_no_check_and_no_incident(scheduler, plan):
    assert scheduler.post(f"quality/plans/{plan['id']}/checks", {"passed": True})[0] == 403
    assert scheduler.post("incidents", INCIDENT)[0] == 403
    assert scheduler.get("incidents")[0] == 403
    assert scheduler.get("quality")[0] == 200
