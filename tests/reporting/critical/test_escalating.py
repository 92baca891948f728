import threading

import pytest
from django.db import connection, transaction

from reporting.models import CriticalResult, Escalation
from reporting.services import critical
from scheduling.models import Message, MessageKind, Referrer
from tests import department
from tests.reporting.conftest import NOW
from tests.reporting.critical.conftest import MINUTE, says, telling
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


def steps():
    rows = Escalation.objects.order_by("pk")
    return [(row.number, row.minutes, row.asked, row.escalated_at - NOW) for row in rows]


def mails():
    return Message.objects.filter(kind=MessageKind.CRITICAL_RESULT).count()


def test_nobody_else_is_asked_in_the_first_quarter_of_an_hour(result):
    assert critical.escalate_due(now=NOW + 14.9 * MINUTE) == 0
    assert (steps(), mails()) == ([], 0)


def test_reader_then_lead_then_covering_clinician_each_at_its_time_and_once(result):
    for seconds in range(0, 3700, 15):
        critical.escalate_due(now=NOW + seconds / 60 * MINUTE)
    assert steps() == [
        (1, 15, "reader", 15 * MINUTE),
        (2, 30, "lead", 30 * MINUTE),
        (3, 60, "covering", 60 * MINUTE),
    ]
    assert mails() == 1
    events = AuditEvent.objects.filter(action="critical.escalated").order_by("pk")
    assert [(event.agent_name, event.data["step"]) for event in events] == [
        ("system", 1),
        ("system", 2),
        ("system", 3),
    ]


def test_a_beat_that_is_late_by_an_hour_writes_all_that_is_due_once(result):
    late = NOW + 75 * MINUTE
    assert critical.escalate_due(now=late) == 3
    assert critical.escalate_due(now=late) == 0
    assert [row[0] for row in steps()] == [1, 2, 3]
    assert {row.due_at - NOW for row in Escalation.objects.all()} == {15 * MINUTE, 30 * MINUTE, 60 * MINUTE}
    assert mails() == 1


@pytest.mark.parametrize("how", ["told", "withdrawn"])
def test_what_is_closed_is_not_escalated(empty, result, attending, how):
    if how == "told":
        critical.told(empty, telling(NOW + MINUTE), by=attending, now=NOW + MINUTE)
    else:
        critical.identified(says(empty, "normal"), stage="final", by=attending, now=NOW + MINUTE)
    assert critical.escalate_due(now=NOW + 90 * MINUTE) == 0


def test_who_must_be_told_after_the_last_step_is_the_covering_clinician(result, order):
    Referrer.objects.filter(pk=order.referrer_id).update(covering_name="Dr Noor Cole", covering_phone="555 2")
    order.referrer.refresh_from_db()
    names = []
    for minutes in (0, 15, 30, 60):
        critical.escalate_due(now=NOW + minutes * MINUTE)
        names.append(critical.must_be_told(order, Escalation.objects.all()))
    assert names == ["Dr Rita Moss", "Dr Rita Moss", "Dr Rita Moss", "Dr Noor Cole"]


def test_where_nobody_covers_it_says_who_else_can_act(result, order):
    critical.escalate_due(now=NOW + 60 * MINUTE)
    assert critical.must_be_told(order, Escalation.objects.all()) == (
        "the emergency department, or any clinician who looks after the patient"
    )


def test_for_an_inpatient_the_ward_is_told_first(site):
    order = department.order(site, patient_class="I", ward="4 West")
    assert [each.name for each in critical.recipients(order)] == ["4 West", "Dr Rita Moss"]


def test_another_result_s_trouble_does_not_stop_the_rest(result, attending, monkeypatch):
    """The first result's transaction fails; the second one's escalations are written, the first one's next time."""
    other = department.performed(result.report.order.site)
    report = result.report.__class__.objects.create(
        order=other, scheme="TEN_TERMS", category="pe_present", written_by=attending, written_at=NOW
    )
    critical.identified(report, stage="draft", by=attending, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""CREATE FUNCTION pg_temp.fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.result_id = {result.pk} THEN RAISE EXCEPTION 'out of order'; END IF; RETURN NEW; END $$"""
        )
        cursor.execute(
            "CREATE TRIGGER fails BEFORE INSERT ON reporting_escalation FOR EACH ROW EXECUTE FUNCTION pg_temp.fails()"
        )
    assert critical.escalate_due(now=NOW + 15 * MINUTE) == 1
    assert set(Escalation.objects.values_list("result__report", flat=True)) == {report.pk}


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_write_each_escalation_once(result):
    ready = threading.Barrier(3)

    def beat():
        ready.wait()
        try:
            critical.escalate_due(now=NOW + 75 * MINUTE)
        finally:
            connection.close()

    threads = [threading.Thread(target=beat) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row[0] for row in steps()] == [1, 2, 3]
    assert mails() == 1


@pytest.mark.django_db(transaction=True)
def test_a_result_that_somebody_is_writing_down_is_left_to_them(empty, result, attending):
    written = []
    with transaction.atomic():
        critical.told(empty, telling(NOW + MINUTE), by=attending, now=NOW + MINUTE)
        beat = threading.Thread(target=lambda: written.append(_beat()))
        beat.start()
        beat.join(timeout=10)
        assert not beat.is_alive()
    assert written == [0]
    assert CriticalResult.objects.get().closing == "told"


def _beat():
    try:
        return critical.escalate_due(now=NOW + 75 * MINUTE)
    finally:
        connection.close()
