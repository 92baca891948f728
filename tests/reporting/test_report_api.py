import json

import pytest
from django.urls import reverse

from reporting.models import Report, ReportVersion
from reporting.services import drafting, signing
from tests import department
from tests.reporting.conftest import LIKELY, NOW, PASSWORD, with_password
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
DRAFT = {**LIKELY, "draft_version": 1}


def url(name, order):
    return reverse(f"reporting_api:{name}", args=[order.pk])


def problem(answer):
    """(status, sentence, errors) of an RFC 9457 answer."""
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["detail"], body.get("errors")


def put(page, order, data, **headers):
    return page.put(url("report", order), json.dumps(data), content_type="application/json", headers=headers)


def sign(page, order, data, **headers):
    body = json.dumps({"credential": PASSWORD, **data})
    return page.post(url("sign", order), body, content_type="application/json", headers=headers)


class TestGettingTheReport:
    def test_gives_an_empty_draft_before_the_first(self, order, attending, page_of):
        answer = page_of(attending).get(url("report", order))
        assert (answer.status_code, answer.json()) == (
            200,
            {
                "order": order.pk,
                "accession_number": order.accession_number,
                "state": "none",
                "fhir_status": "",
                "next_kind": "",
                "next_reason": "",
                "draft": {
                    "scheme": "TEN_TERMS",
                    "category": "",
                    "category_label": "",
                    "group": "",
                    "suggested": "",
                    "suggested_by": "",
                    "override_reason": "",
                    "reading": {},
                    "findings": "",
                    "impression": "",
                    "next_step": "",
                    "language": "en",
                    "addendum": "",
                    "draft_version": 1,
                    "written_by": None,
                    "written_at": None,
                },
                "versions": [],
                "why_not_write": None,
                "why_not_sign": "Choose a category, then sign.",
            },
        )
        assert AuditEvent.objects.get(action="report.view").patient_ids == [order.patient_id]

    def test_gives_technologists_the_final_version_only(
        self, report, order, resident, attending, technologist, page_of
    ):
        def seen():
            body = page_of(technologist).get(url("report", order)).json()
            return body["state"], body["draft"], [version["kind"] for version in body["versions"]]

        signing.sign(report, draft_version=2, by=resident, now=NOW)
        assert seen() == ("preliminary", None, [])
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        assert seen() == ("final", None, ["final"])

    def test_finds_no_order_of_another_site(self, elsewhere, attending, page_of):
        order = department.performed(elsewhere)
        page = page_of(attending)
        gone = (404, "There is no such record at your site.", None)
        assert problem(page.get(url("report", order))) == gone
        assert problem(put(page, order, DRAFT)) == gone
        assert problem(sign(page, order, {"draft_version": 1})) == gone

    def test_is_not_for_the_scheduler(self, order, site, page_of):
        answer = page_of(department.scheduler(site)).get(url("report", order))
        assert problem(answer) == (403, "Your role (scheduler) may not do this.", None)


class TestPuttingTheDraft:
    def test_saves_it(self, order, attending, page_of):
        body = put(page_of(attending), order, DRAFT).json()
        assert (body["state"], body["draft"]["draft_version"], body["draft"]["group"]) == (
            "draft",
            2,
            "likely",
        )
        assert body["draft"]["written_by"] == "Ada Lund"
        assert drafting.of(order).impression == LIKELY["impression"]

    def test_a_version_that_is_not_the_newest_is_a_conflict(self, report, order, attending, page_of):
        status, sentence, _ = problem(put(page_of(attending), order, {**DRAFT, "findings": ""}))
        assert (status, sentence[:9]) == (409, "Rob Vance")
        assert drafting.of(order).findings == LIKELY["findings"]

    @pytest.mark.parametrize(
        ("change", "errors"),
        [
            ({"draft_version": "two"}, {"draft_version": ["A valid integer is required."]}),
            ({"draft_version": None}, {"draft_version": ["This field may not be null."]}),
            ({"scheme": "PIOPED_9"}, {"scheme": ['"PIOPED_9" is not a valid choice.']}),
            ({"category": "no_pe"}, {"category": ["Choose one of the terms of Ten terms in three groups."]}),
            ({"findings": ["x"]}, {"findings": ["Not a valid string."]}),
            ({"impression": "a\0b"}, {"impression": ["Null characters are not allowed."]}),
        ],
    )
    def test_what_cannot_be_right_is_named_by_field(self, order, attending, page_of, change, errors):
        answer = put(page_of(attending), order, {**DRAFT, **change})
        assert problem(answer) == (422, "Some values cannot be right.", errors)
        assert Report.objects.count() == 0

    def test_every_field_is_asked_for(self, order, attending, page_of):
        _, _, errors = problem(put(page_of(attending), order, {}))
        assert sorted(errors) == ["category", "draft_version", "findings", "impression", "scheme"]

    def test_waits_for_the_end_of_the_examination(self, site, attending, page_of):
        order = department.order(site)
        assert problem(put(page_of(attending), order, DRAFT)) == (
            409,
            "This examination is vetted. A report can be written once all its steps are finished.",
            None,
        )
        assert Report.objects.count() == 0

    def test_is_for_physicians_only(self, order, technologist, page_of):
        assert problem(put(page_of(technologist), order, DRAFT))[0] == 403


class TestSigning:
    def test_an_attending_signs_final(self, report, order, attending, page_of):
        answer = sign(page_of(attending), order, {"draft_version": 2})
        body, version = answer.json(), ReportVersion.objects.get()
        assert (answer.status_code, body["kind"], body["number"]) == (201, "final", 1)
        assert (body["content_hash"], body["signed_by"]) == (version.content_hash, "Ada Lund")

    def test_the_same_key_signs_once_and_answers_twice(self, report, order, attending, page_of):
        page, key = page_of(attending), {"Idempotency-Key": "once"}
        first = sign(page, order, {"draft_version": 2}, **key)
        second = sign(page, order, {"draft_version": 2}, **key)
        assert (first.status_code, second.status_code, second.json()) == (201, 201, first.json())
        assert ReportVersion.objects.count() == 1

    def test_who_comes_second_reads_who_signed_when(self, report, order, site, attending, page_of):
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        answer = sign(page_of(with_password(department.attending(site))), order, {"draft_version": 2})
        assert problem(answer) == (
            409,
            "Ada Lund signed this report on 8 Mar 2027 at 15:00. A signed report cannot be changed.",
            None,
        )

    def test_there_is_nothing_to_sign_before_the_first_draft(self, order, attending, page_of):
        answer = sign(page_of(attending), order, {"draft_version": 1})
        assert problem(answer) == (404, "There is no draft to sign yet. Write the report first.", None)

    def test_a_version_is_asked_for(self, report, order, attending, page_of):
        answer = sign(page_of(attending), order, {})
        assert problem(answer)[2] == {"draft_version": ["This field is required."]}
        assert ReportVersion.objects.count() == 0

    def test_is_for_physicians_only(self, report, order, technologist, page_of):
        assert problem(sign(page_of(technologist), order, {"draft_version": 2}))[0] == 403
        assert ReportVersion.objects.count() == 0


class TestTheList:
    def listed(self, page, **query):
        return page.get(reverse("reporting_api:reports"), query)

    def test_gives_finished_examinations_by_the_state_of_their_report(self, site, order, attending, page_of):
        drafted = department.performed(site)
        drafting.write(drafted, draft_version=1, **LIKELY, by=attending, now=NOW)
        department.booked(site)
        page = page_of(attending)
        everything = [(row["order"], row["state"]) for row in self.listed(page).json()["results"]]
        assert everything == [(drafted.pk, "draft"), (order.pk, "none")]
        for state, orders in {"none": [order.pk], "draft": [drafted.pk], "final": []}.items():
            assert [row["order"] for row in self.listed(page, state=state).json()["results"]] == orders
        seen = AuditEvent.objects.filter(action="list.viewed").first()
        assert seen.patient_ids == sorted([order.patient_id, drafted.patient_id])

    def test_goes_on_by_cursor(self, site, order, attending, page_of):
        newer = department.performed(site)
        page = page_of(attending)
        first = self.listed(page, page_size=1).json()
        second = page.get(first["next"]).json()
        assert [row["order"] for row in first["results"] + second["results"]] == [newer.pk, order.pk]

    def test_refuses_an_unknown_state(self, attending, page_of):
        answer = self.listed(page_of(attending), state="lost")
        assert problem(answer)[2] == {"state": ['"lost" is not a valid choice.']}

    def test_is_not_for_technologists(self, technologist, page_of):
        assert problem(self.listed(page_of(technologist)))[0] == 403

    @pytest.mark.parametrize("how_many", [1, 3])
    def test_takes_the_same_queries_for_one_row_and_for_three(
        self, site, attending, page_of, how_many, django_assert_num_queries
    ):
        for _ in range(how_many):
            order = department.performed(site)
            drafting.write(order, draft_version=1, **LIKELY, by=attending, now=NOW)
        page = page_of(attending)
        self.listed(page)
        with django_assert_num_queries(8):  # session, user, begin, site, orders, versions, audit, end
            answer = self.listed(page)
        assert len(answer.json()["results"]) == how_many
