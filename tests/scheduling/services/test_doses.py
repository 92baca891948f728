"""Every step that needs a tracer takes one dose of it, and gives it back when it is not done."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction

from scheduling.engine.calendars import to_minute
from scheduling.models import DoseClaim, StepKind, TracerBatch
from scheduling.services import availability, booking, holds, reservations, search, tracers, visits
from tests import department, doses
from tests.department import NOW, TODAY
from tests.doses import HOUR
from vqflow.errors import Conflict

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


@pytest.fixture
def q_site(site):
    """Perfusion needs 148 MBq of MAA."""
    doses.needed(site)
    return site


def perfusion(appointment):
    return appointment.steps.get(kind=StepKind.PERFUSION)


def question(order, **known):
    return availability.search_for(order, first_day=TODAY, days=3, now=NOW, **known)


def allowed(order, **known):
    return next(step.allowed for step in question(order, **known).steps if step.key == "perfusion")


def test_a_department_without_tracers_books_as_before(site, scheduler):
    doses.needed(site)
    appointment = department.booked(site, by=scheduler)
    assert not DoseClaim.objects.exists()
    assert allowed(department.order(site)) is None
    assert perfusion(appointment).planned_start_at > NOW


def test_a_booking_takes_its_dose_at_the_calibration_of_the_batch(q_site, scheduler):
    kit = doses.batch(q_site)
    appointment = department.booked(q_site, by=scheduler)
    claim = doses.live().get()
    step = perfusion(appointment)
    assert (claim.step, claim.batch, claim.kind) == (step, kit, "perfusion")
    assert claim.needed_at == step.planned_start_at
    assert claim.activity_mbq == 148
    minutes = (step.planned_start_at - NOW) / timedelta(minutes=1)
    assert claim.reference_mbq == pytest.approx(Decimal(148 * 2 ** (minutes / 360.9)), abs=Decimal("0.002"))
    kit.refresh_from_db()
    assert kit.claimed_mbq == claim.reference_mbq


def test_no_start_is_offered_after_the_kit_has_expired(q_site):
    doses.batch(q_site, starts_at=NOW + HOUR, expires_at=NOW + 4 * HOUR)
    low, high = to_minute(NOW + HOUR), to_minute(NOW + 4 * HOUR)
    today_ends = to_minute(NOW) + 17 * 60  # 07:00 in New York
    found = allowed(department.order(q_site))
    assert found == ((low, high + 1), (today_ends, found[-1][1]))


def test_days_without_batch_stay_open_until_a_weekly_plan_covers_them(q_site):
    doses.batch(q_site)
    before = allowed(department.order(q_site))
    doses.supply(q_site, starts_on=TODAY + timedelta(days=1), weekdays=[1])
    after = allowed(department.order(q_site))
    assert len(before) == 2  # the kit, and the days after it
    assert after[1] == (to_minute(NOW) + 24 * 60 + 30, to_minute(NOW) + 24 * 60 + 30 + 361)
    assert len(after) == 2  # nothing on Wednesday


def test_the_last_dose_is_given_once_and_the_next_patient_is_told(q_site, scheduler):
    doses.batch(q_site, activity_mbq=Decimal(300), particles=600_000)
    first = department.order(q_site, by=scheduler)
    second = department.order(q_site, by=scheduler)
    best, other = department.proposal(first, by=scheduler), department.proposal(second, by=scheduler)
    booking.book(first, starts=best.starts, by=scheduler, now=NOW)
    with pytest.raises(Conflict):
        booking.book(second, starts=other.starts, by=scheduler, now=NOW)
    again = department.proposal(second, by=scheduler)  # on the next day, without batch
    assert again.starts["perfusion"] - best.starts["perfusion"] > 12 * HOUR
    assert doses.balanced()


def test_ventilation_and_perfusion_take_a_dose_each(site, scheduler):
    doses.needed(site, ventilation=500)
    doses.batch(site)
    eluate = doses.batch(site, product="pertechnetate", activity_mbq=Decimal(5000))
    appointment = department.booked(site, by=scheduler)
    assert {claim.kind: claim.batch.product for claim in doses.live()} == {
        "ventilation": "pertechnetate",
        "perfusion": "maa",
    }
    assert doses.live(batch=eluate).get().needed_at == appointment.lungs_start_at


def test_a_patient_with_reduced_particles_gets_a_smaller_dose(q_site, scheduler):
    q_site.protocols.get(key="V_THEN_Q").steps.filter(kind="perfusion").update(least_activity_mbq=37)
    doses.batch(q_site)
    answers = {**department.SAFE_ANSWERS, "pulmonary_hypertension": "mild_or_moderate"}
    department.booked(q_site, by=scheduler, answers=answers)
    claim = doses.live().get()
    assert claim.reference_mbq == Decimal("92.5")  # 200,000 of 4,000,000 particles
    assert 37 <= claim.activity_mbq < Decimal("92.5")


def test_cancelling_gives_the_dose_back(q_site, scheduler):
    kit = doses.batch(q_site)
    appointment = department.booked(q_site, by=scheduler)
    booking.cancel(appointment, reason="Flu", by=scheduler, now=NOW)
    kit.refresh_from_db()
    assert (kit.claimed_mbq, doses.live().count()) == (0, 0)
    assert DoseClaim.objects.get().status == "released"


def test_a_no_show_gives_the_dose_back(q_site, scheduler):
    doses.batch(q_site)
    appointment = department.booked(q_site, by=scheduler)
    visits.no_show(appointment, by=scheduler, now=appointment.starts_at + HOUR)
    assert doses.live().count() == 0
    assert doses.balanced()


def test_leaving_perfusion_out_gives_its_dose_back(q_site, technologist):
    doses.batch(q_site)
    appointment, at = department.ready(department.booked(q_site), by=technologist)
    ventilation = appointment.steps.get(kind=StepKind.VENTILATION)
    visits.start(ventilation, by=technologist, now=at)
    visits.end(ventilation, by=technologist, now=at + timedelta(minutes=15))
    visits.leave_out(perfusion(appointment), reason="Unwell", by=technologist, now=at + timedelta(minutes=20))
    assert doses.live().count() == 0
    assert doses.balanced()


def test_a_dose_that_was_given_stays_taken(site, technologist):
    doses.needed(site, ventilation=500)
    doses.batch(site)
    doses.batch(site, product="pertechnetate", activity_mbq=Decimal(5000))
    appointment, at = department.ready(department.booked(site), by=technologist)
    visits.start(appointment.steps.get(kind=StepKind.VENTILATION), by=technologist, now=at)
    reservations.release(appointment)
    assert [claim.kind for claim in doses.live()] == ["ventilation"]
    assert doses.balanced()


def test_moving_takes_the_dose_for_the_new_time_and_gives_the_old_one_back(q_site, scheduler):
    kit = doses.batch(q_site)
    appointment = department.booked(q_site, by=scheduler)
    before = doses.live().get()
    other = search.moves(appointment, first_day=TODAY, days=1, by=scheduler, now=NOW)[0][-1]
    booking.move(appointment, starts=other.starts, by=scheduler, now=NOW)
    claim = doses.live().get()
    assert claim.needed_at == other.starts["perfusion"] > before.needed_at
    assert claim.reference_mbq > before.reference_mbq
    kit.refresh_from_db()
    assert kit.claimed_mbq == claim.reference_mbq


def test_the_last_dose_is_still_the_patients_own_when_the_time_is_moved(q_site, scheduler):
    doses.batch(q_site, activity_mbq=Decimal(300), particles=600_000)
    appointment = department.booked(q_site, by=scheduler)
    own = perfusion(appointment).planned_start_at
    found, _ = search.moves(appointment, first_day=TODAY, days=1, by=scheduler, now=NOW)
    later = next(each for each in found if each.starts["perfusion"] > own)
    booking.move(appointment, starts=later.starts, by=scheduler, now=NOW)
    assert doses.live().get().needed_at == later.starts["perfusion"]
    assert doses.balanced()


def test_a_unit_dose_serves_one_patient(q_site, scheduler):
    doses.batch(q_site, activity_mbq=Decimal(400), particles=400_000, is_unit_dose=True)
    department.booked(q_site, by=scheduler)
    assert doses.live().get().takes_all
    later = department.proposal(department.order(q_site, by=scheduler), by=scheduler)
    assert later.starts["perfusion"] > NOW + 17 * HOUR


class TestHolds:
    @pytest.fixture
    def order(self, q_site, scheduler):
        doses.batch(q_site, activity_mbq=Decimal(300), particles=600_000)
        return department.order(q_site, by=scheduler)

    @pytest.fixture
    def hold(self, order, scheduler):
        best = department.proposal(order, by=scheduler)
        return holds.hold(order, starts=best.starts, by=scheduler, now=NOW)

    def test_a_hold_keeps_its_dose_from_others(self, q_site, order, hold):
        claim = doses.live().get()
        assert (claim.token, claim.step, claim.expires_at) == (hold.pk, None, hold.expires_at)
        assert allowed(department.order(q_site))[0][0] > to_minute(NOW + 16 * HOUR)

    def test_its_own_dose_does_not_count_against_it(self, order, hold):
        assert allowed(order, hold=hold.pk)[0][0] == to_minute(NOW)

    def test_confirming_hands_the_dose_over(self, order, hold, scheduler):
        appointment = booking.book(order, starts=holds.starts_of(hold), hold=hold, by=scheduler, now=NOW)
        claim = doses.live().get()
        assert (claim.step, claim.token) == (perfusion(appointment), None)
        assert doses.balanced()

    def test_releasing_gives_it_back(self, hold, scheduler):
        holds.release(hold, by=scheduler, now=NOW)
        assert doses.live().count() == 0
        assert doses.balanced()

    def test_extending_keeps_the_dose_as_long(self, hold, scheduler):
        later = holds.extend(hold, by=scheduler, now=NOW + timedelta(minutes=4))
        assert doses.live().get().expires_at == later.expires_at > hold.held_at + holds.LASTS

    def test_an_expired_hold_keeps_no_dose_even_before_it_is_released(self, q_site, hold, scheduler):
        late = hold.expires_at
        other = department.order(q_site, by=scheduler, now=late)
        best = department.proposal(other, by=scheduler, now=late)
        assert best.starts["perfusion"] < NOW + 10 * HOUR
        booking.book(other, starts=best.starts, by=scheduler, now=late)
        assert doses.live().get().step is not None
        assert doses.balanced()

    def test_the_periodic_task_gives_expired_doses_back_once(self, hold):
        assert tracers.release_expired(now=hold.expires_at - timedelta(seconds=1)) == 0
        assert tracers.release_expired(now=hold.expires_at) == 1
        assert tracers.release_expired(now=hold.expires_at) == 0
        assert doses.balanced()

    def test_holding_another_time_for_ones_own_last_dose_takes_only_what_is_beyond_it(
        self, q_site, order, scheduler
    ):
        best = department.proposal(order, by=scheduler)
        appointment = booking.book(order, starts=best.starts, by=scheduler, now=NOW)
        found, _ = search.moves(appointment, first_day=TODAY, days=1, by=scheduler, now=NOW)
        later = next(each for each in found if each.starts["perfusion"] > best.starts["perfusion"])
        hold = holds.hold(order, starts=later.starts, appointment=appointment, by=scheduler, now=NOW)
        own, held = doses.live(token=None).get(), doses.live(token=hold.pk).get()
        assert 0 < held.reference_mbq < own.reference_mbq
        booking.move(appointment, starts=later.starts, hold=hold, by=scheduler, now=NOW)
        assert doses.live().get().needed_at == later.starts["perfusion"]
        assert doses.balanced()


class TestTheDatabaseRefuses:
    @pytest.fixture
    def claim(self, q_site):
        doses.batch(q_site)
        department.booked(q_site)
        return doses.live().get()

    @staticmethod
    def copied(claim, **fields):
        values = {
            "batch": claim.batch,
            "step": claim.step,
            "kind": claim.kind,
            "needed_at": claim.needed_at,
            "activity_mbq": 1,
            "reference_mbq": 1,
        }
        return DoseClaim.objects.create(**values | fields)

    def refused(self, name, act):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            act()

    def test_a_second_live_dose_of_one_step(self, claim):
        self.refused("claim_once_per_step", lambda: self.copied(claim))

    def test_a_second_live_dose_of_one_held_step(self, claim):
        token, until = "9f0c2f64-5c6e-4d3c-8a55-7a4f8f2f5a10", NOW + HOUR
        held = {"step": None, "token": token, "expires_at": until}
        self.copied(claim, **held)
        self.refused("claim_once_per_held_step", lambda: self.copied(claim, **held))

    def test_a_claim_of_nobody(self, claim):
        self.refused("claim_of_step_or_hold", lambda: self.copied(claim, step=None))

    def test_a_second_claim_of_a_unit_dose(self, claim):
        DoseClaim.objects.filter(pk=claim.pk).update(takes_all=True)
        other = department.booked(claim.batch.site)
        doses.live(step__appointment=other).update(status="released")
        step = perfusion(other)
        self.refused("claim_unit_dose_once", lambda: self.copied(claim, step=step, takes_all=True))

    def test_more_claims_than_there_is_activity(self, claim):
        kit = TracerBatch.objects.filter(pk=claim.batch_id)
        self.refused("batch_not_overclaimed", lambda: kit.update(claimed_mbq=Decimal("1850.001")))
        self.refused("batch_not_overclaimed", lambda: kit.update(claimed_mbq=-1))

    def test_particles_of_what_has_none(self, claim):
        kit = TracerBatch.objects.filter(pk=claim.batch_id)
        self.refused("batch_particles_of_maa", lambda: kit.update(particles=None))
        self.refused("batch_particles_of_maa", lambda: kit.update(product="dtpa"))

    def test_a_batch_that_expires_before_it_is_usable_or_never(self, claim):
        kit = TracerBatch.objects.filter(pk=claim.batch_id)
        self.refused("batch_lasts", lambda: kit.update(expires_at=NOW))
        self.refused("batch_lasts", lambda: kit.update(expires_at=NOW + timedelta(days=61)))

    def test_a_failure_without_reason(self, claim):
        kit = TracerBatch.objects.filter(pk=claim.batch_id)
        self.refused("batch_failed_with_reason", lambda: kit.update(state="failed"))


@pytest.mark.django_db(transaction=True)
def test_of_four_bookings_racing_for_the_last_dose_one_gets_it():
    """On four days, so that no room or person keeps them apart: a vial that lasts is all that they share."""
    site = department.site()
    scheduler = department.scheduler(site)
    protocol = site.protocols.get(key="V_THEN_Q")
    protocol.steps.filter(kind="ventilation").update(tracer="xe133", activity_mbq=100)
    doses.batch(site, product="xe133", activity_mbq=Decimal(190), expires_at=NOW + timedelta(days=6))
    orders = [department.order(site, by=scheduler) for _ in range(4)]
    starts = [
        department.proposal(order, by=scheduler, first_day=TODAY + timedelta(days=at)).starts
        for at, order in enumerate(orders)
    ]
    barrier, outcomes = threading.Barrier(4), []

    def one(order, when):
        barrier.wait()
        try:
            booking.book(order, starts=when, by=scheduler, now=NOW)
            outcomes.append("booked")
        except Conflict as refusal:
            outcomes.append(refusal.sentence)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=each) for each in zip(orders, starts, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("booked") == 1
    assert doses.live().count() == 1
    assert doses.balanced()
