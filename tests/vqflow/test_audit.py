"""The audit trail: write-once, sealed in a chain, and shown to the privacy officer alone."""

from datetime import timedelta

import pgtrigger
import pytest
from django.db import Error, transaction
from django.utils import timezone

from tests import department
from vqflow import audit
from vqflow.models import AuditEvent, AuditSeal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]


def later():
    """When everything recorded so far is old enough to be sealed."""
    return timezone.now() + audit.SEAL_LAG + timedelta(seconds=1)


@pytest.fixture
def events(tess):
    return [audit.record("order.viewed", tess, by=tess, patients=[number]) for number in (3, 1, 2)]


def tampering(*models):
    """What an owner of the database can do and the application cannot: pass the triggers by."""
    return pgtrigger.ignore(*(f"vqflow.{model}:write_once" for model in models))


class TestWriteOnce:
    @pytest.mark.parametrize("change", [lambda rows: rows.update(action="x"), lambda rows: rows.delete()])
    def test_rows_cannot_be_changed_or_removed(self, events, change):
        with pytest.raises(Error, match=r"Cannot (update|delete)"), transaction.atomic():
            change(AuditEvent.objects.filter(pk=events[0].pk))

    def test_seals_neither(self, events):
        audit.seal(now=later())
        with pytest.raises(Error, match="Cannot update"), transaction.atomic():
            AuditSeal.objects.update(hash="0" * 64)


class TestRecord:
    def test_it_says_who_did_what_about_whom(self, tess, site):
        event = audit.record("order.viewed", tess, by=tess, patients=[9, 4], reason="STAT")
        event.refresh_from_db()
        assert (event.agent_name, event.agent_role, event.site_code) == ("tess", "technologist", site.code)
        assert (event.subject_type, event.subject_id) == ("vqflow.user", str(tess.pk))
        assert (event.patient_ids, event.data, event.outcome) == ([4, 9], {"reason": "STAT"}, "success")

    def test_the_system_has_a_name_too(self, db):
        assert audit.record("hold.released", by=None).agent_name == "system"


class TestSeal:
    def test_young_rows_wait(self, events):
        assert audit.seal(now=timezone.now()) == 0
        assert not AuditSeal.objects.exists()

    def test_links_follow_one_another_and_hold(self, events, tess):
        assert audit.seal(now=later()) == 3
        audit.record("order.viewed", tess, by=tess)
        assert audit.seal(now=later()) == 1
        assert audit.seal(now=later()) == 0
        first, second = AuditSeal.objects.order_by("last_event")
        assert (first.previous_hash, second.previous_hash) == (audit.GENESIS, first.hash)
        assert (first.event_count, second.event_count) == (3, 1)
        assert audit.verify() == []

    @pytest.mark.parametrize(
        "change",
        [
            lambda event: AuditEvent.objects.filter(pk=event.pk).update(action="order.created"),
            lambda event: AuditEvent.objects.filter(pk=event.pk).update(patient_ids=[]),
            lambda event: AuditEvent.objects.filter(pk=event.pk).update(agent_name="ben"),
            lambda event: AuditEvent.objects.filter(pk=event.pk).update(
                recorded_at=event.recorded_at - timedelta(days=1)
            ),
            lambda event: AuditEvent.objects.filter(pk=event.pk).delete(),
        ],
        ids=["action", "patients", "agent", "time", "removed"],
    )
    def test_tampering_by_the_owner_is_found(self, events, change):
        audit.seal(now=later())
        events[1].refresh_from_db()
        with tampering("AuditEvent"):
            change(events[1])
        last = events[-1].pk
        (fault,) = audit.verify()
        assert fault.endswith(f"to {last} were changed after they were sealed.")

    def test_a_row_slipped_in_below_a_seal_is_found(self, events):
        audit.seal(now=later())
        with tampering("AuditEvent"):
            AuditEvent.objects.filter(pk=events[1].pk).delete()
            AuditEvent.objects.create(pk=events[1].pk, action="order.viewed", agent_name="nobody")
        assert len(audit.verify()) == 1

    def test_a_link_taken_out_is_found(self, events, tess):
        for _ in range(3):
            audit.seal(now=later())
            audit.record("order.viewed", tess, by=tess)
        with tampering("AuditSeal"):
            AuditSeal.objects.order_by("last_event")[1].delete()
        assert audit.verify() != []


class TestPage:
    def test_the_officer_reads_the_newest_first(self, page_of, privacy_officer, events):
        page = page_of(privacy_officer).get("/audit/")
        shown = [event.action for event in page.context["events"]]
        assert shown == ["audit.viewed", *["order.viewed"] * 3]

    def test_one_persons_events_alone(self, page_of, privacy_officer, events, site):
        audit.record("order.viewed", by=department.technologist(site, username="ben"))
        page = page_of(privacy_officer).get("/audit/?agent=ben")
        assert [event.agent_name for event in page.context["events"]] == ["ben"]
        assert AuditEvent.objects.latest("pk").data == {"agent": "ben"}

    def test_nobody_of_that_name_is_said(self, page_of, privacy_officer):
        assert "No events" in page_of(privacy_officer).get("/audit/?agent=nobody").content.decode()

    def test_another_sites_events_are_not_shown(self, page_of, privacy_officer, db):
        elsewhere = department.site("hillside", equipped=False)
        audit.record("order.viewed", by=department.technologist(elsewhere))
        page = page_of(privacy_officer).get("/audit/")
        assert {event.site_code for event in page.context["events"]} == {"riverside"}

    def test_verifying_says_that_the_seals_hold(self, page_of, privacy_officer, events):
        audit.seal(now=later())
        assert "Every seal holds" in page_of(privacy_officer).get("/audit/?verify=1").content.decode()

    def test_verifying_says_what_was_changed(self, page_of, privacy_officer, events):
        audit.seal(now=later())
        with tampering("AuditEvent"):
            AuditEvent.objects.filter(pk=events[0].pk).update(agent_name="nobody")
        page = page_of(privacy_officer).get("/audit/?verify=1").content.decode()
        assert "The audit trail has been changed" in page
        assert "were changed after they were sealed." in page

    def test_control_characters_in_the_address_are_dropped(self, page_of, privacy_officer, events):
        answer = page_of(privacy_officer).get("/audit/?agent=%00te%0ass%7f%85")
        assert (answer.status_code, answer.context["agent"]) == (200, "tess\ufffd")
        assert page_of(privacy_officer).get("/audit/?agent=%00").context["agent"] == ""

    def test_names_are_escaped(self, page_of, privacy_officer):
        page = page_of(privacy_officer).get("/audit/?agent=<script>alert(1)</script>").content.decode()
        assert "<script>alert" not in page

    def test_nobody_else_may_read_it(self, page_of, tess):
        assert page_of(tess).get("/audit/").status_code == 403


def test_a_refused_page_still_leaves_who_was_shown_which_patient(client):
    """The write is rolled back; that the patient stood on the refusal's page is not."""
    order = department.order(department.site(), vetted=False)
    physician = department.attending(order.site)
    client.force_login(physician)
    answer = client.post(f"/orders/{order.pk}/decline/", {"reason": "", "request_id": "one"})
    assert answer.status_code == 422
    shown = AuditEvent.objects.filter(agent_name=physician.username, action="order.vet")
    assert [event.patient_ids for event in shown] == [[order.patient_id]]
