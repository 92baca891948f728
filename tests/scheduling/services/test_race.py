"""Many schedulers press at the same moment: every time is booked once, the others are told.

The negative control comes first: with the constraint and the locks off the same storm must double-book,
otherwise the tests below would prove nothing.
"""

import threading
import time
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, connections, transaction

from scheduling.models import Appointment, Hold, Reservation, TracerBatch
from scheduling.services import availability, booking, changes, holds, locks
from tests import department, doses
from tests.department import NOW
from tests.waiting import until_waiting
from vqflow.errors import Conflict, DomainError

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
    chosen = {"starts": starts, "resource_ids": resource_ids, "by": scheduler, "now": NOW}
    return at_once([partial(booking.book, order, **chosen) for order in orders], "booked")


def at_once(deeds, done):
    """Do all of these in threads of their own; the outcomes are `done` or the sentences of the refusals."""
    barrier, outcomes = threading.Barrier(len(deeds)), []

    def one(deed):
        barrier.wait()
        try:
            deed()
            outcomes.append(done)
        except DomainError as refusal:
            outcomes.append(refusal.sentence)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=[deed]) for deed in deeds]
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
    monkeypatch.setattr(locks, "TAKEN", "day")
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
    monkeypatch.setattr(locks, "TAKEN", "day")
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


@pytest.fixture
def desks(storm):
    """Eight schedulers, each with an order, and the same best proposal for all of them."""
    _, orders, starts, chosen = storm
    site = orders[0].site
    people = [department.scheduler(site, first_name="Scheduler", last_name=str(n)) for n in range(CLIENTS)]
    return list(zip(people, orders, strict=True)), {"starts": starts, "resource_ids": chosen}


def test_of_eight_who_hold_one_time_one_holds_it(desks):
    pairs, chosen = desks
    deeds = [partial(holds.hold, order, **chosen, by=by, now=NOW) for by, order in pairs]
    outcomes = at_once(deeds, "held")
    assert outcomes.count("held") == Hold.objects.count() == 1
    assert sum("is held by Scheduler" in text for text in outcomes) == CLIENTS - 1
    assert double_booked() == 0


def test_holding_and_booking_at_once_give_the_time_to_one(desks):
    pairs, chosen = desks
    deeds = [
        partial(holds.hold if n % 2 else booking.book, order, **chosen, by=by, now=NOW)
        for n, (by, order) in enumerate(pairs)
    ]
    outcomes = at_once(deeds, "got it")
    assert outcomes.count("got it") == Hold.objects.count() + Appointment.objects.count() == 1
    assert double_booked() == 0


def test_a_confirmation_in_the_second_of_its_end_races_with_those_who_wait(desks):
    """The holder and seven others press as the hold runs out: one of them gets the time, whoever it is."""
    (holder, *others), chosen = desks
    by, order = holder
    hold = holds.hold(order, **chosen, by=by, now=NOW, lasts=timedelta(seconds=5))
    at_end = hold.expires_at
    deeds = [partial(booking.book, order, **chosen, hold=hold, by=by, now=at_end)]
    deeds += [partial(booking.book, each, **chosen, by=rival, now=at_end) for rival, each in others]
    outcomes = at_once(deeds, "booked")
    assert outcomes.count("booked") == Appointment.objects.count() == 1
    assert double_booked() == 0
    assert not Reservation.objects.filter(status="held", expires_at__gt=at_end).exists()


def test_extending_against_the_end_keeps_all_of_a_hold_or_nothing(desks):
    (holder, rival, *_), chosen = desks
    hold = holds.hold(holder[1], **chosen, by=holder[0], now=NOW, lasts=timedelta(seconds=5))
    rows = Reservation.objects.filter(token=hold.pk, status="held")
    whole = rows.count()
    deeds = [
        partial(holds.extend, hold, by=holder[0], now=hold.expires_at - timedelta(microseconds=1)),
        partial(booking.book, rival[1], **chosen, by=rival[0], now=hold.expires_at),
    ]
    outcomes = at_once(deeds, "done")
    of_rooms_and_people = rows.exclude(resource__kind="patient").count()
    assert outcomes.count("done") == 1
    assert (of_rooms_and_people, rows.count(), Appointment.objects.count()) in (
        (whole - 3, whole, 0),
        (0, 3, 1),
    )
    assert double_booked() == 0


@pytest.fixture
def with_doses(storm):
    """A booked patient, another with a hold, and the kit that both have a dose of."""
    scheduler, (first, second, *_), *_ = storm
    doses.needed(first.site)
    kit = doses.batch(first.site)
    booked, by = {"starts": department.proposal(first).starts}, {"by": scheduler, "now": NOW}
    appointment = booking.book(first, **booked, **by)
    hold = holds.hold(second, starts=department.proposal(second).starts, **by)
    return kit, {
        "cancel": (
            partial(booking.cancel, appointment, reason="Ill.", **by),
            {"step__appointment": appointment},
        ),
        "release": (partial(holds.release, hold, **by), {"token": hold.pk}),
    }


@pytest.mark.parametrize("name", ["cancel", "release"])
def test_who_gives_time_back_waits_for_the_kit_before_touching_the_time(with_doses, name):
    """Whoever books has the kit first, and then frees the time of holds that are over: the other order is a circle."""
    kit, deeds = with_doses
    deed, whose = deeds[name]
    rows = Reservation.objects.occupying().filter(**whose)
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.extend(at_once([deed], "done")))
    with transaction.atomic():
        TracerBatch.objects.select_for_update(no_key=True).get(pk=kit.pk)
        thread.start()
        until_waiting(1)
        assert rows.select_for_update(of=("self",), no_key=True, nowait=True)
    thread.join()
    assert outcomes == ["done"]
    assert not rows.exists()
    assert doses.balanced()


def test_swaps_of_the_same_three_never_wait_in_a_circle(desks):
    pairs, _ = desks
    three = [
        booking.book(order, starts=department.proposal(order, by=by).starts, by=by, now=NOW)
        for by, order in pairs[:3]
    ]
    by = pairs[0][0]
    deeds = [partial(changes.swap, three[n % 3], three[(n + 1) % 3], by=by, now=NOW) for n in range(6)]
    outcomes = at_once(deeds, "swapped")
    assert outcomes.count("swapped") >= 1
    assert "deadlock" not in " ".join(outcomes)
    assert double_booked() == 0
    assert Reservation.objects.filter(status="booked").count() == 30
