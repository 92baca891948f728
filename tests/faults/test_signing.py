"""Signing while processes die: the version and its notice are there together or not at all, and the notice goes out
once somebody sends again."""

import subprocess
import sys

import pytest
from django.utils import timezone

from reporting.models import ReportVersion
from reporting.services import drafting
from scheduling.models import Message, MessageKind, MessageState
from tests import department
from tests.faults.senders import own_environment, senders

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(300, func_only=True),
    pytest.mark.django_db(transaction=True),
]
DRAFT = {"scheme": "TEN_TERMS", "category": "normal", "findings": "Even.", "impression": "Normal."}
# A web process that signs, says where it is, and waits to be killed: before the transaction ends, or right after.
SIGNER = """
import os, sys, time
import django
django.setup()
from django.db import transaction
from django.utils import timezone
from reporting.models import Report
from reporting.services import signing
from scheduling.models import Message
from vqflow.models import User

# "told_later": the careless way, in which the notice is written after the signature.
def wait(where):
    print(where, flush=True)
    time.sleep(120)

where, report, by = sys.argv[1], Report.objects.get(pk=sys.argv[2]), User.objects.get(pk=sys.argv[3])
with transaction.atomic():
    signing.sign(report, draft_version=report.draft_version, by=by, now=timezone.now())
    if where == "before":
        wait("before")
    if where == "told_later":
        notice = Message.objects.get(kind="result_ready")
        notice.delete()
wait(where)
notice.save()
"""


@pytest.fixture
def report():
    site = department.site()
    order = department.performed(site)
    order.referrer.email = "referrer@clinic.example"
    order.referrer.save(update_fields=["email"])
    by = department.attending(site)
    saved = drafting.write(order, draft_version=1, **DRAFT, by=by, now=timezone.now())
    saved.signer = by
    return saved


def killed(report, where):
    """A process that signs and is killed at this point."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SIGNER, where, str(report.pk), str(report.signer.pk)],
        stdout=subprocess.PIPE,
        text=True,
        env={**own_environment(), "DJANGO_SETTINGS_MODULE": "vqflow.settings"},
    ) as process:
        assert process.stdout.readline().strip() == where
        process.kill()


def notices():
    return Message.objects.filter(kind=MessageKind.RESULT_READY)


def test_killed_after_signing_the_notice_goes_out_once_somebody_sends(report, relay, tmp_path):
    killed(report, "after")
    assert ReportVersion.objects.count() == 1
    assert notices().get().state == MessageState.PENDING
    with senders(tmp_path) as crew:
        crew.start("dispatch")
        crew.wait_until(lambda: notices().get().state == MessageState.SENT)
    assert relay.ids.total() == 1


def test_killed_before_the_end_nothing_is_signed_and_nobody_is_told(report, relay):
    killed(report, "before")
    report.refresh_from_db()
    assert (ReportVersion.objects.count(), notices().count(), report.state) == (0, 0, "draft")


def test_whoever_tells_after_signing_loses_the_notice_when_killed(report, relay):
    """The negative control: the same kill, of a signer that writes the notice in a transaction of its own."""
    killed(report, "told_later")
    report.refresh_from_db()
    assert (ReportVersion.objects.count(), notices().count(), report.state) == (1, 0, "final")
