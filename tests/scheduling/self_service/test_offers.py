"""A time offered from the waitlist, answered by the patient's link."""

from datetime import timedelta

import pytest

from scheduling.engine.states import EntryState, OfferState, OrderState
from scheduling.models import Appointment, Closure, Hold, Reservation, Task, WaitlistEntry
from scheduling.services import self_service
from scheduling.services.self_service import offers
from scheduling.services.waitlist import offers as waitlist_offers
from tests import department
from tests.department import NOW
from tests.scheduling.self_service.conftest import booked, offered
from vqflow.errors import Conflict

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=5)


def test_the_patient_takes_the_time_and_it_is_booked_and_confirmed(site):
    link = offered(site)
    appointment = self_service.accept(link, now=SOON)
    assert (appointment.starts_at, appointment.confirmed_at) == (link.offer.comes_at, SOON)
    assert appointment.booked_by.role == "patient"
    assert appointment.procedure.order.state == OrderState.SCHEDULED
    assert WaitlistEntry.objects.get().state == EntryState.TAKEN
    assert not Task.objects.filter(about=f"offer:{link.offer_id}", closed_at=None).exists()


def test_an_appointment_is_moved_to_the_earlier_time(site):
    appointment = booked(site)
    link = offered(site, order=appointment.procedure.order)
    moved = self_service.accept(link, now=SOON)
    assert (moved, moved.starts_at, moved.revision) == (appointment, link.offer.comes_at, 2)
    assert Appointment.objects.count() == 1


def test_taking_it_again_answers_the_same(site):
    link = offered(site)
    assert self_service.accept(link, now=SOON) == self_service.accept(link, now=SOON)
    assert Appointment.objects.count() == 1


def test_the_patient_declines_and_waits_on_and_the_time_is_free(site):
    link = offered(site)
    for _ in range(2):
        assert self_service.decline(link, now=SOON).state == OfferState.DECLINED
    assert WaitlistEntry.objects.get().state == EntryState.WAITING
    assert not Reservation.objects.occupying().exists()


def test_after_the_time_to_answer_nothing_is_taken(site):
    link = offered(site)
    with pytest.raises(Conflict) as refusal:
        self_service.accept(link, now=link.offer.answer_by)
    assert refusal.value.sentence == offers.TOO_LATE
    assert not Appointment.objects.exists()


def test_what_the_desk_has_answered_is_said_in_words(site):
    link = offered(site)
    waitlist_offers.decline(link.offer, by=department.scheduler(site), now=SOON)
    with pytest.raises(Conflict) as refusal:
        self_service.accept(link, now=SOON)
    assert refusal.value.sentence == offers.DECLINED


def test_a_time_that_is_gone_is_refused_without_names_and_the_patient_waits_on(site):
    link = offered(site)
    Hold.objects.update(outcome="released")
    Reservation.objects.update(status="released")
    Closure.objects.create(
        site=site, span=(link.offer.comes_at, link.offer.comes_at + timedelta(hours=4)), reason="broken"
    )
    with pytest.raises(Conflict) as refusal:
        self_service.accept(link, now=SOON)
    assert refusal.value.sentence == offers.GONE
    link.offer.refresh_from_db()
    assert (link.offer.state, Appointment.objects.count()) == (OfferState.OPEN, 0)
