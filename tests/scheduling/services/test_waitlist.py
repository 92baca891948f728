"""The waitlist: who joins, what is offered to whom, what is answered, and what ends by itself."""

from datetime import date, datetime, time, timedelta

import pytest

from scheduling.engine.states import AppointmentState, EntryState, OfferState, OrderState
from scheduling.models import (
    Appointment,
    Closure,
    Hold,
    Message,
    Offer,
    Reservation,
    Resource,
    Task,
    WaitlistEntry,
    WaitlistLook,
)
from scheduling.services import booking, holds, intake, messages, search
from scheduling.services.examination import arrivals
from scheduling.services.waitlist import entries, filling, offers, wishing
from scheduling.services.waitlist.entries import Wishes
from tests import department
from tests.department import NOW, TODAY, ZONE
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
TOMORROW, LAST_DAY = TODAY + timedelta(days=1), TODAY + timedelta(days=18)
WISHES = Wishes(first_day=TODAY, last_day=LAST_DAY)
SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


@pytest.fixture
def full(site, scheduler):
    """An appointment of tomorrow: all other time of the site is closed, and there is one room of each kind."""
    Resource.objects.filter(site=site, name__in=["X-ray 2", "Bay 2", "Ventilation 2", "Camera 2"]).delete()
    appointment = department.booked(site, by=scheduler, first_day=TOMORROW)
    around = [(NOW, appointment.starts_at), (appointment.ends_at + timedelta(minutes=5), at(LAST_DAY, 23))]
    for span in around:
        Closure.objects.create(site=site, span=span, reason="nothing else is free")
    return appointment


def at(day, hour, minute=0):
    return datetime.combine(day, time(hour, minute), ZONE)


def waiting(site, by, *, wishes=WISHES, now=NOW, **order):
    return entries.join(department.order(site, by=by, **order), wishes=wishes, by=by, now=now)


def cancelled(appointment, by, now=NOW):
    return booking.cancel(appointment, reason="Cannot come", by=by, now=now)


def offered(now=SOON):
    """The orders that have an open offer after a look."""
    filling.fill(now=now)
    return [offer.entry for offer in Offer.objects.open()]


def test_time_that_is_freed_is_offered_with_a_hold_a_call_and_a_mail(site, scheduler, full):
    entry = waiting(site, scheduler)
    assert offered(NOW) == []
    cancelled(full, scheduler)
    assert offered() == [entry]
    offer = Offer.objects.get()
    assert (offer.comes_at, offer.lungs_start_at) == (full.starts_at, full.lungs_start_at)
    assert (offer.offered_at, offer.answer_by) == (SOON, SOON + timedelta(minutes=30))
    held = Reservation.objects.filter(token=offer.hold_id, status="held")
    assert held.count() == full.steps.count() * 3 + 1  # room, technologist, patient; the preparation bay
    assert set(held.values_list("expires_at", flat=True)) == {offer.answer_by}
    call = Task.objects.get(kind="phone", order=entry.order)
    assert call.sentence == (
        "Phone the patient: Tue 9 Mar 2027, 07:00 is kept until 07:31. Write the answer on the waitlist."
    )
    mail = Message.objects.get(kind="offer")
    assert (mail.order, mail.offer, mail.due_at, mail.not_after) == (
        entry.order,
        offer,
        SOON,
        offer.answer_by,
    )
    entry.refresh_from_db()
    assert entry.state == EntryState.OFFERED


def test_looking_again_changes_nothing(site, scheduler, full):
    waiting(site, scheduler)
    waiting(site, scheduler)
    cancelled(full, scheduler)
    assert filling.fill(now=SOON) == 1
    assert [filling.fill(now=SOON) for _ in range(3)] == [0, 0, 0]
    assert Offer.objects.count() == 1


def test_a_site_where_nothing_has_changed_is_not_matched_again(site, scheduler, full, monkeypatch):
    waiting(site, scheduler)
    filling.fill(now=NOW)
    seen = WaitlistLook.objects.get().seen
    looks = []
    matched = wishing.board
    monkeypatch.setattr(
        wishing, "board", lambda *args, **options: looks.append(1) or matched(*args, **options)
    )
    filling.fill(now=SOON)
    assert (looks, WaitlistLook.objects.get().seen) == ([], seen)
    filling.fill(now=NOW + filling.LOOK_AGAIN)
    assert looks == [1]
    cancelled(full, scheduler)
    filling.fill(now=NOW + filling.LOOK_AGAIN)
    assert len(looks) == 3  # one that makes the offer, one that finds nobody else


def test_priority_goes_before_waiting_time_and_then_the_oldest(site, scheduler, full):
    later, first = (waiting(site, scheduler, now=NOW - timedelta(minutes=n)) for n in (1, 9))
    urgent = waiting(site, scheduler, priority="urgent")
    cancelled(full, scheduler)
    served = []
    for minute in (1, 2, 3):
        now = NOW + timedelta(minutes=minute)
        served += offered(now)
        offers.decline(Offer.objects.open().get(), by=scheduler, now=now)
    assert served == [urgent, first, later]


def test_who_has_no_time_yet_goes_before_who_wants_an_earlier_one(site, scheduler):
    late = department.booked(site, by=scheduler, first_day=TODAY + timedelta(days=7))
    wants_earlier = entries.join(late.procedure.order, wishes=WISHES, by=scheduler, now=NOW)
    has_none = waiting(site, scheduler)
    filling.fill(now=SOON)
    assert [offer.entry for offer in Offer.objects.order_by("pk")] == [has_none, wants_earlier]


def test_an_accepted_offer_is_booked_with_its_hold(site, scheduler, full):
    entry = waiting(site, scheduler)
    cancelled(full, scheduler)
    offered()
    offer = Offer.objects.get()
    made = offers.accept(offer, by=scheduler, now=SOON + timedelta(minutes=5))
    assert (made.procedure.order, made.lungs_start_at) == (entry.order, full.lungs_start_at)
    offer.refresh_from_db()
    entry.refresh_from_db()
    assert (offer.state, offer.answered_by, offer.hold.outcome) == (
        OfferState.ACCEPTED,
        scheduler,
        Hold.Outcome.CONFIRMED,
    )
    assert (entry.state, entry.ended_by) == (EntryState.TAKEN, scheduler)
    assert not Reservation.objects.filter(status="held").exists()
    assert Task.objects.get(kind="phone", about=f"offer:{offer.pk}").closed_by == scheduler
    assert AuditEvent.objects.filter(action="offer.accepted").exists()
    assert offered() == []


def test_an_accepted_offer_moves_an_appointment_and_frees_its_time(site, scheduler, full):
    late = department.order(site, by=scheduler)
    Closure.objects.filter(span__contains=at(TODAY + timedelta(days=7), 12)).delete()
    best = department.proposal(late, by=scheduler, first_day=TODAY + timedelta(days=7))
    appointment = booking.book(late, starts=best.starts, by=scheduler, now=NOW)
    # The rest of that week is closed again.
    Closure.objects.create(
        site=site, span=(full.ends_at + timedelta(minutes=5), appointment.starts_at), reason="x"
    )
    Closure.objects.create(
        site=site, span=(appointment.ends_at + timedelta(minutes=5), at(LAST_DAY, 23)), reason="x"
    )
    entry = entries.join(late, wishes=WISHES, by=scheduler, now=NOW)
    next_in_line = waiting(site, scheduler, wishes=Wishes(TODAY + timedelta(days=4), LAST_DAY))
    cancelled(full, scheduler)
    assert offered() == [entry]
    moved = offers.accept(Offer.objects.get(), by=scheduler, now=SOON)
    assert (moved.pk, moved.revision, moved.lungs_start_at) == (appointment.pk, 2, full.lungs_start_at)
    assert Message.objects.filter(appointment=appointment, kind="moved").exists()
    assert offered() == [next_in_line]
    assert Offer.objects.open().get().lungs_start_at == appointment.lungs_start_at


def test_a_declined_time_goes_to_the_next_and_is_not_offered_again_on_that_day(site, scheduler, full):
    first = waiting(site, scheduler, now=NOW - timedelta(minutes=5))
    second = waiting(site, scheduler)
    cancelled(full, scheduler)
    assert offered() == [first]
    offers.decline(Offer.objects.get(), by=scheduler, now=SOON)
    assert offered() == [second]
    offers.decline(Offer.objects.open().get(), by=scheduler, now=SOON)
    assert offered() == []
    first.refresh_from_db()
    assert first.state == EntryState.WAITING


def test_new_wishes_ask_again(site, scheduler, full):
    entry = waiting(site, scheduler)
    cancelled(full, scheduler)
    offered()
    offers.decline(Offer.objects.get(), by=scheduler, now=SOON)
    later = SOON + timedelta(minutes=1)
    entries.change(entry, wishes=Wishes(TODAY, LAST_DAY, notice_minutes=60), by=scheduler, now=later)
    assert offered(later) == [entry]


def test_an_offer_that_is_not_answered_in_time_goes_to_the_next(site, scheduler, full):
    first = waiting(site, scheduler, now=NOW - timedelta(minutes=5))
    second = waiting(site, scheduler)
    cancelled(full, scheduler)
    offered()
    offer = Offer.objects.get()
    assert offered(offer.answer_by - timedelta(seconds=1)) == [first]
    assert offered(offer.answer_by) == [second]
    offer.refresh_from_db()
    assert offer.state == OfferState.EXPIRED
    assert Task.objects.get(about=f"offer:{offer.pk}").closed_at == offer.answer_by
    with pytest.raises(Conflict, match="not answered in time"):
        offers.accept(offer, by=scheduler, now=offer.answer_by)


def test_the_time_to_answer_leaves_the_patient_the_way_to_the_clinic(site, scheduler, full):
    waiting(site, scheduler, wishes=Wishes(TODAY, LAST_DAY, notice_minutes=60))
    cancelled(full, scheduler)
    now = full.starts_at - timedelta(minutes=80)  # 05:40: nobody is phoned
    assert offered(now) == []
    Closure.objects.all().delete()
    assert offered(at(TOMORROW, 7)) != []
    offer = Offer.objects.get()
    assert offer.comes_at >= at(TOMORROW, 8, 15)
    assert offer.answer_by == min(offer.comes_at - timedelta(hours=1), at(TOMORROW, 7, 30))


@pytest.mark.parametrize(
    "wishes",
    [
        {"first_day": TODAY + timedelta(days=2)},
        {"last_day": TODAY},
        {"weekdays": (0, 2, 3, 4, 5, 6)},
        {"comes_from": time(7, 5), "comes_until": time(18)},
        {"comes_from": time(6), "comes_until": time(6, 55)},
        {"notice_minutes": 24 * 60},
    ],
    ids=lambda wishes: next(iter(wishes)),
)
def test_a_time_that_does_not_suit_is_not_offered(site, scheduler, full, wishes):
    waiting(site, scheduler, wishes=Wishes(**{"first_day": TODAY, "last_day": LAST_DAY, **wishes}))
    cancelled(full, scheduler)  # tomorrow, a Tuesday, to come at 07:00
    assert offered() == []


def test_a_time_that_just_suits_is_offered(site, scheduler, full):
    exact = Wishes(TOMORROW, TOMORROW, (1,), time(6, 55), time(7), notice_minutes=24 * 60 - 15)
    entry = waiting(site, scheduler, wishes=exact)
    cancelled(full, scheduler)
    assert offered(NOW) == [entry]


def test_a_little_earlier_is_no_reason_to_phone(site, scheduler):
    """Nothing else is offered than what is at least an hour earlier."""
    early = department.booked(site, by=scheduler, first_day=TOMORROW)
    entry = entries.join(early.procedure.order, wishes=Wishes(TOMORROW, TOMORROW), by=scheduler, now=NOW)
    assert offered() == []  # it is the first of the day
    entry.refresh_from_db()
    assert entry.state == EntryState.WAITING


def test_nobody_is_phoned_at_night_or_when_the_department_is_closed(site, scheduler):
    waiting(site, scheduler)
    assert offered(at(TODAY, 6, 59)) == []
    assert offered(at(TODAY, 18)) == []
    assert len(offered(at(TODAY, 17, 59))) == 1


def test_inpatients_and_patients_without_mail_get_the_call_only(site, scheduler, full):
    silent = department.patient(site, by=scheduler, email_consent=False)
    entry = waiting(site, scheduler, of=silent)
    cancelled(full, scheduler)
    offered()
    assert Task.objects.filter(order=entry.order, about__startswith="offer:").count() == 1
    mail = Message.objects.get(kind="offer")
    assert (mail.state, mail.last_error) == ("suppressed", "no_consent")


def test_the_mail_of_an_offer_that_has_ended_is_not_sent(site, scheduler, full, settings, mailoutbox):
    waiting(site, scheduler)
    cancelled(full, scheduler)
    Message.objects.all().delete()
    offered()
    offers.decline(Offer.objects.get(), by=scheduler, now=SOON)
    assert messages.send_due(now=SOON) == 0
    assert (mailoutbox, Message.objects.get().last_error) == ([], "offer_ended")


# Where the first to answer gets the time.


@pytest.fixture
def first_come(site):
    site.waitlist_mode = "first_come"
    site.save(update_fields=["waitlist_mode"])


@pytest.mark.usefixtures("first_come")
def test_several_are_told_of_one_time_that_nobody_holds(site, scheduler, full):
    told = [waiting(site, scheduler, now=NOW - timedelta(minutes=9 - n)) for n in range(6)]
    cancelled(full, scheduler)
    assert offered() == told[: filling.ASKED_AT_ONCE]
    assert not Reservation.objects.filter(status="held").exists()
    assert {offer.lungs_start_at for offer in Offer.objects.all()} == {full.lungs_start_at}
    assert offered() == told[: filling.ASKED_AT_ONCE]


@pytest.mark.usefixtures("first_come")
def test_the_first_to_answer_gets_it_and_the_others_wait_on(site, scheduler, full):
    one, other = (waiting(site, scheduler, now=NOW - timedelta(minutes=n)) for n in (2, 1))
    cancelled(full, scheduler)
    offered()
    made = offers.accept(other.offers.get(), by=scheduler, now=SOON)
    assert made.lungs_start_at == full.lungs_start_at
    with pytest.raises(Conflict, match=r"has just been booked|is busy|X-ray"):
        offers.accept(one.offers.get(), by=scheduler, now=SOON)
    assert offered() == []
    one.refresh_from_db()
    assert (one.state, one.offers.get().state) == (EntryState.WAITING, OfferState.WITHDRAWN)
    assert not Task.objects.filter(about__startswith="offer:", closed_at=None).exists()


@pytest.mark.usefixtures("first_come")
def test_when_all_have_declined_the_next_are_told(site, scheduler, full):
    told = [waiting(site, scheduler, now=NOW - timedelta(minutes=9 - n)) for n in range(6)]
    cancelled(full, scheduler)
    offered()
    for offer in Offer.objects.open():
        offers.decline(offer, by=scheduler, now=SOON)
    assert offered() == told[filling.ASKED_AT_ONCE :]


# Joining, leaving, and what ends by itself.


def test_an_order_joins_once(site, scheduler):
    entry = waiting(site, scheduler)
    with pytest.raises(Conflict, match="on the waitlist already"):
        entries.join(entry.order, wishes=WISHES, by=scheduler, now=NOW)


def test_an_order_that_is_not_vetted_cannot_join(site, scheduler):
    order = department.order(site, by=scheduler, vetted=False)
    with pytest.raises(Conflict, match="has to vet"):
        entries.join(order, wishes=WISHES, by=scheduler, now=NOW)


def test_who_has_arrived_cannot_join(site, scheduler):
    appointment = department.booked(site, by=scheduler)
    arrivals.check_in(appointment, **department.HERE, by=scheduler, now=appointment.starts_at)
    with pytest.raises(Conflict, match="arrived; it cannot be earlier"):
        entries.join(appointment.procedure.order, wishes=WISHES, by=scheduler, now=NOW)


@pytest.mark.parametrize(
    ("field", "wishes"),
    [
        ("last_day", {"last_day": TODAY - timedelta(days=1)}),
        ("last_day", {"first_day": TODAY + timedelta(days=19)}),
        ("last_day", {"last_day": date(2028, 4, 1)}),
        ("weekdays", {"weekdays": (7,)}),
        ("comes_until", {"comes_from": time(9)}),
        ("comes_until", {"comes_from": time(9), "comes_until": time(9)}),
        ("notice_minutes", {"notice_minutes": -1}),
    ],
)
def test_wishes_that_nothing_could_meet_are_refused(site, scheduler, field, wishes):
    order = department.order(site, by=scheduler)
    with pytest.raises(Invalid) as refusal:
        entries.join(
            order,
            wishes=Wishes(**{"first_day": TODAY, "last_day": LAST_DAY, **wishes}),
            by=scheduler,
            now=NOW,
        )
    assert list(refusal.value.fields) == [field]


def test_technologists_and_physicians_do_not_manage_the_list(site, scheduler):
    entry = waiting(site, scheduler)
    for user in (department.technologist(site), department.attending(site)):
        with pytest.raises(NotAllowed):
            entries.leave(entry, by=user, now=NOW)


def test_who_leaves_gives_the_offered_time_back(site, scheduler, full):
    entry = waiting(site, scheduler, now=NOW - timedelta(minutes=5))
    second = waiting(site, scheduler)
    cancelled(full, scheduler)
    offered()
    entries.leave(entry, by=scheduler, now=SOON)
    entry.refresh_from_db()
    assert (entry.state, entry.offers.get().state) == (EntryState.LEFT, OfferState.WITHDRAWN)
    assert offered() == [second]
    with pytest.raises(Conflict, match="not on the waitlist any more"):
        entries.leave(entry, by=scheduler, now=SOON)


def moved(appointment, *, days, by):
    """Moved to the first time from so many days after today on."""
    appointment = Appointment.objects.get(pk=appointment.pk)
    found, _ = search.moves(appointment, first_day=TODAY + timedelta(days=days), days=1, by=by, now=NOW)
    return booking.move(appointment, starts=found[0].starts, by=by, now=NOW)


def ended(entry, now=SOON):
    filling.fill(now=now)
    entry.refresh_from_db()
    return entry.state


def test_an_order_that_is_booked_at_the_desk_waits_no_more(site, scheduler, full):
    entry = waiting(site, scheduler)
    Closure.objects.all().delete()
    best = department.proposal(entry.order, by=scheduler)
    booking.book(entry.order, starts=best.starts, by=scheduler, now=NOW)
    assert ended(entry) == EntryState.TAKEN


def test_an_order_that_is_cancelled_waits_no_more_and_its_offer_is_withdrawn(site, scheduler, full):
    entry = waiting(site, scheduler)
    cancelled(full, scheduler)
    offered()
    intake.cancel_order(entry.order, reason="Better", by=scheduler, now=SOON)
    assert ended(entry) == EntryState.LEFT
    assert entry.offers.get().state == OfferState.WITHDRAWN
    assert not Reservation.objects.filter(status="held").exists()


def test_who_cancels_is_not_offered_the_own_time_again(site, scheduler, full):
    entry = entries.join(full.procedure.order, wishes=WISHES, by=scheduler, now=NOW)
    cancelled(full, scheduler)
    assert offered() == []
    entry.refresh_from_db()
    assert entry.state == EntryState.LEFT


def test_a_move_to_a_much_earlier_time_ends_the_waiting_and_a_later_one_does_not(site, scheduler):
    late = department.booked(site, by=scheduler, first_day=TODAY + timedelta(days=7))
    order = late.procedure.order
    entry = entries.join(order, wishes=Wishes(TODAY, TODAY + timedelta(days=2)), by=scheduler, now=NOW)
    Closure.objects.create(site=site, span=(NOW, at(TODAY + timedelta(days=4), 0)), reason="nothing free")
    moved(late, days=9, by=scheduler)
    assert ended(entry) == EntryState.WAITING
    moved(late, days=5, by=scheduler)
    assert ended(entry) == EntryState.TAKEN


def test_the_last_day_ends_the_waiting(site, scheduler, full):
    entry = waiting(site, scheduler, wishes=Wishes(TODAY, TOMORROW))
    assert ended(entry, at(TOMORROW, 23, 59)) == EntryState.WAITING
    assert ended(entry, at(TODAY + timedelta(days=2), 0)) == EntryState.EXPIRED


# Beside others.


def test_who_is_being_talked_to_at_the_desk_is_left_alone(site, scheduler):
    entry = waiting(site, scheduler)
    best = department.proposal(entry.order, by=scheduler, first_day=TODAY + timedelta(days=3))
    held = holds.hold(entry.order, starts=best.starts, by=scheduler, now=NOW)
    assert offered() == []
    holds.release(held, by=scheduler, now=SOON)
    assert offered() == [entry]


def test_an_offer_whose_hold_was_given_up_is_withdrawn(site, scheduler, full):
    entry = waiting(site, scheduler)
    cancelled(full, scheduler)
    offered()
    first = Offer.objects.get()
    other = department.scheduler(site)
    holds.release(first.hold, by=other, now=SOON)
    filling.fill(now=SOON)
    first.refresh_from_db()
    assert first.state == OfferState.WITHDRAWN
    assert entry.offers.open().get().lungs_start_at == first.lungs_start_at


def test_two_sites_do_not_see_each_others_lists(site, scheduler, full):
    there = department.site("hillside")
    entry = waiting(there, department.scheduler(there))
    cancelled(full, scheduler)
    assert offered() == [entry]
    assert Offer.objects.get().hold.order.site == there


def test_a_closure_that_is_lifted_frees_time_too(site, scheduler):
    closed = Closure.objects.create(site=site, span=(NOW, at(LAST_DAY, 23)), reason="Works")
    entry = waiting(site, scheduler)
    assert offered() == []
    closed.delete()
    assert offered(NOW + timedelta(minutes=2)) == [entry]


def test_the_state_of_the_order_follows_the_offer(site, scheduler, full):
    entry = waiting(site, scheduler)
    cancelled(full, scheduler)
    offered()
    offers.accept(Offer.objects.get(), by=scheduler, now=SOON)
    entry.order.refresh_from_db()
    assert entry.order.state == OrderState.SCHEDULED
    assert WaitlistEntry.objects.live().count() == 0
    assert Appointment.objects.get(procedure__order=entry.order).state == AppointmentState.BOOKED
