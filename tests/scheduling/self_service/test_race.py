"""The patient presses while the desk presses, and twice: one plan, one time, and the slower is told."""

import threading
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, connections

from scheduling.engine.states import AppointmentState, OfferState
from scheduling.models import Appointment, Message, Offer, Reservation, Task
from scheduling.services import booking, links, screening, self_service
from scheduling.services.waitlist import offers
from tests import department
from tests.department import NOW, TODAY
from tests.scheduling.self_service.conftest import booked, link_of, offered, opened
from tests.scheduling.services.test_race import DOUBLE_BOOKED
from vqflow.errors import DomainError
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + timedelta(minutes=5)
ROUNDS = 4


def at_once(*deeds):
    """Each in a thread of its own, released together; ("done", value) or ("refused", sentence) in their order."""
    barrier, outcomes = threading.Barrier(len(deeds)), [None] * len(deeds)

    def one(number, deed):
        barrier.wait()
        try:
            outcomes[number] = ("done", deed())
        except DomainError as refusal:
            outcomes[number] = ("refused", refusal.sentence)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=each) for each in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def own(link):
    """The link as another process has read it."""
    return links.of(link.pk)


def double_booked():
    with connection.cursor() as cursor:
        cursor.execute(DOUBLE_BOOKED)
        return cursor.fetchone()[0]


def is_whole(appointment):
    """Every step to come is reserved once, at its own time, under the present revision."""
    for step in appointment.steps.exclude(planned_start_at=None):
        rows = Reservation.objects.occupying().filter(step=step)
        assert {row.revision for row in rows} == {appointment.revision}
        assert any(row.span.lower <= step.planned_start_at < row.span.upper for row in rows)
    return True


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_the_patient_moves_while_the_desk_moves(_round):
    site = opened()
    appointment = booked(site)
    link, desk = link_of(appointment), department.scheduler(site)
    day = TODAY + timedelta(days=3)
    hold = self_service.hold(link, self_service.proposals(link, day, now=LATER)[0].key, now=LATER)
    best = department.proposal_of_move(appointment, by=desk)
    patient, theirs = at_once(
        partial(self_service.take, own(link), hold.pk, now=LATER),
        partial(booking.move, appointment, starts=best.starts, by=desk, now=LATER),
    )
    assert theirs[0] == "done"
    appointment.refresh_from_db()
    assert (appointment.starts_at, appointment.confirmed_at) == (best.starts_at, None)
    # Slower than the desk, the patient is told; faster, moved, and then moved once more by the desk.
    assert patient[0] == "done" or "earlier time" in patient[1]
    assert appointment.revision == (3 if patient[0] == "done" else 2)
    assert AuditEvent.objects.filter(action="appointment.moved").count() == appointment.revision - 1
    assert double_booked() == 0
    assert is_whole(appointment)
    waiting = Message.objects.filter(appointment=appointment, state="pending")
    assert {row.revision for row in waiting} == {appointment.revision}


def test_the_patient_cancels_while_the_desk_moves():
    site = opened()
    appointment = booked(site)
    link, desk = link_of(appointment), department.scheduler(site)
    best = department.proposal_of_move(appointment, by=desk)
    patient, theirs = at_once(
        partial(self_service.cancel, own(link), now=LATER),
        partial(booking.move, appointment, starts=best.starts, by=desk, now=LATER),
    )
    appointment.refresh_from_db()
    assert sorted([patient[0], theirs[0]]) == ["done", "refused"]
    if patient[0] == "done":
        assert appointment.state == AppointmentState.CANCELLED
        assert not Reservation.objects.occupying().exists()
    else:
        assert (appointment.state, appointment.starts_at) == (AppointmentState.BOOKED, best.starts_at)
        assert is_whole(appointment)


def test_of_two_patients_who_choose_one_time_one_gets_it_and_the_other_is_told():
    site = opened()
    site.resources.filter(name__in=["X-ray 2", "Ventilation 2", "Camera 2"]).delete()
    pair = [link_of(booked(site)) for _ in range(2)]
    day = TODAY + timedelta(days=3)
    keys = [self_service.proposals(link, day, now=LATER)[0].key for link in pair]
    outcomes = at_once(
        *[partial(self_service.hold, own(link), key, now=LATER) for link, key in zip(pair, keys, strict=True)]
    )
    assert sorted(what for what, _ in outcomes) == ["done", "refused"]
    assert dict(outcomes)["refused"] == self_service.TAKEN
    assert double_booked() == 0


@pytest.mark.parametrize("what", ["confirm", "cancel", "take", "answer"])
def test_a_double_press_is_done_once(what):
    site = opened()
    link = link_of(booked(site))
    deeds = {
        "confirm": partial(self_service.confirm, now=LATER),
        "cancel": partial(self_service.cancel, now=LATER),
        "answer": partial(self_service.answer, answers={"oxygen": "yes"}, now=LATER),
    }
    if what == "take":
        day = TODAY + timedelta(days=3)
        hold = self_service.hold(link, self_service.proposals(link, day, now=LATER)[0].key, now=LATER)
        deeds["take"] = partial(self_service.take, hold_id=hold.pk, now=LATER)
    outcomes = at_once(*[partial(deeds[what], own(link)) for _ in range(4)])
    assert [outcome for outcome, _ in outcomes] == ["done"] * 4
    action = {
        "confirm": "appointment.confirmed",
        "cancel": "appointment.cancelled",
        "take": "appointment.moved",
        "answer": "screening.answered",
    }[what]
    assert AuditEvent.objects.filter(action=action).count() == 1
    assert Appointment.objects.get().revision == (2 if what == "take" else 1)
    assert double_booked() == 0


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_no_answer_is_overwritten_by_the_patient(_round):
    site = opened()
    link, technologist = link_of(booked(site)), department.technologist(site)
    order = link.appointment.procedure.order
    patient, theirs = at_once(
        partial(self_service.answer, own(link), {"oxygen": "yes"}, now=LATER),
        partial(screening.answer, order, {"oxygen": "no"}, by=technologist, now=LATER),
    )
    assert (patient[0], theirs[0]) == ("done", "done")
    assert (
        order.answers.get(question="oxygen").answer == "no"
    )  # the department may change what the patient said
    assert Task.objects.filter(about="answer:oxygen", closed_at=None).count() == 1


def test_an_offer_is_answered_once_by_the_patient_or_the_desk():
    site = opened()
    link, desk = offered(site), department.scheduler(site)
    patient, theirs = at_once(
        partial(self_service.accept, own(link), now=LATER),
        partial(offers.decline, link.offer, by=desk, now=LATER),
    )
    offer = Offer.objects.get()
    assert sorted([patient[0], theirs[0]]) == ["done", "refused"]
    booked_now = Appointment.objects.exists()
    if patient[0] == "done":
        assert (offer.state, booked_now) == (OfferState.ACCEPTED, True)
    else:
        assert (offer.state, booked_now, patient[1]) == (OfferState.DECLINED, False, self_service.DECLINED)
