import json

import pytest

from reporting.services import drafting, signing, versions
from tests.reporting.conftest import LIKELY, NOW, PASSWORD
from tests.reporting.test_report_api import problem, put, sign, url
from vqflow.models import AuditEvent, User

pytestmark = pytest.mark.django_db
ME = {"credential": PASSWORD}


def send(page, name, order, data):
    return page.post(url(name, order), json.dumps(data), content_type="application/json")


@pytest.fixture
def final(report, attending):
    return signing.sign(report, draft_version=2, by=attending, now=NOW)


def test_an_amendment_is_begun_saved_and_signed(final, order, attending, page_of):
    page = page_of(attending)
    begun = send(page, "begin", order, {"kind": "amendment", "reason": "A segment was missed."}).json()
    assert (begun["next_kind"], begun["next_reason"], begun["fhir_status"]) == (
        "amendment",
        "A segment was missed.",
        "final",
    )
    content = {**LIKELY, "impression": "Normal.", "draft_version": begun["draft"]["draft_version"]}
    saved = put(page, order, content).json()
    version = sign(page, order, {"draft_version": saved["draft"]["draft_version"]}).json()
    assert (version["kind"], version["reason"], version["previous_hash"]) == (
        "amendment",
        "A segment was missed.",
        final.content_hash,
    )
    found = page.get(url("report", order)).json()
    assert (found["state"], found["fhir_status"], found["next_kind"]) == ("amended", "amended", "")


def test_an_addendum_makes_the_report_appended(final, order, attending, page_of):
    page = page_of(attending)
    begun = send(page, "begin", order, {"kind": "addendum"}).json()
    drafting.save(
        drafting.existing(order),
        draft_version=begun["draft"]["draft_version"],
        addendum="Told.",
        by=attending,
        now=NOW,
    )
    version = sign(page, order, {"draft_version": begun["draft"]["draft_version"] + 1}).json()
    assert (version["kind"], version["addendum"]) == ("addendum", "Told.")
    assert page.get(url("report", order)).json()["fhir_status"] == "appended"


def test_an_amendment_without_a_reason_is_refused_at_its_field(final, order, attending, page_of):
    answer = send(page_of(attending), "begin", order, {"kind": "amendment"})
    assert problem(answer)[0] == 422
    assert problem(answer)[2] == {"reason": ["Say why."]}


def test_what_was_begun_is_thrown_away(final, order, attending, page_of):
    page = page_of(attending)
    begun = send(page, "begin", order, {"kind": "addendum"}).json()
    version = begun["draft"]["draft_version"]
    assert problem(send(page, "give-up", order, {"draft_version": 1}))[0] == 409
    assert send(page, "give-up", order, {"draft_version": version}).json()["next_kind"] == ""


def test_a_report_is_retracted_by_who_shows_who_it_is(final, order, attending, page_of):
    page, reason = page_of(attending), "Wrong patient's pictures."
    refused = send(page, "retract", order, {"number": 1, "reason": reason, "credential": "no"})
    assert problem(refused)[0] == 422
    answer = send(page, "retract", order, {"number": 1, "reason": reason, **ME})
    assert (answer.status_code, answer.json()["kind"], answer.json()["reason"]) == (201, "retraction", reason)
    found = page.get(url("report", order)).json()
    assert (found["state"], found["fhir_status"]) == ("retracted", "entered-in-error")


def test_a_resident_retracts_nothing(final, order, resident, page_of):
    assert problem(send(page_of(resident), "retract", order, {"number": 1, "reason": "No.", **ME}))[0] == 403
    assert versions.standing(list(final.report.versions.all())).retraction is None


def test_wrong_tries_are_counted_although_their_requests_are_taken_back(report, order, attending, page_of):
    page = page_of(attending)
    sentences = [
        problem(sign(page, order, {"draft_version": 2, "credential": f"guess {n}"}))[1] for n in range(5)
    ]
    assert sentences == ["This is not your password. Try again."] * 5
    assert User.objects.get(pk=attending.pk).wrong_pins == 5
    assert "Five wrong tries" in problem(sign(page, order, {"draft_version": 2}))[1]
    assert AuditEvent.objects.filter(action="account.not_confirmed").count() == 5
    assert report.versions.count() == 0
