"""Who of those that wait would fit a free stretch of a room, and what is done with it."""

from datetime import timedelta

import pytest

from scheduling.engine.calendars import to_minute
from scheduling.models import Offer, Reservation, Resource
from scheduling.services import booking, closures, search
from scheduling.services.waitlist import entries, gaps
from tests import department
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, Invalid, NotAllowed

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def sam(site):
    return department.scheduler(site)


@pytest.fixture
def waits(site, sam):
    """Somebody who joins the waitlist for today."""

    def joined(**fields):
        order = department.order(site, by=sam, **fields)
        return entries.join(order, wishes=entries.Wishes(TODAY, TODAY, notice_minutes=0), by=sam, now=NOW)

    return joined


def fits(name, from_hours, to_hours, by):
    room = Resource.objects.select_related("site").get(name=name)
    start, end = to_minute(NOW + from_hours * HOUR), to_minute(NOW + to_hours * HOUR)
    return gaps.fitting(room, start, end, by=by, now=NOW)


def chosen(fit):
    ids = [each for step in fit.proposal.steps for each in step.resource_ids]
    return {"starts": fit.proposal.starts, "resource_ids": ids}


@pytest.mark.parametrize("name", ["Camera 2", "Ventilation 1", "Bay 2", "X-ray 2"])
def test_whoever_fits_is_shown_with_a_visit_that_uses_this_room_within_the_stretch(waits, sam, name):
    entry = waits()
    [fit] = fits(name, 2, 5, sam)
    assert fit.entry.pk == entry.pk
    room = Resource.objects.get(name=name).pk
    [step] = [step for step in fit.proposal.steps if room in step.resource_ids]
    assert (
        NOW + 2 * HOUR
        <= step.starts_at
        < step.ends_at + timedelta(minutes=5)
        <= NOW + 5 * HOUR + timedelta(minutes=60)
    )


def test_a_stretch_that_is_too_short_or_too_soon_after_no_xray_suits_nobody(waits, sam):
    waits()
    assert fits("Camera 1", 3, 3.4, sam) == []
    assert fits("Camera 1", 0.5, 1.2, sam) == []


def test_the_most_urgent_stand_first_and_then_who_has_waited_longest(waits, sam):
    first, second, urgent = waits(), waits(), waits(priority="urgent")
    assert [fit.entry.pk for fit in fits("Camera 1", 2, 6, sam)] == [urgent.pk, first.pk, second.pk]


def test_nobody_is_shown_who_asked_for_other_hours(site, waits, sam):
    entry = waits()
    wishes = entries.Wishes(TODAY + timedelta(days=3), TODAY + timedelta(days=4))
    entries.change(entry, wishes=wishes, by=sam, now=NOW)
    assert fits("Camera 1", 2, 6, sam) == []


def test_the_time_is_offered_and_kept(waits, sam):
    waits()
    [fit] = fits("Camera 1", 2, 6, sam)
    offer = gaps.offer(fit.entry, **chosen(fit), by=sam, now=NOW)
    assert offer.state == Offer.objects.get().state == "open"
    assert offer.hold.is_offer
    assert Reservation.objects.filter(token=offer.hold_id, status="held").exists()
    with pytest.raises(Conflict, match="offered to this patient already"):
        gaps.offer(fit.entry, **chosen(fit), by=sam, now=NOW)


def test_who_says_yes_is_booked_and_waits_no_more(waits, sam):
    entry = waits()
    [fit] = fits("Camera 1", 2, 6, sam)
    appointment = gaps.book(fit.entry, **chosen(fit), by=sam, now=NOW)
    entry.refresh_from_db()
    assert (appointment.lungs_start_at, entry.state) == (fit.proposal.lungs_start_at, "taken")
    with pytest.raises(Conflict, match="not on the waitlist any more"):
        gaps.book(fit.entry, **chosen(fit), by=sam, now=NOW)


def test_an_earlier_time_moves_the_appointment(site, sam):
    later = department.booked(site, by=sam, first_day=TODAY + timedelta(days=1))
    wishes = entries.Wishes(TODAY, TODAY, notice_minutes=0)
    entries.join(later.procedure.order, wishes=wishes, by=sam, now=NOW)
    [fit] = fits("Camera 1", 2, 6, sam)
    assert gaps.book(fit.entry, **chosen(fit), by=sam, now=NOW).pk == later.pk


def test_what_was_taken_meanwhile_is_refused(site, waits, sam):
    waits()
    [fit] = fits("Camera 1", 2, 6, sam)
    closures.add(site, starts_at=NOW, ends_at=NOW + 10 * HOUR, reason="Fire drill", by=sam, now=NOW)
    with pytest.raises(Conflict):
        gaps.book(fit.entry, **chosen(fit), by=sam, now=NOW)
    assert search.why_not_book(fit.entry.order) is None


def test_those_who_may_not_manage_the_waitlist_offer_nothing(site, waits, sam):
    waits()
    [fit] = fits("Camera 1", 2, 6, department.technologist(site))
    with pytest.raises(NotAllowed):
        gaps.offer(fit.entry, **chosen(fit), by=department.technologist(site), now=NOW)


def test_an_offer_without_a_time_is_refused_with_a_sentence(waits, sam):
    with pytest.raises(Invalid) as refusal:
        gaps.offer(waits(), starts={}, resource_ids=[], by=sam, now=NOW)
    assert refusal.value.sentence == "Choose a time."
    assert not Offer.objects.exists()


def test_whose_appointment_has_just_been_cancelled_fits_nowhere(site, sam):
    appointment = department.booked(site)
    wishes = entries.Wishes(TODAY, TODAY + timedelta(days=3), notice_minutes=0)
    entries.join(appointment.procedure.order, wishes=wishes, by=sam, now=NOW)
    booking.cancel(appointment, reason="The patient phoned", by=sam, now=NOW)
    assert fits("X-ray 1", 1, 5, sam) == []
