import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from reporting.models import Report, ReportVersion
from reporting.services import drafting, signing
from scheduling.models import Message, MessageKind, Order
from tests import department
from tests.reporting.conftest import LIKELY, NOW, TEXT
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import AuditEvent

LATER = NOW + timedelta(minutes=7)


def events(action):
    return AuditEvent.objects.filter(action=action)


def notices():
    return list(
        Message.objects.filter(kind=MessageKind.RESULT_READY).values_list("order_id", "revision", "due_at")
    )


@pytest.mark.django_db
class TestSigning:
    def test_an_attending_signs_final_and_the_referrer_is_told(self, report, order, attending):
        version = signing.sign(report, draft_version=2, by=attending, now=NOW)
        order.refresh_from_db()
        report.refresh_from_db()
        assert (version.number, version.kind, version.signed_by, version.signed_at) == (
            1,
            "final",
            attending,
            NOW,
        )
        assert {field: getattr(version, field) for field in LIKELY} == LIKELY
        assert (report.state, order.state) == ("final", "reported")
        assert notices() == [(order.pk, 1, NOW)]
        event = events("report.signed").get()
        assert (event.patient_ids, event.data) == (
            [order.patient_id],
            {"kind": "final", "number": 1, "content_hash": version.content_hash},
        )
        assert TEXT["impression"] not in str(list(AuditEvent.objects.values_list("data")))

    def test_a_resident_signs_preliminary_and_nobody_is_told(self, report, order, resident):
        version = signing.sign(report, draft_version=2, by=resident, now=NOW)
        order.refresh_from_db()
        report.refresh_from_db()
        assert (version.number, version.kind) == (1, "preliminary")
        assert (report.state, order.state) == ("preliminary", "performed")
        assert notices() == []

    def test_an_attending_signs_final_after_preliminary_as_a_second_version(
        self, report, resident, attending
    ):
        signing.sign(report, draft_version=2, by=resident, now=NOW)
        text = {**LIKELY, "impression": "Pulmonary embolism, right lower lobe."}
        drafting.save(report, draft_version=2, **text, by=attending, now=LATER)
        signing.sign(report, draft_version=3, by=attending, now=LATER)
        signed = list(report.versions.values_list("number", "kind", "impression", "signed_by__username"))
        assert signed == [
            (1, "preliminary", LIKELY["impression"], "rob"),
            (2, "final", text["impression"], "ada"),
        ]

    def test_a_second_final_signature_reads_who_signed_when(self, report, site, attending):
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        with pytest.raises(Conflict) as refusal:
            signing.sign(report, draft_version=2, by=department.attending(site), now=LATER)
        assert refusal.value.sentence == (
            "Ada Lund signed this report on 8 Mar 2027 at 15:00. A signed report cannot be changed."
        )
        assert report.versions.count() == 1

    def test_a_second_preliminary_signature_is_refused(self, report, resident):
        signing.sign(report, draft_version=2, by=resident, now=NOW)
        sentence = (
            "Rob Vance signed this report on 8 Mar 2027 at 15:00 as preliminary. "
            "An attending physician signs it final."
        )
        assert signing.why_not_sign(drafting.current(report), resident) == sentence
        with pytest.raises(Conflict) as refusal:
            signing.sign(report, draft_version=2, by=resident, now=LATER)
        assert refusal.value.sentence == sentence

    def test_a_draft_saved_after_it_was_read_is_not_signed(self, report, resident, attending):
        drafting.save(report, draft_version=2, **{**LIKELY, "findings": ""}, by=resident, now=LATER)
        with pytest.raises(Conflict) as refusal:
            signing.sign(report, draft_version=2, by=attending, now=LATER)
        assert refusal.value.sentence == ("Rob Vance saved this report at 15:07. Read it again, then sign.")
        assert (ReportVersion.objects.count(), drafting.current(report).state) == (0, "draft")

    @pytest.mark.parametrize(
        ("missing", "sentence"),
        [("category", "Choose a category, then sign."), ("impression", "Write the impression, then sign.")],
    )
    def test_an_incomplete_draft_is_not_signed(self, report, resident, attending, missing, sentence):
        drafting.save(report, draft_version=2, **{**LIKELY, missing: ""}, by=resident, now=LATER)
        with pytest.raises(Conflict) as refusal:
            signing.sign(report, draft_version=3, by=attending, now=LATER)
        assert refusal.value.sentence == sentence
        assert signing.why_not_sign(drafting.current(report), attending) == sentence
        assert ReportVersion.objects.count() == 0

    def test_a_technologist_does_not_sign(self, report, technologist):
        with pytest.raises(NotAllowed):
            signing.sign(report, draft_version=2, by=technologist, now=NOW)
        assert ReportVersion.objects.count() == 0

    def test_a_refused_step_of_signing_leaves_nothing_behind(self, report, order, attending):
        """The order moved under the signer's feet: version, state and notice go back together."""
        Order.objects.filter(pk=order.pk).update(state="in_progress")
        with pytest.raises(Conflict):
            signing.sign(report, draft_version=2, by=attending, now=NOW)
        assert (ReportVersion.objects.count(), drafting.current(report).state, notices()) == (0, "draft", [])
        assert events("report.signed").count() == 0


@pytest.mark.django_db
class TestASignedVersion:
    @pytest.fixture
    def version(self, report, attending):
        return signing.sign(report, draft_version=2, by=attending, now=NOW)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE reporting_reportversion SET category = 'normal' WHERE id = %s",
            "UPDATE reporting_reportversion SET signed_by_id = signed_by_id WHERE id = %s",
            "DELETE FROM reporting_reportversion WHERE id = %s",
        ],
    )
    def test_is_neither_changed_nor_deleted_in_sql(self, version, statement):
        with (
            pytest.raises(DatabaseError, match="Cannot update or delete rows"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [version.pk])
        version.refresh_from_db()
        assert version.category == "pe_present"

    def test_keeps_the_reports_state(self, version):
        with pytest.raises(DatabaseError), transaction.atomic():
            Report.objects.filter(pk=version.report_id).update(state="draft")

    def test_holds_only_one_final_text(self, version):
        version.pk, version.number = None, 2
        with pytest.raises(DatabaseError, match="report_one_final_version"), transaction.atomic():
            version.save(force_insert=True)

    def test_is_intact_as_long_as_it_says_what_was_signed(self, version):
        stored = ReportVersion.objects.get(pk=version.pk)
        assert signing.is_intact(stored)
        stored.impression = "Normal scan."
        assert not signing.is_intact(stored)


def in_threads(*jobs):
    """Run these at the same moment; returns what each returned or raised, in order."""
    gate, answers = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(at, job):
        gate.wait()
        try:
            answers[at] = job()
        except Conflict as refusal:
            answers[at] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=entry) for entry in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_two_attendings_who_sign_at_once_one_signs_and_the_other_reads_who(report, order, site, attending):
    second = department.attending(site, username="cyd", first_name="Cyd", last_name="Marsh")

    def signs(by):
        return lambda: signing.sign(report, draft_version=2, by=by, now=NOW)

    answers = in_threads(signs(attending), signs(second))
    [version] = [answer for answer in answers if isinstance(answer, ReportVersion)]
    [refusal] = [answer for answer in answers if isinstance(answer, Conflict)]
    assert refusal.sentence == (
        f"{version.signed_by.name} signed this report on 8 Mar 2027 at 15:00. "
        "A signed report cannot be changed."
    )
    assert list(ReportVersion.objects.values_list("report", "number", "kind")) == [(report.pk, 1, "final")]
    assert notices() == [(order.pk, 1, NOW)]
    assert events("report.signed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_writers_who_save_at_once_one_saves_and_no_text_is_overwritten(report, attending, resident):
    def saves(by, findings):
        text = {**LIKELY, "findings": findings}
        return lambda: drafting.save(report, draft_version=2, **text, by=by, now=LATER)

    answers = in_threads(saves(attending, "By Ada."), saves(resident, "By Rob."))
    [saved] = [answer for answer in answers if isinstance(answer, Report)]
    [refusal] = [answer for answer in answers if isinstance(answer, Conflict)]
    assert (saved.draft_version, saved.findings) == (3, f"By {saved.written_by.first_name}.")
    assert refusal.sentence.startswith(f"{saved.written_by.name} saved this report at 15:07.")
    assert drafting.current(report).findings == saved.findings


@pytest.mark.django_db(transaction=True)
def test_a_save_while_it_is_signed_is_either_signed_or_refused(report, attending, resident):
    """What stands in the signed version is the text of the version that the signer has read."""
    text = {**LIKELY, "findings": "Changed meanwhile."}
    saved, signed = in_threads(
        lambda: drafting.save(report, draft_version=2, **text, by=resident, now=LATER),
        lambda: signing.sign(report, draft_version=2, by=attending, now=LATER),
    )
    assert [type(saved), type(signed)] in ([Report, Conflict], [Conflict, ReportVersion])
    versions = list(ReportVersion.objects.values_list("findings", flat=True))
    assert versions == ([LIKELY["findings"]] if isinstance(signed, ReportVersion) else [])
