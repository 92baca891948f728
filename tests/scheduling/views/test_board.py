"""The board as people see it, what they drop on it, and how it stays current."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from scheduling.models import StepKind
from scheduling.services import visits
from scheduling.services.examination import arrivals
from scheduling.services.waitlist import entries
from tests import department
from tests.department import NOW, TODAY
from vqflow.models import AuditEvent, Role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("department_clock")]
DAY, ROWS = "/board/?day=2027-03-08", "/board/rows/?day=2027-03-08"
HTMX = {"HX-Request": "true"}
POLL = {**HTMX, "X-VQFlow-Poll": "1"}
FRAME = ("django_session", 'FROM "vqflow_user"', "SAVEPOINT")


@pytest.fixture
def appointment(site, scheduler):
    return department.booked(
        site, by=scheduler, of=department.patient(site, by=scheduler, family_name="Quillon")
    )


@pytest.fixture
def desk(page_of, scheduler):
    return page_of(scheduler)


def step_of(appointment, kind=StepKind.PERFUSION):
    return appointment.steps.get(kind=kind)


def text_of(answer):
    return answer.content.decode()


def dropped(desk, step, minutes, **more):
    at = step.planned_start_at + timedelta(minutes=minutes)
    headers = more.pop("headers", HTMX)
    return desk.post(
        reverse("scheduling:board-drop", args=[step.pk]),
        {"starts_at": at.isoformat(), "next": DAY, **more},
        headers=headers,
    )


class TestTheBoard:
    def test_shows_who_is_where_and_says_it_to_a_screen_reader(self, desk, appointment):
        text, patient = text_of(desk.get(DAY)), appointment.procedure.order.patient
        step = step_of(appointment)
        at = step.planned_start_at.astimezone(department.ZONE)
        assert f'aria-label="Quillon, {patient.given_name}. Perfusion, Camera' in text
        assert f"{at:%H:%M} to" in text
        assert f'data-step="{step.pk}"' in text
        assert f'id="visit-{appointment.pk}"' in text

    def test_the_table_below_names_each_step_with_its_room_and_people(self, desk, appointment):
        table = text_of(desk.get(DAY)).split('id="board-table"')[1]
        for kind in ("Chest X-ray", "Ventilation", "Perfusion"):
            assert f'data-label="{kind}"' in table
        assert reverse("scheduling:move", args=[appointment.pk]) in table

    def test_nothing_stands_inline_that_the_policy_forbids(self, desk, appointment):
        for address in (DAY, f"{DAY}&view=week"):
            text = text_of(desk.get(address))
            assert not re.search(r"<[^>]+\s(style|on\w+)=", text)
            assert "<script>" not in text

    def test_names_are_escaped(self, desk, site, scheduler):
        rough = department.patient(site, by=scheduler, family_name='<b>"Ng', given_name="O'<i>")
        department.booked(site, by=scheduler, of=rough)
        text = text_of(desk.get(DAY))
        assert "<b>" not in text
        assert "&lt;b&gt;" in text

    def test_a_week_has_its_days_as_links(self, desk, appointment):
        answer = desk.get(f"{DAY}&view=week")
        heads = answer.context["drawing"].heads
        assert [head.text for head in heads][:2] == ["Mon 8 Mar", "Tue 9 Mar"]
        assert heads[1].url == "/board/?day=2027-03-09"
        assert answer.context["after_url"] == "/board/?day=2027-03-15&view=week"

    @pytest.mark.parametrize("query", ["day=soon", "day=9999-12-31", "view=year", ""])
    def test_what_cannot_be_read_falls_back_to_today(self, desk, appointment, query):
        answer = desk.get(f"/board/?{query}")
        assert answer.context["is_today"]
        assert len(answer.context["visits"]) == 1

    def test_an_empty_day_says_so(self, desk, site):
        assert "Nobody is booked" in text_of(desk.get(DAY))

    def test_late_steps_say_by_how_much(self, desk, appointment, monkeypatch):
        late = step_of(appointment, StepKind.XRAY).planned_start_at + timedelta(minutes=12)
        monkeypatch.setattr("django.utils.timezone.now", lambda: late)
        text = text_of(desk.get(DAY))
        assert "12 min late" in text
        assert "is-late" in text

    def test_who_was_shown_is_audited_and_an_unchanged_poll_is_not(self, desk, appointment):
        version = desk.get(DAY).context["version"]
        seen = AuditEvent.objects.filter(action="list.viewed").latest("pk")
        assert seen.patient_ids == [appointment.procedure.order.patient_id]
        assert desk.get(f"{ROWS}&version={version}", headers=POLL).status_code == 204
        assert AuditEvent.objects.filter(action="list.viewed").latest("pk") == seen

    def test_a_change_is_brought_by_the_poll(self, desk, appointment, technologist):
        version = desk.get(DAY).context["version"]
        arrivals.check_in(appointment, **department.HERE, by=technologist, now=NOW)
        answer = desk.get(f"{ROWS}&version={version}", headers=POLL)
        assert answer.status_code == 200
        assert 'id="board-list"' in text_of(answer)
        assert "Here" in text_of(answer)

    @pytest.mark.parametrize(
        "role", [Role.PRIVACY_OFFICER, Role.ADMINISTRATOR, Role.REFERRER, Role.INTEGRATION]
    )
    def test_roles_without_it_read_why(self, page_of, site, role):
        assert page_of(department.user(role, site)).get(DAY).status_code == 403

    def test_another_sites_patients_are_not_on_it(self, page_of, appointment, elsewhere):
        text = text_of(page_of(department.scheduler(elsewhere)).get(DAY))
        assert "Quillon" not in text

    @pytest.mark.parametrize("address", [DAY, f"{DAY}&view=week"])
    def test_it_asks_as_often_whatever_the_day_holds(self, desk, site, scheduler, address):
        counts = []
        for _ in range(3):
            desk.get(address)
            with CaptureQueriesContext(connection) as found:
                desk.get(address)
            counts.append(sum(not any(each in row["sql"] for each in FRAME) for row in found))
            department.booked(site, by=scheduler)
            department.booked(site, by=scheduler)
        # An empty day audits nobody.
        assert counts[1] == counts[2] == counts[0] + 1


class TestADrop:
    def test_is_answered_with_the_board_and_an_undo_that_takes_it_back(self, desk, appointment):
        step = step_of(appointment)
        answer = dropped(desk, step, 5)
        text = text_of(answer)
        assert answer.status_code == 200
        assert "Perfusion moved to" in text
        former = re.search(r'name="former" value="([^"]+)"', text)[1]
        assert step_of(appointment).planned_start_at == step.planned_start_at + timedelta(minutes=5)
        answer = desk.post("/board/undo/", {"former": former, "next": DAY}, headers=HTMX)
        assert "Taken back." in text_of(answer)
        assert step_of(appointment).planned_start_at == step.planned_start_at

    def test_a_refusal_says_why_with_what_can_be_had_instead(self, desk, appointment):
        step = step_of(appointment, StepKind.VENTILATION)
        answer = dropped(desk, step, 60)
        text = text_of(answer)
        assert answer.status_code == 409
        assert "perfusion" in text
        assert "Move the whole visit:" in text
        assert step_of(appointment, StepKind.VENTILATION).planned_start_at == step.planned_start_at
        offered = re.search(r"<form(?:(?!</form>).)*Move the whole visit", text, re.DOTALL)[0]
        sent = dict(re.findall(r'name="(\w+)" value="([^"]*)"', offered))
        sent = {name: value for name, value in sent.items() if name != "csrfmiddlewaretoken"}
        taken = desk.post(reverse("scheduling:board-move", args=[appointment.pk]), sent, headers=HTMX)
        assert taken.status_code == 200
        later = step.planned_start_at + timedelta(minutes=60)
        assert step_of(appointment, StepKind.VENTILATION).planned_start_at == later

    def test_without_scripts_a_page_leads_back(self, desk, appointment):
        answer = dropped(desk, step_of(appointment), 5, headers={})
        assert (answer.status_code, answer["Location"]) == (302, DAY)
        refused = dropped(desk, step_of(appointment, StepKind.VENTILATION), 60, headers={})
        assert refused.status_code == 409
        assert "<h1>Not possible</h1>" in text_of(refused)

    @pytest.mark.parametrize("more", [{"starts_at": "noon"}, {"resource": "99999999"}, {"resource": "x"}])
    def test_what_cannot_be_read_is_refused(self, desk, appointment, more):
        answer = dropped(desk, step_of(appointment), 5, **more)
        assert answer.status_code == 422

    def test_sent_twice_it_is_done_once(self, desk, appointment):
        for _ in range(2):
            assert dropped(desk, step_of(appointment), 5, request_id="same").status_code in (200, 422)
        appointment.refresh_from_db()
        assert appointment.revision == 2

    def test_an_undo_that_is_not_ours_is_refused(self, desk, appointment):
        answer = desk.post("/board/undo/", {"former": "forged", "next": DAY}, headers=HTMX)
        assert answer.status_code == 409

    def test_the_way_back_leads_to_our_own_pages_only(self, desk, appointment):
        answer = dropped(desk, step_of(appointment), 5, headers={}, next="https://elsewhere.example/")
        assert urlsplit(answer["Location"]).path == "/board/"


class TestTheDialog:
    def test_lists_the_engines_proposals_each_one_press(self, desk, appointment):
        answer = desk.get(
            reverse("scheduling:board-move", args=[appointment.pk]), {"next": DAY}, headers=HTMX
        )
        assert 1 < len(answer.context["choices"]) <= 5
        assert text_of(answer).count("<form") == len(answer.context["choices"])

    def test_says_why_there_is_none(self, desk, appointment, technologist):
        ready, at = department.ready(appointment, by=technologist)
        visits.start(step_of(ready, StepKind.VENTILATION), by=technologist, now=at)
        answer = desk.get(reverse("scheduling:board-move", args=[appointment.pk]), headers=HTMX)
        assert "cannot be moved" in text_of(answer)


class TestAGap:
    @pytest.fixture
    def entry(self, site, scheduler):
        order = department.order(site, by=scheduler)
        wishes = entries.Wishes(TODAY, TODAY, notice_minutes=0)
        return entries.join(order, wishes=wishes, by=scheduler, now=NOW)

    def gap(self, desk):
        lanes = desk.get(DAY).context["drawing"].lanes
        return next(lane for lane in lanes if lane.row.name == "Camera 2").gaps[0]

    def test_names_who_would_fit_with_offer_and_book(self, desk, entry):
        text = text_of(desk.get(self.gap(desk).url, headers=HTMX))
        assert "One on the waitlist would fit" in text
        assert reverse("scheduling:board-offer", args=[entry.pk]) in text
        assert reverse("scheduling:board-book", args=[entry.pk]) in text

    @pytest.mark.parametrize(("name", "state"), [("board-offer", "offered"), ("board-book", "taken")])
    def test_one_press_fills_it(self, desk, entry, name, state):
        text = text_of(desk.get(self.gap(desk).url, headers=HTMX))
        sent = dict(re.findall(r'name="(start_\w+|resource_ids)" value="([^"]*)"', text))
        answer = desk.post(
            reverse(f"scheduling:{name}", args=[entry.pk]), {**sent, "next": DAY}, headers=HTMX
        )
        assert answer.status_code == 200, text_of(answer)
        entry.refresh_from_db()
        assert entry.state == state
        again = desk.post(reverse(f"scheduling:{name}", args=[entry.pk]), {**sent, "next": DAY}, headers=HTMX)
        assert again.status_code == 409

    def test_is_a_page_of_its_own_without_scripts(self, desk, entry):
        assert "<h1>Who would fit</h1>" in text_of(desk.get(self.gap(desk).url))

    def test_nobody_is_said_too(self, desk, site):
        assert "Nobody on the waitlist would fit here." in text_of(desk.get(self.gap(desk).url, headers=HTMX))

    @pytest.mark.parametrize("query", ["", "room=1&start=5&end=1", "room=x&start=1&end=2"])
    def test_what_cannot_be_read_is_refused(self, desk, site, query):
        assert desk.get(f"/board/gap/?{query}", headers=HTMX).status_code == 422


def test_a_rows_disruption_comes_with_its_room(desk, site):
    camera = site.resources.get(name="Camera 1")
    text = text_of(desk.get(f"/disruptions/new/?kind=room_down&resource={camera.pk}"))
    assert f'<option value="{camera.pk}" selected>' in text
