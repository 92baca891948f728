"""A report whose draft has just been found to be critical."""

from datetime import timedelta

import pytest

from reporting.engine.critical import Method, Telling
from reporting.models import Report
from reporting.services import critical
from tests import department
from tests.reporting.conftest import NOW

MINUTE = timedelta(minutes=1)


def says(report, category="", *, scheme="TEN_TERMS", other=()):
    """The report as if a draft with this content had been saved."""
    content = {"scheme": scheme, "category": category, "reading": {"other": list(other)} if other else {}}
    Report.objects.filter(pk=report.pk).update(**content)
    report.refresh_from_db()
    return report


def telling(at, **changed):
    values = {
        "told_to": "Dr Rita Moss",
        "method": Method.PHONE,
        "told_at": at,
        "finding": "PE present",
        "read_back": True,
    }
    return Telling(**values | changed)


@pytest.fixture
def lead(site):
    return department.lead(site, username="lia", first_name="Lia", last_name="Berg")


@pytest.fixture
def empty(order, attending):
    """A report without a category."""
    return Report.objects.create(order=order, scheme="TEN_TERMS", written_by=attending, written_at=NOW)


@pytest.fixture
def result(empty, attending):
    """Pulmonary embolism, identified on the attending's draft at NOW; nobody has been told."""
    (made,) = critical.identified(says(empty, "pe_present"), stage="draft", by=attending, now=NOW)
    return made
