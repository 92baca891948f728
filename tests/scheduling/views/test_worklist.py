"""The day's list as people see it, and how it stays current."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from scheduling.models import (
    Appointment,
    Patient,
    RequestedProcedure,
    Reservation,
    ResourceKind,
    StepKind,
)
from scheduling.services import booking, confirmations, reservations, visits
from scheduling.services.examination import arrivals, xrays
from scheduling.services.vetting import override
from scheduling.views.line_tracers import TracerShown
from tests import department
from vqflow.models import AuditEvent, Role

pytestmark = pytest.mark.django_db

DAY = "/worklist/?day=2027-03-08"
ROWS = "/worklist/rows/?day=2027-03-08"
POLL = {"X-VQFlow-Poll": "1", "HX-Request": "true"}
NOW = department.NOW
FRAME = ("django_session", 'FROM "vqflow_user" WHERE "vqflow_user"."id" =', "SAVEPOINT", "vqflow_heartbeat")


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    """The pages read the clock themselves; here it is Monday 07:00 in New York."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def camera(client, technologist):
    client.force_login(technologist)
    return client


def shown(answer):
    """The surnames on the list, from top to bottom."""
    return [line.row.patient.family_name for line in answer.context["lines"]]


def booked(site, surname, **fields):
    return department.booked(site, of=department.patient(site, family_name=surname), **fields)


def line_of(answer):
    (line,) = answer.context["lines"]
    return line


class TestTheList:
    def test_rows_say_who_when_where_and_what_is_next(self, camera, site):
        appointment = booked(site, "Okafor")
        answer = camera.get(DAY)
        line, page = line_of(answer), answer.content.decode()
        start = appointment.lungs_start_at.astimezone(department.ZONE)
        assert (line.stands, line.scan_words) == (f"{start:%H:%M}", "")
        assert line.chip == ("booked", "To come")
        assert line.examination == "V then Q"
        assert (line.room.name, line.technologist) == ("X-ray 1", "Ana R.")
        assert (line.button.label, line.button.refusal) == ("Check in", None)
        assert line.row.patient.mrn in page
        assert f'id="exam-{appointment.pk}"' in page

    def test_who_has_confirmed_is_shown_as_confirmed_until_they_come(
        self, camera, site, scheduler, technologist
    ):
        appointment = booked(site, "Okafor")
        confirmations.confirm(appointment, by=scheduler, now=NOW)
        answer = camera.get(DAY + "&state=to-come")
        assert line_of(answer).chip == ("booked", "Confirmed")
        assert ">Confirmed</span>" in answer.content.decode()
        arrivals.check_in(appointment, **department.HERE, by=technologist, now=NOW)
        assert line_of(camera.get(DAY)).chip == ("arrived", "Here")

    def test_no_day_means_the_sites_today(self, camera, site):
        booked(site, "Okafor")
        answer = camera.get("/worklist/")
        assert shown(answer) == ["Okafor"]
        assert answer.context["is_today"]

    @pytest.mark.parametrize(
        "query", ["day=soon", "day=0001-01-01", "day=9999-12-31", "room=x", "room=99999999999", "state=odd"]
    )
    def test_what_cannot_be_read_falls_back(self, camera, site, query):
        booked(site, "Okafor")
        assert shown(camera.get(f"/worklist/?{query}")) == ["Okafor"]

    def test_other_days_are_one_link_away_and_keep_the_filters(self, camera, site):
        answer = camera.get(DAY + "&state=here&room=3")
        assert answer.context["before_url"] == "/worklist/?day=2027-03-07&room=3&state=here"
        assert answer.context["after_url"] == "/worklist/?day=2027-03-09&room=3&state=here"
        assert answer.context["today_url"] == "/worklist/?room=3&state=here"

    def test_tabs_count_what_they_show(self, camera, site, technologist):
        here, _, over = (booked(site, name) for name in ("Here", "Later", "Over"))
        arrivals.check_in(here, **department.HERE, by=technologist, now=NOW)
        type(over).objects.filter(pk=over.pk).update(state="noshow")
        answer = camera.get(DAY)
        counts = {tab["label"]: tab["count"] for tab in answer.context["tabs"]}
        assert counts == {
            "All": 3,
            "Mine": 0,
            "To come": 1,
            "Here": 1,
            "Running": 0,
            "Problems": 0,
            "Done": 1,
        }
        for tab in answer.context["tabs"]:
            assert len(shown(camera.get(tab["url"]))) == tab["count"]

    def test_room_filter_keeps_those_with_a_step_there(self, camera, site):
        first, second = booked(site, "First"), booked(site, "Second")
        rooms = {
            name: {
                r.resource for r in Reservation.objects.filter(step__appointment=made, resource__kind="room")
            }
            for name, made in (("First", first), ("Second", second))
        }
        for room in set.union(*rooms.values()):
            expected = [name for name in ("First", "Second") if room in rooms[name]]
            assert sorted(shown(camera.get(f"{DAY}&room={room.pk}"))) == expected

    def test_another_sites_patients_are_not_on_it(self, client, site, elsewhere):
        booked(site, "Okafor")
        client.force_login(department.technologist(elsewhere))
        assert shown(client.get(DAY)) == []

    def test_cancelled_ones_are_left_out(self, camera, site, scheduler):
        appointment = booked(site, "Okafor")
        booking.cancel(appointment, reason="Ill.", by=scheduler, now=NOW)
        assert shown(camera.get(DAY)) == []

    @pytest.mark.parametrize("role", [Role.PRIVACY_OFFICER, Role.ADMINISTRATOR, Role.REFERRER])
    def test_roles_without_it_read_why(self, client, site, role):
        client.force_login(department.user(role, site))
        for url in (DAY, ROWS):
            answer = client.get(url)
            assert answer.status_code == 403
            assert "may not do this" in answer.content.decode()

    def test_person_without_a_site_reads_what_to_do(self, client, site, technologist):
        type(technologist).objects.filter(pk=technologist.pk).update(site_code="")
        client.force_login(technologist)
        assert client.get(DAY).status_code == 404

    @pytest.mark.parametrize("count", [1, 3])
    def test_eight_queries_with_the_audit_beside_session_and_user_however_many_rows(
        self, camera, site, count
    ):
        answers = {**department.SAFE_ANSWERS, "right_to_left_shunt": "yes"}
        for number in range(count):
            booked(site, f"Patient{number}", answers=answers)
        camera.get(DAY)
        Patient.objects.update(given_name="Other")  # else what is drawn already would be shown again
        with CaptureQueriesContext(connection) as seen:
            answer = camera.get(DAY)
        ours = [query["sql"] for query in seen if not any(name in query["sql"] for name in FRAME)]
        assert len(answer.context["lines"]) == count
        assert (
            "Override by phone: physician" in answer.content.decode()
        )  # one of the eight reads who can be asked
        assert (len(ours), len(seen)) == (8, 12)

    def test_names_and_notes_are_shown_as_they_were_typed(self, camera, site):
        made = booked(site, 'O\'Br<i>en & "Co"')
        RequestedProcedure.objects.filter(pk=made.procedure_id).update(
            protocol_note="<script>alert(1)</script>"
        )
        page = camera.get(DAY).content.decode()
        assert "O&#39;Br&lt;i&gt;en &amp; &#34;Co&#34;" in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page

    def test_list_that_has_not_changed_is_not_read_again_for_the_next_person(self, camera, site, lead):
        booked(site, "Okafor")
        camera.get(DAY)
        camera.force_login(lead)
        camera.get(DAY)  # drawn for the role
        with CaptureQueriesContext(connection) as seen:
            answer = camera.get(DAY)
        ours = [query["sql"] for query in seen if not any(name in query["sql"] for name in FRAME)]
        assert (shown(answer), len(ours)) == (["Okafor"], 3)  # the site, the version, the audit

    def test_tokens_are_those_of_the_session_and_every_form_has_a_key_of_its_own(
        self, page_of, site, technologist
    ):
        department.ready(booked(site, "Okafor"), by=technologist)
        pages = [page_of(technologist).get(DAY).content.decode() for _ in range(2)]
        keys = [re.findall(r'name="request_id" value="([^"]+)"', page) for page in pages]
        assert keys[0]
        assert len({*keys[0], *keys[1]}) == len(keys[0]) + len(keys[1])
        assert all("<!--" not in page and 'name="csrfmiddlewaretoken"' in page for page in pages)

    def test_it_writes_one_audit_row_with_the_patients_it_showed(self, camera, site, technologist):
        ids = sorted(booked(site, name).procedure.order.patient_id for name in ("First", "Second"))
        before = AuditEvent.objects.count()
        camera.get(DAY)
        (event,) = AuditEvent.objects.order_by("pk")[before:]
        assert (event.action, event.agent_name, event.patient_ids, event.data) == (
            "list.viewed",
            "tess",
            ids,
            {"list": "worklist", "day": "2027-03-08"},
        )

    def test_roles_that_only_look_get_no_buttons(self, page_of, site, attending):
        booked(site, "Okafor")
        page = page_of(attending).get(DAY).content.decode()
        assert "Check in" in page
        assert 'id="act-' not in page


class TestProblems:
    def arrived(self, site, technologist, *, xray_ago, now=NOW):
        appointment = booked(site, "Okafor")
        arrivals.check_in(appointment, **department.HERE, by=technologist, now=now)
        xrays.record(appointment, ended_at=now - xray_ago, by=technologist, now=now)
        return appointment

    def test_closed_window_disables_the_button_with_the_sentence(self, camera, site, technologist):
        self.arrived(site, technologist, xray_ago=timedelta(minutes=20))
        answer = camera.get(DAY)
        line, page = line_of(answer), answer.content.decode()
        sentence = "The chest X-ray ended 20 min before; at least 1 h is needed. The earliest start is 07:40."
        assert (line.button.label, line.button.refusal) == ("Clear dose", sentence)
        assert line.opens == "07:40"
        assert "from 07:40" in page
        assert f'aria-describedby="why-{line.key}"' in page
        assert f'id="why-{line.key}">{sentence}<' in page

    def test_wait_that_ends_before_the_planned_scan_is_no_problem(self, camera, site, technologist):
        self.arrived(site, technologist, xray_ago=timedelta(minutes=20))
        line = line_of(camera.get(DAY))
        assert (line.problems, line.is_problem) == ([], False)
        assert [problem.rule for problem in line.waiting] == ["CXR-3"]

    def test_wait_that_delays_the_scan_is_a_problem(self, camera, site, technologist, monkeypatch):
        appointment = booked(site, "Okafor")
        moment = appointment.lungs_start_at - timedelta(minutes=20)
        arrivals.check_in(appointment, **department.HERE, by=technologist, now=NOW)
        xrays.record(appointment, ended_at=moment, by=technologist, now=moment)
        monkeypatch.setattr(timezone, "now", lambda: moment)
        line = line_of(camera.get(DAY + "&state=problems"))
        assert [(problem.label, problem.rule) for problem in line.problems] == [("X-ray too recent", "CXR-3")]
        assert line.waiting == []

    def test_last_hour_of_the_window_is_a_problem(self, camera, site, technologist):
        self.arrived(site, technologist, xray_ago=timedelta(hours=23, minutes=18))
        line = line_of(camera.get(DAY + "&state=problems"))
        assert (line.left_words, line.is_closing) == ("42 min left", True)
        assert [problem.label for problem in line.problems] == ["X-ray will be too old"]

    def test_minutes_of_a_window_that_is_over_are_said(self, camera, site, technologist):
        self.arrived(site, technologist, xray_ago=timedelta(hours=24, minutes=5))
        line = line_of(camera.get(DAY))
        assert line.left_words == "over by 5 min"
        assert [problem.label for problem in line.problems] == ["X-ray too old"]

    def test_hours_are_enough_while_much_is_left(self, camera, site, technologist):
        self.arrived(site, technologist, xray_ago=timedelta(hours=2, minutes=10))
        line = line_of(camera.get(DAY))
        assert (line.left_words, line.is_problem) == ("21 h left", False)

    def test_override_ends_the_problem(self, camera, site, technologist, attending):
        appointment = self.arrived(site, technologist, xray_ago=timedelta(minutes=20))
        override(appointment.procedure.order, rule="CXR-3", reason="STAT.", by=attending, now=NOW)
        line = line_of(camera.get(DAY))
        assert (line.problems, line.button.refusal) == ([], None)

    def test_open_question_and_missing_vetting_are_problems_before_the_visit(self, camera, site):
        answers = {**department.SAFE_ANSWERS, "albumin_allergy": "unknown"}
        made = department.order(site, priority="stat", vetted=False, answers=answers)
        by = department.scheduler(site)
        booking.book(made, starts=department.proposal(made).starts, by=by, now=NOW)
        line = line_of(camera.get(DAY))
        assert [problem.label for problem in line.problems] == ["Not vetted", "Ask: albumin"]
        assert line.is_problem

    def test_physician_can_override_with_one_tap(self, page_of, site, technologist, attending):
        self.arrived(site, technologist, xray_ago=timedelta(minutes=20))
        page = page_of(attending).get(DAY).content.decode()
        assert "/override/" in page
        assert 'name="preset" value="STAT: waiting would harm the patient."' in page
        assert "Override by phone" not in page

    def test_only_an_authorised_user_is_offered_that_override(self, page_of, site, technologist):
        department.booked(site, answers={**department.SAFE_ANSWERS, "albumin_allergy": "yes"})
        page = page_of(department.resident(site)).get(DAY).content.decode()
        assert "Only an authorised user may override this." in page
        assert "/override/" not in page

    def test_lateness_counts_from_ten_minutes_on(self, camera, site, monkeypatch):
        appointment = booked(site, "Okafor")
        for minutes, words, is_problem in ((9, "9 min late", False), (10, "10 min late", True)):
            moment = appointment.starts_at + timedelta(minutes=minutes)
            monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
            line = line_of(camera.get(DAY))
            assert (line.late_words, line.is_problem) == (words, is_problem)

    def test_late_xray_is_named_beside_the_time_of_the_scan(self, camera, site, monkeypatch):
        appointment = booked(site, "Okafor")
        monkeypatch.setattr(timezone, "now", lambda: appointment.starts_at + timedelta(minutes=29))
        line = line_of(camera.get(DAY))
        start = appointment.lungs_start_at.astimezone(department.ZONE)
        assert (line.stands, line.late_what, line.late_words) == (f"{start:%H:%M}", "X-ray", "29 min late")


class TestTheOrderOfRows:
    def test_who_did_not_come_stands_after_the_others(self, camera, site):
        made = {name: booked(site, name) for name in ("First", "Second", "Third")}
        by_time = shown(camera.get(DAY))
        Appointment.objects.filter(pk__in=[made[name].pk for name in by_time[:2]]).update(state="noshow")
        assert shown(camera.get(DAY)) == [by_time[2], *by_time[:2]]

    def test_scan_on_another_day_stands_at_the_time_of_its_xray(self, camera, site):
        appointment = booked(site, "Okafor")
        later = timedelta(hours=22)
        tomorrow = appointment.lungs_start_at + later
        Appointment.objects.filter(pk=appointment.pk).update(
            lungs_start_at=tomorrow, ends_at=F("ends_at") + later
        )
        appointment.steps.exclude(kind=StepKind.XRAY).update(
            planned_start_at=F("planned_start_at") + later, planned_end_at=F("planned_end_at") + later
        )
        line = line_of(camera.get(DAY))
        xray, scan = (at.astimezone(department.ZONE) for at in (appointment.starts_at, tomorrow))
        assert line.stands == f"X-ray {xray:%H:%M}"
        assert line.scan_words == f"scan Tue {scan:%H:%M}"
        assert line.late_what == ""


class TestMenu:
    def labels(self, answer):
        return [entry.label for entry in line_of(answer).menu]

    def test_it_follows_the_examination(self, camera, site, technologist):
        appointment = booked(site, "Okafor")
        always = ["Open the appointment", "Open the order"]
        assert self.labels(camera.get(DAY)) == ["Confirm X-ray…", *always]
        arrivals.check_in(appointment, **department.HERE, by=technologist, now=NOW)
        assert self.labels(camera.get(DAY)) == ["Undo: checked in", *always]
        xrays.record(appointment, ended_at=NOW - timedelta(hours=2), by=technologist, now=NOW)
        always = ["X-ray seen by…", *always]
        assert self.labels(camera.get(DAY)) == ["Undo: X-ray confirmed", *always]
        visits.clear_dose(appointment, by=technologist, now=NOW)
        assert self.labels(camera.get(DAY)) == ["Undo: dose cleared", *always]
        step = appointment.steps.get(kind=StepKind.VENTILATION)
        visits.start(step, by=technologist, now=NOW)
        assert self.labels(camera.get(DAY)) == ["Stop ventilation…", "Undo: ventilation started", *always]
        visits.end(step, by=technologist, now=NOW)
        assert self.labels(camera.get(DAY)) == [
            "Leave out perfusion…",
            "Undo: ventilation ended",
            *always,
        ]

    def test_scheduler_can_undo_a_check_in_but_no_step(self, page_of, site, technologist, scheduler):
        appointment = booked(site, "Okafor")
        arrivals.check_in(appointment, **department.HERE, by=technologist, now=NOW)
        assert "Undo: checked in" in self.labels(page_of(scheduler).get(DAY))
        xrays.record(appointment, ended_at=NOW, by=technologist, now=NOW)
        assert self.labels(page_of(scheduler).get(DAY)) == ["Open the appointment", "Open the order"]

    def test_a_tracer_that_lasts_for_days_says_its_date_and_not_a_weekday(self):
        shown = TracerShown.at(NOW, "Xe-133", "", NOW + timedelta(days=13, hours=3), "UTC")
        assert shown.left == "13 days left"
        assert shown.until_words == f"{shown.until.day} {shown.until:%b}"

    @pytest.mark.parametrize(
        ("words", "hours", "brief", "in_full"),
        [
            ("150 MBq at 11:30", 3, "150 MBq", "MAA 150 MBq at 11:30, until 15:00"),
            ("", 3, "15:00", "MAA, until 15:00"),
            ("", 27, "", "MAA, until Tue 15:00"),
        ],
    )
    def test_beside_the_steps_stands_what_matters_of_the_tracer(self, words, hours, brief, in_full):
        shown = TracerShown.at(NOW, "MAA", words, NOW + timedelta(hours=hours), "UTC")
        assert (shown.brief, shown.in_full) == (brief, in_full)


class TestPolling:
    def test_unchanged_list_is_204_and_leaves_no_audit_row(self, camera, site):
        booked(site, "Okafor")
        version = camera.get(DAY).context["version"]
        before = AuditEvent.objects.count()
        answer = camera.get(f"{ROWS}&version={version}", headers=POLL)
        assert (answer.status_code, answer.content) == (204, b"")
        assert AuditEvent.objects.count() == before

    def test_changed_list_brings_itself_with_its_version_and_one_audit_row(self, camera, site, technologist):
        appointment = booked(site, "Okafor")
        old = camera.get(DAY).context["version"]
        arrivals.check_in(appointment, **department.HERE, by=technologist, now=NOW)
        before = AuditEvent.objects.count()
        answer = camera.get(f"{ROWS}&version={old}", headers=POLL)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert page.lstrip().startswith('<div id="worklist"')
        assert f'data-version="{answer.context["version"]}"' in page
        assert answer.context["version"] != old
        assert [event.action for event in AuditEvent.objects.order_by("pk")[before:]] == ["list.viewed"]

    def test_it_keeps_the_filters(self, camera, site):
        booked(site, "Okafor")
        answer = camera.get(f"{ROWS}&state=here", headers=POLL)
        assert shown(answer) == []
        assert (
            'data-poll-url="/worklist/rows/?day=2027-03-08&amp;state=here&amp;today=1"'
            in answer.content.decode()
        )

    def test_another_technologist_or_name_is_a_change(self, camera, site, scheduler):
        appointment = booked(site, "Okafor")
        versions = [camera.get(DAY).context["version"]]
        step = appointment.steps.get(kind=StepKind.VENTILATION)
        held = step.reservations.get(resource__kind=ResourceKind.TECHNOLOGIST).resource
        other = type(held).objects.filter(kind=held.kind, capabilities__contains=["technologist_nm"])
        other = other.exclude(pk=held.pk).first()
        reservations.assign_technologist(step, technologist=other, by=scheduler, now=NOW)
        versions.append(camera.get(DAY).context["version"])
        Patient.objects.update(family_name="Okafor-Reed")
        versions.append(camera.get(DAY).context["version"])
        assert len(set(versions)) == 3


def test_address_of_the_list_never_holds_a_patient(camera, site):
    booked(site, "Okafor")
    answer = camera.get(DAY)
    urls = [answer.context[name] for name in ("here_url", "rows_url", "before_url")]
    assert not [url for url in urls if "Okafor" in url]
