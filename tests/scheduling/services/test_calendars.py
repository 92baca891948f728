"""What a process keeps of a site's calendar is never older than the search that uses it."""

import threading
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from scheduling.engine.calendars import WeeklyHours, local_day_bounds, open_minutes, to_minute
from scheduling.engine.intervals import clip
from scheduling.models import (
    CalendarVersion,
    Closure,
    OpeningHours,
    Patient,
    Protocol,
    ProtocolStep,
    Resource,
    ResourceKind,
    Room,
    Shift,
    Site,
)
from scheduling.services import availability, calendars, locks, search
from tests import department
from tests.department import NOW, TODAY

MOST_QUERIES = 15


@pytest.fixture
def order(site):
    return department.order(site)


def question(order, **changes):
    return availability.search_for(order, **{"first_day": TODAY, "days": 7, "now": NOW, **changes})


def free(order, name, **changes):
    asked = question(order, **changes)
    found = next(each.free for each in asked.resources if each.name == name)
    return clip(found, asked.earliest, asked.latest)


def version(site):
    return CalendarVersion.objects.get(site=site).version


@pytest.mark.django_db
class TestQueries:
    def test_a_search_asks_once_when_the_calendar_is_known(self, order, django_assert_num_queries):
        question(order)
        with django_assert_num_queries(1):
            question(order, days=60)

    def test_a_changed_calendar_is_read_once(self, site, order, django_assert_num_queries):
        question(order)
        Closure.objects.create(site=site, span=(NOW, NOW + timedelta(hours=1)), reason="Drill")
        with CaptureQueriesContext(connection) as loading:
            calendars.read(site.pk, to_minute(NOW))
        assert len(loading) <= MOST_QUERIES
        Closure.objects.create(site=site, span=(NOW, NOW + timedelta(hours=2)), reason="Drill")
        with django_assert_num_queries(len(loading) + 2):
            question(order)
        with django_assert_num_queries(1):
            question(order)

    def test_an_earlier_week_than_what_is_known_is_read_too(self, order):
        question(order, now=NOW + timedelta(days=10), first_day=TODAY + timedelta(days=10))
        assert free(order, "Ana Ruiz") == free(order, "Ana Ruiz", days=7)
        assert free(order, "Ana Ruiz")[0][0] == local_day_bounds(TODAY, department.ZONE)[0] + 7 * 60 + 1


CHANGES = {
    "a closure": "INSERT INTO scheduling_closure (site_id, span, reason) "
    "SELECT id, tstzrange('2027-03-08 15:00Z', '2027-03-08 16:00Z'), 'Drill' FROM scheduling_site",
    "a shift": "DELETE FROM scheduling_shift WHERE upper(span) < '2027-03-10'",
    "hours": "UPDATE scheduling_openinghours SET closes = '12:00'",
    "a room": "UPDATE scheduling_room SET clearance_minutes = 30",
    "a resource": "UPDATE scheduling_resource SET is_active = false WHERE name = 'Camera 1'",
    "the site": "UPDATE scheduling_site SET time_zone = 'America/Chicago'",
    "a protocol": "UPDATE scheduling_protocol SET is_active = false",
    "a step": "UPDATE scheduling_protocolstep SET acquisition_minutes = 25 WHERE kind = 'perfusion'",
}


@pytest.mark.django_db
class TestVersions:
    @pytest.mark.parametrize("what", CHANGES)
    def test_a_change_in_sql_renews_the_version(self, what, site):
        before = version(site)
        with connection.cursor() as cursor:
            cursor.execute(CHANGES[what])
            assert cursor.rowcount > 0
        assert version(site) != before

    def test_every_table_of_the_calendar_renews_the_version_by_each_kind_of_write(self):
        written = {
            table._meta.db_table: {t.name for t in table._meta.triggers if t.name.startswith("calendar_")}
            for table in (Resource, Room, OpeningHours, Shift, Closure, Protocol, ProtocolStep)
        }
        assert set(map(frozenset, written.values())) == {
            frozenset({"calendar_insert", "calendar_update", "calendar_delete"})
        }

    def test_the_calendar_of_another_site_stays(self, site):
        other = department.site("hillside")
        before = version(other)
        OpeningHours.objects.filter(resource__site=site).delete()
        assert version(other) == before

    def test_a_new_patient_leaves_the_version(self, site):
        before = version(site)
        made = department.patient(site)
        assert Patient.objects.get(pk=made.pk).resource.kind == ResourceKind.PATIENT
        assert version(site) == before

    def test_a_site_can_be_deleted_with_its_calendar(self):
        bare = department.site("bare")
        Resource.objects.filter(site=bare).delete()
        Protocol.objects.filter(site=bare).delete()
        bare.delete()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert not CalendarVersion.objects.filter(site_id=bare.pk).exists()
        assert not Site.objects.filter(code="bare").exists()


@pytest.mark.django_db
class TestSearch:
    def test_a_closure_is_seen_by_the_next_search(self, site, order):
        camera = Resource.objects.get(name="Camera 1")
        before = free(order, "Camera 1")
        Closure.objects.create(
            site=site, resource=camera, span=(NOW, NOW + timedelta(days=30)), reason="Coil broken"
        )
        assert before != () == free(order, "Camera 1")
        Closure.objects.all().delete()
        assert free(order, "Camera 1") == before

    def test_what_was_searched_in_a_transaction_that_is_rolled_back_is_forgotten(self, site, order):
        before = free(order, "Camera 1")
        with transaction.atomic():
            OpeningHours.objects.all().delete()
            assert free(order, "Camera 1") == ()
            transaction.set_rollback(True)
        assert free(order, "Camera 1") == before

    def test_two_changes_in_one_transaction_are_two_versions(self, site, order):
        OpeningHours.objects.filter(resource__name="Camera 1").delete()
        assert free(order, "Camera 1") == ()
        OpeningHours.objects.filter(resource__name="Camera 2").delete()
        assert free(order, "Camera 2") == ()

    def test_clearance_of_a_room_shortens_its_gaps(self, order):
        whole = free(order, "Camera 1")
        Room.objects.filter(resource__name="Camera 1").update(clearance_minutes=30)
        assert free(order, "Camera 1") == tuple((start, end - 30) for start, end in whole)

    def test_an_order_with_a_protocol_that_is_new_is_searched_for(self, site, order):
        question(order)
        order.procedure.protocol = department.protocol(
            site, key="NEW", name="New", kinds=("xray", "perfusion")
        )
        assert [step.key for step in question(order).steps] == ["xray", "perfusion"]

    def test_protocol_steps_come_from_the_calendar_and_change_with_it(self, order):
        ProtocolStep.objects.filter(kind="perfusion").update(acquisition_minutes=33)
        assert question(order).steps[-1].acquisition_minutes == 33


WEEK_OF_HOURS = [
    *(
        WeeklyHours(day, datetime.min.time().replace(hour=20), datetime.min.time().replace(hour=3))
        for day in range(7)
    )
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca"]
)
@pytest.mark.parametrize(
    "first_day", [date(2027, 3, 10), date(2027, 3, 25), date(2027, 10, 29), date(2027, 2, 5)]
)
def test_weeks_that_are_put_together_are_as_one_period(zone, first_day):
    site = department.site("moved", zone=zone)
    Resource.objects.exclude(name="Camera 1").delete()
    OpeningHours.objects.all().delete()
    camera = Resource.objects.get(name="Camera 1")
    for row in WEEK_OF_HOURS:
        OpeningHours.objects.create(resource=camera, weekday=row.weekday, opens=row.opens, closes=row.closes)
    last_day, clock = first_day + timedelta(days=24), ZoneInfo(zone)
    earliest, latest = local_day_bounds(first_day, clock)[0] + 90, local_day_bounds(last_day, clock)[1]
    [found] = calendars.read(site.pk, earliest).open_in(earliest, latest)
    free_days = calendars.public_holidays("US", "", 2027, 2027)
    whole = open_minutes(
        WEEK_OF_HOURS, zone=clock, first_day=first_day, last_day=last_day, closed_days=free_days
    )
    assert clip(found, earliest, latest) == clip(whole, earliest, latest) != ()


@pytest.mark.django_db(transaction=True)
def test_a_closure_committed_while_a_booking_waits_for_its_locks_is_seen_after_them(site):
    """Another connection closes the camera under the same locks; the one who waited asks with the new calendar."""
    order = department.order(site)
    camera, day = Resource.objects.get(name="Camera 1"), TODAY.toordinal()
    assert free(order, "Camera 1") != ()
    locked, seen = threading.Event(), []

    def closes():
        with transaction.atomic():
            locks.take([camera.pk], [day])
            locked.set()
            Closure.objects.create(
                site=site, resource=camera, span=(NOW, NOW + timedelta(days=30)), reason="Coil broken"
            )
        connections.close_all()

    other = threading.Thread(target=closes)
    with transaction.atomic():
        Resource.objects.first()  # the transaction has begun before the closure is there
        other.start()
        locked.wait()
        locks.take([camera.pk], [day])
        seen.append(free(order, "Camera 1"))
    other.join()
    assert seen == [()]


@pytest.mark.django_db(transaction=True)
def test_a_calendar_being_changed_does_not_hold_up_a_search(site):
    order = department.order(site)
    before = free(order, "Camera 1")
    closing, done = threading.Event(), threading.Event()

    def closes():
        with transaction.atomic():
            Closure.objects.create(site=site, span=(NOW, NOW + timedelta(days=30)), reason="Flood")
            closing.set()
            done.wait(20)
        connections.close_all()

    other = threading.Thread(target=closes)
    other.start()
    closing.wait()
    assert free(order, "Camera 1") == before
    done.set()
    other.join()
    assert free(order, "Camera 1") == ()


@pytest.mark.django_db
def test_what_is_kept_for_a_version_does_not_depend_on_which_day_was_asked_for_first():
    """A far search loads the calendar from its own day on; a nearer one must see the closures before that."""
    site = department.site()
    order, by = department.order(site), department.scheduler(site)
    for room in site.resources.filter(kind="room"):
        span = (NOW + timedelta(days=4), NOW + timedelta(days=5))
        Closure.objects.create(site=site, resource=room, span=span, reason="Service")
    closed = (NOW + timedelta(days=4, hours=3)).date()
    for ahead in (12, 6, 4):
        found, _ = search.proposals(
            order, first_day=TODAY + timedelta(days=ahead), days=1, by=by, now=NOW, limit=50
        )
        assert not [
            each for each in found if each.lungs_start_at.date() == closed and each.lungs_start_at < span[1]
        ]
    assert found == []
