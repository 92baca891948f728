"""Second readings: chosen by chance but always the same, read blind, kept once."""

import threading
from datetime import timedelta
from types import SimpleNamespace

import pgtrigger
import pytest
from django.db import DatabaseError, connection, transaction

from reporting.models import ReportingRules, SecondReading
from reporting.services import drafting, second_readings, signing, versions
from tests import department
from tests.reporting.conftest import LIKELY, NOW, TEXT
from tests.reporting.test_signing import in_threads
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def rules(site):
    return ReportingRules.objects.create(site=site, double_reading_percent=100)


@pytest.fixture
def other(site):
    return department.attending(site, username="olga", first_name="Olga", last_name="Brandt")


@pytest.fixture
def final(report, attending, rules):
    signing.sign(report, draft_version=2, by=attending, now=NOW)
    report.refresh_from_db()
    return report


def waiting(user, now=LATER):
    return second_readings.waiting(user, now=now)


class TestWhatIsReadTwice:
    def test_is_the_share_that_the_site_wants(self):
        orders = [SimpleNamespace(site_id=1, accession_number=f"VQ{n:08d}") for n in range(4000)]
        for percent in (0, 5, 30, 100):
            share = sum(second_readings.is_chosen(order, percent) for order in orders) / 40
            assert abs(share - percent) < 1.5

    def test_stays_chosen_when_the_share_grows(self):
        orders = [SimpleNamespace(site_id=1, accession_number=f"VQ{n:08d}") for n in range(400)]
        few = {order.accession_number for order in orders if second_readings.is_chosen(order, 10)}
        more = {order.accession_number for order in orders if second_readings.is_chosen(order, 20)}
        assert few <= more

    def test_waits_for_others_than_who_signed_it(self, final, attending, other):
        assert waiting(other) == [final]
        assert waiting(attending) == []

    def test_is_nothing_where_the_site_wants_none(self, final, rules, other):
        rules.double_reading_percent = 0
        rules.save(update_fields=["double_reading_percent"])
        assert waiting(other) == []
        assert second_readings.why_not(final, other) == "This report is not among those that are read twice."

    def test_is_no_draft_nothing_old_and_nothing_of_another_site(
        self, final, site, elsewhere, other, attending
    ):
        ReportingRules.objects.create(site=elsewhere, double_reading_percent=100)
        draft = drafting.write(department.performed(site), draft_version=1, **LIKELY, by=attending, now=NOW)
        assert draft not in waiting(other)
        assert waiting(other, now=NOW + timedelta(days=31)) == []
        assert waiting(department.attending(elsewhere)) == []


class TestReading:
    def test_keeps_both_terms_and_changes_nothing_of_the_report(self, final, attending, other):
        found = second_readings.record(final, category="normal", note=" Artefact. ", by=other, now=LATER)
        assert (found.scheme, found.first_category, found.category, found.note) == (
            "TEN_TERMS",
            "pe_present",
            "normal",
            "Artefact.",
        )
        assert (found.first_reader, found.read_by, found.version) == (attending, other, 1)
        assert final.versions.count() == 1
        event = AuditEvent.objects.get(action="report.read_again", subject_type="reporting.secondreading")
        assert (event.patient_ids, event.data) == ([final.order.patient_id], {"agrees": False})
        assert waiting(other) == []

    def test_happens_once(self, final, other, site):
        second_readings.record(final, category="normal", by=other, now=LATER)
        final.refresh_from_db()
        with pytest.raises(Conflict, match="a second time already"):
            second_readings.record(final, category="normal", by=department.attending(site), now=LATER)

    def test_is_refused_to_who_signed_and_to_residents(self, final, attending, resident):
        with pytest.raises(Conflict, match="signed this report yourself"):
            second_readings.record(final, category="normal", by=attending, now=LATER)
        with pytest.raises(NotAllowed, match="Only an attending"):
            second_readings.record(final, category="normal", by=resident, now=LATER)

    def test_takes_only_terms_of_the_reports_scheme(self, final, other):
        with pytest.raises(Invalid) as refused:
            second_readings.record(final, category="very_low_probability", by=other, now=LATER)
        assert refused.value.fields == {"category": ["Choose one of the terms."]}

    def test_of_a_scheme_that_is_no_longer_known_is_refused_with_a_sentence(self, final, other, page_of):
        in_a_scheme_of_old(final)
        with pytest.raises(Conflict, match="signed in a scheme that is no longer used here"):
            second_readings.record(final, category="normal", by=other, now=LATER)
        assert waiting(other) == []
        page = page_of(other).get(f"/reports/{final.order_id}/second/")
        assert (page.status_code, b"no longer used here" in page.content) == (409, True)

    def test_stays_readable_when_its_scheme_is_no_longer_known(self, final, other, page_of):
        second_readings.record(final, category="normal", by=other, now=LATER)
        with pgtrigger.ignore("reporting.SecondReading:write_once"):
            SecondReading.objects.update(scheme="OLD_TERMS", first_category="likely")
        page = page_of(other).get("/reports/second/")
        assert (page.status_code, b"likely" in page.content) == (200, True)

    def test_is_never_changed_or_deleted(self, final, other):
        second_readings.record(final, category="normal", by=other, now=LATER)
        with pytest.raises(DatabaseError), transaction.atomic():
            SecondReading.objects.update(category="pe_present")
        with pytest.raises(DatabaseError), transaction.atomic():
            SecondReading.objects.all().delete()


def in_a_scheme_of_old(report):
    """As if it had been signed before the scheme was taken out of the table."""
    with pgtrigger.ignore("reporting.ReportVersion:write_once"):
        report.versions.update(scheme="OLD_TERMS")
    type(report).objects.filter(pk=report.pk).update(scheme="OLD_TERMS")


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_a_report_that_is_being_retracted_is_not_read(self, final, attending, other):
        """Whoever comes second waits for the first, and then reads why not."""
        answers = {}

        def retracts():
            with transaction.atomic():
                versions.retract(final, number=1, reason="Wrong pictures.", by=attending, now=LATER)
                reader.start()
                answers["waited"] = not done.wait(timeout=1)

        def reads():
            try:
                answers["read"] = second_readings.record(final, category="normal", by=other, now=LATER)
            except Conflict as refusal:
                answers["read"] = refusal.sentence
            finally:
                done.set()
                connection.close()

        done, reader = threading.Event(), threading.Thread(target=reads)
        retracts()
        reader.join()
        assert answers == {"waited": True, "read": "There is no final report to compare with."}
        assert SecondReading.objects.count() == 0

    def test_of_two_second_readers_one_is_kept_and_the_other_is_told(self, final, site, other):
        third = department.attending(site, username="cyd")
        answers = in_threads(
            *(
                lambda by=by: second_readings.record(final, category="normal", by=by, now=LATER)
                for by in (other, third)
            )
        )
        assert sorted(type(each).__name__ for each in answers) == ["Conflict", "SecondReading"]
        [refusal] = [each.sentence for each in answers if isinstance(each, Conflict)]
        assert refusal == "Somebody has read this report a second time already."


class TestThePage:
    def test_does_not_say_what_the_first_reader_said(self, final, other, page_of):
        client = page_of(other)
        page = client.get(f"/reports/{final.order_id}/second/")
        text = page.content.decode()
        assert page.status_code == 200
        assert TEXT["impression"] not in text
        assert "Ada Lund" not in text
        assert "checked" not in text
        rows = client.get("/reports/second/").content.decode()
        assert "PE present" not in rows
        assert "Ada Lund" not in rows

    def test_keeps_the_reading_and_then_tells_the_first(self, final, other, page_of):
        client = page_of(other)
        answer = client.post(
            f"/reports/{final.order_id}/second/", {"category": "normal", "note": ""}, follow=True
        )
        text = answer.content.decode()
        assert SecondReading.objects.get().category == "normal"
        assert "The first reading was PE present, yours is Normal: another group" in text

    def test_asks_for_a_term(self, final, other, page_of):
        answer = page_of(other).post(f"/reports/{final.order_id}/second/", {})
        assert (answer.status_code, SecondReading.objects.count()) == (422, 0)
        assert b"Choose one of the terms." in answer.content

    def test_refuses_whoever_signed(self, final, attending, page_of):
        answer = page_of(attending).get(f"/reports/{final.order_id}/second/")
        assert answer.status_code == 409
        assert b"You have signed this report yourself" in answer.content
