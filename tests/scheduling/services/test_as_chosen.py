"""The chosen rooms and people are locked alone at first; where one is gone, all are locked and another is taken."""

from contextlib import closing
from datetime import timedelta
from functools import partial

import psycopg
import pytest
from django.db import connection

from scheduling.models import Appointment, Closure, DoseClaim, Hold, Reservation, Resource
from scheduling.services import booking, holds, tracers
from tests import department, doses
from tests.department import NOW
from vqflow.errors import Conflict

pytestmark = pytest.mark.django_db
LOCKED = """SELECT name FROM scheduling_resource WHERE kind <> 'patient' AND id IN
    (SELECT classid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND pid = pg_backend_pid())"""
# Lock and read, lock and search, write; and the service's own savepoint with its release, in a test's transaction.
OF_FIRST_TRY = 5
# Its savepoint, its two questions, the way back to it and its end.
OF_TRY_IN_VAIN = 5


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def scheduler(site):
    return department.scheduler(site, first_name="Dana", last_name="Cole")


@pytest.fixture
def chosen(site, scheduler):
    """(an order, what booking takes of its best proposal)."""
    order = department.order(site, by=scheduler)
    best = department.proposal(order, by=scheduler)
    ids = sorted({each for step in best.steps for each in step.resource_ids})
    return order, {"starts": best.starts, "resource_ids": ids, "by": scheduler, "now": NOW}


def locked():
    with connection.cursor() as cursor:
        cursor.execute(LOCKED)
        return {name for (name,) in cursor.fetchall()}


def close(name):
    room, hours = Resource.objects.get(name=name), timedelta(hours=48)
    Closure.objects.create(site=room.site, resource=room, span=(NOW, NOW + hours), reason="QC")


def named(which):
    return set(which.exclude(kind="patient").values_list("name", flat=True))


def rooms_and_people(chosen):
    return named(Resource.objects.filter(pk__in=chosen["resource_ids"]))


def camera_of(chosen):
    rooms = Resource.objects.filter(pk__in=chosen["resource_ids"], name__startswith="Camera")
    return rooms.get()


def taken(appointment):
    return named(Resource.objects.filter(reservations__step__appointment=appointment))


@pytest.mark.parametrize("act", [booking.book, holds.hold])
def test_only_what_was_chosen_and_the_patient_is_locked(chosen, act):
    order, times = chosen
    act(order, **times)
    assert locked() == rooms_and_people(times)


def test_without_a_choice_everything_is_locked(site, chosen):
    order, times = chosen
    booking.book(order, **times | {"resource_ids": ()})
    assert locked() == named(Resource.objects.filter(site=site, is_active=True))


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("others", [0, 3])
def test_the_second_try_costs_a_fixed_number_of_queries_more(
    site, scheduler, chosen, others, gone, django_assert_num_queries
):
    order, times = chosen
    for _ in range(others):
        department.booked(site, by=scheduler, first_day=department.TODAY + timedelta(days=7))
    if gone:
        close(camera_of(times).name)
    booking.search.proposals(order, first_day=department.TODAY, days=1, by=scheduler, now=NOW)
    with django_assert_num_queries(OF_FIRST_TRY + OF_TRY_IN_VAIN * gone):
        booking.book(order, **times)


@pytest.mark.parametrize("act", [booking.book, holds.hold])
def test_where_the_chosen_room_is_gone_another_is_taken(site, chosen, act):
    order, times = chosen
    camera = camera_of(times).name
    close(camera)
    made = act(order, **times)
    got = named(Resource.objects.filter(reservations__status__in=["held", "booked"]))
    assert made.pk
    assert camera not in got
    assert got - rooms_and_people(times) == {"Camera 2" if camera == "Camera 1" else "Camera 1"}


def test_a_visit_that_needs_more_than_was_chosen_is_booked_all_the_same(chosen):
    order, times = chosen
    camera = camera_of(times)
    appointment = booking.book(order, **times | {"resource_ids": [camera.pk]})
    assert camera.name in taken(appointment)


def test_the_refusal_is_that_of_the_second_try(site, scheduler, chosen):
    order, times = chosen
    booking.book(department.order(site, by=scheduler), **times)
    with pytest.raises(Conflict) as refusal:
        booking.book(order, **times)
    assert "Dana Cole was faster" in refusal.value.sentence
    assert Appointment.objects.count() == 1


def test_a_hold_that_is_confirmed_with_a_room_gone_keeps_nothing(chosen):
    order, times = chosen
    hold = holds.hold(order, **times)
    close(camera_of(times).name)
    booking.book(order, **times, hold=hold)
    assert Hold.objects.get().outcome == Hold.Outcome.CONFIRMED
    assert not Reservation.objects.filter(status="held").exists()


def test_the_dose_of_a_kit_that_is_gone_is_taken_of_another(site, chosen):
    order, times = chosen
    doses.needed(site)
    first, second = doses.batch(site, expires_at=NOW + 9 * doses.HOUR), doses.batch(site)
    tracers.fail(first, reason="Broken", by=department.lead(site), now=NOW)
    appointment = booking.book(order, **times)
    assert DoseClaim.objects.live().get().batch == second
    assert taken(appointment) == rooms_and_people(times)
    assert doses.balanced()


def test_with_no_dose_left_nothing_is_written(site, chosen):
    order, times = chosen
    doses.needed(site)
    kit = doses.batch(site)
    tracers.fail(kit, reason="Broken", by=department.lead(site), now=NOW)
    with pytest.raises(Conflict):
        booking.book(order, **times)
    assert not Appointment.objects.exists()
    assert not Reservation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_who_has_locked_another_room_is_not_waited_for(chosen):
    """Somebody is booking the other camera: with all locked, this booking would be refused after three seconds."""
    order, times = chosen
    other = Resource.objects.filter(name__startswith="Camera").exclude(pk=camera_of(times).pk).first()
    day = min(times["starts"].values()).toordinal()
    parameters = connection.get_connection_params()
    wanted = {
        key: parameters[key] for key in ("dbname", "user", "password", "host", "port") if key in parameters
    }
    with closing(psycopg.connect(**wanted)) as theirs:
        theirs.execute("SELECT pg_advisory_xact_lock(%s::int, %s::int)", [other.pk, day])
        book = partial(booking.book, order)
        with pytest.raises(Conflict, match="Many people are booking"):
            book(**times | {"resource_ids": ()})
        assert book(**times).pk
