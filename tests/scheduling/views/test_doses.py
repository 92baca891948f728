"""Doses, count rates, labels and the scan field on their pages: what is shown, done and refused."""

import uuid
from datetime import date, timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.urls import reverse
from django.utils import timezone

from scheduling.engine.scancodes import Code, Sort
from scheduling.models import Administration, CountRate, DoseClaim, Protocol, Site
from scheduling.services import countrates, visits
from scheduling.services.doses import giving, measuring
from scheduling.views import exam_doses
from tests import department, doses
from tests.callers import Clock
from tests.scheduling.services.examination import MINUTE
from vqflow import unlocking

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(db):
    return doses.recorded(department.site())


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def kit(site):
    return doses.batch(site, lot="L-77")


@pytest.fixture
def step(site, kit, clock):
    found, clock.now = doses.cleared(site)
    return found


@pytest.fixture
def camera(client, technologist, clock, settings):
    """The browser at the camera; the tests' clock jumps, and nobody is locked out for it."""
    settings.IDLE_LOCK = timedelta(days=1)
    client.force_login(technologist)
    return client


def address(name, subject):
    return reverse(f"scheduling:{name}", args=[subject.pk])


def send(client, name, subject, **fields):
    return client.post(address(name, subject), {"request_id": uuid.uuid4(), **fields})


@pytest.fixture
def dose(step, kit, technologist):
    return doses.measured(step, kit, by=technologist, now=timezone.now())


def test_the_page_shows_what_may_be_given_and_records_what_was_measured(camera, step, kit):
    page = camera.get(address("dose-measure", step)).content.decode()
    assert "Prescribed 148 MBq; 118.4 to 177.6 MBq may be given. Particles: 200,000 to 700,000." in page
    assert "MAA kit 07:00 · lot L-77" in page
    assert "planned for this patient" in page
    answer = send(camera, "dose-measure", step, batch=kit.pk, measured_mbq="150.5", volume_ml="1.2")
    assert answer.status_code == 302
    found = Administration.objects.get()
    assert (str(found.measured_mbq), str(found.volume_ml), found.batch) == ("150.500", "1.20", kit)


def test_a_vial_is_scanned_instead_of_chosen(camera, step, kit):
    send(camera, "dose-measure", step, code=f"{Code(Sort.VIAL, kit.pk)}\r\n", measured_mbq="150")
    assert Administration.objects.get().batch == kit


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"measured_mbq": "150"}, "Choose or scan the vial or unit dose."),
        (
            {"code": "V:1:1", "measured_mbq": "150"},
            "No vial or unit dose of this tracer has this code or lot.",
        ),
        ({"batch": "999999", "measured_mbq": "150"}, "This vial or unit dose cannot be used here."),
        ({"code": "L-77", "measured_mbq": ""}, "Enter the activity in MBq."),
        ({"code": "L-77", "measured_mbq": "2300"}, "Check the figure and the batch."),
        ({"code": "L-77", "measured_mbq": "20000"}, "The activity is more than 0 and at most 10,000 MBq."),
    ],
)
def test_what_is_missing_or_wrong_is_asked_for_again(camera, step, fields, said):
    answer = send(camera, "dose-measure", step, **fields)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Administration.objects.exists()


def test_a_scanned_unit_dose_of_another_patient_is_refused_in_words(camera, site, step, kit, clock):
    other = doses.batch(site, is_unit_dose=True, lot="U-1")
    second = department.booked(site).steps.get(kind="perfusion")
    DoseClaim.objects.filter(step=second).update(batch=other, takes_all=True)
    answer = send(camera, "dose-measure", step, code="U-1", measured_mbq="150")
    assert answer.status_code == 409
    assert "This unit dose is another patient&#x27;s." in answer.content.decode()


def test_a_child_is_weighed_first(camera, site, kit, clock):
    child = department.patient(site, born_on=date(2018, 1, 5))
    step, clock.now = doses.cleared(site, of=child)
    assert "Weight today (kg)" in camera.get(address("dose-measure", step)).content.decode()
    answer = send(camera, "dose-measure", step, batch=kit.pk, measured_mbq="24")
    assert "the dose goes by weight" in answer.content.decode()
    send(camera, "dose-measure", step, batch=kit.pk, measured_mbq="24", weight_kg="21.5")
    assert str(Administration.objects.get().prescribed_mbq) == "23.865"


def test_a_step_without_tracer_has_nothing_to_measure(camera, step):
    xray = step.appointment.steps.get(kind="xray")
    answer = camera.get(address("dose-measure", xray))
    assert answer.status_code == 409
    assert "takes no tracer that is measured" in answer.content.decode()


def test_the_dose_is_given_at_the_bedside(camera, step, dose):
    patient = step.appointment.procedure.order.patient
    codes = f"{Code(Sort.PATIENT, patient.pk)}\r\n{Code(Sort.DOSE, dose.pk)}\r\n"
    assert "Injected now" in camera.get(address("dose-give", dose)).content.decode()
    assert send(camera, "dose-give", dose, scanned=codes, injection_site="Left hand").status_code == 302
    step.refresh_from_db()
    dose.refresh_from_db()
    assert (step.state, dose.injection_site) == ("in_progress", "Left hand")
    assert camera.session["done"]["undo"] == address("dose-undo", dose)


def test_the_wristband_of_somebody_else_stops_the_injection(camera, site, step, dose):
    other = Code(Sort.PATIENT, department.patient(site).pk)
    answer = send(camera, "dose-give", dose, scanned=str(other))
    assert answer.status_code == 409
    assert giving.ANOTHER_PATIENT.replace("'", "&#x27;") in answer.content.decode()
    step.refresh_from_db()
    assert step.state == "scheduled"


def test_residual_place_and_undo(camera, technologist, step, dose):
    giving.give(dose, by=technologist, now=timezone.now())
    assert send(camera, "dose-residual", dose, residual_mbq="4").status_code == 302
    assert send(camera, "dose-site", dose, injection_site="Right hand").status_code == 302
    dose.refresh_from_db()
    assert (str(dose.administered_mbq), dose.injection_site) == ("144.000", "Right hand")
    for given in (True, False):
        assert send(camera, "dose-undo", dose).status_code == 302
        dose.refresh_from_db()
        assert (dose.given_at is not None) is given
    assert send(camera, "dose-undo", dose).status_code == 302
    dose.refresh_from_db()
    assert dose.voided_at
    assert send(camera, "dose-undo", dose).status_code == 409


@pytest.mark.parametrize(("name", "fields"), [("dose-residual", {"residual_mbq": "999"}), ("dose-site", {})])
def test_a_wrong_value_of_a_given_dose_is_asked_for_again(camera, technologist, step, dose, name, fields):
    giving.give(dose, by=technologist, now=timezone.now())
    assert send(camera, name, dose, **fields).status_code == 422


def test_a_dose_is_discarded_with_a_reason(camera, dose):
    assert measuring.DISCARD_REASONS[0] in camera.get(address("dose-discard", dose)).content.decode()
    assert send(camera, "dose-discard", dose).status_code == 422
    assert send(camera, "dose-discard", dose, reason="Not as prescribed.").status_code == 302
    dose.refresh_from_db()
    assert dose.void_reason == "Not as prescribed."


def test_an_authorised_user_approves_on_the_page(client, attending, technologist, step, kit):
    dose = doses.measured(step, kit, by=technologist, now=timezone.now(), mbq="110")
    client.force_login(attending)
    assert "25 % less than the prescribed" in client.get(address("dose-approve", dose)).content.decode()
    assert send(client, "dose-approve", dose).status_code == 422
    assert send(client, "dose-approve", dose, reason="CTEPH.").status_code == 302
    dose.refresh_from_db()
    assert dose.override.physician == attending


def test_an_approval_by_phone_offers_authorised_users_only(camera, attending, site, technologist, step, kit):
    resident = department.resident(site)
    dose = doses.measured(step, kit, by=technologist, now=timezone.now(), mbq="110")
    answer = send(camera, "dose-approve-by-phone", dose, reason="STAT.", physician=resident.pk)
    assert answer.status_code == 422
    answer = send(camera, "dose-approve-by-phone", dose, reason="STAT.", physician=attending.pk)
    dose.refresh_from_db()
    assert (answer.status_code, dose.override.by_phone) == (302, True)


def test_the_second_person_signs_at_the_same_screen(camera, site, step, dose):
    Site.objects.update(two_person_check=True)
    second = department.technologist(site, first_name="Ben", last_name="Oka", pin=make_password("824613"))
    for secret, status in (("111222", 422), ("824613", 302)):
        answer = send(camera, "dose-check-here", dose, person=second.pk, secret=secret)
        assert answer.status_code == status
    dose.refresh_from_db()
    assert dose.checked_by == second


def test_five_wrong_tries_lock_what_the_second_person_opens_with(camera, site, dose, page_of):
    second = department.technologist(site, first_name="Ben", last_name="Oka", pin=make_password("824613"))
    third = department.technologist(site)
    for number, client in enumerate([camera, page_of(third), camera, camera, camera], 1):
        answer = send(client, "dose-check-here", dose, person=second.pk, secret="111222")
        assert answer.status_code == 422
        assert ("Five wrong tries: Ben Oka" in answer.content.decode()) == (number == 5)
    answer = send(camera, "dose-check-here", dose, person=second.pk, secret="824613")
    assert "Five wrong tries: Ben Oka cannot confirm" in answer.content.decode()
    assert "_auth_user_id" in camera.session
    second.refresh_from_db()
    unlocking.forgive(second)
    assert send(camera, "dose-check-here", dose, person=second.pk, secret="824613").status_code == 302


def test_a_right_one_in_between_begins_the_count_anew(camera, site, dose):
    second = department.technologist(site, pin=make_password("824613"))
    for secret in ("1", "2", "3", "4"):
        assert unlocking.why_not_second(second, secret).startswith("This is not")
    assert unlocking.why_not_second(second, "824613") is None
    assert unlocking.why_not_second(second, "5").startswith("This is not")


def test_nobody_checks_the_own_dose(camera, technologist, dose):
    answer = send(camera, "dose-check-here", dose, person=technologist.pk, secret="1")
    assert answer.status_code == 422
    assert send(camera, "dose-check", dose).status_code == 409


# The panels of the examination's page.


def test_the_panel_shows_each_dose_and_what_can_be_done(technologist, site, step, kit):
    appointment, now = step.appointment, timezone.now()
    [shown] = exam_doses.doses_panel(appointment, technologist, now)["exam_doses"]
    assert (shown.tracer, shown.measure, shown.why_not_measure, shown.doses) == (
        *("MAA", "Measure the dose…", None, []),
    )
    row = doses.measured(step, kit, by=technologist, now=now, mbq="110")
    [shown] = exam_doses.doses_panel(appointment, technologist, now)["exam_doses"]
    [dose] = shown.doses
    assert (shown.measure, dose.is_off, dose.chip) == (None, True, ("failed", "Not to be given"))
    measuring.undo(row, by=technologist, now=now)
    giving.give(doses.measured(step, kit, by=technologist, now=now), by=technologist, now=now)
    appointment = type(appointment).objects.get(pk=appointment.pk)
    [shown] = exam_doses.doses_panel(appointment, technologist, now)["exam_doses"]
    assert (shown.measure, shown.doses[0].needs_site) == ("Extra injection…", True)
    extra = doses.measured(step, kit, by=technologist, now=now, mbq="20", is_extra=True)
    giving.give(extra, by=technologist, now=now)
    [shown] = exam_doses.doses_panel(type(appointment).objects.get(pk=appointment.pk), technologist, now)[
        "exam_doses"
    ]
    assert shown.given_words.startswith("In all 168 MBq and ")


def test_a_department_that_records_no_doses_shows_none(technologist, site, step):
    Site.objects.update(records_doses=False)
    appointment = type(step.appointment).objects.get(pk=step.appointment_id)
    assert exam_doses.doses_panel(appointment, technologist, timezone.now())["exam_doses"] == []


def two_parts(site, technologist, clock):
    Site.objects.update(records_doses=False)
    Protocol.objects.update(agent="dtpa")
    appointment, at = department.ready(department.booked(site))
    ventilation, perfusion = (appointment.steps.get(kind=kind) for kind in ("ventilation", "perfusion"))
    visits.start(ventilation, by=technologist, now=at)
    clock.now = at + 5 * MINUTE
    return ventilation, perfusion


def test_count_rates_are_entered_and_decided_about(camera, technologist, site, clock):
    ventilation, perfusion = two_parts(site, technologist, clock)
    assert "Before the second tracer is given." in camera.get(address("counts", ventilation)).content.decode()
    send(camera, "counts", ventilation, counts_per_second="1000")
    visits.end(ventilation, by=technologist, now=clock.now)
    visits.start(perfusion, by=technologist, now=clock.now)
    assert send(camera, "counts", perfusion, counts_per_second="0").status_code == 422
    send(camera, "counts", perfusion, counts_per_second="3000")
    panel = exam_doses.counts_panel(perfusion.appointment, technologist, clock.now)
    assert (panel["counts_open"], panel["counts_title"]) == (True, "The ratio is too low")
    assert [each.split(":")[0].split(",")[0] for each in panel["counts_ways"]] == [
        "Wait",
        "Count again",
        "Decide",
    ]
    rate = CountRate.objects.get(of="total")
    assert send(camera, "counts-settle", rate).status_code == 422
    assert send(camera, "counts-settle", rate, way="limited").status_code == 302
    panel = exam_doses.counts_panel(perfusion.appointment, technologist, clock.now)
    assert (panel["counts_open"], panel["counts_settled"]) == (False, rate)
    assert send(camera, "counts-undo", rate).status_code == 302


def test_the_panel_says_how_much_more_tracer_would_do(technologist, site, clock, kit):
    ventilation, perfusion = two_parts(site, technologist, clock)
    visits.end(ventilation, by=technologist, now=clock.now)
    visits.start(perfusion, by=technologist, now=clock.now)
    Site.objects.update(records_doses=True)
    given = doses.measured(perfusion, kit, by=technologist, now=clock.now, mbq="150")
    giving.give(given, by=technologist, now=clock.now)
    countrates.record(ventilation, counts_per_second=1000, by=technologist, now=clock.now)
    countrates.record(perfusion, counts_per_second=3500, by=technologist, now=clock.now)
    appointment = type(perfusion.appointment).objects.get(pk=perfusion.appointment_id)
    panel = exam_doses.counts_panel(appointment, technologist, clock.now)
    assert panel["counts_ways"][0] == (
        "Add tracer and count again: about 30 MBq more would do; at most 35 MBq may be added."
    )
    assert panel["counts_add"] == address("dose-measure", perfusion)


# Labels and the scan field.


@pytest.mark.parametrize("name", ["dose-label", "wristband", "tracer-label", "room-labels"])
def test_a_label_is_a_pdf(camera, dose, kit, name):
    subjects = {"dose-label": dose, "wristband": dose.step.appointment, "tracer-label": kit}
    url = address(name, subjects[name]) if name in subjects else reverse("scheduling:room-labels")
    answer = camera.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")


def test_a_scan_goes_where_the_code_leads(camera, site, dose, kit):
    appointment, room = dose.step.appointment, site.resources.get(name="Camera 1")
    patient = appointment.procedure.order.patient
    other = department.patient(site)
    examination = address("examination", appointment)
    leads = {
        str(Code(Sort.PATIENT, patient.pk)): examination,
        patient.mrn: examination,
        str(Code(Sort.DOSE, dose.pk)): f"{examination}#doses",
        other.mrn: reverse("scheduling:patient", args=[other.pk]),
        str(Code(Sort.VIAL, kit.pk)): f"{reverse('scheduling:tracers')}?day=2027-03-08",
        str(Code(Sort.ROOM, room.pk)): f"{reverse('scheduling:worklist')}?room={room.pk}",
    }
    for code, url in leads.items():
        answer = camera.post(reverse("scheduling:scan"), {"code": code})
        assert (answer.status_code, answer["Location"]) == (302, url)


@pytest.mark.parametrize(
    ("code", "said"),
    [("", "Scan a wristband, a dose or a room"), ("P:12:0", "This code was not read rightly"),
     ("M99999", "Nothing here has this code or number")],
)  # fmt: skip
def test_a_scan_that_leads_nowhere_says_why(camera, code, said):
    answer = camera.post(reverse("scheduling:scan"), {"code": code})
    assert answer.status_code == 422
    assert said in answer.content.decode()
