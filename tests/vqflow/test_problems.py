"""Every refusal is problem details (RFC 9457): who is asking, what is wrong, in the words of the pages."""

import json
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token

from scheduling.models import Order, Referrer
from tests import department
from tests.callers import Caller
from vqflow.models import User


@pytest.fixture
def site(db):
    return department.site(equipped=False)


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


def problem(answer):
    """(status, title, sentence)"""
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["type"]) == (answer.status_code, "about:blank")
    return body["status"], body["title"], body["detail"]


def signed_in(user, **options):
    client = Client(**options)
    client.force_login(user)
    return client


class TestWhoIsAsking:
    def test_nobody_is_asked_to_sign_in(self, db):
        answer = Client().get("/api/v1/orders")
        assert problem(answer)[0] == 401
        assert answer["WWW-Authenticate"] == "Token"

    @pytest.mark.parametrize("header", ["Token nonsense", "Token", "Token a b", "Token ü"])
    def test_a_wrong_token_is_401(self, db, header):
        assert problem(Client(headers={"Authorization": header}).get("/api/v1/orders"))[0] == 401

    def test_a_closed_account_is_401(self, scheduler):
        caller = Caller(scheduler)
        User.objects.filter(pk=scheduler.pk).update(is_active=False)
        assert caller.get("orders")[0] == 401

    def test_a_role_that_may_not_is_403_with_the_pages_sentence(self, site):
        caller = Caller(department.technologist(site))
        status, refused = caller.post("patients", {})
        assert (status, refused["title"], refused["detail"]) == (
            403,
            "Not allowed",
            "Your role (technologist) may not do this.",
        )

    def test_an_account_without_a_site_finds_nothing(self, site):
        stray = department.scheduler(site)
        User.objects.filter(pk=stray.pk).update(site_code="")
        assert Caller(stray).get("orders") == (
            404,
            {
                "type": "about:blank",
                "title": "Not found",
                "status": 404,
                "detail": "Your account belongs to no site. Ask the system administrator.",
            },
        )


class TestSessions:
    def test_a_session_reads(self, scheduler):
        assert signed_in(scheduler).get("/api/v1/orders").status_code == 200

    def test_a_write_needs_the_csrf_token(self, scheduler):
        client = signed_in(scheduler, enforce_csrf_checks=True)
        for kind in (
            "application/json",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
        ):
            answer = client.post("/api/v1/patients", "{}", content_type=kind)
            status, _, sentence = problem(answer)
            assert (status, sentence.startswith("CSRF Failed")) == (403, True)

    def test_with_the_csrf_token_a_search_is_answered_and_a_write_is_done_once(self, scheduler):
        client = signed_in(scheduler, enforce_csrf_checks=True)
        client.get("/account/password/change/")
        client.get("/api/v1/docs/")
        headers = {"X-CSRFToken": client.cookies["csrftoken"].value, "Idempotency-Key": "ward"}
        json_of = {"content_type": "application/json", "headers": headers}
        answer = client.post("/api/v1/patients/search", json.dumps({"name": "x"}), **json_of)
        assert answer.status_code == 200
        ida = {"name": "Dr Ida Holm", "email": "holm@ward.example"}
        for _ in range(2):
            answer = client.post("/api/v1/referrers", json.dumps(ida), **json_of)
            assert (answer.status_code, answer.json()["name"]) == (201, "Dr Ida Holm")
        assert Referrer.objects.filter(name="Dr Ida Holm").count() == 1

    def test_a_locked_session_is_423_and_a_token_has_none_to_lock(self, scheduler):
        client = signed_in(scheduler)
        client.get("/api/v1/orders")
        session = client.session
        session["seen_at"] -= 3600
        session.save()
        assert problem(client.get("/api/v1/orders")) == (423, "Locked", "The session is locked.")
        assert Caller(scheduler).get("orders")[0] == 200

    def test_a_session_older_than_its_limit_is_401(self, scheduler, settings):
        client = signed_in(scheduler)
        client.get("/api/v1/orders")
        session = client.session
        session["signed_in_at"] -= (settings.SESSION_ABSOLUTE + timedelta(minutes=1)).total_seconds()
        session.save()
        assert problem(client.get("/api/v1/orders"))[0] == 401

    def test_a_role_without_its_second_factor_is_403_until_it_is_set_up(self, site):
        lead = department.lead(site)
        client = signed_in(lead)
        assert problem(client.get("/api/v1/orders")) == (
            403,
            "Not allowed",
            "Your role needs a second factor. Set it up on your account page.",
        )
        TOTP.activate(lead, generate_totp_secret())
        assert client.get("/api/v1/orders").status_code == 200


class TestAddressesAndMethods:
    def test_an_unknown_address_is_a_problem_for_everybody(self, scheduler):
        for client in (Client(), signed_in(scheduler)):
            for call in (client.get, client.post):
                for path in ("nowhere", "orders/x", "orders/%0A/cancel", "orders/"):
                    status, title, _ = problem(call(f"/api/v1/{path}"))
                    assert (status, title) == (404, "Not found")

    def test_a_method_that_is_not_there_is_405_and_says_which_are(self, scheduler):
        answer = signed_in(scheduler).delete("/api/v1/orders")
        assert problem(answer)[0] == 405
        assert answer["Allow"] == "GET, POST"
        assert problem(signed_in(scheduler).options("/api/v1/orders"))[0] == 405

    def test_head_asks_for_what_get_asks(self, scheduler, site):
        assert signed_in(scheduler).head("/api/v1/orders").status_code == 200
        assert Client().head("/api/v1/orders").status_code == 401

    def test_an_answer_in_another_format_is_406(self, scheduler):
        answer = signed_in(scheduler).get("/api/v1/orders", headers={"Accept": "text/csv"})
        assert problem(answer)[0] == 406


class TestTheDescription:
    def test_the_root_names_every_operation(self, scheduler):
        status, root = Caller(scheduler).get("")
        assert (status, root["schema"], root["docs"]) == (200, "/api/v1/schema/", "/api/v1/docs/")
        assert root["operations"]["/api/v1/orders"] == ["GET", "POST"]

    def test_the_schema_comes_as_yaml_and_as_json(self, scheduler):
        client = signed_in(scheduler)
        assert client.get("/api/v1/schema/").content.startswith(b"openapi: 3.")
        answer = client.get("/api/v1/schema/", headers={"Accept": "application/json"})
        assert answer.json()["info"]["title"] == "VQFlow"

    def test_the_page_has_no_script_or_style_of_its_own(self, scheduler):
        answer = signed_in(scheduler).get("/api/v1/docs/")
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "'unsafe" not in answer["Content-Security-Policy"]
        assert "<style" not in page
        assert page.count("<script") == page.count("<script defer src=") == 2


def test_a_writes_history_names_the_tokens_user(scheduler, site):
    body = {"name": "", "sex": "unknown", "clinical_question": "PE?", "ward": "ED"}
    body["referrer"] = department.referrer(site).pk
    status, made = Caller(scheduler).post("orders/stat", body)
    assert status == 201
    order = Order.objects.get(pk=made["id"])
    assert order.events.get().pgh_context.metadata["user"] == scheduler.pk


def test_times_go_out_on_the_sites_clock(site, scheduler):
    assert timezone.get_current_timezone_name() == "UTC"
    made = department.order(site, now=department.NOW)
    status, seen = Caller(scheduler).get(f"orders/{made.pk}")
    assert (status, seen["ordered_at"]) == (200, "2027-03-08T07:00:00-05:00")
    assert timezone.get_current_timezone_name() == "UTC"
    assert Token.objects.count() == 1
