"""The board as values: what takes whose time, what is late, and when its version changes."""

from datetime import datetime, time, timedelta

import pytest

from scheduling import boards
from scheduling.engine.calendars import to_minute
from scheduling.models import Reservation, ReservedSlot, Resource, StepKind
from scheduling.services import booking, closures, disruptions, holds, visits
from scheduling.services.examination import arrivals
from tests import department, doses
from tests.department import NOW, TODAY, ZONE

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
QUERIES = 8  # holds, reservations, open plans, steps, version of the calendar, closures, resources, batches


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def sam(site):
    return department.scheduler(site)


def day_of(site, now=NOW):
    return boards.board(site, TODAY, 1, now=now)


def row_of(board, name):
    return next(row for row in board.rows if row.name == name)


def test_rooms_stand_in_the_patients_order_and_people_below_them(site):
    names = [row.name for row in day_of(site).rows]
    assert names == [
        *("X-ray 1", "X-ray 2", "Bay 1", "Bay 2", "Ventilation 1", "Ventilation 2", "Camera 1", "Camera 2"),
        *("Ana Ruiz", "Ben Okafor", "Carl Jensen"),
    ]


def test_a_block_has_set_up_acquisition_and_clearance(site):
    appointment = department.booked(site)
    step = appointment.steps.get(kind=StepKind.VENTILATION)
    blocks = [
        b for row in day_of(site).rows for b in row.blocks if b.step.id == step.pk and b.scan and row.is_room
    ]
    [block] = blocks
    start = to_minute(step.planned_start_at)
    assert (block.start, block.scan, block.end) == (start - 5, (start, start + 15), start + 25)
    assert block.visit.id == appointment.pk


def test_a_bay_has_no_acquisition(site):
    department.booked(site)
    board = day_of(site)
    [bay] = [b for name in ("Bay 1", "Bay 2") for b in row_of(board, name).blocks]
    assert (bay.scan, bay.end - bay.start) == (None, 15)


def test_gaps_are_what_is_free_and_still_to_come(site):
    board = day_of(site, NOW + HOUR)
    closes = to_minute(datetime.combine(TODAY, time(18), ZONE))
    assert row_of(board, "Camera 1").gaps == ((to_minute(NOW + HOUR) + 1, closes),)
    assert row_of(board, "Ana Ruiz").gaps == ()


def test_late_and_running_over_are_counted_from_the_plan(site):
    tess = department.technologist(site)
    appointment, at = department.ready(department.booked(site), by=tess)
    late = next(v for v in day_of(site, at + 12 * timedelta(minutes=1)).visits)
    assert [step.late for step in late.steps if step.kind == StepKind.VENTILATION] == [12]
    step = appointment.steps.get(kind=StepKind.VENTILATION)
    visits.start(step, by=tess, now=at)
    [running] = [s for s in day_of(site, at + HOUR).visits[0].steps if s.kind == StepKind.VENTILATION]
    assert (running.late, running.is_over_time) == (45, True)


def test_a_hold_is_shown_with_who_holds_it_until_it_is_over(site, sam):
    order = department.order(site)
    best = department.proposal(order, by=sam)
    made = holds.hold(order, starts=best.starts, by=sam, now=NOW)
    held = [b for row in day_of(site).rows for b in row.blocks]
    assert {(b.status, b.held.held_by, b.held.patient) for b in held} == {
        ("held", sam.name, order.patient_id)
    }
    assert [b for row in day_of(site, made.expires_at).rows for b in row.blocks] == []


def test_an_overbooked_row_says_so(site):
    appointment = department.booked(site)
    row = Reservation.objects.filter(step__appointment=appointment, resource__kind="room").first()
    Reservation.objects.filter(pk=row.pk).update(status="overbooked")
    statuses = {b.id: b.status for each in day_of(site).rows for b in each.blocks}
    assert statuses[row.pk] == "overbooked"


def test_closures_hours_and_kept_time_are_on_the_rows(site, sam):
    camera = Resource.objects.get(name="Camera 2")
    ReservedSlot.objects.create(resource=camera, weekday=0, starts=time(15), ends=time(16))
    closures.add(site, resource=camera, starts_at=NOW, ends_at=NOW + HOUR, reason="Cleaning", by=sam, now=NOW)
    row = row_of(day_of(site), "Camera 2")
    assert [(c.reason, c.end - c.start, c.disruption) for c in row.closures] == [("Cleaning", 60, None)]
    assert row.there == ((to_minute(NOW + HOUR), to_minute(NOW) + 11 * 60),)
    assert [end - start for start, end in row.kept] == [60]


def test_what_an_open_plan_would_change_and_what_lies_in_a_closure_is_marked(site, sam):
    appointment = department.booked(site)
    taken = Reservation.objects.filter(
        step__appointment=appointment, resource__name__startswith="Camera"
    ).get()
    broken = disruptions.report(
        site, kind="room_down", resource=taken.resource, ends_at=NOW + 10 * HOUR, by=sam, now=NOW
    )
    board = day_of(site)
    assert board.visits[0].hit[0] == broken.pk
    assert [b.is_closed for b in row_of(board, taken.resource.name).blocks] == [True]
    assert row_of(board, taken.resource.name).closures[0].disruption == broken.pk


def test_batches_are_there_from_when_until_when(site):
    batch = doses.batch(site, product="dtpa")
    [shown] = day_of(site).batches
    assert (shown.start, shown.end) == (to_minute(batch.usable_from), to_minute(batch.expires_at))


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("days", [1, 7])
def test_the_board_takes_as_many_queries_whatever_it_holds(site, count, days, django_assert_num_queries):
    for _ in range(count):
        department.booked(site)
    boards.board(site, TODAY, days, now=NOW)
    # The day of now has its expected times in one more.
    with django_assert_num_queries(QUERIES + (days == 1)):
        found = boards.board(site, TODAY, days, now=NOW)
    assert len(found.visits) == count
    with django_assert_num_queries(1):
        boards.version(site, TODAY, days, now=NOW)


class TestVersion:
    @pytest.fixture
    def version(self, site):
        return lambda now=NOW: boards.version(site, TODAY, 1, now=now)

    def test_is_the_same_until_something_changes(self, site, version):
        department.booked(site)
        assert version() == version(NOW + timedelta(minutes=1))

    def test_changes_with_what_the_clock_shows_every_five_minutes(self, version):
        assert version() != version(NOW + timedelta(minutes=5))

    def test_changes_with_every_deed(self, site, sam, version):
        seen, tess = [version()], department.technologist(site)
        made = department.booked(site)
        seen.append(version())
        arrivals.check_in(made, **department.HERE, by=tess, now=NOW)
        seen.append(version())
        closures.add(site, starts_at=NOW, ends_at=NOW + HOUR, reason="Drill", by=sam, now=NOW)
        seen.append(version())
        booking.cancel(made, reason="Ill.", by=sam, now=NOW)
        seen.append(version())
        doses.batch(site, product="dtpa")
        seen.append(version())
        assert len(set(seen)) == len(seen)

    def test_changes_when_a_hold_is_made_and_when_it_runs_out(self, site, sam, version):
        before, order = version(), department.order(site)
        best = department.proposal(order, by=sam)
        holds.hold(order, starts=best.starts, by=sam, now=NOW, lasts=timedelta(minutes=2))
        held = version()
        assert held != before
        assert version(NOW + timedelta(minutes=3)) == before

    def test_another_day_and_another_site_do_not_change_it(self, site, version):
        before, elsewhere = version(), department.site("hillside")
        department.booked(elsewhere)
        department.booked(site, first_day=TODAY + timedelta(days=2))
        assert version() == before
