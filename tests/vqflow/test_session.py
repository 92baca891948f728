"""Sessions on shared workstations: the idle lock, unlocking, the absolute end, the second factor."""

from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings as configured
from django.utils import timezone

from tests import department
from vqflow.models import AuditEvent

POLL = {"X-VQFlow-Poll": "1", "HX-Request": "true"}
PASSWORD = "a long enough secret"


@pytest.fixture
def browser(page_of, tess):
    client = page_of(tess)
    client.get("/worklist/")
    return client


def change(client, **values):
    session = client.session
    session.update(values)
    session.save()


def ago(**span):
    return (timezone.now() - timedelta(**span)).timestamp()


def test_who_is_not_signed_in_is_asked_to(client, db):
    answer = client.get("/worklist/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/?next=/worklist/")


class TestIdleLock:
    def test_fifteen_quiet_minutes_lock_and_lead_back_to_the_same_page(self, browser):
        change(browser, seen_at=ago(minutes=15, seconds=5))
        answer = browser.get("/worklist/?state=here")
        assert (answer.status_code, answer["Location"]) == (302, "/lock/?next=%2Fworklist%2F%3Fstate%3Dhere")
        assert browser.session["locked"]

    def test_fourteen_do_not(self, browser):
        change(browser, seen_at=ago(minutes=14))
        assert browser.get("/worklist/").status_code == 200

    def test_polls_are_answered_but_do_not_count_as_activity(self, browser):
        quiet = ago(minutes=14)
        change(browser, seen_at=quiet)
        assert browser.get("/worklist/rows/", headers=POLL).status_code == 200
        assert browser.session["seen_at"] == quiet

    def test_a_persons_request_counts(self, browser):
        quiet = ago(minutes=14)
        change(browser, seen_at=quiet)
        browser.get("/worklist/")
        assert browser.session["seen_at"] > quiet

    def test_locked_poll_is_423_and_empty(self, browser):
        change(browser, locked=True)
        answer = browser.get("/worklist/rows/", headers=POLL)
        assert (answer.status_code, answer.content) == (423, b"")

    def test_locked_htmx_request_is_sent_to_the_lock(self, browser):
        change(browser, locked=True)
        answer = browser.post("/theme/", headers={"HX-Request": "true"})
        assert answer["HX-Redirect"].startswith("/lock/?next=")

    def test_keepalive_counts_as_activity(self, browser):
        change(browser, seen_at=ago(minutes=14))
        assert browser.post("/keepalive/").status_code == 204
        assert browser.session["seen_at"] > ago(minutes=1)

    def test_lock_page_names_nobody_but_the_user(self, browser):
        browser.post("/lock/")
        page = browser.get("/lock/").content.decode()
        assert "tess, enter your password to go on." in page


class TestUnlock:
    def test_the_same_users_password_opens_it_and_is_audited(self, browser):
        change(browser, locked=True)
        answer = browser.post("/unlock/", {"password": PASSWORD, "next": "/worklist/?state=here"})
        assert (answer.status_code, answer["Location"]) == (302, "/worklist/?state=here")
        assert browser.get("/worklist/").status_code == 200
        assert AuditEvent.objects.filter(action="account.unlocked", agent_name="tess").count() == 1

    def test_dialog_gets_204(self, browser):
        change(browser, locked=True)
        answer = browser.post("/unlock/", {"password": PASSWORD}, headers={"X-VQFlow-Lock": "1"})
        assert answer.status_code == 204

    def test_wrong_password_is_said(self, browser):
        change(browser, locked=True)
        answer = browser.post("/unlock/", {"password": "wrong"})
        assert answer.status_code == 422
        assert "This is not your password." in answer.content.decode()
        assert browser.session["locked"]

    def test_fifth_wrong_password_ends_the_session(self, browser):
        change(browser, locked=True)
        for _ in range(5):
            answer = browser.post("/unlock/", {"password": "wrong"}, headers={"X-VQFlow-Lock": "1"})
        assert answer.content.decode() == "Five wrong tries: you are signed out. Sign in again."
        assert browser.get("/worklist/")["Location"].startswith("/account/login/")

    def test_it_leads_to_no_other_site(self, browser):
        change(browser, locked=True)
        answer = browser.post("/unlock/", {"password": PASSWORD, "next": "//evil.example/"})
        assert answer["Location"] == "/"


def test_twelve_hours_end_the_session_even_when_busy(browser):
    change(browser, signed_in_at=ago(hours=12, seconds=5))
    assert browser.get("/worklist/")["Location"] == "/account/login/"
    assert "_auth_user_id" not in browser.session


class TestSecondFactor:
    @pytest.fixture
    def lead(self, site):
        return department.lead(site)

    def test_role_that_needs_one_sets_it_up_first(self, page_of, lead):
        assert "lead" in configured.REQUIRE_MFA_ROLES
        assert page_of(lead).get("/worklist/")["Location"] == "/account/2fa/totp/activate/"

    def test_with_one_the_pages_open(self, page_of, lead):
        TOTP.activate(lead, generate_totp_secret())
        assert page_of(lead).get("/worklist/").status_code == 200

    def test_signing_out_and_the_theme_stay_open(self, page_of, lead):
        client = page_of(lead)
        assert client.get("/account/logout/").status_code == 200
        assert client.post("/theme/", {"theme": "dark"})["Location"] == "/"

    def test_technologist_works_without(self, browser):
        assert browser.get("/worklist/").status_code == 200


def test_sign_up_is_closed(client, db):
    page = client.get("/account/signup/").content.decode()
    assert '<input type="password"' not in page
