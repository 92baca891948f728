from datetime import timedelta

import pytest

from reporting.demo import critical as demo
from reporting.models import CriticalResult, Escalation, Report, ReportVersion
from scheduling.models import UntoldResult
from tests import department
from tests.reporting.conftest import NOW

pytestmark = pytest.mark.django_db


def signed(site, by, at, category="pe_present"):
    report = Report.objects.create(
        order=department.performed(site),
        scheme="TEN_TERMS",
        category=category,
        state="final",
        written_by=by,
        written_at=at,
    )
    ReportVersion.objects.create(
        report=report, number=1, kind="final", scheme="TEN_TERMS", category=category, impression="PE.",
        signed_at=at, signed_by=by, content_hash="0" * 64,
    )  # fmt: skip
    return report


def test_what_was_signed_long_ago_was_told_and_a_fresh_draft_is_still_to_be_told(site, attending):
    told, calm = signed(site, attending, NOW - timedelta(days=2)), signed(site, attending, NOW, "normal")
    draft = Report.objects.create(
        order=department.performed(site),
        scheme="TRINARY",
        category="pe_present",
        written_by=attending,
        written_at=NOW - timedelta(minutes=20),
    )
    demo.write(now=NOW)
    found = {row.report_id: row for row in CriticalResult.objects.all()}
    assert set(found) == {told.pk, draft.pk}
    assert calm.pk not in found
    assert found[told.pk].told.told_to == "Dr Rita Moss"
    assert found[told.pk].told.told_at > found[told.pk].identified_at
    assert (found[draft.pk].closed_at, found[draft.pk].finding) == (None, "PE present (Trinary)")
    assert [each.order_id for each in UntoldResult.objects.all()] == [draft.order_id]
    assert Escalation.objects.get(result=found[draft.pk]).asked == "reader"
