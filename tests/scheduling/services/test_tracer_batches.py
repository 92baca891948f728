"""Batches and weekly plans: entered, measured, late, failed, ended. One test per exit."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.db import connections, transaction

from scheduling.models import DisruptionKind, DoseClaim, StepKind, TracerBatch
from scheduling.services import booking, disruptions, holds, tracers, visits
from tests import department, doses
from tests.department import NOW, TODAY
from tests.doses import HOUR
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def site():
    made = department.site()
    doses.needed(made)
    return made


@pytest.fixture
def lead(site):
    return department.lead(site)


def refused(fields, act, **values):
    with pytest.raises(Invalid) as refusal:
        act(**values)
    assert sorted(refusal.value.fields) == fields
    return refusal.value.fields


class TestWeeklyPlans:
    def test_a_plan_lays_out_its_weekdays_for_400_days(self, site):
        supply = doses.supply(site)
        days = list(supply.batches.values_list("planned_on", flat=True))
        assert days[0] == TODAY
        assert max(days) == TODAY + timedelta(days=400)
        assert {day.weekday() for day in days} == {0, 1, 2, 3, 4}
        assert len(days) == len(set(days))

    def test_local_times_keep_to_the_clock_when_it_changes(self, site):
        supply = doses.supply(site)
        before, after = (
            supply.batches.get(planned_on=day).usable_from for day in (date(2027, 3, 12), date(2027, 3, 15))
        )
        assert before == datetime(2027, 3, 12, 12, 30, tzinfo=UTC)  # 07:30 in New York
        assert after == datetime(2027, 3, 15, 11, 30, tzinfo=UTC)  # the clock went forward on 14 March

    def test_laying_out_again_adds_only_what_is_new(self, site):
        supply = doses.supply(site, weekdays=list(range(7)))
        before = supply.batches.count()
        assert tracers.lay_out_all(now=NOW) == 0
        assert tracers.lay_out_all(now=NOW + 3 * DAY) == 3
        assert supply.batches.count() == before + 3

    def test_a_day_that_another_worker_laid_out_is_not_laid_out_twice(self, site):
        supply = doses.supply(site)
        rows = list(supply.batches.all())
        for row in rows:
            row.pk = None
        TracerBatch.objects.bulk_create(rows, ignore_conflicts=True)
        assert supply.batches.count() == len(rows)

    def test_unit_doses_are_batches_of_their_own(self, site):
        supply = doses.supply(site, unit_doses=3, activity_mbq=Decimal(185), particles=350_000)
        rows = supply.batches.filter(planned_on=TODAY)
        assert [(row.number, row.is_unit_dose) for row in rows] == [(1, True), (2, True), (3, True)]

    def test_a_plan_that_has_ended_lays_nothing_out(self, site, lead):
        supply = doses.supply(site)
        tracers.end_supply(supply, ends_on=TODAY, by=lead, now=NOW)
        assert [row.planned_on for row in supply.batches.all()] == [TODAY]
        assert tracers.lay_out_all(now=NOW + 30 * DAY) == 0

    def test_a_plan_does_not_end_before_a_dose_that_is_promised(self, site, lead):
        supply = doses.supply(site)
        appointment = department.booked(site, first_day=TODAY + 3 * DAY)
        with pytest.raises(Conflict) as refusal:
            tracers.end_supply(supply, ends_on=TODAY, by=lead, now=NOW)
        assert refusal.value.sentence.startswith("Doses are promised until 11 Mar 2027.")
        booking.cancel(appointment, reason="Flu", by=department.scheduler(site), now=NOW)
        tracers.end_supply(supply, ends_on=TODAY, by=lead, now=NOW)
        assert supply.batches.count() == 1

    def test_a_batch_that_was_reported_late_fails_with_the_end_of_its_plan(self, site, lead):
        supply = doses.supply(site)
        late = supply.batches.get(planned_on=TODAY + DAY)
        expected = late.usable_from + HOUR
        report = {"kind": DisruptionKind.TRACER_LATE, "batch": late, "ends_at": expected}
        disruptions.report(site, by=lead, now=NOW, **report)
        tracers.end_supply(supply, ends_on=TODAY, by=lead, now=NOW)
        late.refresh_from_db()
        assert (late.state, late.failed_reason) == ("failed", "Plan ended")
        assert supply.batches.filter(planned_on__gt=TODAY).get() == late

    def test_a_plan_cannot_end_in_the_past(self, site, lead):
        supply = doses.supply(site)
        fields = {"supply": supply, "by": lead, "now": NOW}
        refused(["ends_on"], tracers.end_supply, ends_on=TODAY - 2 * DAY, **fields)

    @pytest.mark.parametrize(
        ("fields", "values"),
        [
            (["weekdays"], {"weekdays": []}),
            (["weekdays"], {"weekdays": [7]}),
            (["shelf_life_minutes"], {"shelf_life_minutes": 0}),
            (["shelf_life_minutes"], {"shelf_life_minutes": 60 * 1440 + 1}),
            (["starts_on"], {"starts_on": TODAY - DAY}),
            (["starts_on"], {"starts_on": TODAY + 401 * DAY}),
            (["ends_on"], {"ends_on": TODAY - DAY}),
            (["unit_doses"], {"unit_doses": 51}),
            (["activity_mbq"], {"activity_mbq": Decimal(0)}),
            (["particles"], {"particles": None}),
            (["particles"], {"product": "dtpa", "particles": 1}),
        ],
    )
    def test_a_plan_that_cannot_be_is_refused(self, site, lead, fields, values):
        refused(fields, doses.supply, site=site, by=lead, **values)

    def test_a_scheduler_sees_and_does_not_plan_tracers(self, site):
        scheduler = department.scheduler(site)
        with pytest.raises(NotAllowed):
            doses.supply(site, by=scheduler)
        with pytest.raises(NotAllowed):
            doses.batch(site, by=scheduler)


class TestBatches:
    @pytest.mark.parametrize(
        ("fields", "values"),
        [
            (["activity_mbq"], {"activity_mbq": Decimal(500_001)}),
            (["activity_mbq"], {"activity_mbq": Decimal(-1)}),
            (["particles"], {"particles": None}),
            (["particles"], {"product": "xe133", "particles": 5}),
            (["expires_at"], {"expires_at": NOW}),
            (["expires_at"], {"expires_at": NOW + 61 * DAY}),
        ],
    )
    def test_a_batch_that_cannot_be_is_refused(self, site, lead, fields, values):
        refused(fields, doses.batch, site=site, by=lead, **values)

    def test_a_failed_kit_hands_its_patients_to_another_that_can_serve_them(self, site, lead):
        first = doses.batch(site, expires_at=NOW + 9 * HOUR)
        appointment = department.booked(site)
        second = doses.batch(site)
        assert doses.live().get().batch == first
        assert tracers.fail(first, reason="Labelling failed", by=lead, now=NOW) == []
        claim = doses.live().get()
        assert (claim.batch, claim.step.appointment) == (second, appointment)
        assert doses.balanced()

    def test_a_failed_kit_strands_whom_nothing_else_serves(self, site, lead):
        kit = doses.batch(site)
        appointment = department.booked(site)
        [lost] = tracers.fail(kit, reason="Labelling failed", by=lead, now=NOW)
        assert lost.step.appointment == appointment
        assert (lost.status, doses.live().count()) == ("stranded", 0)
        assert [row.pk for row in tracers.stranded(kit, now=NOW)] == [lost.pk]
        event = AuditEvent.objects.get(action="tracer.failed")
        assert event.patient_ids == [appointment.procedure.order.patient_id]
        kit.refresh_from_db()
        assert (kit.state, kit.claimed_mbq) == ("failed", 0)

    def test_a_new_batch_serves_those_who_wait(self, site, lead):
        kit = doses.batch(site)
        department.booked(site)
        tracers.fail(kit, reason="Labelling failed", by=lead, now=NOW)
        spare = doses.batch(site)
        assert doses.live().get().batch == spare
        assert tracers.stranded(kit, now=NOW) == []
        assert doses.balanced()

    def test_moving_a_stranded_patient_takes_a_dose_again(self, site, lead):
        kit = doses.batch(site)
        doses.supply(site, starts_on=TODAY + DAY)
        appointment = department.booked(site)
        tracers.fail(kit, reason="Broken vial", by=lead, now=NOW)
        scheduler = department.scheduler(site)
        best = department.proposal(department.order(site), first_day=TODAY + DAY)
        booking.move(appointment, starts=best.starts, by=scheduler, now=NOW)
        assert doses.live().get().step.appointment == appointment
        assert not DoseClaim.objects.stranded().exists()
        assert doses.balanced()

    def test_a_late_kit_keeps_those_it_can_still_serve(self, site, lead):
        kit = doses.batch(site)
        early = department.booked(site)
        late = booking.book(
            order := department.order(site),
            starts=department.proposal(order, first_day=TODAY).starts,
            by=department.scheduler(site),
            now=NOW,
        )
        starts = sorted(each.steps.get(kind=StepKind.PERFUSION).planned_start_at for each in (early, late))
        lost = tracers.delay(kit, usable_from=starts[1], by=lead, now=NOW)
        assert [row.needed_at for row in lost] == [starts[0]]
        assert [row.needed_at for row in doses.live()] == [starts[1]]
        kit.refresh_from_db()
        assert kit.calibrated_at == kit.usable_from == starts[1]
        assert doses.balanced()

    def test_a_kit_that_is_a_day_late_is_another_kit(self, site, lead):
        kit = doses.batch(site)
        with pytest.raises(Invalid):
            tracers.delay(kit, usable_from=NOW + 25 * HOUR, by=lead, now=NOW)

    def test_a_failed_kit_is_not_late(self, site, lead):
        kit = doses.batch(site)
        tracers.fail(kit, reason="Broken", by=lead, now=NOW)
        with pytest.raises(Conflict):
            tracers.delay(kit, usable_from=NOW + HOUR, by=lead, now=NOW)

    def test_a_failure_needs_its_reason(self, site, lead):
        kit = doses.batch(site)
        refused(["reason"], tracers.fail, batch=kit, reason=" ", by=lead, now=NOW)

    def test_less_than_planned_serves_as_many_as_it_can(self, site, lead):
        kit = doses.batch(site)
        department.booked(site)
        department.booked(site)
        lost = tracers.measured(
            kit,
            calibrated_at=NOW,
            activity_mbq=Decimal(300),
            expires_at=kit.expires_at,
            particles=650_000,
            lot="A1",
            by=lead,
            now=NOW,
        )
        assert len(lost) == doses.live().count() == 1
        assert lost[0].needed_at > doses.live().get().needed_at
        kit.refresh_from_db()
        assert (kit.state, kit.lot) == ("ready", "A1")
        assert doses.balanced()

    def test_a_dose_that_was_given_stays_with_a_kit_that_fails_later(self, site, lead):
        ventilation = {"product": "pertechnetate", "particles": None}
        doses.needed(site, ventilation=500)
        doses.batch(site)
        eluate = doses.batch(site, activity_mbq=Decimal(5000), **ventilation)
        technologist = department.technologist(site)
        appointment, at = department.ready(department.booked(site), by=technologist)
        visits.start(appointment.steps.get(kind=StepKind.VENTILATION), by=technologist, now=at)
        assert tracers.fail(eluate, reason="Molybdenum", by=lead, now=at) == []
        assert doses.live(batch=eluate).count() == 1
        assert doses.balanced()

    def test_a_hold_on_a_failed_kit_loses_its_dose(self, site, lead):
        kit = doses.batch(site)
        scheduler = department.scheduler(site)
        order = department.order(site, by=scheduler)
        best = department.proposal(order, by=scheduler)
        hold = holds.hold(order, starts=best.starts, by=scheduler, now=NOW)
        assert tracers.fail(kit, reason="Broken", by=lead, now=NOW) == []
        assert DoseClaim.objects.get(token=hold.pk).status == "released"
        with pytest.raises(Conflict):
            booking.book(order, starts=best.starts, hold=hold, by=scheduler, now=NOW)

    def test_a_kit_that_failed_by_mistake_serves_again_once_measured(self, site, lead):
        kit = doses.batch(site)
        department.booked(site)
        tracers.fail(kit, reason="Slip", by=lead, now=NOW)
        figures = {"calibrated_at": NOW, "activity_mbq": Decimal(1850), "expires_at": kit.expires_at}
        assert tracers.measured(kit, particles=4_000_000, by=lead, now=NOW, **figures) == []
        assert doses.live().get().batch == kit


def test_seconds_are_cut_off(site):
    kit = doses.batch(site, starts_at=NOW + timedelta(seconds=59))
    assert kit.usable_from == kit.calibrated_at == NOW


def test_a_plan_states_its_activity_for_a_later_time(site):
    supply = doses.supply(site, calibrated_after_minutes=270, usable_time=time(7, 30))
    first = supply.batches.first()
    assert first.calibrated_at - first.usable_from == timedelta(minutes=270)


class TestStepsBookedBefore:
    """The department begins to keep a tracer when patients are booked already."""

    def test_a_new_weekly_plan_gives_them_their_doses(self, site):
        appointment = department.booked(site, first_day=TODAY + DAY)
        assert not DoseClaim.objects.exists()
        doses.supply(site)
        claim = doses.live().get()
        assert claim.step == appointment.steps.get(kind=StepKind.PERFUSION)
        assert doses.balanced()

    def test_a_new_batch_gives_them_their_doses(self, site):
        appointment = department.booked(site)
        doses.batch(site)
        assert doses.live().get().step.appointment == appointment

    def test_those_whom_it_cannot_serve_wait_for_the_next(self, site, lead):
        department.booked(site)
        department.booked(site)
        doses.batch(site, activity_mbq=Decimal(300), particles=600_000)
        assert doses.live().count() == 1
        doses.batch(site, activity_mbq=Decimal(300), particles=600_000)
        assert doses.live().count() == 2
        assert doses.balanced()

    def test_the_hourly_task_gives_them_theirs_too(self, site):
        supply = doses.supply(site)
        department.booked(site, first_day=TODAY + DAY)
        DoseClaim.objects.all().delete()
        TracerBatch.objects.filter(supply=supply).update(claimed_mbq=0)
        tracers.lay_out_all(now=NOW)
        assert doses.live().count() == 1
        assert doses.balanced()

    def test_a_patient_who_is_gone_gets_none(self, site):
        appointment = department.booked(site)
        booking.cancel(appointment, reason="Flu", by=department.scheduler(site), now=NOW)
        doses.batch(site)
        assert not DoseClaim.objects.exists()


@contextmanager
def meanwhile(act, **values):
    """Somebody else has done this, and commits at the end of the block or, to whoever waits for it, after a second."""
    done, over = threading.Event(), threading.Event()

    def work():
        try:
            with transaction.atomic():
                act(**values)
                done.set()
                over.wait(1)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(work)
        assert done.wait(20)
        yield
        over.set()
        other.result()


@pytest.mark.django_db(transaction=True)
class TestColleaguesAtTheSameMoment:
    @pytest.mark.parametrize("gone", ["cancelled", "no show"])
    def test_a_patient_who_is_going_gets_no_dose(self, site, gone):
        appointment, scheduler = department.booked(site), department.scheduler(site)
        begun = appointment.starts_at
        act, more = (
            (booking.cancel, {"reason": "Flu", "by": scheduler, "now": NOW})
            if gone == "cancelled"
            else (visits.no_show, {"by": department.technologist(site), "now": begun})
        )
        with meanwhile(act, appointment=appointment, **more):
            doses.batch(site)
        assert not doses.live().exists()
        assert doses.balanced()

    def test_two_batches_serve_a_waiting_patient_once(self, site, lead):
        appointment = department.booked(site)
        with meanwhile(doses.batch, site=site, by=lead):
            doses.batch(site, by=lead)
        assert doses.live().get().step.appointment == appointment
        assert doses.balanced()

    def test_a_plan_does_not_end_before_a_dose_that_is_just_being_promised(self, site, lead):
        supply = doses.supply(site)
        scheduler = department.scheduler(site)
        order = department.order(site, by=scheduler)
        best = department.proposal(order, by=scheduler, first_day=TODAY + 3 * DAY)
        with (
            meanwhile(booking.book, order=order, starts=best.starts, by=scheduler, now=NOW),
            pytest.raises(Conflict),
        ):
            tracers.end_supply(supply, ends_on=TODAY, by=lead, now=NOW)
        assert doses.live().get().batch.supply == supply

    def test_a_late_kit_keeps_what_was_just_measured(self, site, lead):
        kit = doses.batch(site)
        figures = {"calibrated_at": NOW + 2 * HOUR, "activity_mbq": Decimal(900), "particles": 2_000_000}
        with meanwhile(
            tracers.measured, batch=kit, expires_at=NOW + 8 * HOUR, lot="A1", by=lead, now=NOW, **figures
        ):
            tracers.delay(kit, usable_from=NOW + HOUR, by=lead, now=NOW)
        kit.refresh_from_db()
        assert (kit.state, kit.lot, kit.activity_mbq) == ("ready", "A1", 900)
        assert kit.calibrated_at == NOW + 3 * HOUR
        assert kit.expires_at == NOW + 9 * HOUR
