"""Critical results that nobody is told: every escalation is written once, whoever dies, is late, or comes twice."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reporting.models import CriticalResult, Escalation, Report
from scheduling.models import Message, MessageKind
from scheduling.services import untold
from tests import crowd, department
from tests.faults.careless_critical import COMMAND, LOOKED
from tests.faults.senders import senders

pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(300, func_only=True),
    pytest.mark.django_db(transaction=True),
]
MANY, FEW = 150, 4
ONCE = "critical_escalation_once"


def untold_results(booked, count, *, minutes_ago):
    """So many results that were identified so long ago, and that nobody has been told."""
    site, now = booked.site, timezone.now()
    by, identified_at = department.attending(site), now - timedelta(minutes=minutes_ago)
    for appointment in crowd.like(booked, count):
        report = Report.objects.create(
            order=appointment.procedure.order,
            scheme="TEN_TERMS",
            category="pe_present",
            written_by=by,
            written_at=identified_at,
        )
        CriticalResult.objects.create(
            report=report,
            key="pe_likely",
            finding="PE present",
            stage="draft",
            identified_at=identified_at,
            identified_by=by,
            due_at=identified_at + timedelta(minutes=60),
            escalate_after=[15, 30, 60],
        )
        untold.stands(report.order, since=identified_at, due_at=identified_at + timedelta(minutes=60))


def written():
    """{(result, number): how many rows there are}"""
    return Counter(Escalation.objects.values_list("result", "number"))


def asked_by_mail():
    return Message.objects.filter(kind=MessageKind.CRITICAL_RESULT).values_list("order").distinct().count()


def test_a_worker_that_is_killed_and_a_beat_late_by_an_hour_lose_and_double_nothing(booked, tmp_path):
    untold_results(booked, MANY, minutes_ago=75)
    with senders(tmp_path) as crew:
        crew.start("worker")
        crew.start("beat")
        crew.wait_until(Escalation.objects.exists)
        crew.kill("worker")
        crew.kill("beat")
        so_far = written()
        assert 0 < len(so_far) < 3 * MANY  # it died on the way
        assert all(so_far[result, number] == 1 for result, _ in so_far for number in (1, 2, 3))
        for name in ("worker 1", "worker 2", "beat 1", "beat 2"):
            crew.start(name)
        crew.wait_until(lambda: len(written()) == 3 * MANY)
    assert set(written().values()) == {1}
    assert Message.objects.filter(kind=MessageKind.CRITICAL_RESULT).count() == asked_by_mail() == MANY


def test_without_redis_the_second_path_escalates(booked, tmp_path):
    untold_results(booked, FEW, minutes_ago=20)
    with senders(tmp_path) as crew:
        crew.start("dispatch")
        crew.wait_until(lambda: len(written()) == FEW)
    assert set(Escalation.objects.values_list("asked", flat=True)) == {"reader"}


def test_two_who_look_without_asking_write_an_escalation_twice(booked, tmp_path):
    """The negative control: no lock in the service, no constraint in the database."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE reporting_escalation DROP CONSTRAINT {ONCE}")
    try:
        with senders(tmp_path) as crew:
            for name in ("careless 1", "careless 2"):
                crew.start(name, COMMAND)
            crew.wait_until(lambda: all(LOOKED in crew.log_of(name) for name in crew.processes))
            untold_results(booked, FEW, minutes_ago=75)
            crew.wait_until(lambda: max(written().values(), default=0) > 1)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE reporting_escalation")
            cursor.execute(
                f"ALTER TABLE reporting_escalation ADD CONSTRAINT {ONCE} UNIQUE (result_id, number)"
            )
