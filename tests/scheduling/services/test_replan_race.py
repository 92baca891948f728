"""Two accept one plan, and a scheduler books into it, at the same moment: nothing is booked twice."""

import threading

import pytest
from django.db import connections

from scheduling.models import Appointment, Closure, Replan, Resource
from scheduling.services import acceptance, booking, brokenday, disruptions, locks, replanning
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


def test_without_the_check_and_the_locks_the_constraint_still_refuses(broken, monkeypatch):
    """The negative control of the two lines before the constraint: with both gone, only it stands in the way."""
    replan, lead, waiting, by, best = broken
    booking.book(waiting, starts=best.starts, by=by, now=LATER)
    monkeypatch.setattr(locks, "take", lambda resource_ids, days: None)
    monkeypatch.setattr(brokenday, "fingerprint", lambda *args, **known: replan.based_on)
    together(
        lambda: acceptance.accept(replan, by=lead, now=LATER),
        lambda: replanning.propose(replan.disruption, by=lead, now=LATER),
    )
    assert double_booked() == 0
    assert Closure.objects.count() == 1
