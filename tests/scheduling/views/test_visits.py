"""The technologist's presses, through the pages: what happens, who may not, what is refused and how."""

import uuid
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.engine import screening
from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.models import Decision, StepKind, WorkedOn
from scheduling.services import visits, working
from scheduling.services.examination import arrivals, xrays
from scheduling.views.line_words import RULE_WORDS
from tests import department
from vqflow.models import AuditEvent, User

pytestmark = pytest.mark.django_db

ANSWERS = {
    "pulmonary_hypertension": "none",
    **dict.fromkeys(
        (
            "right_to_left_shunt",
            "one_lung_or_transplant",
            "albumin_allergy",
            "cannot_keep_still",
            "cannot_raise_arms",
            "claustrophobia",
            "oxygen",
            "recent_tc99m",
            "copd_or_asthma",
            "smoker",
            "interpreter",
            "respiratory_isolation",
            "unstable",
            "renal_failure",
            "contrast_allergy",
        ),
        "no",
    ),
}
FORM = {"identifiers": ["name", "birth_date"], "at": "scan", **ANSWERS}


@pytest.fixture
def tess(site):
    return department.technologist(site, username="tess")


@pytest.fixture
def appointment(site):
    return department.planned_at(department.booked(site), timezone.now() + timedelta(minutes=30))


@pytest.fixture
def camera(client, tess):
    """The browser at the camera, where tess is signed in."""
    client.force_login(tess)
    return client


def address(name, subject):
    return reverse(f"scheduling:{name}", args=[subject.pk])


def self_of(client):
    """Who is signed in with this browser."""
    return User.objects.get(pk=client.session["_auth_user_id"])


def step(appointment, kind):
    return appointment.steps.get(kind=kind)


def cleared(appointment, by, *, hours=2):
    """Checked in, an X-ray `hours` ago, dose cleared, at the real time: pages read the clock themselves."""
    now = timezone.now()
    arrivals.check_in(appointment, **department.HERE, by=by, now=now)
    xrays.record(appointment, ended_at=now - timedelta(hours=hours), by=by, now=now)
    return visits.clear_dose(appointment, by=by, now=now)


def trail():
    return list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))


def added(before):
    return trail()[len(before) :]


class TestCheckIn:
    def test_page_shows_both_identifiers_and_the_open_questions(self, camera, appointment):
        page = camera.get(address("check-in", appointment)).content.decode()
        patient = appointment.procedure.order.patient
        assert patient.mrn in page
        assert "17 May 1960" in page
        assert "Does the patient need oxygen?" in page
        assert "How likely is a pulmonary embolism" not in page

    def test_patient_is_checked_in_and_answers_are_kept(self, camera, appointment, tess):
        before = trail()
        answer = camera.post(address("check-in", appointment), {**FORM, "oxygen": "yes"})
        assert answer.status_code == 302
        assert answer["Location"] == f"/worklist/#exam-{appointment.pk}"
        appointment.refresh_from_db()
        assert (appointment.state, appointment.arrived_by) == (AppointmentState.ARRIVED, tess)
        kept = appointment.procedure.order.answers.get(question="oxygen")
        assert (kept.answer, kept.answered_by) == ("yes", tess)
        assert added(before) == ["visit.check_in", "screening.answered", "visit.checked_in"]

    def test_unchecked_identifiers_are_refused_at_the_field_and_nothing_is_written(self, camera, appointment):
        answer = camera.post(address("check-in", appointment), {**ANSWERS, "at": "scan", "oxygen": "yes"})
        assert answer.status_code == 422
        assert answer.context["form"].errors == {
            "identifiers": [
                "Check two identifiers: for example the full name and the date of birth, or the wristband."
            ]
        }
        appointment.refresh_from_db()
        assert appointment.state == AppointmentState.BOOKED
        assert not appointment.procedure.order.answers.filter(question="oxygen").exists()

    def test_answer_that_is_no_choice_is_refused_at_its_question(self, camera, appointment):
        answer = camera.post(address("check-in", appointment), {**FORM, "oxygen": "perhaps"})
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == ["oxygen"]

    def test_lead_checks_in_without_being_asked_for_answers(self, client, site, appointment):
        client.force_login(department.lead(site))
        identified = {"identifiers": ["name", "wristband"], "at": "scan"}
        assert client.post(address("check-in", appointment), identified).status_code == 302

    def test_who_comes_to_the_xray_first_comes_to_the_scan_next(self, camera, appointment):
        page = camera.get(address("check-in", appointment)).content.decode()
        assert "At the X-ray" in page
        assert camera.post(address("check-in", appointment), {**FORM, "at": "xray"}).status_code == 302
        xrays.record(appointment, ended_at=timezone.now(), by=self_of(camera), now=timezone.now())
        assert "At the X-ray" not in camera.get(address("check-in", appointment)).content.decode()
        assert camera.post(address("check-in", appointment), FORM).status_code == 302
        assert list(appointment.arrivals.order_by("pk").values_list("at", flat=True)) == ["xray", "scan"]

    def test_pregnancy_is_never_answered_beforehand(self, camera, site):
        born = timezone.now().date().replace(year=1997, day=1)
        woman = department.booked(site, of=department.patient(site, sex="female", born_on=born))
        department.planned_at(woman, timezone.now())
        form = camera.get(address("check-in", woman)).context["form"]
        assert (form["pregnancy"].initial, form["oxygen"].initial) == (None, "unknown")
        said = {**FORM, "breastfeeding": "no"}
        answer = camera.post(address("check-in", woman), said)
        assert list(answer.context["form"].errors) == ["pregnancy"]
        answer = camera.post(address("check-in", woman), {**said, "pregnancy": "no"})
        assert list(answer.context["form"].errors) == ["pregnancy_asked"]
        answer = camera.post(address("check-in", woman), {**said, "pregnancy": "no", "pregnancy_asked": "on"})
        assert (answer.status_code, woman.arrivals.get().pregnancy_asked) == (302, True)

    def test_another_day_is_refused_with_what_to_do(self, camera, site):
        later = department.planned_at(department.booked(site), timezone.now() + timedelta(days=3))
        answer = camera.post(address("check-in", later), FORM)
        assert answer.status_code == 409
        assert "Move it to today first, then check the patient in." in answer.content.decode()

    def test_second_technologist_is_told(self, camera, appointment, site):
        arrivals.check_in(
            appointment, **department.HERE, by=department.technologist(site), now=timezone.now()
        )
        answer = camera.post(address("check-in", appointment), FORM)
        assert answer.status_code == 409
        assert "The patient is already checked in." in answer.content.decode()

    def test_physician_may_not(self, client, site, appointment):
        client.force_login(department.attending(site))
        answer = client.get(address("check-in", appointment))
        assert answer.status_code == 403
        assert "Your role (physician) may not do this." in answer.content.decode()

    def test_another_sites_patient_is_not_found(self, client, appointment):
        client.force_login(department.technologist(department.site("hillside")))
        assert client.get(address("check-in", appointment)).status_code == 404


class TestXray:
    @pytest.fixture(autouse=True)
    def _arrived(self, appointment, tess):
        arrivals.check_in(appointment, **department.HERE, by=tess, now=timezone.now())

    def local(self, moment):
        there = moment.astimezone(department.ZONE)
        return {"ended_at_0": f"{there:%Y-%m-%d}", "ended_at_1": f"{there:%H:%M}", "modality": "DX"}

    def test_page_offers_the_sites_time_without_seconds(self, camera, appointment):
        page = camera.get(address("xray", appointment)).content.decode()
        now = timezone.now().astimezone(department.ZONE)
        assert f'value="{now:%Y-%m-%d}"' in page
        assert f'value="{now:%H:%M}"' in page or f'value="{now - timedelta(minutes=1):%H:%M}"' in page

    def test_ct_elsewhere_is_recorded(self, camera, appointment, tess):
        ended_at = (timezone.now() - timedelta(hours=3)).replace(second=0, microsecond=0)
        before = trail()
        form = self.local(ended_at) | {"modality": "CT", "elsewhere": "St Mary's"}
        assert camera.post(address("xray", appointment), form).status_code == 302
        found = step(appointment, StepKind.XRAY)
        assert (found.state, found.performed_end_at, found.modality, found.elsewhere, found.performed_by) == (
            StepState.COMPLETED,
            ended_at,
            "CT",
            "St Mary's",
            tess,
        )
        assert added(before) == ["visit.perform", "xray.confirmed"]

    def test_whoever_confirms_it_works_on_the_examination_and_nobody_else_presses_meanwhile(
        self, camera, appointment, tess
    ):
        form = self.local(timezone.now() - timedelta(minutes=5))
        assert camera.post(address("xray", appointment), form).status_code == 302
        assert WorkedOn.objects.get().user == tess

    def test_while_somebody_else_works_on_it_the_xray_is_not_confirmed(self, camera, appointment, tess, site):
        other = department.technologist(site, username="dinh", first_name="Dinh")
        working.press(appointment, by=other, now=timezone.now())
        answer = camera.post(address("xray", appointment), self.local(timezone.now() - timedelta(minutes=5)))
        assert answer.status_code == 409
        assert "Dinh works on this examination. Take over first." in answer.content.decode()
        assert step(appointment, StepKind.XRAY).state == StepState.SCHEDULED

    def test_future_is_refused_at_the_field(self, camera, appointment):
        answer = camera.post(address("xray", appointment), self.local(timezone.now() + timedelta(hours=1)))
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == ["ended_at"]

    @pytest.mark.parametrize(
        ("day", "clock", "words"),
        [("2026-03-08", "02:30", "does not exist"), ("2026-11-01", "01:30", "happens twice")],
    )
    def test_time_of_a_clock_change_is_refused(self, camera, appointment, day, clock, words):
        form = {"ended_at_0": day, "ended_at_1": clock, "modality": "DX"}
        answer = camera.post(address("xray", appointment), form)
        assert answer.status_code == 422
        assert words in answer.context["form"].errors["ended_at"][0]

    @pytest.mark.parametrize("day", ["", "soon", "0001-01-01", "9999-12-31"])
    def test_day_that_cannot_be_right_is_refused(self, camera, appointment, day):
        form = {"ended_at_0": day, "ended_at_1": "10:00", "modality": "DX"}
        assert camera.post(address("xray", appointment), form).status_code == 422

    def test_second_confirmation_is_a_conflict(self, camera, appointment, tess):
        now = timezone.now()
        xrays.record(appointment, ended_at=now, by=tess, now=now)
        answer = camera.post(address("xray", appointment), self.local(now))
        assert answer.status_code == 409
        assert "Undo it to correct its time." in answer.content.decode()

    def test_undo_forgets_the_other_place(self, camera, appointment, tess):
        now = timezone.now()
        done = xrays.record(appointment, ended_at=now, by=tess, now=now, elsewhere="St Mary's", modality="CT")
        camera.post(address("undo", done))
        done.refresh_from_db()
        assert (done.state, done.elsewhere, done.modality) == (StepState.SCHEDULED, "", "DX")

    def test_views_and_who_has_seen_them_are_recorded(self, camera, appointment, site, tess):
        ada = department.attending(site, first_name="Ada", last_name="Lund")
        form = self.local(timezone.now()) | {
            "views": ["ap_portable"],
            "seen_by": ada.pk,
            "finding": "abnormal",
        }
        answer = camera.post(address("xray", appointment), form)
        assert list(answer.context["form"].errors) == ["portable_reason"]
        answer = camera.post(address("xray", appointment), form | {"portable_reason": "Cannot stand."})
        kept = step(appointment, StepKind.XRAY).chest_xrays.standing().get()
        assert (answer.status_code, kept.views, kept.seen_by, kept.finding) == (
            302,
            ["ap_portable"],
            ada,
            "abnormal",
        )

    def test_a_physician_says_afterwards_what_was_seen(self, client, appointment, site, tess):
        now, ada = timezone.now(), department.attending(site)
        xrays.record(appointment, ended_at=now, by=tess, now=now)
        client.force_login(ada)
        assert client.get(address("xray-seen", appointment)).context["form"]["physician"].value() == ada.pk
        answer = client.post(address("xray-seen", appointment), {"physician": ada.pk, "finding": "normal"})
        assert (answer.status_code, xrays.newest(step(appointment, "xray")).seen_by) == (302, ada)
        answer = client.post(address("xray-seen", appointment), {"finding": "normal"})
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["physician"])


class TestCorrections:
    @pytest.fixture
    def value(self, appointment, tess):
        now = timezone.now()
        xrays.record(appointment, ended_at=now - timedelta(hours=2), by=tess, now=now)
        return {"subject": f"step:{step(appointment, 'xray').pk}", "field": "performed_end_at"}

    def when(self, moment):
        there = moment.astimezone(department.ZONE)
        return {"value_0": f"{there:%Y-%m-%d}", "value_1": f"{there:%H:%M:%S}"}

    def test_a_time_is_put_right_and_both_stand_on_the_page(self, camera, appointment, value):
        page = camera.get(address("corrections", appointment), value)
        assert "Chest X-ray: ended" in page.content.decode()
        right = (timezone.now() - timedelta(hours=3)).replace(microsecond=0)
        sent = {**value, **self.when(right), "reason": "Typed wrongly."}
        assert camera.post(address("corrections", appointment), sent).status_code == 302
        assert step(appointment, "xray").performed_end_at == right
        shown = camera.get(address("corrections", appointment)).content.decode()
        made = appointment.corrections.get()
        assert all(words in shown for words in (made.before, made.after, "Typed wrongly."))

    def test_the_form_as_it_opens_changes_nothing(self, camera, appointment, value):
        form = camera.get(address("corrections", appointment), value).context["form"]
        day, clock = form["value"].initial
        sent = {**value, "value_0": f"{day}", "value_1": f"{clock}", "reason": "No change."}
        answer = camera.post(address("corrections", appointment), sent)
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["value"])

    def test_future_and_no_reason_are_refused_at_their_fields(self, camera, appointment, value):
        sent = {**value, **self.when(timezone.now() + timedelta(hours=1)), "reason": "Clock."}
        answer = camera.post(address("corrections", appointment), sent)
        assert list(answer.context["form"].errors) == ["value"]
        answer = camera.post(address("corrections", appointment), {**sent, "reason": ""})
        assert list(answer.context["form"].errors) == ["reason"]
        assert not appointment.corrections.exists()

    def test_a_value_of_another_examination_is_not_found(self, camera, appointment, value, site):
        other = department.booked(site)
        assert camera.get(address("corrections", other), value).status_code == 404
        assert camera.post(address("corrections", other), value).status_code == 404


class TestAcquisitions:
    def test_an_examination_is_done_press_by_press(self, camera, appointment, tess):
        cleared(appointment, tess)
        before = trail()
        for kind in (StepKind.VENTILATION, StepKind.PERFUSION):
            for press in ("start", "end"):
                assert camera.post(address(press, step(appointment, kind))).status_code == 302
        appointment.refresh_from_db()
        assert appointment.state == AppointmentState.FULFILLED
        assert appointment.procedure.order.state == OrderState.PERFORMED
        assert added(before) == [
            *("visit.perform", "step.started", "visit.perform", "step.ended") * 2,
            "visit.fulfilled",
        ]

    def test_answer_to_the_list_is_the_list_with_an_undo(self, camera, appointment, tess):
        cleared(appointment, tess)
        found = step(appointment, StepKind.VENTILATION)
        before = trail()
        answer = camera.post(
            address("start", found),
            {"next": f"/worklist/?day={timezone.now().astimezone(department.ZONE).date()}"},
            headers={"HX-Request": "true", "HX-Target": "worklist"},
        )
        page = answer.content.decode()
        assert answer.status_code == 200
        assert 'id="worklist"' in page
        assert "End ventilation" in page
        assert 'hx-swap-oob="innerHTML:#toasts"' in page
        assert address("undo", found) in page
        assert added(before) == ["visit.perform", "step.started", "list.viewed"]

    def test_toast_follows_to_the_page_without_javascript_once(self, camera, appointment, tess):
        cleared(appointment, tess)
        found = step(appointment, StepKind.VENTILATION)
        answer = camera.post(address("start", found), {"next": "/worklist/?day=2027-03-08"}, follow=True)
        assert address("undo", found) in answer.content.decode().split('id="toasts"')[1]
        again = camera.get("/worklist/?day=2027-03-08").content.decode()
        assert "data-toast" not in again

    def test_same_press_twice_is_done_once(self, camera, appointment, tess):
        cleared(appointment, tess)
        found, form = step(appointment, StepKind.VENTILATION), {"request_id": str(uuid.uuid4())}
        # As a browser sends it; the test client's own multipart never leaves a form without files.
        sent = {"data": urlencode(form), "content_type": "application/x-www-form-urlencoded"}
        first = camera.post(address("start", found), **sent)
        second = camera.post(address("start", found), **sent)
        assert (first.status_code, second.status_code) == (302, 302)
        assert second["Idempotency-Replayed"] == "true"
        assert trail().count("step.started") == 1

    def test_second_technologist_who_presses_start_is_told(self, camera, appointment, tess, site):
        cleared(appointment, tess)
        found = step(appointment, StepKind.VENTILATION)
        visits.start(found, by=department.technologist(site), now=timezone.now())
        answer = camera.post(address("start", found), headers={"HX-Request": "true", "HX-Target": "worklist"})
        assert answer.status_code == 409
        assert answer["HX-Reswap"] == "none"
        assert "Ventilation has already started." in answer.content.decode()

    def test_undo_takes_the_start_back(self, camera, appointment, tess):
        cleared(appointment, tess)
        found = step(appointment, StepKind.VENTILATION)
        camera.post(address("start", found))
        before = trail()
        assert camera.post(address("undo", found)).status_code == 302
        found.refresh_from_db()
        appointment.refresh_from_db()
        assert (found.state, found.performed_start_at) == (StepState.SCHEDULED, None)
        assert appointment.state == AppointmentState.ARRIVED
        assert added(before) == ["visit.perform", "step.undone"]

    def test_step_out_of_order_is_refused(self, camera, appointment, tess):
        cleared(appointment, tess)
        answer = camera.post(address("start", step(appointment, StepKind.PERFUSION)))
        assert answer.status_code == 409
        assert "Ventilation comes first; it has not ended." in answer.content.decode()

    def test_going_back_leads_nowhere_else(self, camera, appointment, tess):
        cleared(appointment, tess)
        answer = camera.post(
            address("start", step(appointment, StepKind.VENTILATION)), {"next": "https://evil.example/"}
        )
        assert answer["Location"].startswith("/worklist/")

    @pytest.mark.parametrize("name", ["clear-dose", "undo-clear-dose", "undo-check-in"])
    def test_presses_are_never_a_get(self, camera, appointment, name):
        assert camera.get(address(name, appointment)).status_code == 405

    @pytest.mark.parametrize("name", ["start", "end", "undo"])
    def test_steps_are_never_a_get(self, camera, appointment, name):
        assert camera.get(address(name, step(appointment, StepKind.VENTILATION))).status_code == 405

    @pytest.mark.parametrize("name", ["start", "end", "undo", "discontinue"])
    def test_scheduler_may_not(self, client, site, appointment, name):
        client.force_login(department.scheduler(site))
        assert client.post(address(name, step(appointment, StepKind.VENTILATION))).status_code == 403

    @pytest.mark.parametrize("name", ["start", "end", "undo", "discontinue"])
    def test_another_sites_step_is_not_found(self, client, appointment, name):
        client.force_login(department.technologist(department.site("hillside")))
        assert client.post(address(name, step(appointment, StepKind.VENTILATION))).status_code == 404


class TestStopping:
    def test_stopped_with_the_reason(self, camera, appointment, tess):
        cleared(appointment, tess)
        found = step(appointment, StepKind.VENTILATION)
        visits.start(found, by=tess, now=timezone.now())
        assert "The equipment failed." in camera.get(address("discontinue", found)).content.decode()
        before = trail()
        assert camera.post(address("discontinue", found), {"reason": "Mask leaked."}).status_code == 302
        found.refresh_from_db()
        assert (found.state, found.discontinued_reason) == (StepState.DISCONTINUED, "Mask leaked.")
        assert added(before) == ["visit.perform", "step.discontinued", "protocol.changed_on_the_day"]

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 201])
    def test_reason_is_needed_and_fits(self, camera, appointment, tess, reason):
        cleared(appointment, tess)
        found = step(appointment, StepKind.VENTILATION)
        visits.start(found, by=tess, now=timezone.now())
        answer = camera.post(address("discontinue", found), {"reason": reason})
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == ["reason"]

    def test_what_does_not_run_cannot_be_stopped(self, camera, appointment):
        found = step(appointment, StepKind.VENTILATION)
        answer = camera.post(address("discontinue", found), {"reason": "Refused."})
        assert answer.status_code == 409
        assert "Ventilation has not started." in answer.content.decode()


class TestNoShow:
    def test_it_is_asked_once_more_and_then_done(self, client, site):
        before_now = timezone.now() - timedelta(days=30)
        appointment = self.booked_long_ago(site, before_now)
        client.force_login(department.technologist(site))
        assert "cannot be undone" in client.get(address("no-show", appointment)).content.decode()
        before = trail()
        assert client.post(address("no-show", appointment)).status_code == 302
        appointment.refresh_from_db()
        assert appointment.state == AppointmentState.NO_SHOW
        assert added(before) == ["appointment.no_show", "appointment.no_show"]

    def booked_long_ago(self, site, now):
        made = department.booked(site)
        type(made).objects.filter(pk=made.pk).update(
            starts_at=now,
            ends_at=now + timedelta(hours=5),
            xray_ends_at=now + timedelta(minutes=10),
            lungs_start_at=now + timedelta(hours=2),
        )
        return made

    def test_patient_who_is_not_expected_yet_has_not_missed_anything(self, camera, appointment):
        answer = camera.post(address("no-show", appointment))
        assert answer.status_code == 409
        assert "The patient is not expected yet." in answer.content.decode()

    def test_physician_may_not(self, client, site, appointment):
        client.force_login(department.attending(site))
        assert client.post(address("no-show", appointment)).status_code == 403


class TestDose:
    def test_cleared_and_taken_back(self, camera, appointment, tess):
        now = timezone.now()
        arrivals.check_in(appointment, **department.HERE, by=tess, now=now)
        xrays.record(appointment, ended_at=now - timedelta(hours=2), by=tess, now=now)
        before = trail()
        assert camera.post(address("clear-dose", appointment)).status_code == 302
        appointment.refresh_from_db()
        assert appointment.dose_cleared_by == tess
        assert camera.post(address("undo-clear-dose", appointment)).status_code == 302
        assert camera.post(address("undo-check-in", appointment)).status_code == 302
        appointment.refresh_from_db()
        assert (appointment.dose_cleared_at, appointment.state) == (None, AppointmentState.BOOKED)
        assert added(before) == [
            *("visit.perform", "dose.cleared"),
            *("visit.perform", "dose.clearance_undone"),
            *("visit.check_in", "visit.check_in_undone"),
        ]

    def recent_xray(self, appointment, tess):
        now = timezone.now()
        arrivals.check_in(appointment, **department.HERE, by=tess, now=now)
        xrays.record(appointment, ended_at=now - timedelta(minutes=20), by=tess, now=now)

    def test_window_holds_the_dose_and_offers_the_override_by_phone(self, camera, appointment, tess, site):
        ada = department.attending(site, first_name="Ada", last_name="Lund")
        self.recent_xray(appointment, tess)
        before = trail()
        answer = camera.post(address("clear-dose", appointment))
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "The chest X-ray ended 20 min before; at least 1 h is needed." in page
        assert reverse("scheduling:override-by-phone", args=[appointment.procedure.order.pk]) in page
        assert 'name="rule" value="CXR-3"' in page
        assert f'<option value="{ada.pk}">Ada Lund</option>' in page
        assert "Symptoms changed since the X-ray." in page
        assert added(before) == ["visit.perform"]

    def test_override_by_phone_lets_it_go_on(self, camera, appointment, tess, site):
        ada = department.attending(site)
        self.recent_xray(appointment, tess)
        order = appointment.procedure.order
        form = {
            "rule": "CXR-3",
            "preset": "Symptoms changed since the X-ray.",
            "physician": ada.pk,
            "next": "/worklist/",
        }
        answer = camera.post(reverse("scheduling:override-by-phone", args=[order.pk]), form)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/worklist/")
        assert Decision.objects.filter(order=order, rule="CXR-3", physician=ada, by_phone=True).exists()
        assert camera.post(address("clear-dose", appointment)).status_code == 302

    def test_lead_reads_who_can_override(self, client, appointment, tess, site):
        self.recent_xray(appointment, tess)
        client.force_login(department.lead(site))
        page = client.post(address("clear-dose", appointment)).content.decode()
        assert "A physician can override this." in page
        assert "<select" not in page.split("This cannot be done now")[1].split("</main>")[0]

    def test_nothing_to_take_back_is_a_conflict(self, camera, appointment):
        answer = camera.post(address("undo-clear-dose", appointment))
        assert answer.status_code == 409
        assert "There is no dose clearance to undo." in answer.content.decode()


def test_every_rule_that_gates_a_stage_has_words_for_its_chip():
    gating = {rule.id for rule in screening.RULES if rule.action in screening.GATING and rule.stages}
    assert gating - set(RULE_WORDS) == set()
