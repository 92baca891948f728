import pytest
from django.db import DatabaseError, connection, transaction

from reporting.models import Attempt, CriticalResult, Told
from reporting.services import critical, drafting, signing
from scheduling.models import Message, MessageKind, MessageState, Referrer, Task, UntoldResult
from tests import department
from tests.reporting.conftest import LIKELY, NOW
from tests.reporting.critical.conftest import MINUTE, says, telling
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
LATER = NOW + 10 * MINUTE


class TestTold:
    def test_the_call_closes_it_with_all_six_fields(self, empty, result, attending, order):
        (row,) = critical.told(empty, telling(LATER - MINUTE), by=attending, now=LATER)
        result.refresh_from_db()
        assert (result.closed_at, result.closing) == (LATER, "told")
        assert (row.finding, row.result.identified_at, row.told_by, row.told_to, row.told_at, row.method) == (
            "PE present",
            NOW,
            attending,
            "Dr Rita Moss",
            LATER - MINUTE,
            "phone",
        )
        assert (row.read_back, row.recorded_at, row.recorded_by) == (True, LATER, attending)
        assert not UntoldResult.objects.exists()
        event = AuditEvent.objects.get(action="critical.told")
        assert (event.patient_ids, "Moss" in str(event.data)) == ([order.patient_id], False)

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"told_to": ""}, "told_to"),
            ({"method": "email"}, "method"),
            ({"finding": " "}, "finding"),
            ({"told_at": LATER + MINUTE}, "told_at"),
            ({"read_back": False}, "read_back"),
            ({"told_to": "x" * 151}, "told_to"),
        ],
    )
    def test_without_one_of_them_it_stays_open(self, empty, result, attending, changed, field):
        with pytest.raises(Invalid) as refusal:
            critical.told(empty, telling(LATER, **changed), by=attending, now=LATER)
        assert list(refusal.value.fields) == [field]
        assert UntoldResult.objects.exists()
        assert not Told.objects.exists()

    def test_a_second_call_reads_who_told_whom_when(self, empty, result, attending, resident):
        critical.told(empty, telling(LATER), by=attending, now=LATER)
        with pytest.raises(Conflict) as refusal:
            critical.told(empty, telling(LATER), by=resident, now=LATER + MINUTE)
        assert refusal.value.sentence == "Ada Lund told Dr Rita Moss on 8 Mar 2027 at 15:10."

    def test_one_call_tells_all_that_is_open_in_a_report(self, empty, result, attending, site):
        CriticalResult.objects.create(
            report=empty, key="finding:mass", finding="Mass", stage="draft", identified_at=NOW, identified_by=attending,
            due_at=NOW + MINUTE,
        )  # fmt: skip
        assert len(critical.told(empty, telling(LATER), by=attending, now=LATER)) == 2
        assert not CriticalResult.objects.open().exists()

    def test_what_became_critical_while_the_form_was_open_is_not_closed_unseen(
        self, empty, result, attending
    ):
        with pytest.raises(Conflict):
            critical.told(empty, telling(LATER), by=attending, now=LATER, seen=[])
        critical.told(empty, telling(LATER), by=attending, now=LATER, seen=[result.pk, 999])

    def test_the_lead_writes_down_what_the_physician_told(self, empty, result, attending, lead):
        (row,) = critical.told(empty, telling(LATER), by=lead, now=LATER, told_by=attending)
        assert (row.told_by, row.recorded_by) == (attending, lead)

    @pytest.mark.parametrize("who", ["technologist", "elsewhere"])
    def test_nobody_else_can_have_told_it(self, empty, result, attending, technologist, elsewhere, who):
        teller = technologist if who == "technologist" else department.attending(elsewhere)
        with pytest.raises(Invalid) as refusal:
            critical.told(empty, telling(LATER), by=attending, now=LATER, told_by=teller)
        assert list(refusal.value.fields) == ["told_by"]

    def test_a_technologist_may_not_close_it(self, empty, result, technologist):
        with pytest.raises(NotAllowed):
            critical.told(empty, telling(LATER), by=technologist, now=LATER)

    def test_mail_and_desk_calls_that_ask_to_look_fall_away(self, empty, result, attending, order):
        Referrer.objects.filter(pk=order.referrer_id).update(email="")
        critical.escalate_due(now=NOW + 15 * MINUTE)
        assert Task.objects.get(about__endswith=":critical_result").closed_at is None
        critical.told(empty, telling(NOW + 16 * MINUTE), by=attending, now=NOW + 16 * MINUTE)
        assert Task.objects.get(about__endswith=":critical_result").closed_at is not None

    def test_a_mail_that_has_not_left_yet_does_not_leave(self, empty, result, attending):
        critical.escalate_due(now=NOW + 15 * MINUTE)
        critical.told(empty, telling(NOW + 16 * MINUTE), by=attending, now=NOW + 16 * MINUTE)
        mail = Message.objects.get(kind=MessageKind.CRITICAL_RESULT)
        assert mail.state == MessageState.CANCELLED


class TestTried:
    def test_an_attempt_is_kept_and_closes_nothing(self, empty, result, resident):
        (row,) = critical.tried(
            empty, whom="Dr Rita Moss", outcome="no_answer", note="Pager too", by=resident, now=LATER
        )
        assert (row.tried_by, row.whom, row.get_outcome_display(), row.tried_at) == (
            resident,
            "Dr Rita Moss",
            "No answer",
            LATER,
        )
        assert UntoldResult.objects.exists()

    @pytest.mark.parametrize(
        ("changed", "field"),
        [({"whom": " "}, "whom"), ({"outcome": "told"}, "outcome"), ({"method": "email"}, "method")],
    )
    def test_it_says_whom_how_and_what_came_of_it(self, empty, result, attending, changed, field):
        values = {"whom": "Dr Moss", "outcome": "busy"} | changed
        with pytest.raises(Invalid) as refusal:
            critical.tried(empty, **values, by=attending, now=LATER)
        assert list(refusal.value.fields) == [field]
        assert not Attempt.objects.exists()

    def test_where_nothing_is_open_it_is_refused(self, empty, attending):
        with pytest.raises(Conflict) as refusal:
            critical.tried(empty, whom="Dr Moss", outcome="busy", by=attending, now=LATER)
        assert refusal.value.sentence == "Nothing has to be told about this examination."


class TestWithdrawn:
    def test_a_slip_of_the_draft_is_withdrawn_with_a_reason(self, empty, result, attending):
        says(empty, "normal")
        result.report.refresh_from_db()
        critical.withdraw(result, reason="Wrong button.", by=attending, now=LATER)
        result.refresh_from_db()
        assert (result.closing, result.withdrawal.reason) == ("withdrawn", "Wrong button.")
        assert not UntoldResult.objects.exists()

    def test_not_without_a_reason(self, empty, result, attending):
        with pytest.raises(Invalid):
            critical.withdraw(result, reason=" ", by=attending, now=LATER)

    def test_not_while_the_draft_says_it(self, empty, result, attending):
        with pytest.raises(Conflict) as refusal:
            critical.withdraw(result, reason="Wrong button.", by=attending, now=LATER)
        assert refusal.value.sentence == "The report still says it. Change the report first, or tell it."

    def test_not_while_a_signed_version_says_it(self, order, resident, attending):
        report = drafting.write(order, draft_version=1, **LIKELY, by=resident, now=NOW)
        signing.sign(report, draft_version=2, by=resident, now=NOW)
        critical.identified(drafting.current(report), stage="preliminary", by=resident, now=NOW)
        says(report, "normal")
        with pytest.raises(Conflict) as refusal:
            critical.withdraw(CriticalResult.objects.get(), reason="Wrong.", by=attending, now=LATER)
        assert refusal.value.sentence == "A signed version still says it. Amend the report, or tell it."

    def test_not_a_correction(self, empty, result, attending):
        critical.told(empty, telling(LATER), by=attending, now=LATER)
        critical.identified(says(empty, "normal"), stage="final", by=attending, now=LATER)
        with pytest.raises(Conflict):
            critical.withdraw(CriticalResult.objects.open().get(), reason="x", by=attending, now=LATER)

    def test_the_lead_may_not(self, empty, result, lead):
        with pytest.raises(NotAllowed):
            critical.withdraw(result, reason="x", by=lead, now=LATER)


class TestTheDatabaseRefuses:
    @pytest.fixture
    def told(self, empty, result, attending):
        critical.tried(empty, whom="Dr Moss", outcome="busy", by=attending, now=LATER)
        critical.escalate_due(now=NOW + 15 * MINUTE)
        critical.told(empty, telling(LATER), by=attending, now=LATER)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE reporting_told SET told_to = 'Dr Else'",
            "DELETE FROM reporting_told",
            "UPDATE reporting_attempt SET whom = 'Dr Else'",
            "DELETE FROM reporting_attempt",
            "UPDATE reporting_escalation SET minutes = 1",
            "DELETE FROM reporting_escalation",
            "UPDATE reporting_criticalresult SET closed_at = NULL, closing = NULL",
            "UPDATE reporting_criticalresult SET closed_at = closed_at - interval '1 hour'",
            "UPDATE reporting_criticalresult SET identified_at = identified_at + interval '1 minute'",
            "DELETE FROM reporting_criticalresult",
        ],
    )
    def test_to_change_what_is_written(self, told, statement):
        refused(statement)

    def test_to_move_the_deadline_of_an_open_result(self, result):
        refused("UPDATE reporting_criticalresult SET due_at = due_at + interval '1 hour'")

    def test_a_call_that_was_not_read_back(self, result, attending):
        with pytest.raises(DatabaseError, match="critical_told_was_read_back"), transaction.atomic():
            Told.objects.create(
                result=result, finding="PE", told_by=attending, told_to="Dr Moss", told_at=NOW, method="phone",
                read_back=False, recorded_at=NOW, recorded_by=attending,
            )  # fmt: skip

    def test_an_e_mail_as_a_method(self, result, attending):
        with pytest.raises(DatabaseError, match="critical_told_method_known"), transaction.atomic():
            Told.objects.create(
                result=result, finding="PE", told_by=attending, told_to="Dr Moss", told_at=NOW, method="email",
                read_back=True, recorded_at=NOW, recorded_by=attending,
            )  # fmt: skip


def refused(statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
