"""What referrers see of their own patients: the newest version, what changed since they looked, and the retraction."""

import pytest

from reporting.models import Look
from reporting.services import drafting, signing
from tests import department
from tests.reporting.browser import address, html
from tests.reporting.conftest import LIKELY, NOW
from tests.reporting.test_versions import NORMAL, added, amended, retracted
from vqflow.models import AuditEvent, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def doctor(site, order):
    """The account of the order's referrer."""
    made = department.user(Role.REFERRER, site, username="dora")
    order.referrer.user = made
    order.referrer.save(update_fields=["user"])
    return made


@pytest.fixture
def final(report, attending):
    return signing.sign(report, draft_version=2, by=attending, now=NOW)


def result(page, order):
    return html(page.get(address("result", order)))


def listed(page):
    return html(page.get("/results/"))


def test_a_result_is_new_until_it_is_opened(final, order, doctor, page_of):
    page = page_of(doctor)
    assert "Not read yet" in listed(page)
    assert LIKELY["impression"] in result(page, order)
    assert "Not read yet" not in listed(page)
    assert Look.objects.values_list("number", flat=True).get() == 1
    event = AuditEvent.objects.filter(action="report.view_own_patients", subject_id=str(order.pk)).get()
    assert (event.patient_ids, event.data["number"]) == ([order.patient_id], 1)


def test_an_amendment_shows_what_changed_since_the_look_and_why(
    report, final, order, attending, doctor, page_of
):
    page = page_of(doctor)
    result(page, order)
    amended(report, NORMAL, attending, "A tracer artefact was recognised.")
    assert "Changed since you looked" in listed(page)
    shown = result(page, order)
    assert "Changed since you looked at version 1" in shown
    assert "A tracer artefact was recognised." in shown
    assert "<del>" in shown
    assert "<ins>" in shown
    assert "Earlier versions (1)" in shown
    assert "Changed since you looked" not in result(page, order)


def test_who_never_looked_reads_the_newest_version_without_its_history_of_changes(
    report, final, order, attending, doctor, page_of
):
    amended(report, NORMAL, attending)
    shown = result(page_of(doctor), order)
    assert "Changed since you looked" not in shown
    assert shown.index(NORMAL["impression"]) < shown.index(LIKELY["impression"])


def test_an_addendum_stands_below_the_report(report, final, order, attending, doctor, page_of):
    page = page_of(doctor)
    result(page, order)
    added(report, "The ward was told.", attending)
    shown = result(page, order)
    assert "An addendum was added below." in shown
    assert shown.index(LIKELY["impression"]) < shown.index("The ward was told.")


def test_a_retracted_report_says_so_first_and_tells_the_referrer_to_look(
    report, final, order, attending, doctor, page_of
):
    page = page_of(doctor)
    result(page, order)
    retracted(report, attending, "Wrong patient's pictures.")
    assert "Look again" in listed(page)
    shown = result(page, order)
    assert "This report was retracted. Do not use it." in shown
    assert "Wrong patient&#x27;s pictures." in shown
    assert "Pulmonary embolism is likely</p>" not in shown


def test_a_preliminary_report_is_no_result(report, order, resident, doctor, page_of):
    signing.sign(report, draft_version=2, by=resident, now=NOW)
    page = page_of(doctor)
    assert page.get(address("result", order)).status_code == 404
    assert page.get(address("result-pdf", order)).status_code == 404
    assert order.accession_number not in listed(page)


@pytest.mark.parametrize("name", ["result", "result-pdf"])
def test_another_referrers_patient_is_not_there(final, site, order, doctor, page_of, name):
    other = department.user(Role.REFERRER, site, username="otto")
    assert page_of(other).get(address(name, order)).status_code == 404


def test_the_file_is_a_tagged_archive_pdf_without_a_name_in_its_own(final, order, doctor, page_of):
    answer = page_of(doctor).get(address("result-pdf", order))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert f"report-{order.accession_number}-v1.pdf" in answer["Content-Disposition"]
    assert answer.content.startswith(b"%PDF-1.7")
    assert b"pdfaid:part>2<" in answer.content
    assert b"pdfuaid:part>1<" in answer.content
    assert AuditEvent.objects.filter(action="report.printed", agent_name="dora").count() == 1
    assert not Look.objects.exists()


def test_the_department_prints_it_too_and_a_character_without_a_font_is_refused(
    report, final, order, attending, page_of
):
    page = page_of(attending)
    assert page.get(address("pdf", order)).status_code == 200
    order.patient.given_name = "\U000f1234"
    order.patient.save(update_fields=["given_name"])
    answer = page.get(address("pdf", order))
    assert answer.status_code == 409
    assert "cannot be put on paper" in html(answer)


def test_names_in_other_scripts_are_on_paper(report, final, order, attending, page_of):
    order.patient.family_name, order.patient.given_name = "山田 Åßø", "محمد Дарья 김"
    order.patient.save(update_fields=["family_name", "given_name"])
    assert page_of(attending).get(address("pdf", order)).status_code == 200


def test_a_report_that_is_not_signed_is_not_printed(report, order, attending, page_of):
    assert page_of(attending).get(address("pdf", order)).status_code == 404


def test_a_preliminary_report_that_is_retracted_after_a_final_one_was_stays_among_readers(
    report, final, order, attending, resident, doctor, page_of
):
    retracted(report, attending)
    page = page_of(doctor)
    result(page, order)
    draft = drafting.current(report)
    again = drafting.save(draft, draft_version=draft.draft_version, **LIKELY, by=resident, now=NOW)
    signing.sign(again, draft_version=again.draft_version, by=resident, now=NOW)
    retracted(report, attending, reason="Not what the resident meant.")
    assert "Not what the resident meant." not in result(page, order)
    assert Look.objects.values_list("number", flat=True).get() == 2
