"""Nights and week-ends: people on call come for STAT patients, after the delay of the call. And rooms for gas."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.models import Agent, OpeningHours, Priority, Protocol, Resource, Shift
from scheduling.services import booking, protocols, search, vetting
from tests import department
from tests.department import NOW, TODAY

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("America/New_York")
EVENING = datetime(2027, 3, 9, 0, 0, tzinfo=UTC)  # Monday 19:00 in New York: everything is closed


@pytest.fixture
def site():
    made = department.site()
    tonight = (datetime(2027, 3, 8, 18, tzinfo=ZONE), datetime(2027, 3, 9, 7, tzinfo=ZONE))
    ana = Resource.objects.get(site=made, name="Ana Ruiz")
    Shift.objects.create(resource=ana, span=tonight, on_call=True)
    for room in Resource.objects.filter(site=made, kind="room"):
        OpeningHours.objects.create(resource=room, weekday=0, opens=time(18), closes=time(7), on_call=True)
    return made


def first_start(site, priority, now=EVENING):
    order = department.order(site, priority=priority, now=now)
    found, _ = search.proposals(
        order, first_day=TODAY, days=7, by=department.scheduler(site), now=now, limit=1
    )
    return min(step.starts_at for step in found[0].steps).astimezone(ZONE)


def test_a_stat_patient_is_examined_at_night_once_somebody_has_come(site):
    starts_at = first_start(site, Priority.STAT)
    assert datetime(2027, 3, 8, 19, 45, tzinfo=ZONE) <= starts_at < datetime(2027, 3, 8, 20, tzinfo=ZONE)


@pytest.mark.parametrize("priority", [Priority.URGENT, Priority.ROUTINE])
def test_nobody_is_called_in_for_others(site, priority):
    assert first_start(site, priority) >= datetime(2027, 3, 9, 7, tzinfo=ZONE)


def test_the_sites_own_delay_counts(site):
    site.call_in_delay = timedelta(minutes=90)
    site.save(update_fields=["call_in_delay"])
    assert first_start(site, Priority.STAT) >= datetime(2027, 3, 8, 20, 30, tzinfo=ZONE)


def test_people_on_call_are_there_on_a_holiday_too(site):
    """Christmas Day 2027 is a Saturday; the rooms are closed, those on call are not."""
    christmas = date(2027, 12, 25)
    ana = Resource.objects.get(site=site, name="Ana Ruiz")
    day = (datetime(2027, 12, 25, tzinfo=ZONE), datetime(2027, 12, 26, tzinfo=ZONE))
    Shift.objects.create(resource=ana, span=day, on_call=True)
    for room in Resource.objects.filter(site=site, kind="room"):
        OpeningHours.objects.create(resource=room, weekday=5, opens=time(0), closes=time(0), on_call=True)
    now = datetime(2027, 12, 25, 14, tzinfo=UTC)
    order = department.order(site, priority=Priority.STAT, now=now)
    found, _ = search.proposals(
        order, first_day=christmas, days=1, by=department.scheduler(site), now=now, limit=1
    )
    assert found[0].lungs_start_at.astimezone(ZONE).date() == christmas


def test_who_is_on_call_is_to_be_phoned(site):
    order = department.order(site, priority=Priority.STAT, now=EVENING)
    best = department.proposal(order, now=EVENING)
    appointment = booking.book(order, starts=best.starts, by=department.scheduler(site), now=EVENING)
    [task] = order.tasks.filter(about__startswith="call-in", closed_at=None)
    assert task.sentence == "Call in Ana Ruiz: needed at 19:45 on 8 Mar 2027."
    later = {kind: starts_at + timedelta(hours=14) for kind, starts_at in best.starts.items()}
    booking.move(appointment, starts=later, by=department.scheduler(site), now=EVENING)
    assert not order.tasks.filter(about__startswith="call-in", closed_at=None).exists()


def test_nobody_is_called_in_for_a_cancelled_appointment(site):
    order = department.order(site, priority=Priority.STAT, now=EVENING)
    best = department.proposal(order, now=EVENING)
    appointment = booking.book(order, starts=best.starts, by=department.scheduler(site), now=EVENING)
    booking.cancel(appointment, reason="CT first", by=department.scheduler(site), now=EVENING)
    assert not order.tasks.filter(about__startswith="call-in", closed_at=None).exists()


class TestXenon:
    @pytest.fixture
    def room(self, site):
        protocols.install(site)
        return Resource.objects.get(site=site, name="Ventilation 1").room

    def find(self, site):
        protocol = Protocol.objects.get(site=site, key="V_THEN_Q", agent=Agent.XE133)
        order = department.order(site, vetted=False)
        vetting.vet(order, reason="Agreed.", protocol=protocol, by=department.attending(site), now=NOW)
        order.refresh_from_db()
        found, _ = search.proposals(
            order, first_day=TODAY, days=7, by=department.scheduler(site), now=NOW, limit=400
        )
        return found

    def measured(self, room, measured_on):
        room.volume_m3, room.exhaust_m3_per_h, room.exhaust_measured_on = 60, 720, measured_on
        room.save(update_fields=["volume_m3", "exhaust_m3_per_h", "exhaust_measured_on"])

    def test_it_is_planned_in_a_room_whose_exhaust_is_measured(self, site, room):
        self.measured(room, TODAY - timedelta(days=30))
        assert {each.steps[1].room for each in self.find(site)} == {"Ventilation 1"}

    def test_it_is_not_planned_where_the_exhaust_was_never_measured(self, site, room):
        self.measured(room, None)
        assert self.find(site) == []

    def test_it_is_not_planned_beyond_the_six_months_of_a_measurement(self, site, room):
        self.measured(room, TODAY - timedelta(days=181))
        days = {each.lungs_start_at.astimezone(ZONE).date() for each in self.find(site)}
        assert days
        assert max(days) <= TODAY + timedelta(days=2)
