"""The kernel's own pages, and what every page shares: navigation by role, refusals in words."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import department
from vqflow.models import Heartbeat, Role, Theme
from vqflow.policy import EVERYONE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]

CLINICAL = ["Worklist", "Orders", "Waitlist", "Patients", "Tasks", "Tracers", "Disruptions"]
AT_THE_DESK = ["Worklist", "Board", "Morning", *CLINICAL[1:]]
NAVIGATION = {
    Role.SCHEDULER: [*AT_THE_DESK, "Messages"],
    Role.TECHNOLOGIST: [*AT_THE_DESK, "Cameras"],
    Role.READER: ["Worklist", "Morning", "Vetting", *CLINICAL[1:], "Reports", "Numbers"],
    Role.LEAD: [*AT_THE_DESK, "Cameras", "Reports", "Numbers", "Messages", "Department", "System"],
    Role.PRIVACY_OFFICER: ["Audit"],
    Role.REFERRER: ["My patients' results"],
    Role.INTEGRATION: ["Worklist", "Orders", "Waitlist", "Patients", "Tracers"],
    Role.ADMINISTRATOR: ["System"],
}


def person(site, role):
    return department.attending(site) if role == Role.READER else department.user(role, site)


class TestNavigation:
    @pytest.mark.parametrize("role", sorted(EVERYONE))
    def test_each_role_is_led_to_what_it_may_open(self, page_of, site, role):
        client = page_of(person(site, role))
        home = client.get("/")
        nav = client.get(home["Location"]).context["nav"]
        assert [entry["label"] for entry in nav] == NAVIGATION[role]
        assert [entry["current"] for entry in nav] == [True] + [False] * (len(nav) - 1)
        assert home["Location"] == nav[0]["url"]


class TestRefusals:
    def test_page_says_why(self, page_of, tess):
        answer = page_of(tess).get("/audit/")
        assert answer.status_code == 403
        assert "Your role (technologist) may not do this." in answer.content.decode()
        assert "<html" in answer.content.decode()

    def test_htmx_gets_only_the_sentence(self, page_of, tess):
        answer = page_of(tess).get("/audit/", headers={"HX-Request": "true"})
        assert answer.status_code == 403
        assert answer.content.decode().lstrip().startswith('<div class="callout')

    def test_other_methods_are_405(self, page_of, tess):
        answer = page_of(tess).post("/worklist/")
        assert (answer.status_code, answer["Allow"]) == (405, "GET")

    def test_what_does_not_exist_is_404(self, page_of, tess):
        assert page_of(tess).get("/orders/0/").status_code == 404


class TestSystemPage:
    def test_jobs_and_versions_are_shown(self, page_of, administrator):
        Heartbeat.objects.create(name="send-due-messages", beat_at=timezone.now())
        page = page_of(administrator).get("/system/").content.decode()
        assert "send-due-messages" in page
        assert "Every background job has run in time." in page
        assert "PostgreSQL" in page

    def test_quiet_job_is_named_here_and_to_machines(self, page_of, administrator):
        Heartbeat.objects.create(name="seal-audit", beat_at=timezone.now() - timedelta(minutes=3))
        client = page_of(administrator)
        page = client.get("/system/").content.decode()
        assert "Background jobs have gone quiet" in page
        health = client.get("/healthz").json()
        assert 180 <= health.pop("seconds_since")["seal-audit"] < 200
        assert health == {"status": "degraded", "database": True, "quiet_jobs": ["seal-audit"]}

    def test_who_can_do_something_sees_the_quiet_job_on_every_page(self, page_of, administrator, tess):
        Heartbeat.objects.create(name="beat", beat_at=timezone.now() - timedelta(minutes=3))
        for address in ("/system/", "/department/"):
            assert "Gone quiet: beat." in page_of(administrator).get(address).content.decode()
        assert "Gone quiet" not in page_of(tess).get("/worklist/").content.decode()

    def test_nothing_ever_ran_is_said(self, page_of, administrator):
        assert "No background job has ever run" in page_of(administrator).get("/system/").content.decode()

    def test_clinical_people_do_not_need_it(self, page_of, tess):
        assert page_of(tess).get("/system/").status_code == 403


def test_health_is_open_to_machines(client):
    assert client.get("/healthz").json()["status"] == "ok"


@pytest.mark.parametrize(("chosen", "kept"), [("dark", Theme.DARK), ("purple", Theme.SYSTEM)])
def test_theme_is_kept_for_the_person(page_of, tess, chosen, kept):
    answer = page_of(tess).post("/theme/", {"theme": chosen, "next": "/worklist/"})
    assert answer["Location"] == "/worklist/"
    tess.refresh_from_db()
    assert tess.theme == kept
