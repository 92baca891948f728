"""Two accept one plan, and a scheduler books into it, at the same moment: nothing is booked twice."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, connections

from scheduling.models import Appointment, Replan, Reservation, Resource, StepKind
from scheduling.services import acceptance, availability, booking, disruptions, locks, recheck
from tests import department
from tests.department import NOW
from tests.scheduling.services.test_race import double_booked
from tests.scheduling.services.test_replanning import EVENING, LATER
from vqflow.errors import Conflict

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broken():
    """A plan for a day of six patients whose first camera is gone, and an order that wants the time of one of them."""
    site = department.site()
    lead, by = department.lead(site), department.scheduler(site)
    for _ in range(6):
        department.booked(site, by=by)
    waiting = department.order(site, by=by)
    camera = Resource.objects.get(site=site, name="Camera 1")
    made = disruptions.report(site, kind="room_down", resource=camera, ends_at=EVENING, by=lead, now=NOW)
    replan = made.replans.get()
    best = department.proposal(waiting, by=by, now=LATER)
    return replan, lead, waiting, by, best


def together(*deeds):
    """Each deed in a thread of its own, released at once; returns the sentences of those that were refused."""
    barrier, refused = threading.Barrier(len(deeds)), []

    def one(deed):
        barrier.wait()
        try:
            deed()
        except Conflict as refusal:
            refused.append(refusal.sentence)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_a_plan_accepted_twice_at_once_is_carried_out_once(broken):
    replan, lead, *_ = broken
    refused = together(*[lambda: acceptance.accept(replan, by=lead, now=LATER) for _ in range(4)])
    assert len(refused) == 3
    assert Replan.objects.get().state == "accepted"
    moved = replan.changes.values("appointment")
    assert set(Appointment.objects.filter(pk__in=moved).values_list("revision", flat=True)) == {2}
    assert double_booked() == 0


def test_accepting_while_another_books_leaves_nothing_booked_twice(broken):
    replan, lead, waiting, by, best = broken
    chosen = tuple({resource for step in best.steps for resource in step.resource_ids})
    refused = together(
        lambda: acceptance.accept(replan, by=lead, now=LATER),
        lambda: booking.book(waiting, starts=best.starts, resource_ids=chosen, by=by, now=LATER),
    )
    assert double_booked() == 0
    replan.refresh_from_db()
    is_booked = Appointment.objects.filter(procedure__order=waiting).exists()
    assert (replan.state == "accepted") + is_booked + len(refused) == 2


@pytest.fixture
def contested():
    """A plan that moves the only patient to Camera 2 at the old time, and a booking of just that time there."""
    site = department.site()
    lead, by = department.lead(site), department.scheduler(site)
    booked, waiting = department.booked(site, by=by), department.order(site, by=by)
    mine = Reservation.objects.filter(step__appointment=booked, resource__name__startswith="Camera")
    gone = mine.get().resource
    made = disruptions.report(site, kind="room_down", resource=gone, ends_at=EVENING, by=lead, now=NOW)
    lungs = booked.steps.exclude(kind=StepKind.XRAY)
    starts = {step.kind: step.planned_start_at for step in lungs}
    xray = recheck.XrayElsewhere(NOW - timedelta(hours=3), "Ward")
    return (
        lambda: acceptance.accept(made.replans.get(), by=lead, now=LATER),
        lambda: booking.book(waiting, starts=starts, xray=xray, by=by, now=LATER),
    )


def test_the_plan_and_a_booking_of_its_time_at_once_one_of_them_wins(contested):
    refused = together(*contested)
    assert len(refused) == 1
    assert double_booked() == 0


def test_with_locks_off_the_constraint_lets_one_of_them_win(contested, monkeypatch):
    monkeypatch.setattr(locks, "TAKEN", "day")
    refused = together(*contested)
    assert len(refused) == 1
    assert double_booked() == 0


def test_without_locks_and_constraint_they_double_book(contested, monkeypatch):
    """The negative control: without it the two tests above would prove nothing."""
    monkeypatch.setattr(locks, "TAKEN", "day")
    question = availability.search_for

    def slow_question(*args, **kwargs):
        answer = question(*args, **kwargs)
        time.sleep(0.5)
        return answer

    monkeypatch.setattr(availability, "search_for", slow_question)
    constraint = next(c for c in Reservation._meta.constraints if c.name == "reservation_no_double_booking")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Reservation, constraint)
    try:
        together(*contested)
        assert double_booked() > 0
    finally:
        Reservation.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Reservation, constraint)
