from datetime import timedelta

import pgtrigger
import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from reporting.engine import signing as engine
from reporting.models import Report, ReportVersion, VersionKind
from reporting.services import chains, drafting, signing, versions
from scheduling.models import Message, MessageKind, Outcome
from tests.reporting.conftest import LIKELY, NOW
from tests.reporting.test_signing import events, in_threads
from vqflow.errors import Conflict, Invalid, NotAllowed

LATER = NOW + timedelta(minutes=7)
TOMORROW = NOW + timedelta(days=1)
READY, CHANGED = MessageKind.RESULT_READY, MessageKind.RESULT_CHANGED
WITHDRAWN = MessageKind.RESULT_WITHDRAWN
OF_RESULTS = (READY, CHANGED, WITHDRAWN)
NORMAL = {"scheme": "TEN_TERMS", "category": "normal", "findings": "Even.", "impression": "Normal."}


@pytest.fixture
def final(report, attending):
    return signing.sign(report, draft_version=2, by=attending, now=NOW)


def current(report):
    return drafting.current(report)


def begun(report, kind, by, reason=""):
    return versions.begin(current(report), kind, reason=reason, by=by, now=LATER)


def added(report, text, by):
    begun(report, VersionKind.ADDENDUM, by)
    saved = drafting.save(
        current(report), draft_version=current(report).draft_version, addendum=text, by=by, now=LATER
    )
    return signing.sign(saved, draft_version=saved.draft_version, by=by, now=LATER)


def amended(report, content, by, reason="The category was wrong."):
    begun(report, VersionKind.AMENDMENT, by, reason)
    saved = drafting.save(
        current(report), draft_version=current(report).draft_version, **content, by=by, now=LATER
    )
    return signing.sign(saved, draft_version=saved.draft_version, by=by, now=LATER)


def retracted(report, by, reason="Wrong patient's pictures."):
    number = report.versions.count()
    return versions.retract(current(report), number=number, reason=reason, by=by, now=LATER)


def states(report):
    found = current(report)
    return found.state, found.order.state


def notices(order):
    """What the referrer was told, in the order in which the versions were signed."""
    found = Message.objects.filter(order=order, kind__in=OF_RESULTS).order_by("revision")
    assert [each.revision for each in found] == sorted({each.revision for each in found})
    return [each.kind for each in found]


@pytest.mark.django_db
class TestAnAddendum:
    def test_is_a_version_with_the_same_content_and_its_own_text(self, report, final, order, attending):
        version = added(report, "The referrer was told at 16:10.", attending)
        assert (version.number, version.kind, version.addendum) == (
            2,
            "addendum",
            "The referrer was told at 16:10.",
        )
        assert {field: getattr(version, field) for field in LIKELY} == LIKELY
        assert states(report) == ("amended", "reported")
        assert notices(order) == [READY, CHANGED]

    def test_changes_nothing_of_the_report_but_its_own_text(self, report, final, attending):
        begun(report, VersionKind.ADDENDUM, attending)
        found = current(report)
        drafting.save(
            found, draft_version=found.draft_version, **NORMAL, addendum="More.", by=attending, now=LATER
        )
        assert {field: getattr(current(report), field) for field in LIKELY} == LIKELY
        assert current(report).addendum == "More."

    def test_without_text_is_not_signed(self, report, final, attending):
        begun(report, VersionKind.ADDENDUM, attending)
        found = current(report)
        assert signing.why_not_sign(found, attending) == "Write the addendum, then sign."
        with pytest.raises(Conflict):
            signing.sign(found, draft_version=found.draft_version, by=attending, now=LATER)
        assert report.versions.count() == 1

    def test_is_written_by_a_resident_and_signed_by_an_attending(self, report, final, resident, attending):
        begun(report, VersionKind.ADDENDUM, resident)
        saved = drafting.save(
            current(report),
            draft_version=current(report).draft_version,
            addendum="Told.",
            by=resident,
            now=LATER,
        )
        assert signing.why_not_sign(saved, resident) == "Only an attending physician signs an addendum."
        assert signing.why_not_sign(saved, attending) is None

    def test_is_not_begun_twice_nor_before_the_final_version(self, report, attending):
        assert versions.why_not_begin(report, attending) == (
            "This report is not final yet. Change the draft instead."
        )
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        begun(report, VersionKind.ADDENDUM, attending)
        with pytest.raises(Conflict, match="An addendum of this report has been begun"):
            begun(report, VersionKind.AMENDMENT, attending, "Wrong.")

    def test_thrown_away_leaves_the_report_as_it_was(self, report, final, attending):
        found = begun(report, VersionKind.ADDENDUM, attending)
        with pytest.raises(Conflict):
            versions.give_up(found, draft_version=1, by=attending, now=LATER)
        left = versions.give_up(found, draft_version=found.draft_version, by=attending, now=LATER)
        assert (left.next_kind, left.addendum, left.state) == ("", "", "final")
        assert signing.why_not_sign(left, attending).endswith("A signed report cannot be changed.")


@pytest.mark.django_db
class TestAnAmendment:
    def test_is_a_new_version_with_its_reason(self, report, final, order, attending):
        version = amended(report, NORMAL, attending)
        assert (version.number, version.kind, version.reason) == (2, "amendment", "The category was wrong.")
        assert {field: getattr(version, field) for field in NORMAL} == NORMAL
        assert states(report) == ("amended", "reported")
        assert notices(order) == [READY, CHANGED]
        assert Outcome.objects.get(order=order).term == "Normal"

    def test_says_why(self, report, final, attending):
        with pytest.raises(Invalid) as refusal:
            begun(report, VersionKind.AMENDMENT, attending, " \n ")
        assert refusal.value.fields == {"reason": ["Say why."]}
        with pytest.raises(DatabaseError, match="report_amendment_has_reason"), transaction.atomic():
            Report.objects.filter(pk=report.pk).update(next_kind="amendment")

    def test_begins_with_what_the_report_says_and_its_addenda(self, report, final, attending):
        added(report, "Seen with the ward.", attending)
        found = begun(report, VersionKind.AMENDMENT, attending, "A segment was missed.")
        assert found.findings == (
            f"{LIKELY['findings']}\n\nAddendum of 8 Mar 2027 (Ada Lund): Seen with the ward."
        )
        assert (found.addendum, found.category) == ("", "pe_present")

    def test_may_be_followed_by_another_one_and_an_addendum(self, report, final, attending):
        amended(report, NORMAL, attending)
        amended(report, {**NORMAL, "findings": "Even in both lungs."}, attending, "A word was missing.")
        added(report, "Copy sent to the ward.", attending)
        assert list(report.versions.values_list("kind", flat=True)) == [
            "final", "amendment", "amendment", "addendum",
        ]  # fmt: skip
        said = versions.standing(list(report.versions.all()))
        assert (said.base.number, [each.number for each in said.addenda]) == (3, [4])


@pytest.mark.django_db
class TestARetraction:
    def test_keeps_what_was_signed_says_why_and_asks_for_a_new_report(self, report, final, order, attending):
        version = retracted(report, attending)
        assert (version.number, version.kind, version.reason, version.impression) == (
            2,
            "retraction",
            "Wrong patient's pictures.",
            LIKELY["impression"],
        )
        assert states(report) == ("retracted", "performed")
        assert notices(order) == [READY, WITHDRAWN]
        assert not Outcome.objects.filter(order=order).exists()
        event = events("report.retracted").get()
        assert (event.patient_ids, event.data["number"]) == ([order.patient_id], 2)

    def test_leaves_an_empty_draft(self, report, final, attending):
        retracted(report, attending)
        found = current(report)
        assert (found.category, found.findings, found.impression, found.reading) == ("", "", "", {})
        assert found.scheme == LIKELY["scheme"]

    def test_is_followed_by_a_report_written_anew(self, report, final, order, attending):
        retracted(report, attending)
        saved = drafting.save(
            current(report), draft_version=current(report).draft_version, **NORMAL, by=attending, now=LATER
        )
        assert signing.kind_for(attending, saved) == "amendment"
        version = signing.sign(saved, draft_version=saved.draft_version, by=attending, now=TOMORROW)
        assert (version.number, version.kind, version.reason) == (
            3,
            "amendment",
            "Written anew after the retraction.",
        )
        assert states(report) == ("amended", "reported")
        assert (Outcome.objects.get(order=order).term, notices(order)) == (
            "Normal",
            [READY, WITHDRAWN, READY],
        )

    def test_may_be_followed_by_a_residents_preliminary_one_first(self, report, final, resident, attending):
        retracted(report, attending)
        saved = drafting.save(
            current(report), draft_version=current(report).draft_version, **NORMAL, by=resident, now=LATER
        )
        signing.sign(saved, draft_version=saved.draft_version, by=resident, now=LATER)
        assert states(report) == ("preliminary", "performed")
        signing.sign(saved, draft_version=saved.draft_version, by=attending, now=LATER)
        assert states(report) == ("amended", "reported")
        assert list(report.versions.values_list("kind", flat=True)) == [
            "final", "retraction", "preliminary", "amendment",
        ]  # fmt: skip

    def test_of_a_preliminary_report_tells_no_referrer(self, report, order, resident, attending):
        signing.sign(report, draft_version=2, by=resident, now=NOW)
        retracted(report, attending)
        assert (states(report), notices(order)) == (("retracted", "performed"), [])

    def test_is_for_attendings_with_a_reason_and_for_what_is_signed(self, report, resident, attending):
        assert versions.why_not_retract(report, attending) == (
            "Nothing of this report is signed. Change the draft instead."
        )
        signing.sign(report, draft_version=2, by=attending, now=NOW)
        with pytest.raises(NotAllowed):
            retracted(report, resident)
        with pytest.raises(Invalid):
            retracted(report, attending, reason="")
        with pytest.raises(Invalid):
            retracted(report, attending, reason="x" * 301)
        retracted(report, attending)
        with pytest.raises(Conflict, match="as retracted"):
            retracted(report, attending)

    def test_decided_on_an_older_version_is_refused(self, report, final, attending):
        added(report, "Told.", attending)
        with pytest.raises(Conflict, match="newer version"):
            versions.retract(current(report), number=1, reason="Wrong.", by=attending, now=LATER)

    def test_ends_an_amendment_that_has_been_begun(self, report, final, attending):
        begun(report, VersionKind.AMENDMENT, attending, "Wrong.")
        retracted(report, attending)
        assert (current(report).next_kind, current(report).next_reason) == ("", "")


@pytest.mark.django_db
class TestTheChain:
    def test_each_version_names_the_hash_of_the_one_before(self, report, final, attending):
        second = amended(report, NORMAL, attending)
        third = retracted(report, attending)
        assert (final.previous_hash, second.previous_hash, third.previous_hash) == (
            "",
            final.content_hash,
            second.content_hash,
        )
        assert chains.breaks(current(report)) == ()

    def test_a_version_that_was_exchanged_is_found(self, report, final, attending):
        amended(report, NORMAL, attending)
        changed = {**content_of(final), "impression": "Nothing."}
        with pgtrigger.ignore("reporting.ReportVersion:write_once"):
            ReportVersion.objects.filter(pk=final.pk).update(
                impression="Nothing.", content_hash=engine.digest(changed)
            )
        # The first one now fits its own hash; the audit trail has another one, and so has the second version.
        assert [(each.number, each.sentence) for each in chains.breaks(current(report))] == [
            (1, "is not what the audit trail says was signed"),
            (2, "does not follow the version that it was signed after"),
        ]

    def test_a_version_signed_before_there_was_more_to_say_keeps_its_hash(self, final):
        """The canonical form of the first release, written out."""
        old = {
            "accession_number": final.report.order.accession_number,
            "number": 1,
            "kind": "final",
            "scheme": "TEN_TERMS",
            "category": "pe_present",
            "findings": LIKELY["findings"],
            "impression": LIKELY["impression"],
            "signed_at": "2027-03-08T20:00:00+00:00",
            "signed_by": "ada",
        }
        assert final.content_hash == engine.digest(old)

    def test_what_a_reading_says_is_part_of_what_is_signed(self, report, final, attending):
        reading = {"segments": {"RB1": {"perfusion": "large"}}, "share": 2.0}
        begun(report, VersionKind.AMENDMENT, attending, "More.")
        Report.objects.filter(pk=report.pk).update(reading=reading)
        found = current(report)
        signing.sign(found, draft_version=found.draft_version, by=attending, now=LATER)
        stored = report.versions.select_related("report__order", "signed_by").get(number=2)
        assert signing.is_intact(stored)
        stored.reading = {**reading, "share": 3}
        assert not signing.is_intact(stored)


def content_of(version):
    return signing._signed_content(version)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_retract_and_amend_at_once_one_does_and_the_other_reads_why(report, attending):
    signing.sign(report, draft_version=2, by=attending, now=NOW)
    found = begun(report, VersionKind.ADDENDUM, attending)
    saved = drafting.save(found, draft_version=found.draft_version, addendum="Told.", by=attending, now=LATER)
    answers = in_threads(
        lambda: signing.sign(saved, draft_version=saved.draft_version, by=attending, now=LATER),
        lambda: versions.retract(saved, number=1, reason="Wrong patient.", by=attending, now=LATER),
    )
    kinds = sorted(type(answer).__name__ for answer in answers)
    assert kinds == ["Conflict", "ReportVersion"]
    assert report.versions.count() == 2
    assert chains.breaks(current(report)) == ()


@pytest.mark.django_db
class TestTheReasonOfWhatIsBegun:
    """It belongs to that one amendment: it is the reason of its version, and of nothing after it."""

    def test_is_signed_with_the_amendment_and_gone_from_the_report(self, report, final, attending):
        version = amended(report, NORMAL, attending, "The map was of another series.")
        found = current(report)
        assert version.reason == "The map was of another series."
        assert (found.next_kind, found.next_reason) == ("", "")

    def test_does_not_become_that_of_an_addendum(self, report, final, attending):
        amended(report, NORMAL, attending, "The map was of another series.")
        assert begun(report, VersionKind.ADDENDUM, attending, "Of no use here.").next_reason == ""
        saved = drafting.save(
            current(report),
            draft_version=current(report).draft_version,
            addendum="Told.",
            by=attending,
            now=LATER,
        )
        version = signing.sign(saved, draft_version=saved.draft_version, by=attending, now=LATER)
        assert (version.kind, version.reason) == ("addendum", "")

    def test_is_gone_with_what_was_thrown_away(self, report, final, attending):
        found = begun(report, VersionKind.AMENDMENT, attending, "The map was of another series.")
        versions.give_up(found, draft_version=found.draft_version, by=attending, now=LATER)
        assert current(report).next_reason == ""
        assert begun(report, VersionKind.AMENDMENT, attending, "Another one.").next_reason == "Another one."

    def test_is_not_that_of_a_report_written_anew(self, report, final, resident, attending):
        """A retracted report is written anew for a reason of its own, whatever was begun before the retraction."""
        begun(report, VersionKind.AMENDMENT, attending, "The map was of another series.")
        retracted(report, attending)
        found = current(report)
        saved = drafting.save(found, draft_version=found.draft_version, **NORMAL, by=attending, now=LATER)
        version = signing.sign(saved, draft_version=saved.draft_version, by=attending, now=LATER)
        assert (version.kind, version.reason) == ("amendment", signing.ANEW)

    def test_is_shown_to_those_who_write_only(self, report, final, attending, technologist, page_of):
        begun(report, VersionKind.AMENDMENT, attending, "The map was of another series.")
        url = reverse("reporting_api:report", kwargs={"pk": report.order_id})
        assert page_of(attending).get(url).json()["next_reason"] == "The map was of another series."
        seen = page_of(technologist).get(url)
        assert (seen.status_code, seen.json()["next_reason"]) == (200, "")
