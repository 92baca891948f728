"""What a link is worth when somebody guesses, when the address was wrong, and when the time that it offered is gone."""

from datetime import date, timedelta

import pytest

from scheduling.models import Message, Patient, PatientLink
from scheduling.services import booking, holds, links, self_service
from scheduling.services.links import Standing
from scheduling.services.patients import contact
from scheduling.services.self_service import times
from tests import department, mailed
from tests.department import NOW, TODAY
from tests.scheduling.self_service.conftest import booked, link_of, offered
from vqflow.errors import Conflict, Invalid
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
WRONG, BORN = date(1961, 5, 17), date(1960, 5, 17)
SOON = NOW + timedelta(minutes=5)


def guess(link, times=1):
    for _ in range(times):
        with pytest.raises(Invalid):
            links.unlock(link, WRONG, now=NOW)


def standing(link, now=SOON):
    return links.standing(links.of(link.pk), now=now)


class TestGuessing:
    def test_several_mails_of_one_patient_have_five_tries_in_all(self, appointment):
        one, other = link_of(appointment), mailed.link(appointment, kind="reminder")[1]
        guess(one, 3)
        guess(other, 1)
        with pytest.raises(Conflict):
            links.unlock(other, WRONG, now=NOW)
        for each in (one, other):
            with pytest.raises(Conflict):
                links.unlock(each, BORN, now=NOW)
        assert AuditEvent.objects.filter(action="link.not_unlocked").count() == 5

    def test_other_patients_are_not_shut_out(self, site, appointment):
        guess(link_of(appointment), 4)
        other = link_of(booked(site))
        assert links.unlock(other, BORN, now=NOW).unlocked_at == NOW


class TestAnotherAddress:
    @pytest.fixture
    def link(self, appointment):
        found = link_of(appointment)
        Message.objects.filter(pk=found.message_id).update(state="sent", sent_at=NOW)
        return found

    def change(self, link, **values):
        patient = Patient.objects.get(pk=link.patient_id)
        contact.change(patient, by=department.scheduler(patient.site), now=NOW, **values)

    @pytest.mark.parametrize(
        "values", [{"email": "right@mail.example"}, {"guardian_email": "mother@mail.example"}]
    )
    def test_what_was_mailed_to_the_earlier_one_opens_nothing(self, link, values):
        self.change(link, **values)
        assert standing(link) == Standing.EXPIRED

    def test_the_button_that_stops_reminders_is_a_strangers_too(self, appointment, link):
        stop = mailed.link(appointment, kind="reminder", name="stop")[1]
        Message.objects.filter(pk=stop.message_id).update(state="sent", sent_at=NOW)
        self.change(link, email="right@mail.example")
        assert standing(stop) == Standing.EXPIRED

    def test_another_phone_or_capitals_change_nothing(self, link):
        self.change(
            link, phone="+1 212 555 0199", email=Patient.objects.get(pk=link.patient_id).email.upper()
        )
        assert standing(link) == Standing.LIVE

    def test_a_mail_that_never_arrived_is_sent_to_the_new_one_with_a_link_that_opens(self, appointment):
        link = link_of(appointment)
        Message.objects.filter(pk=link.message_id).update(state="failed", last_error="550")
        self.change(link, email="right@mail.example")
        assert standing(link) == Standing.LIVE


class TestAnOfferThatWasTaken:
    @pytest.fixture
    def taken(self, site):
        link = offered(site)
        return links.of(link.pk), self_service.accept(link, now=SOON)

    def test_it_shows_the_time_while_it_is_the_patients(self, taken):
        assert standing(taken[0]) == Standing.LIVE

    def test_after_a_move_it_tells_that_there_is_another(self, taken):
        link, appointment = taken
        steps = appointment.steps.filter(planned_start_at__isnull=False)
        starts = {step.kind: step.planned_start_at + timedelta(days=1) for step in steps}
        booking.move(appointment, starts=starts, by=department.scheduler(appointment.site), now=SOON)
        assert standing(link) == Standing.MOVED

    def test_after_a_cancellation_nobody_is_told_to_come(self, taken):
        link, appointment = taken
        booking.cancel(appointment, reason="Ill", by=department.scheduler(appointment.site), now=SOON)
        assert standing(link) == Standing.CANCELLED


def test_a_time_that_was_kept_long_ago_is_not_taken_at_the_last_moment(site):
    link = link_of(booked(site))
    kept = self_service.hold(
        link, self_service.proposals(link, TODAY + timedelta(days=3), now=SOON)[0].key, now=SOON
    )
    late = min(holds.starts_of(kept).values()) - timedelta(hours=2)
    with pytest.raises(Conflict) as refusal:
        self_service.take(link, kept.pk, now=late)
    assert refusal.value.sentence == times.OLD


class TestReminders:
    def rows(self, appointment):
        found = Message.objects.filter(appointment=appointment, kind="reminder", channel="email")
        return set(found.values_list("state", flat=True))

    def test_who_wants_them_after_all_gets_those_of_a_booking_in_between(self, site, appointment):
        stop = mailed.link(appointment, kind="reminder", name="stop")[1]
        assert self_service.stop_reminders(stop, now=NOW)
        assert self.rows(appointment) == {"suppressed"}
        later = department.booked(site, of=Patient.objects.get(), first_day=TODAY + timedelta(days=9))
        assert self.rows(later) == {"suppressed"}
        assert self_service.resume_reminders(links.of(stop.pk), now=NOW)
        assert self.rows(appointment) == self.rows(later) == {"pending"}
        assert not self_service.resume_reminders(links.of(stop.pk), now=NOW)
        assert PatientLink.objects.get(pk=stop.pk).revoked_at is None
