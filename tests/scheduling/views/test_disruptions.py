"""Something broke: the pages from the report to the accepted plan, and closures."""

import re
from datetime import timedelta

import pytest

from scheduling.engine.states import ReplanState
from scheduling.models import Closure, Disruption, Replan, Reservation, Resource, StepKind
from scheduling.services import booking, disruptions, solving, visits
from tests import department
from tests.department import NOW, TODAY
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
LIST, NEW, CLOSURES = "/disruptions/", "/disruptions/new/", "/closures/"
UNTIL = {"ends_at_0": "2027-03-08", "ends_at_1": "18:00"}
EVENING = NOW + timedelta(hours=11)

CANCELLED = "The appointment is cancelled, the order waits to be booked again, and the desk phones"


@pytest.fixture
def camera(site):
    return Resource.objects.get(site=site, name="Camera 1")


@pytest.fixture
def booked(site, scheduler):
    return [department.booked(site, by=scheduler) for _ in range(4)]


@pytest.fixture
def broken(site, lead, camera, booked):
    """Camera 1 is out of order for the day; the address of its page."""
    made = disruptions.report(
        site, kind="room_down", resource=camera, ends_at=EVENING, reason="Detector 2", by=lead, now=NOW
    )
    return f"/disruptions/{made.pk}/"


def post(client, address, **fields):
    return client.post(address, fields)


def on(camera):
    rows = Reservation.objects.occupying().filter(resource=camera)
    return set(rows.values_list("step__appointment", flat=True))


def test_a_report_leads_to_its_effects_and_a_plan(page_of, technologist, camera, booked):
    client = page_of(technologist)
    assert "Something broke…" in client.get(LIST).content.decode()
    assert "Camera failed its quality control" in client.get(NEW).content.decode()
    address = f"{NEW}?kind=camera_qc"
    assert "Camera 1" in client.get(address).content.decode()
    starts = {"starts_at_0": "2027-03-08", "starts_at_1": "07:00"}
    answer = client.post(
        address, {"resource": camera.pk, **starts, **UNTIL, "reason": "Uniformity"}, follow=True
    )
    page = answer.content.decode()
    assert "Camera 1: camera failed its quality control" in page
    assert "Perfusion: Camera 1 failed its quality control." in page
    assert "Accept the chosen changes" in page
    assert 'data-poll-url="/disruptions/' in page
    assert Closure.objects.get().reason == "Uniformity"


def test_patients_of_a_plan_are_audited_as_shown(page_of, lead, broken, booked):
    page_of(lead).get(broken)
    shown = AuditEvent.objects.filter(action="list.viewed", data__list="replan").latest("pk")
    assert set(shown.patient_ids) <= {each.procedure.order.patient_id for each in booked}
    assert shown.patient_ids


def test_the_plan_is_asked_for_until_the_worker_has_it(page_of, lead, broken):
    client = page_of(lead)
    version = client.get(broken).context["version"]
    assert client.get(f"{broken}rows/", {"version": version}).status_code == 204
    solving.solve_due(now=NOW)
    answer = client.get(f"{broken}rows/", {"version": version})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "data-poll-url" not in page
    assert "Everybody can be scanned" in page
    assert f'data-poll-url="{broken}' not in client.get(broken).content.decode()  # and by reload


def test_accepting_books_the_chosen_changes(page_of, lead, broken, camera):
    client = page_of(lead)
    lines = client.get(broken).context["lines"]
    replan = Replan.objects.get()
    answer = client.post(
        f"/replans/{replan.pk}/accept/", {"change": [line.change.pk for line in lines]}, follow=True
    )
    assert "The plan is booked." in answer.content.decode()
    assert "Accepted" in answer.content.decode()
    assert on(camera) == set()


def test_a_plan_accepted_in_part_says_how_many_are_left(page_of, lead, broken):
    replan = Replan.objects.get()
    lost, count = replan.changes.first(), replan.changes.count()
    lost.kind, lost.after = "lost", []
    lost.save()
    assert count > 1
    chosen = {"change": lost.pk}
    page = page_of(lead).post(f"/replans/{replan.pk}/accept/", chosen, follow=True).content.decode()
    assert f"<strong>1</strong> of {count} accepted; <strong>{count - 1}</strong> left." in page
    assert "stay as they are" not in page
    assert page.count(CANCELLED) == 1


def test_who_is_lost_and_not_accepted_is_not_said_to_be_cancelled(page_of, lead, broken):
    lost, client = Replan.objects.get().changes.first(), page_of(lead)
    lost.kind, lost.after = "lost", []
    lost.save()
    assert "If accepted, the appointment is cancelled" in client.get(broken).content.decode()
    client.post(f"{broken}end/")
    page = client.get(broken).content.decode()
    assert CANCELLED not in page
    assert "Not cancelled by this plan: the desk or the lead does that" in page


def test_who_is_lost_is_chosen_by_hand_and_who_is_moved_in_advance(page_of, lead, broken):
    client, lost = page_of(lead), Replan.objects.get().changes.first()
    boxes = re.findall(r'<input type="checkbox"[^>]*>', client.get(broken).content.decode())
    assert boxes
    assert all(" checked" in box for box in boxes)
    lost.kind, lost.after = "lost", []
    lost.save()
    boxes = re.findall(r'<input type="checkbox"[^>]*>', client.get(broken).content.decode())
    assert [box for box in boxes if f'value="{lost.pk}"' in box and " checked" not in box]
    assert sum(" checked" in box for box in boxes) == len(boxes) - 1


def test_a_step_on_another_day_than_the_plan_s_shows_its_day_and_the_lungs_make_the_shift(
    page_of, lead, broken
):
    change = Replan.objects.get().changes.first()
    xray, perfusion = "xray", "perfusion"
    change.kind = "move"
    change.before = [
        {"kind": xray, "starts_at": "2027-03-07T15:00:00+00:00", "resources": ["X-ray 1"]},
        {"kind": perfusion, "starts_at": "2027-03-08T15:00:00+00:00", "resources": ["Camera 1"]},
    ]
    change.after = [
        {"kind": xray, "starts_at": "2027-03-07T15:00:00+00:00", "resources": ["X-ray 1"]},
        {"kind": perfusion, "starts_at": "2027-03-08T15:25:00+00:00", "resources": ["Camera 2"]},
    ]
    change.save()
    lines = page_of(lead).get(broken).context["lines"]
    line = next(each for each in lines if each.change.pk == change.pk)
    assert line.shift == "lungs 25 min later"
    assert line.steps[0].before.startswith("Sun 7 Mar, ")
    assert not line.steps[0].is_moved
    assert re.fullmatch(r"\d\d:\d\d", line.steps[1].before)


def test_accepting_nobody_is_refused_with_a_sentence(page_of, lead, broken):
    answer = post(page_of(lead), f"/replans/{Replan.objects.get().pk}/accept/")
    assert answer.status_code == 409
    assert "Choose at least one patient." in answer.content.decode()


def test_a_stale_plan_is_refused_and_can_be_computed_anew(page_of, lead, broken, booked, camera):
    client, replan = page_of(lead), Replan.objects.get()
    booking.cancel(booked[0], reason="Feels better", by=lead, now=NOW)
    assert "This plan is out of date" in client.get(broken).content.decode()
    change = replan.changes.exclude(appointment=booked[0]).first()
    answer = post(client, f"/replans/{replan.pk}/accept/", change=change.pk)
    assert answer.status_code == 409
    assert "The day has changed since this plan was made. Compute it again." in answer.content.decode()
    assert change.appointment_id in on(camera)
    again = client.post(f"{broken}plan/", {"day": TODAY.isoformat()}, follow=True)
    assert again.context["is_open"]
    assert Replan.objects.get(pk=replan.pk).state == ReplanState.DISCARDED


def test_a_technologist_cannot_choose_the_patients_that_are_lost(page_of, technologist, site, lead, broken):
    other = Resource.objects.get(site=site, name="Camera 2")
    disruptions.report(site, kind="room_down", resource=other, ends_at=EVENING, by=lead, now=NOW)
    client = page_of(technologist)
    page = client.post(f"{broken}plan/", follow=True).content.decode()
    assert "Cannot be scanned on this day" in page
    assert 'name="change"' not in page


def test_it_works_again(page_of, lead, broken):
    answer = page_of(lead).post(f"{broken}end/", follow=True)
    assert "The time that is left can be booked again." in answer.content.decode()
    assert not Closure.objects.filter(span__endswith__gt=NOW).exists()
    refused = page_of(lead).post(f"{broken}end/")
    assert refused.status_code == 409
    assert "This is over already." in refused.content.decode()


def test_the_form_of_a_late_xray_names_the_patients_who_wait_for_one(page_of, technologist, booked):
    client = page_of(technologist)
    address = f"{NEW}?kind=xray_late"
    patient = booked[0].procedure.order.patient
    assert patient.mrn in client.get(address).content.decode()
    assert AuditEvent.objects.filter(data__list="disruption.patients").exists()
    answer = client.post(
        address,
        {"appointment": booked[0].pk, "ends_at_0": "2027-03-08", "ends_at_1": "08:30"},
        follow=True,
    )
    assert "Chest X-ray: the patient will be there later." in answer.content.decode()


def test_the_form_of_an_overrun_names_only_running_scans(page_of, technologist, booked):
    ready, at = department.ready(booked[0], by=technologist)
    client = page_of(technologist)
    address = f"{NEW}?kind=scan_overruns"
    patient = ready.procedure.order.patient
    assert patient.mrn not in client.get(address).content.decode()
    visits.start(ready.steps.get(kind=StepKind.VENTILATION), by=technologist, now=at)
    assert patient.mrn in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"resource": ""}, "Fill this in."),
        ({"resource": "0"}, "Choose from the list."),
        ({"resource": "x"}, "Choose from the list."),
        ({"ends_at_0": "yesterday"}, "Enter a date."),
        ({"ends_at_1": ""}, "Enter the time too."),
        ({"ends_at_0": "2027-03-07"}, "Enter a time"),
        ({"ends_at_0": "2029-03-07"}, "Enter an earlier end."),
        ({"reason": "x" * 101}, "Use at most 100."),
    ],
)
def test_a_report_that_cannot_be_read_is_shown_again(page_of, lead, camera, fields, sentence):
    values = {"resource": camera.pk, "starts_at_0": "2027-03-08", "starts_at_1": "07:00", **UNTIL}
    answer = page_of(lead).post(f"{NEW}?kind=room_down", {**values, **fields})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Disruption.objects.exists()


@pytest.mark.parametrize("kind", ["", "flood", "'"])
def test_an_unknown_kind_asks_what_broke(page_of, lead, kind):
    answer = page_of(lead).get(NEW, {"kind": kind})
    assert answer.status_code == 200
    assert "What broke?" in answer.content.decode()


def test_physicians_see_what_is_broken_and_report_nothing(page_of, attending, broken):
    client = page_of(attending)
    assert "Accept" not in client.get(broken).content.decode()
    assert "Something broke…" not in client.get(LIST).content.decode()
    assert client.post(f"{broken}end/").status_code == 403


def test_another_sites_disruptions_are_not_found(page_of, elsewhere, broken):
    stranger = department.lead(elsewhere)
    client = page_of(stranger)
    assert client.get(broken).status_code == 404
    assert client.post(f"/replans/{Replan.objects.get().pk}/accept/").status_code == 404
    assert not client.get(LIST).context["rows"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_has_a_fixed_number_of_queries(
    page_of, lead, site, camera, count, django_assert_max_num_queries
):
    for _ in range(count):
        disruptions.report(site, kind="room_down", resource=camera, ends_at=EVENING, by=lead, now=NOW)
    client = page_of(lead)
    with django_assert_max_num_queries(12):
        client.get(LIST)


# --- closures -----------------------------------------------------------------------------------------------


def test_a_room_is_closed_and_opened_again(page_of, lead, camera, booked):
    client = page_of(lead)
    assert "Nothing is closed" in client.get(CLOSURES).content.decode()
    values = {"resource": camera.pk, "starts_at_0": "2027-03-08", "starts_at_1": "07:00", **UNTIL}
    answer = client.post(f"{CLOSURES}new/", {**values, "reason": "Service"}, follow=True)
    page = answer.content.decode()
    assert "Closed. Nobody is booked in this time any more." in page
    assert "in it and stay booked" in page
    closure = Closure.objects.get()
    answer = client.post(f"{CLOSURES}{closure.pk}/end/", follow=True)
    assert "Open again." in answer.content.decode()
    assert client.post(f"{CLOSURES}{closure.pk}/end/").status_code in (404, 409)


def test_a_closure_without_a_reason_is_shown_again(page_of, lead):
    values = {"starts_at_0": "2027-03-08", "starts_at_1": "07:00", **UNTIL}
    answer = page_of(lead).post(f"{CLOSURES}new/", values)
    assert answer.status_code == 422
    assert "Say why it is closed." in answer.content.decode()
