import threading

import pytest
from django.db import connection

from reporting.models import CriticalResult, Escalation, ReportingRules, VersionKind, Withdrawal
from reporting.services import critical, drafting, signing, versions
from scheduling.models import UntoldResult
from tests.reporting.conftest import NOW
from tests.reporting.critical.conftest import MINUTE, says, telling
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


def identified(report, stage, by, minutes=0):
    return critical.identified(report, stage=stage, by=by, now=NOW + minutes * MINUTE)


def all_results():
    rows = CriticalResult.objects.order_by("pk")
    return [(row.kind, row.key, str(row.stage), row.closing) for row in rows]


class TestWhatIsNew:
    @pytest.mark.parametrize("stage", ["draft", "preliminary", "final", "amendment"])
    def test_pe_likely_opens_a_result_with_an_hour_to_tell_it(self, empty, attending, order, stage):
        (made,) = identified(says(empty, "high_probability"), stage, attending)
        assert (made.finding, made.stage, made.identified_by) == (
            "High probability of PE (Ten terms in three groups)",
            stage,
            attending,
        )
        assert (made.identified_at, made.due_at, made.escalate_after) == (
            NOW,
            NOW + 60 * MINUTE,
            [15, 30, 60],
        )
        assert (UntoldResult.objects.get().order, UntoldResult.objects.get().due_at) == (order, made.due_at)
        event = AuditEvent.objects.get(action="critical.identified")
        assert (event.patient_ids, event.data) == (
            [order.patient_id],
            {"order": order.pk, "stage": stage, "kind": "critical", "key": "pe_likely"},
        )

    @pytest.mark.parametrize("category", ["", "normal", "nondiagnostic"])
    def test_nothing_else_does(self, empty, attending, category):
        assert identified(says(empty, category), "final", attending) == []
        assert all_results() == []
        assert not UntoldResult.objects.exists()

    def test_it_is_opened_once_however_often_the_same_is_saved_and_signed(self, empty, attending):
        says(empty, "pe_present")
        for minutes, stage in enumerate(["draft", "draft", "preliminary", "draft", "final", "final"]):
            identified(empty, stage, attending, minutes)
        (made,) = CriticalResult.objects.all()
        assert (made.stage, made.identified_at) == ("draft", NOW)

    def test_another_term_of_pe_likely_is_the_same_result(self, empty, result, attending):
        assert identified(says(empty, "high_probability", scheme="PIOPED_I"), "final", attending, 5) == []
        assert all_results() == [("critical", "pe_likely", "draft", None)]

    def test_the_department_s_own_terms_findings_and_times_count(self, empty, attending, site):
        ReportingRules.objects.create(
            site=site,
            critical_terms=["TEN_TERMS:intermediate_probability"],
            critical_findings=["pneumothorax"],
            tell_within=30 * MINUTE,
            escalate_after=[5, 20],
        )
        says(empty, "intermediate_probability", other=["pneumothorax", "mass"])
        first, second = identified(empty, "draft", attending)
        assert [first.key, second.key] == [
            "term:TEN_TERMS:intermediate_probability",
            "finding:pneumothorax",
        ]
        assert (second.due_at, second.escalate_after) == (NOW + 30 * MINUTE, [5, 20])

    def test_a_finding_that_comes_later_is_a_result_of_its_own(self, empty, result, attending, site):
        ReportingRules.objects.create(site=site, critical_findings=["pneumothorax"])
        (made,) = identified(says(empty, "pe_present", other=["pneumothorax"]), "draft", attending, 5)
        assert (made.key, made.finding) == ("finding:pneumothorax", "Pneumothorax")
        assert UntoldResult.objects.get().since == NOW

    def test_what_the_department_no_longer_lists_stays_open_until_somebody_is_told(
        self, empty, attending, site
    ):
        rules = ReportingRules.objects.create(site=site, critical_findings=["pneumothorax"])
        identified(says(empty, "normal", other=["pneumothorax"]), "draft", attending)
        rules.critical_findings = []
        rules.save(update_fields=["critical_findings"])
        identified(empty, "final", attending, 5)
        assert all_results() == [("critical", "finding:pneumothorax", "draft", None)]


class TestWhatIsNoLongerSaid:
    def test_a_slip_that_is_put_right_at_once_is_withdrawn_by_itself(self, empty, result, attending):
        identified(says(empty, "normal"), "draft", attending, 1)
        assert all_results() == [("critical", "pe_likely", "draft", "withdrawn")]
        assert Withdrawal.objects.get().reason == "Changed to Normal at once."
        assert not UntoldResult.objects.exists()

    @pytest.mark.parametrize("category", ["", "normal"])
    def test_later_or_emptied_it_stays_open(self, empty, result, attending, category):
        identified(says(empty, category), "draft", attending, 1 if category == "" else 3)
        assert all_results() == [("critical", "pe_likely", "draft", None)]

    def test_a_second_reader_s_draft_does_not_withdraw_it(self, empty, result, resident):
        identified(says(empty, "normal"), "draft", resident, 1)
        assert all_results() == [("critical", "pe_likely", "draft", None)]

    def test_after_an_attempt_it_is_no_slip(self, empty, result, attending):
        critical.tried(empty, whom="Dr Moss", outcome="message_left", by=attending, now=NOW + MINUTE)
        identified(says(empty, "normal"), "draft", attending, 1)
        assert all_results() == [("critical", "pe_likely", "draft", None)]

    def test_signed_as_something_else_it_is_withdrawn_with_that_reason(self, empty, result, attending):
        identified(says(empty, "normal"), "final", attending, 20)
        assert all_results() == [("critical", "pe_likely", "draft", "withdrawn")]
        row = Withdrawal.objects.get()
        assert (row.reason, row.withdrawn_by, row.stage) == ("Signed as final: Normal.", attending, "final")

    def test_identified_again_after_that_it_has_its_own_hour(self, empty, result, attending):
        identified(says(empty, "normal"), "final", attending, 20)
        (made,) = identified(says(empty, "pe_positive"), "amendment", attending, 90)
        assert (made.stage, made.identified_at) == ("amendment", NOW + 90 * MINUTE)


class TestWhatWasTold:
    @pytest.fixture
    def told(self, empty, result, attending):
        critical.told(empty, telling(NOW + 5 * MINUTE), by=attending, now=NOW + 6 * MINUTE)

    def test_it_is_told_once(self, empty, told, attending):
        for stage in ("draft", "preliminary", "final", "addendum"):
            assert identified(empty, stage, attending, 30) == []

    def test_a_draft_that_says_something_else_changes_nothing(self, empty, told, attending):
        identified(says(empty, "normal"), "draft", attending, 7)
        assert all_results() == [("critical", "pe_likely", "draft", "told")]

    @pytest.mark.parametrize(
        ("stage", "category", "words"),
        [
            ("final", "normal", "The report now says Normal."),
            ("amendment", "nondiagnostic", "The report now says Nondiagnostic."),
            ("retraction", "pe_present", "The report was retracted."),
        ],
    )
    def test_signed_otherwise_it_is_to_be_corrected_by_voice(
        self, empty, told, attending, stage, category, words
    ):
        (made,) = identified(says(empty, category), stage, attending, 30) or CriticalResult.objects.open()
        assert (made.kind, made.stage, made.due_at) == ("correction", stage, NOW + 90 * MINUTE)
        assert made.finding == f"No longer stands: PE present (Ten terms in three groups). {words}"
        assert UntoldResult.objects.exists()
        identified(empty, stage, attending, 31)
        assert len(all_results()) == 2

    def test_critical_again_before_the_correction_was_told_nothing_is_left_to_tell(
        self, empty, told, attending
    ):
        identified(says(empty, "normal"), "final", attending, 30)
        identified(says(empty, "pe_present"), "amendment", attending, 40)
        assert all_results() == [
            ("critical", "pe_likely", "draft", "told"),
            ("correction", "pe_likely", "final", "withdrawn"),
        ]
        assert not UntoldResult.objects.exists()

    def test_critical_again_after_the_correction_it_is_told_anew(self, empty, told, attending):
        identified(says(empty, "normal"), "final", attending, 30)
        critical.told(empty, telling(NOW + 32 * MINUTE), by=attending, now=NOW + 32 * MINUTE)
        (made,) = identified(says(empty, "pe_present"), "amendment", attending, 40)
        assert (made.kind, made.stage) == ("critical", "amendment")


def test_an_escalated_result_is_no_slip(empty, result, attending):
    Escalation.objects.create(
        result=result, number=1, minutes=1, asked="reader", due_at=NOW, escalated_at=NOW + MINUTE
    )
    identified(says(empty, "normal"), "draft", attending, 1)
    assert all_results() == [("critical", "pe_likely", "draft", None)]


@pytest.mark.parametrize("category", ["normal", "pe_present"])
def test_a_save_asks_little_of_the_database(empty, attending, category, django_assert_max_num_queries):
    says(empty, category)
    identified(empty, "draft", attending)
    with django_assert_max_num_queries(4 if category == "normal" else 17):
        identified(empty, "draft", attending, 1)


@pytest.mark.django_db(transaction=True)
def test_two_saves_at_once_make_one_result(empty, attending):
    says(empty, "pe_present")
    ready = threading.Barrier(2)

    def save():
        ready.wait()
        try:
            identified(empty, "draft", attending)
        finally:
            connection.close()

    threads = [threading.Thread(target=save) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all_results() == [("critical", "pe_likely", "draft", None)]


def test_what_was_signed_meanwhile_is_no_slip_that_a_draft_takes_back(report, attending):
    (found,) = CriticalResult.objects.all()
    later = found.identified_at + MINUTE
    signing.sign(report, draft_version=report.draft_version, by=attending, now=later)
    versions.begin(report, VersionKind.AMENDMENT, reason="Looked again.", by=attending, now=later)
    begun = drafting.current(report)
    normal = {"category": "normal", "reading": {}}
    drafting.save(begun, draft_version=begun.draft_version, **normal, by=found.identified_by, now=later)
    assert CriticalResult.objects.get().is_open
