"""What a search takes for free is what the opening hours leave of the reserved time, however it is read."""

import random
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction

from scheduling.engine.bitsets import to_intervals
from scheduling.engine.calendars import local_day_bounds, to_datetime, to_minute
from scheduling.engine.intervals import clip, normal, subtract
from scheduling.models import (
    OccupancyChange,
    OpeningHours,
    Reservation,
    Resource,
    ResourceKind,
    ScheduledProcedureStep,
)
from scheduling.models.versions import BLOCK_MINUTES
from scheduling.services import availability, blocks, freetime, occupancy
from tests import department
from tests.department import NOW, TODAY, ZONE

pytestmark = pytest.mark.django_db
DAYS = 20
BEGINS = local_day_bounds(TODAY, ZONE)[0]


@pytest.fixture
def order(site):
    return department.order(site)


@pytest.fixture
def reserve(order):
    """Reserves [start, end) of a resource for some step; the constraint is off, so that anything may overlap."""
    step = ScheduledProcedureStep.objects.filter(appointment=department.booked(order.site)).first()
    Reservation.objects.all().delete()
    constraint = next(c for c in Reservation._meta.constraints if c.name == "reservation_no_double_booking")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Reservation, constraint)

    def reserved(resource_id, start, end, **fields):
        return Reservation.objects.create(
            resource_id=resource_id,
            span=(to_datetime(start), to_datetime(end)),
            **{"status": "booked", "step": step, **fields},
        )

    return reserved


def question(order, **changes):
    return availability.search_for(order, **{"first_day": TODAY, "days": DAYS, "now": NOW, **changes})


def free_of(asked, resources=None):
    """Within the period of a question; what a process keeps may reach beyond it."""
    found = {}
    for each in asked.resources if resources is None else resources:
        assert each.kept is None or to_intervals(each.kept.bits, each.kept.base) == each.free
        found[each.id] = clip(each.free, asked.earliest, asked.latest)
    return found


def expected(order, rows):
    """Hours of 07:00 to 18:00, and the whole time for the patient, without these (resource, start, end)."""
    earliest, latest = to_minute(NOW) + 1, local_day_bounds(TODAY + timedelta(days=DAYS - 1), ZONE)[1]
    days = [local_day_bounds(TODAY + timedelta(days=n), ZONE)[0] for n in range(DAYS)]
    opened = [
        (local + 7 * 60 + shift, local + 18 * 60 + shift)
        for local, shift in ((day, -60 if n == 6 else 0) for n, day in enumerate(days))
    ]
    found = {}
    for resource in Resource.objects.exclude(kind=ResourceKind.PATIENT):
        taken = normal([row[1:] for row in rows if row[0] == resource.pk])
        found[resource.pk] = subtract(clip(normal(opened), earliest, latest), taken)
    patient = order.patient.resource_id
    taken = normal([row[1:] for row in rows if row[0] == patient])
    found[patient] = subtract(((earliest, latest),), taken)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_free_time_is_what_the_hours_leave_of_any_reservations(seed, order, reserve, monkeypatch):
    monkeypatch.setattr(freetime, "FIRST_RESOURCE_DAYS", 30)
    dice = random.Random(seed)
    everybody = [
        *Resource.objects.exclude(kind="patient").values_list("pk", flat=True),
        order.patient.resource_id,
    ]
    rows = []
    for _ in range(150):
        start = BEGINS + dice.randrange(-3 * 1440, DAYS * 1440)
        length = dice.choice([1, 15, 45, 600, 2880])
        rows.append((dice.choice(everybody), start, start + length))
    for row in rows:
        reserve(*row, status=dice.choice(["booked", "overbooked"]))
    whole = question(order)
    assert free_of(whole) == expected(order, rows)
    in_parts = question(order, lazy=True)
    assert in_parts.known_until < in_parts.latest
    for until in range(in_parts.known_until, in_parts.latest, 3 * 1440):
        resources = in_parts.more(until)
        known = {who: clip(free, 0, until) for who, free in expected(order, rows).items()}
        assert {who: clip(free, 0, until) for who, free in free_of(in_parts, resources).items()} == known
    assert free_of(in_parts.complete()) == free_of(whole)


def test_a_room_that_never_closes_is_free_across_the_blocks(order):
    camera = Resource.objects.get(name="Camera 1")
    OpeningHours.objects.filter(resource=camera).update(opens="00:00", closes="00:00")
    asked = question(order)
    assert free_of(asked)[camera.pk] == ((asked.earliest, asked.latest),)


def test_of_holds_only_those_of_others_that_last_are_in_the_way(order, reserve):
    camera = Resource.objects.get(name="Camera 1").pk
    own, start = uuid.uuid4(), BEGINS + 1440 + 8 * 60
    whole = free_of(question(order))[camera]
    held = {"status": "held", "step": None}
    reserve(camera, start, start + 30, **held, token=own, expires_at=NOW + timedelta(minutes=5))
    reserve(camera, start + 60, start + 90, **held, token=uuid.uuid4(), expires_at=NOW)
    assert free_of(question(order, hold=own))[camera] == whole
    assert free_of(question(order))[camera] == subtract(whole, ((start, start + 30),))
    reserve(camera, start + 60, start + 90, status="released")
    assert free_of(question(order, overbooking=True))[camera] == whole


def test_the_next_search_sees_a_new_reservation_and_forgets_a_released_one(order, reserve):
    camera, start = Resource.objects.get(name="Camera 1").pk, BEGINS + 1440 + 8 * 60
    whole = free_of(question(order))[camera]
    row = reserve(camera, start, start + 30)
    assert free_of(question(order))[camera] == subtract(whole, ((start, start + 30),))
    Reservation.objects.filter(pk=row.pk).update(status="released")
    assert free_of(question(order))[camera] == whole


def test_what_a_transaction_took_back_is_free_again_and_what_came_instead_is_not(order, reserve):
    camera, start = Resource.objects.get(name="Camera 1").pk, BEGINS + 1440 + 8 * 60
    whole = free_of(question(order))[camera]
    with transaction.atomic():
        reserve(camera, start, start + 30)
        assert free_of(question(order))[camera] == subtract(whole, ((start, start + 30),))
        transaction.set_rollback(True)
    reserve(camera, start + 60, start + 90)
    assert free_of(question(order))[camera] == subtract(whole, ((start + 60, start + 90),))


def test_a_hold_that_runs_out_is_no_longer_in_the_way_without_any_row_being_written(order, reserve):
    camera, start = Resource.objects.get(name="Camera 1").pk, BEGINS + 1440 + 8 * 60
    whole = free_of(question(order))[camera]
    expires_at = NOW + timedelta(minutes=5)
    reserve(camera, start, start + 30, status="held", step=None, token=uuid.uuid4(), expires_at=expires_at)
    left = subtract(whole, ((start, start + 30),))
    assert free_of(question(order))[camera] == left
    later = question(order, now=expires_at)
    assert free_of(later)[camera] == clip(whole, later.earliest, later.latest)
    # A process whose clock is behind does not take what was read later for its own.
    assert free_of(question(order, now=expires_at - timedelta(seconds=1)))[camera] == clip(
        left, to_minute(expires_at), later.latest
    )


def test_what_is_seen_with_a_hold_of_ones_own_is_not_what_others_see(order, reserve):
    camera, start, own = Resource.objects.get(name="Camera 1").pk, BEGINS + 1440 + 8 * 60, uuid.uuid4()
    expires_at = NOW + timedelta(minutes=5)
    reserve(camera, start, start + 30, status="held", step=None, token=own, expires_at=expires_at)
    whole = free_of(question(order, hold=own))[camera]
    assert free_of(question(order))[camera] == subtract(whole, ((start, start + 30),))
    assert free_of(question(order, hold=own))[camera] == whole


def test_what_was_worked_out_is_kept_until_something_is_booked(order, reserve):
    camera, start = Resource.objects.get(name="Camera 1"), BEGINS + 1440 + 8 * 60

    def timeline():
        return next(each.kept for each in question(order).resources if each.id == camera.pk)

    reserve(camera.pk, start, start + 30)
    assert timeline() is timeline()
    before = timeline()
    reserve(camera.pk, start + 60, start + 90)
    assert timeline() is not before


def test_of_days_that_are_over_one_change_is_kept_and_a_search_sees_the_same(order, reserve):
    camera, start = Resource.objects.get(name="Camera 1").pk, BEGINS + 1440 + 8 * 60
    for at in range(3):
        reserve(camera, start + at * 60, start + at * 60 + 30)
    before = free_of(question(order))[camera]
    assert occupancy.forget_changes(now=NOW) == 0
    assert occupancy.forget_changes(now=NOW + timedelta(days=30)) > 0
    assert occupancy.forget_changes(now=NOW + timedelta(days=30)) == 0
    assert free_of(question(order))[camera] == before
    reserve(camera, start + 300, start + 330)
    assert free_of(question(order))[camera] == subtract(before, ((start + 300, start + 330),))


def test_the_longest_row_and_the_greatest_resource_survive_packing():
    number = BEGINS // BLOCK_MINUTES
    rows = [(1, number * BLOCK_MINUTES, number * BLOCK_MINUTES + 2880)]
    rows.append(
        (2**38 - 1, number * BLOCK_MINUTES + BLOCK_MINUTES - 1, number * BLOCK_MINUTES + BLOCK_MINUTES)
    )
    with connection.cursor() as cursor:
        values = ", ".join(
            f"({resource}::bigint, {start}::bigint, {end}::bigint)" for resource, start, end in rows
        )
        cursor.execute(
            f"SELECT {blocks.PACKED} FROM (VALUES {values}) AS t(resource_id, start_minute, end_minute)"
        )
        assert blocks.spans(number, bytes(cursor.fetchone()[0])) == rows


def test_of_days_to_come_one_change_is_kept_once_there_are_many(order, reserve, monkeypatch):
    camera, start = Resource.objects.get(name="Camera 1").pk, BEGINS + 1440 + 8 * 60
    OccupancyChange.objects.all().delete()
    monkeypatch.setattr(occupancy, "MANY_CHANGES", 3)
    left = free_of(question(order))[camera]
    for at in range(0, 240, 60):
        assert occupancy.forget_changes(now=NOW) == 0
        reserve(camera, start + at, start + at + 30)
        left = subtract(left, ((start + at, start + at + 30),))
        assert free_of(question(order))[camera] == left
    assert occupancy.forget_changes(now=NOW) == 1
    assert OccupancyChange.objects.count() == 1
    assert free_of(question(order))[camera] == left
    reserve(camera, start + 300, start + 330)
    assert free_of(question(order))[camera] == subtract(left, ((start + 300, start + 330),))
