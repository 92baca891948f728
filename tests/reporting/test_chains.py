"""Every signed report is checked against what was signed, and a break is named without its patient."""

from io import StringIO

import pgtrigger
import pytest
from django.core.management import CommandError, call_command

from reporting.models import Report, ReportVersion
from reporting.services import chains, drafting, signing
from tests import department
from tests.reporting.conftest import LIKELY, NOW
from tests.reporting.test_versions import NORMAL, amended, retracted
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed(report, attending):
    """A report with its final version, an amendment and its retraction."""
    signing.sign(report, draft_version=2, by=attending, now=NOW)
    amended(report, NORMAL, attending)
    retracted(report, attending)
    return report


def checked():
    """(whether the command ended well, what it said, what it complained of)"""
    out, err = StringIO(), StringIO()
    try:
        call_command("check_signatures", stdout=out, stderr=err)
    except CommandError as error:
        return str(error), out.getvalue(), err.getvalue()
    return "", out.getvalue(), err.getvalue()


def tampered(report, number, **values):
    with pgtrigger.ignore("reporting.ReportVersion:write_once"):
        report.versions.filter(number=number).update(**values)


def test_what_is_signed_is_counted_and_found_right(signed):
    ended, said, complained = checked()
    assert (ended, complained) == ("", "")
    assert said == "3 signed versions of 1 reports checked.\nEvery one is what was signed.\n"


def test_nothing_is_counted_as_nothing(db):
    assert checked()[1].startswith("0 signed versions of 0 reports checked.")


def test_a_changed_word_is_named_by_its_report_and_nothing_else(signed, order):
    tampered(signed, 2, impression="Nothing at all.")
    ended, said, complained = checked()
    assert complained == f"report {signed.pk}: version 2 is not what was signed\n"
    assert ended.startswith("1 breaks.")
    patient = order.patient
    for secret in (patient.family_name, patient.mrn, order.accession_number, "Nothing"):
        assert secret not in ended + said + complained


def test_a_word_changed_together_with_its_hash_is_found_by_the_trail_and_by_the_chain(signed):
    version = signed.versions.get(number=2)
    version.report, version.impression = drafting.current(signed), "Nothing at all."
    digest = signing.engine.digest(signing._signed_content(version))
    tampered(signed, 2, impression="Nothing at all.", content_hash=digest)
    assert checked()[2].splitlines() == [
        f"report {signed.pk}: version 2 is not what the audit trail says was signed",
        f"report {signed.pk}: version 3 does not follow the version that it was signed after",
    ]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_version_that_is_gone_is_missed(signed, number):
    with pgtrigger.ignore("reporting.ReportVersion:write_once"):
        signed.versions.filter(number=number).delete()
    assert f"report {signed.pk}: version {number} is missing" in checked()[2].splitlines()


def test_a_signed_report_without_any_version_is_named(signed):
    with pgtrigger.ignore("reporting.ReportVersion:write_once", "vqflow.AuditEvent:write_once"):
        signed.versions.all().delete()
        AuditEvent.objects.all().delete()
    assert checked()[2] == (f"report {signed.pk}: the report is retracted, and no signed version is there\n")


def test_many_reports_are_read_in_few_statements_and_a_few_at_a_time(
    site, attending, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(chains, "AT_ONCE", 2)
    for _ in range(5):
        draft = drafting.write(department.performed(site), draft_version=1, **LIKELY, by=attending, now=NOW)
        signing.sign(draft, draft_version=2, by=attending, now=NOW)
    with django_assert_num_queries(3 * 3 + 1):
        found = list(chains.all_reports())
    assert [(each.reports, each.versions, each.breaks) for each in found] == [
        (2, 2, ()),
        (2, 2, ()),
        (1, 1, ()),
    ]
    assert (Report.objects.count(), ReportVersion.objects.count()) == (5, 5)
