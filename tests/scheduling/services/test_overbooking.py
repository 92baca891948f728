"""STAT: reserved slots, and rooms and people taken twice with a reason; clinical rules are never overbooked."""

from datetime import time, timedelta

import pytest

from scheduling.models import OpeningHours, Reservation, ReservedSlot, Resource, Shift
from scheduling.services import booking, search
from tests import department
from tests.department import NOW, TODAY, ZONE
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
REASON = "Massive embolism suspected"


@pytest.fixture
def lead(site):
    return department.lead(site)


@pytest.fixture
def taken(site):
    """One of everything, all of it booked for another patient at the best time."""
    for prefix in ("X-ray", "Bay", "Ventilation", "Camera"):
        rooms = Resource.objects.filter(name__startswith=prefix).order_by("pk")
        Resource.objects.filter(pk__in=rooms.values("pk")[1:]).update(is_active=False)
    return department.booked(site)


@pytest.fixture
def stat(site):
    return department.order(site, priority="stat")


def starts(appointment):
    return {step.kind: step.planned_start_at for step in appointment.steps.all()}


def test_a_stat_order_takes_a_taken_time_with_a_reason(taken, stat, lead):
    with pytest.raises(Conflict):
        booking.book(stat, starts=starts(taken), by=lead, now=NOW)
    made = booking.book(stat, starts=starts(taken), overbook_reason=REASON, by=lead, now=NOW)
    rows = Reservation.objects.filter(step__appointment=made)
    names = set(rows.filter(status="overbooked").values_list("resource__name", flat=True))
    assert {"X-ray 1", "Bay 1", "Ventilation 1", "Camera 1"} <= names
    assert set(rows.filter(resource__kind="patient").values_list("status", flat=True)) == {"booked"}
    event = AuditEvent.objects.get(action="appointment.overbooked")
    assert (event.agent_id, event.data["reason"], set(event.data["resources"])) == (
        str(lead.pk),
        REASON,
        names,
    )


def test_what_is_free_is_booked_as_ever(stat, lead):
    best = department.proposal(stat, by=lead)
    made = booking.book(stat, starts=best.starts, overbook_reason=REASON, by=lead, now=NOW)
    assert set(Reservation.objects.filter(step__appointment=made).values_list("status", flat=True)) == {
        "booked"
    }
    assert not AuditEvent.objects.filter(action="appointment.overbooked").exists()


def test_only_what_must_be_is_taken_twice(site, stat, lead):
    """There is a second camera: it is taken, not the one that is busy."""
    department.booked(site)
    Resource.objects.filter(name="X-ray 2").update(is_active=False)
    first = starts(department.booked(site, first_day=TODAY + timedelta(days=1)))
    made = booking.book(stat, starts=first, overbook_reason=REASON, by=lead, now=NOW)
    double = Reservation.objects.filter(step__appointment=made, status="overbooked")
    assert set(double.values_list("resource__name", flat=True)) == {"X-ray 1", "Ana Ruiz"}


def test_nobody_else_is_booked_on_top_of_it(site, taken, stat, lead):
    """The other appointment is cancelled: the room is still the STAT patient's."""
    made = booking.book(stat, starts=starts(taken), overbook_reason=REASON, by=lead, now=NOW)
    booking.cancel(taken, reason="ill", by=lead, now=NOW)
    with pytest.raises(Conflict):
        booking.book(department.order(site), starts=starts(made), by=lead, now=NOW)
    booking.cancel(made, reason="ill", by=lead, now=NOW)
    assert booking.book(department.order(site), starts=starts(made), by=lead, now=NOW)


def test_an_urgent_order_is_not_overbooked(site, taken, lead):
    order = department.order(site, priority="urgent")
    with pytest.raises(Conflict) as refusal:
        booking.book(order, starts=starts(taken), overbook_reason=REASON, by=lead, now=NOW)
    assert refusal.value.sentence == "Only a STAT order can be overbooked. Choose a free time."


def test_capacity_is_the_leads_to_override(site, taken, stat):
    for by in (department.scheduler(site), department.technologist(site), department.attending(site)):
        with pytest.raises(NotAllowed):
            booking.book(stat, starts=starts(taken), overbook_reason=REASON, by=by, now=NOW)


def test_the_xray_window_is_never_overbooked(taken, stat, lead):
    early = starts(taken) | {"xray": starts(taken)["ventilation"] - timedelta(minutes=30)}
    with pytest.raises(Conflict) as refusal:
        booking.book(stat, starts=early, overbook_reason=REASON, by=lead, now=NOW)
    assert "it must start 1 h 10 min to 23 h 50 min after it" in refusal.value.sentence


def test_a_closed_room_and_a_night_are_never_overbooked(site, taken, stat, lead):
    night = {kind: at + timedelta(hours=14) for kind, at in starts(taken).items()}
    with pytest.raises(Conflict):
        booking.book(stat, starts=night, overbook_reason=REASON, by=lead, now=NOW)
    camera = Resource.objects.get(name="Camera 1")
    begins = starts(taken)["perfusion"]
    camera.closures.create(site=site, span=(begins, begins + timedelta(hours=1)), reason="down")
    with pytest.raises(Conflict) as refusal:
        booking.book(stat, starts=starts(taken), overbook_reason=REASON, by=lead, now=NOW)
    assert "No gamma camera is free" in refusal.value.sentence


def test_the_patient_is_never_in_two_places(site, taken, lead):
    again = department.order(site, of=taken.procedure.order.patient, priority="stat")
    with pytest.raises(Conflict) as refusal:
        booking.book(again, starts=starts(taken), overbook_reason=REASON, by=lead, now=NOW)
    assert "The patient is not free" in refusal.value.sentence


def test_starts_must_be_whole(taken, stat, lead):
    with pytest.raises(Invalid):
        booking.book(stat, starts={"xray": starts(taken)["xray"]}, overbook_reason=REASON, by=lead, now=NOW)


def test_the_search_says_what_would_be_taken_twice(taken, stat, lead):
    asked = {"first_day": TODAY, "days": 1, "by": lead, "now": NOW, "limit": 1}
    [free], _ = search.proposals(stat, **asked)
    [first], _ = search.proposals(stat, overbooking=True, **asked)
    assert first.starts == starts(taken)
    assert free.starts["ventilation"] > first.starts["ventilation"]
    assert {"X-ray 1", "Camera 1"} <= set(first.double)
    assert free.double == ()


def test_the_search_is_overbooked_by_the_lead_and_for_stat_only(site, stat, lead):
    asked = {"first_day": TODAY, "days": 1, "now": NOW, "overbooking": True}
    for order, by in ((stat, department.scheduler(site)), (department.order(site), lead)):
        with pytest.raises(Conflict):
            search.proposals(order, by=by, **asked)


class TestReservedSlots:
    @pytest.fixture
    def slot(self, taken):
        """The only camera is kept for STAT on Mondays from 09:05 on, to two hours before."""
        camera = Resource.objects.get(name="Camera 1")
        return ReservedSlot.objects.create(
            resource=camera, weekday=0, starts=time(9, 5), ends=time(18), open_to_all_minutes_before=120
        )

    def first_scan(self, order, by, now=NOW):
        found, _ = search.proposals(order, first_day=TODAY, days=1, by=by, now=now, limit=1)
        return found[0].starts["perfusion"].astimezone(ZONE).time() if found else None

    def test_it_is_closed_to_routine_patients(self, site, slot, lead):
        assert self.first_scan(department.order(site), lead) is None

    @pytest.mark.parametrize("priority", ["stat", "urgent"])
    def test_stat_and_urgent_patients_take_it(self, site, slot, lead, priority):
        order = department.order(site, priority=priority)
        assert time(9, 5) < self.first_scan(order, lead) < time(18)
        best = department.proposal(order, by=lead)
        assert booking.book(order, starts=best.starts, by=lead, now=NOW)

    def test_shortly_before_it_is_open_to_all(self, site, slot, lead):
        now = NOW + timedelta(hours=1)
        assert self.first_scan(department.order(site), lead, now=now) is not None

    def test_a_booking_in_it_is_refused_like_a_closed_room(self, site, slot, lead):
        stat, routine = department.order(site, priority="stat"), department.order(site)
        best = department.proposal(stat, by=lead)
        with pytest.raises(Conflict) as refusal:
            booking.book(routine, starts=best.starts, by=lead, now=NOW)
        assert "No gamma camera is free" in refusal.value.sentence

    def test_another_day_is_free(self, site, slot, lead):
        order, tomorrow = department.order(site), TODAY + timedelta(days=1)
        assert search.proposals(order, first_day=tomorrow, days=1, by=lead, now=NOW)[0]

    def test_a_slot_that_crosses_midnight_is_kept_to_its_end(self, site, slot, lead):
        OpeningHours.objects.update(opens=time(0), closes=time(0))
        evening = NOW + timedelta(hours=15)  # Monday 22:00
        for person in Resource.objects.filter(kind="technologist"):
            Shift.objects.create(resource=person, span=(evening, evening + timedelta(hours=8)))
        slot.starts, slot.ends = time(23), time(5)
        slot.save(update_fields=["starts", "ends"])
        scan = self.first_scan(department.order(site), lead, now=evening - timedelta(hours=4))
        assert scan is None or not time(0) <= scan < time(5)


def test_the_service_itself_asks_for_a_reason_in_words(site, lead, stat, taken):
    with pytest.raises(Invalid) as refusal:
        booking.book(stat, starts=starts(taken), by=lead, now=NOW, overbook_reason="asap")
    assert "overbook_reason" in refusal.value.fields
    assert not Reservation.objects.filter(status="overbooked").exists()
