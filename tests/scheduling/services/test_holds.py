"""Holding a time: one test per exit, and the exact second at which it ends."""

from datetime import timedelta

import pytest

from scheduling.engine.states import OrderState
from scheduling.models import Appointment, Hold, Reservation, Resource
from scheduling.services import booking, holds, reservations, search, visits
from tests import department
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent, Role

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
AT_END = NOW + holds.LASTS


@pytest.fixture
def kim(site):
    return department.scheduler(site, first_name="Kim", last_name="Park")


@pytest.fixture
def lee(site):
    return department.scheduler(site, first_name="Lee", last_name="Wood")


@pytest.fixture
def order(site, kim):
    return department.order(site, by=kim)


@pytest.fixture
def best(order, kim):
    return department.proposal(order, by=kim, first_day=TODAY + timedelta(days=1))


def rooms(proposal):
    return sorted({each for step in proposal.steps for each in step.resource_ids})


def held(order, best, by, now=NOW, **more):
    return holds.hold(order, starts=best.starts, resource_ids=rooms(best), by=by, now=now, **more)


def rows(hold):
    return Reservation.objects.filter(token=hold.pk, status="held")


def outcome(hold):
    return Hold.objects.get(pk=hold.pk).outcome


def test_a_hold_takes_what_a_booking_would_take_for_five_minutes(order, best, kim):
    hold = held(order, best, kim)
    kinds = sorted(rows(hold).values_list("resource__kind", flat=True))
    assert kinds == ["patient"] * 3 + ["room"] * 4 + ["technologist"] * 3
    assert set(rows(hold).values_list("expires_at", flat=True)) == {NOW + timedelta(minutes=5)}
    assert holds.starts_of(hold) == best.starts
    order.refresh_from_db()
    assert order.state == OrderState.VETTED
    event = AuditEvent.objects.get(action="time.held")
    assert (event.agent_id, event.patient_ids) == (str(kim.pk), [order.patient_id])


def test_to_others_it_is_held_by_name_and_until_when(site, order, best, kim, lee):
    held(order, best, kim)
    other = department.order(site, by=lee)
    with pytest.raises(Conflict) as refusal:
        booking.book(other, starts=best.starts, resource_ids=rooms(best), by=lee, now=NOW)
    assert refusal.value.sentence == "X-ray 1 is held by Kim Park until 07:05. Choose another time."
    with pytest.raises(Conflict) as refusal:
        held(other, best, lee)
    assert refusal.value.sentence == "X-ray 1 is held by Kim Park until 07:05. Choose another time."


def test_an_offer_to_a_patient_is_called_one(site, order, best, kim, lee):
    held(order, best, kim, is_offer=True, lasts=timedelta(minutes=30))
    with pytest.raises(Conflict) as refusal:
        held(department.order(site, by=lee), best, lee)
    assert refusal.value.sentence == (
        "X-ray 1 is held for a patient to whom it was offered, until 07:30. Choose another time."
    )


def test_others_find_other_times_while_it_is_held(site, order, best, kim, lee):
    held(order, best, kim)
    other = department.order(site, by=lee)
    tomorrow = TODAY + timedelta(days=1)
    assert department.proposal(other, by=lee, first_day=tomorrow).lungs_start_at > best.lungs_start_at


def test_confirming_books_the_time_that_is_held(order, best, kim):
    hold = held(order, best, kim)
    at = NOW + timedelta(minutes=2)
    appointment = booking.book(
        order, starts=holds.starts_of(hold), resource_ids=hold.resource_ids, hold=hold, by=kim, now=at
    )
    booked = Reservation.objects.filter(step__appointment=appointment, status="booked")
    assert set(booked.values_list("resource_id", flat=True)) == set(rooms(best))
    assert (outcome(hold), rows(hold).count()) == ("confirmed", 0)


class TestTheSecondAtWhichItEnds:
    def test_a_second_before_it_still_keeps_others_out(self, site, order, best, kim, lee):
        held(order, best, kim)
        with pytest.raises(Conflict):
            booking.book(department.order(site), starts=best.starts, by=lee, now=AT_END - SECOND)

    def test_at_that_second_the_time_is_free(self, site, order, best, kim, lee):
        hold = held(order, best, kim)
        taken = booking.book(department.order(site), starts=best.starts, by=lee, now=AT_END)
        assert taken.lungs_start_at == best.lungs_start_at
        assert outcome(hold) == "expired"

    def test_it_is_extended_a_second_before_and_not_then(self, order, best, kim):
        hold = held(order, best, kim)
        with pytest.raises(Conflict) as refusal:
            holds.extend(hold, by=kim, now=AT_END)
        assert refusal.value.sentence == (
            "The time was held until 07:05. Confirm it while it is still free, or choose again."
        )
        longer = holds.extend(hold, by=kim, now=AT_END - SECOND)
        assert longer.expires_at == AT_END - SECOND + holds.LASTS
        assert set(rows(hold).values_list("expires_at", flat=True)) == {longer.expires_at}

    def test_confirmed_late_it_is_simply_booked_while_it_is_free(self, order, best, kim):
        hold = held(order, best, kim)
        booking.book(order, starts=best.starts, hold=hold, by=kim, now=AT_END + SECOND)
        assert outcome(hold) == "confirmed"

    def test_confirmed_late_and_taken_since_is_refused(self, site, order, best, kim, lee):
        hold, other = held(order, best, kim), department.order(site)
        booking.book(other, starts=best.starts, resource_ids=rooms(best), by=lee, now=AT_END)
        with pytest.raises(Conflict) as refusal:
            booking.book(
                order, starts=best.starts, resource_ids=rooms(best), hold=hold, by=kim, now=AT_END + SECOND
            )
        assert refusal.value.sentence == (
            "The time is not held for you any more. "
            "Lee Wood was faster: X-ray 1 has just been booked. Choose another time."
        )
        assert Appointment.objects.filter(procedure__order=order).count() == 0


def test_ones_own_hold_is_never_in_the_way(order, best, kim):
    first = held(order, best, kim)
    second = held(order, best, kim, now=NOW + SECOND)
    assert [outcome(each) for each in (first, second)] == ["released", "live"]
    assert set(Reservation.objects.filter(status="held").values_list("token", flat=True)) == {second.pk}
    booking.book(order, starts=best.starts, by=kim, now=NOW + SECOND)
    assert outcome(second) == "released"
    assert not Reservation.objects.filter(status="held").exists()


def test_a_user_holds_one_time(site, order, best, kim):
    hold = held(order, best, kim)
    other = held(department.order(site, by=kim), best, kim)
    assert [outcome(each) for each in (hold, other)] == ["released", "live"]


def test_offers_stand_beside_what_the_user_holds(site, order, best, kim):
    offer = held(order, best, kim, is_offer=True)
    other = department.order(site, by=kim)
    dialog = held(other, department.proposal(other, by=kim), kim)
    assert [outcome(each) for each in (offer, dialog)] == ["live", "live"]


def test_what_anybody_held_for_the_order_gives_way(order, best, kim, lee):
    hold = held(order, best, kim)
    held(order, best, lee)
    assert outcome(hold) == "released"
    with pytest.raises(Conflict):
        holds.extend(hold, by=kim, now=NOW + SECOND)


def test_an_open_dialog_keeps_it_for_half_an_hour_and_no_longer(order, best, kim):
    hold = held(order, best, kim)
    for minute in range(1, 35):
        at = NOW + timedelta(minutes=minute)
        if at >= NOW + holds.LONGEST:
            break
        hold = holds.extend(hold, by=kim, now=at)
    assert hold.expires_at == NOW + timedelta(minutes=30)
    with pytest.raises(Conflict):
        holds.extend(hold, by=kim, now=NOW + timedelta(minutes=30))


def test_released_on_leaving_it_is_free_at_once(site, order, best, kim, lee):
    hold = held(order, best, kim)
    assert holds.release(hold, by=kim, now=NOW + SECOND).outcome == "released"
    assert holds.release(hold, by=kim, now=NOW + SECOND).outcome == "released"
    assert booking.book(department.order(site), starts=best.starts, by=lee, now=NOW + SECOND)


def test_a_colleague_neither_extends_nor_releases_nor_confirms_it(order, best, kim, lee):
    hold = held(order, best, kim)
    for deed in (holds.extend, holds.release):
        with pytest.raises(NotAllowed):
            deed(hold, by=lee, now=NOW)
    with pytest.raises(Conflict) as refusal:
        booking.book(order, starts=best.starts, hold=hold, by=lee, now=NOW)
    assert refusal.value.sentence == "Kim Park holds this time. Choose another, or ask for it."
    assert outcome(hold) == "live"


def test_an_offer_is_confirmed_by_whoever_answers_the_phone(order, best, kim, lee):
    hold = held(order, best, kim, is_offer=True)
    assert booking.book(order, starts=best.starts, hold=hold, by=lee, now=NOW).booked_by == lee


def test_a_hold_of_another_order_is_not_confirmed(site, order, best, kim):
    hold = held(order, best, kim)
    with pytest.raises(Conflict) as refusal:
        booking.book(department.order(site), starts=best.starts, hold=hold, by=kim, now=NOW)
    assert refusal.value.sentence == "This time is held for something else. Search again."


@pytest.mark.parametrize("role", [Role.TECHNOLOGIST, Role.REFERRER, Role.PRIVACY_OFFICER])
def test_who_does_not_book_does_not_hold(site, order, best, role):
    with pytest.raises(NotAllowed):
        held(order, best, department.user(role, site))


def test_an_order_that_cannot_be_booked_is_not_held(site, kim, best):
    with pytest.raises(Conflict):
        held(department.order(site, by=kim, vetted=False), best, kim)


def test_starts_that_are_not_those_of_the_protocol_are_refused(order, best, kim):
    with pytest.raises(Invalid):
        holds.hold(order, starts={"xray": best.starts["xray"]}, by=kim, now=NOW)


def test_a_hold_remembers_the_xray_done_elsewhere(order, kim):
    xray = booking.XrayElsewhere(NOW - timedelta(hours=2), "Hillside ED", "CT")
    best = department.proposal(order, by=kim, xray_ended_at=xray.ended_at)
    hold = held(order, best, kim, xray=xray)
    assert booking.xray_of(Hold.objects.get(pk=hold.pk)) == xray


class TestForAMove:
    @pytest.fixture
    def appointment(self, site, kim):
        return department.booked(site, by=kim)

    @pytest.fixture
    def later(self, appointment, kim):
        """A quarter of an hour later: it overlaps the time that is booked."""
        return {kind: at + timedelta(minutes=15) for kind, at in planned(appointment).items()}

    def test_another_time_is_held_while_the_booked_one_stays(self, appointment, later, kim):
        hold = holds.hold(appointment.procedure.order, starts=later, appointment=appointment, by=kim, now=NOW)
        assert hold.appointment == appointment
        assert set(rows(hold).values_list("resource__kind", flat=True)) == {"patient", "room", "technologist"}
        booked = Reservation.objects.filter(step__appointment=appointment, status="booked")
        assert booked.count() == 10

    def test_confirming_moves(self, appointment, later, kim):
        hold = holds.hold(appointment.procedure.order, starts=later, appointment=appointment, by=kim, now=NOW)
        moved = booking.move(appointment, starts=holds.starts_of(hold), hold=hold, by=kim, now=NOW)
        assert planned(moved) == later
        assert (outcome(hold), Reservation.objects.filter(status="held").count()) == ("confirmed", 0)

    def test_nobody_else_gets_either_time(self, site, appointment, later, kim, lee):
        holds.hold(appointment.procedure.order, starts=later, appointment=appointment, by=kim, now=NOW)
        ours = reservations.resource_ids(appointment)
        Resource.objects.filter(kind="room").exclude(pk__in=ours).update(is_active=False)
        for starts in (later, planned(appointment)):
            with pytest.raises(Conflict):
                booking.book(department.order(site), starts=starts, by=lee, now=NOW)

    def test_it_is_not_confirmed_as_a_booking_or_for_another_appointment(self, site, appointment, later, kim):
        hold = holds.hold(appointment.procedure.order, starts=later, appointment=appointment, by=kim, now=NOW)
        other = department.booked(site, by=kim)
        with pytest.raises(Conflict):
            booking.move(other, starts=later, hold=hold, by=kim, now=NOW)

    def test_cancelling_frees_what_is_held_too(self, appointment, later, kim):
        hold = holds.hold(appointment.procedure.order, starts=later, appointment=appointment, by=kim, now=NOW)
        booking.cancel(appointment, reason="ill", by=kim, now=NOW)
        assert (outcome(hold), Reservation.objects.occupying().count()) == ("released", 0)

    def test_a_patient_who_stays_away_holds_nothing(self, appointment, kim):
        tomorrow, _ = search.moves(
            appointment, first_day=TODAY + timedelta(days=1), days=1, by=kim, now=NOW, limit=1
        )
        order, at = appointment.procedure.order, appointment.starts_at + timedelta(hours=1)
        hold = holds.hold(order, starts=tomorrow[0].starts, appointment=appointment, by=kim, now=NOW)
        visits.no_show(appointment, by=kim, now=at)
        assert (outcome(hold), Reservation.objects.occupying().count()) == ("released", 0)

    def test_one_that_is_over_is_not_moved(self, appointment, later, kim):
        booking.cancel(appointment, reason="ill", by=kim, now=NOW)
        with pytest.raises(Conflict):
            holds.hold(appointment.procedure.order, starts=later, appointment=appointment, by=kim, now=NOW)

    def test_a_technologist_holds_another_time_too(self, site, appointment, later):
        by = department.technologist(site)
        assert holds.hold(appointment.procedure.order, starts=later, appointment=appointment, by=by, now=NOW)


def planned(appointment):
    return {step.kind: step.planned_start_at for step in appointment.steps.all()}


@pytest.mark.django_db(transaction=True)
def test_the_periodic_job_ends_holds_whose_time_is_over():
    site = department.site()
    kim = department.scheduler(site)
    order = department.order(site, by=kim)
    hold = held(order, department.proposal(order, by=kim), kim)
    assert reservations.release_expired(now=AT_END - SECOND) == 0
    assert reservations.release_expired(now=AT_END) == 10
    assert outcome(hold) == "expired"
    assert reservations.release_expired(now=AT_END) == 0
