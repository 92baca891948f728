"""Somebody with the database's own rights changes a signed report behind the application: the check sees it."""

import re
import subprocess
import sys

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from reporting.models import ReportVersion
from reporting.services import drafting, signing
from tests import department
from tests.faults.senders import own_environment
from vqflow.processes import PROJECT

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(180, func_only=True),
    pytest.mark.django_db(transaction=True),
]
DRAFT = {"scheme": "TEN_TERMS", "category": "normal", "findings": "Even.", "impression": "Normal."}
CHANGE = "UPDATE reporting_reportversion SET impression = 'Pulmonary embolism.' WHERE report_id = %s"
BACK = "UPDATE reporting_reportversion SET impression = 'Normal.' WHERE report_id = %s"


@pytest.fixture
def reports():
    """Three signed reports of one site."""
    site = department.site()
    by = department.attending(site)
    found = []
    for _ in range(3):
        order, now = department.performed(site), timezone.now()
        saved = drafting.write(order, draft_version=1, **DRAFT, by=by, now=now)
        signing.sign(saved, draft_version=saved.draft_version, by=by, now=now)
        found.append(saved)
    return found


def check():
    """(exit status, all that was printed) of the command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "check_signatures"],
        cwd=PROJECT,
        env={**own_environment(), "DJANGO_SETTINGS_MODULE": "vqflow.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def as_superuser(statement, report):
    """Past the triggers, as only the database's superuser can."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, [report.pk])
        cursor.execute("SET session_replication_role = DEFAULT")


def test_a_change_behind_the_application_is_seen_and_named_by_the_report_only(reports):
    victim = reports[1]
    assert check() == (0, "3 signed versions of 3 reports checked.\nEvery one is what was signed.\n")
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        connection.cursor().execute(CHANGE, [victim.pk])
    as_superuser(CHANGE, victim)
    status, said = check()
    assert (status, ReportVersion.objects.filter(impression="Pulmonary embolism.").count()) == (1, 1)
    assert re.findall(r"^report (\d+): version 1 is not what was signed$", said, re.M) == [str(victim.pk)]
    assert len(re.findall(r"^report ", said, re.M)) == 1
    order = victim.order
    for secret in (order.patient.family_name, order.patient.mrn, order.accession_number, "embolism"):
        assert secret not in said
    # The negative control: with the word put back nothing is seen, so it was the word that was seen.
    as_superuser(BACK, victim)
    assert check()[0] == 0
