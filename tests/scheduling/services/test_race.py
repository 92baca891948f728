"""Many schedulers press at the same moment: every time is booked once, the others are told.

The negative control comes first: with the constraint and the locks off the same storm must double-book,
otherwise the tests below would prove nothing.
"""

import threading
import time

import pytest
from django.db import connection, connections

from scheduling.models import Appointment, Reservation
from scheduling.services import availability, booking, locks
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict

pytestmark = pytest.mark.django_db(transaction=True)

CLIENTS = 8
DOUBLE_BOOKED = """
    SELECT count(*) FROM scheduling_reservation a JOIN scheduling_reservation b
    ON a.resource_id = b.resource_id AND a.id < b.id AND a.span && b.span
    WHERE a.status IN ('held', 'booked') AND b.status IN ('held', 'booked')
"""


@pytest.fixture
def storm():
    """Eight vetted orders, and the same best proposal for each of them."""
    site = department.site()
    scheduler = department.scheduler(site, first_name="Dana", last_name="Cole")
    orders = [department.order(site, by=scheduler) for _ in range(CLIENTS)]
    best = department.proposal(orders[0], by=scheduler)
    chosen = tuple({resource for step in best.steps for resource in step.resource_ids})
    return scheduler, orders, best.starts, chosen


def press(scheduler, orders, starts, resource_ids):
    """Every order in a thread of its own, released at once; returns the outcomes as text."""
    barrier, outcomes = threading.Barrier(len(orders)), []

    def one(order):
        barrier.wait()
        try:
            booking.book(order, starts=starts, resource_ids=resource_ids, by=scheduler, now=NOW)
            outcomes.append("booked")
        except Conflict as refusal:
            outcomes.append(refusal.sentence)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=[order]) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def double_booked():
    with connection.cursor() as cursor:
        cursor.execute(DOUBLE_BOOKED)
        return cursor.fetchone()[0]


def test_without_constraint_and_locks_the_same_storm_double_books(storm, monkeypatch):
    """The negative control: the guards are taken away, and a pause stands where the race is."""
    monkeypatch.setattr(locks, "take", lambda resource_ids, days: None)
    question = availability.search_for

    def slow_question(*args, **kwargs):
        answer = question(*args, **kwargs)
        time.sleep(0.3)
        return answer

    monkeypatch.setattr(availability, "search_for", slow_question)
    constraint = next(c for c in Reservation._meta.constraints if c.name == "reservation_no_double_booking")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Reservation, constraint)
    try:
        press(*storm)
        assert double_booked() > 0
    finally:
        Reservation.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Reservation, constraint)


def test_of_eight_schedulers_no_two_get_the_same_room_or_technologist(storm):
    outcomes = press(*storm)
    assert double_booked() == 0
    assert outcomes.count("booked") == Appointment.objects.count() == 1  # one technologist takes X-rays
    assert outcomes.count("booked") + sum("was faster" in text for text in outcomes) == CLIENTS


def test_the_constraint_alone_also_holds(storm, monkeypatch):
    """The last line: with the locks off the database still refuses, and the answer is a sentence."""
    monkeypatch.setattr(locks, "take", lambda resource_ids, days: None)
    outcomes = press(*storm)
    assert double_booked() == 0
    assert Appointment.objects.count() == outcomes.count("booked") >= 1


def test_the_slower_scheduler_reads_who_was_faster(storm):
    scheduler, orders, starts, chosen = storm
    booking.book(orders[0], starts=starts, resource_ids=chosen, by=scheduler, now=NOW)
    with pytest.raises(Conflict) as refusal:
        booking.book(orders[1], starts=starts, resource_ids=chosen, by=scheduler, now=NOW)
    assert refusal.value.sentence == (
        "Dana Cole was faster: X-ray 1 has just been booked. Choose another time."
    )
