"""The rows that the numbers are counted from: derived from state, kept by the beat, and the same when made anew."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from reporting.models import ExaminationFact, NumbersKept, ResourceDay, TracerDay
from reporting.services import drafting, signing
from reporting.services.facts import days, keeping
from scheduling.models import (
    Administration,
    Appointment,
    ChestXray,
    Message,
    MessageKind,
    PictureRecord,
    Reservation,
    ScheduledProcedureStep,
    StepKind,
    TracerBatch,
)
from scheduling.services import visits
from scheduling.services.doses.choosing import UNDONE
from tests import department, doses
from tests.reporting.conftest import LIKELY, NOW
from vqflow.models import AuditEvent

TOMORROW = department.NOW + timedelta(days=1)


def fact(order):
    return ExaminationFact.objects.get(order=order)


def lungs(order):
    return order.procedure.appointments.get().steps.exclude(kind=StepKind.XRAY).order_by("ordinal")


@pytest.fixture
def signed(order, attending):
    found = drafting.write(order, draft_version=1, **LIKELY, by=attending, now=NOW)
    signing.sign(found, draft_version=2, by=attending, now=NOW)
    order.refresh_from_db()
    return order


@pytest.mark.django_db
class TestTheRowOfAVisit:
    def test_tells_the_times_of_a_performed_examination(self, signed, attending, site):
        keeping.renew(site, now=NOW)
        row, (first, second) = fact(signed), lungs(signed)
        appointment = first.appointment
        assert (row.state, row.protocol, row.agent, row.who) == ("fulfilled", "V_THEN_Q", "", "adult")
        assert row.day == department.TODAY
        assert row.wait_minutes == (first.performed_start_at - signed.ordered_at) // timedelta(minutes=1)
        assert row.delay_minutes == (first.performed_start_at - appointment.lungs_start_at) // timedelta(
            minutes=1
        )
        assert row.between_minutes == 5
        assert row.report_minutes == (NOW - second.performed_end_at) // timedelta(minutes=1)
        assert (row.scheme, row.category, row.group, row.report) == (
            "TEN_TERMS",
            "pe_present",
            "likely",
            "final",
        )
        assert (row.final_by, row.is_overridden) == (attending.pk, None)

    def test_of_an_unsigned_one_has_no_report_time_and_no_term(self, report, order, site):
        keeping.renew(site, now=NOW)
        row = fact(order)
        assert (row.report_minutes, row.category, row.group, row.report) == (None, "", "", "draft")

    def test_of_a_missed_visit_tells_what_had_reached_the_patient(self, site):
        booked = department.booked(site)
        moment = booked.starts_at
        Message.objects.filter(appointment=booked, kind=MessageKind.REMINDER).delete()
        for number, channel in enumerate(("email", "sms")):
            Message.objects.create(
                order=booked.procedure.order, appointment=booked, kind=MessageKind.REMINDER, channel=channel,
                recipient="patient", dedupe_key=f"sent {number}", due_at=moment - timedelta(hours=1 + number),
                not_after=moment, state="sent", sent_at=moment - timedelta(hours=1),
            )  # fmt: skip
        visits.no_show(booked, by=department.technologist(site), now=moment + timedelta(hours=1))
        keeping.renew(site, now=moment + timedelta(days=1))
        row = fact(booked.procedure.order)
        assert (row.state, row.reminders, row.by_text, row.is_confirmed) == ("noshow", 2, True, False)
        assert (row.wait_minutes, row.delay_minutes, row.xray_delay_minutes) == (None, None, None)

    def test_counts_what_the_xray_held_up_and_no_more(self, order, site):
        appointment = order.procedure.appointments.get()
        planned = appointment.lungs_start_at
        first = lungs(order)[0]
        film = appointment.steps.get(kind=StepKind.XRAY)

        def delays(film_ended, begun):
            ScheduledProcedureStep.objects.filter(pk=film.pk).update(performed_end_at=film_ended)
            ScheduledProcedureStep.objects.filter(pk=first.pk).update(
                performed_start_at=begun, performed_end_at=begun + timedelta(minutes=1)
            )
            keeping.renew(site, now=NOW)
            row = fact(order)
            return row.delay_minutes, row.xray_delay_minutes

        def at(minutes):
            return planned + timedelta(minutes=minutes)

        assert delays(film_ended=at(-60), begun=at(20)) == (20, 0)  # late, and the film was no reason
        assert delays(film_ended=at(-45), begun=at(20)) == (20, 15)  # it could not begin before +15
        assert delays(film_ended=at(-30), begun=at(20)) == (20, 20)  # an override let it begin before +30
        assert delays(film_ended=at(-45), begun=at(-2)) == (-2, 0)  # not late at all

    def test_tells_doses_pictures_and_the_xray(self, order, site, technologist):
        dose, _ = doses.on_record(order, by=technologist)
        step = dose.step
        for take, outcome in enumerate(("repeated", "accepted"), start=1):
            PictureRecord.objects.create(
                step=step, view="ant", take=take, outcome=outcome, acquired_at=NOW, recorded_at=NOW,
                reason="moved" if outcome == "repeated" else "", recorded_by=technologist,
            )  # fmt: skip
        film = step.appointment.steps.get(kind=StepKind.XRAY)
        ChestXray.objects.filter(step=film).delete()
        ChestXray.objects.create(step=film, finding="abnormal", recorded_at=NOW, recorded_by=technologist)
        keeping.renew(site, now=NOW)
        row = fact(order)
        assert (row.maa_kbq, row.maa_off, row.breathed_kbq, row.injections) == (150_000, 0, None, 1)
        assert (row.pictures, row.repeats, row.xray) == (2, 1, "abnormal")
        Administration.objects.filter(pk=dose.pk).update(administered_mbq=190)
        keeping.renew(site, now=NOW)
        assert fact(order).maa_off == 1

    def test_is_a_childs_or_a_pregnant_patients_by_what_holds_for_doses(self, site):
        child = department.performed(
            site, of=department.patient(site, born_on=department.TODAY.replace(year=2012))
        )
        keeping.renew(site, now=NOW)
        assert fact(child).who == "child"
        child.answers.filter(question="pregnancy").update(answer="possible")
        grown = department.performed(site)
        grown.answers.filter(question="pregnancy").update(answer="possible")
        keeping.renew(site, now=NOW)
        assert (fact(child).who, fact(grown).who) == ("child", "pregnant")

    def test_there_is_none_of_a_visit_that_is_still_to_come(self, site):
        department.booked(site)
        keeping.renew(site, now=NOW)
        assert not ExaminationFact.objects.exists()


@pytest.mark.django_db
class TestKeeping:
    def test_the_first_run_makes_every_site_and_the_next_writes_what_has_changed(
        self, signed, report_of_another, elsewhere
    ):
        written = keeping.keep(now=NOW)
        assert (written, NumbersKept.objects.count()) == (2, 2)
        assert keeping.keep(now=NOW + timedelta(minutes=1)) == 0
        signing.sign(
            report_of_another,
            draft_version=2,
            by=report_of_another.written_by,
            now=NOW + timedelta(minutes=2),
        )
        assert keeping.keep(now=NOW + timedelta(minutes=3)) == 1
        assert fact(report_of_another.order).report == "final"

    def test_what_the_trail_names_is_derived_however_old_it_is(self, signed, site, attending):
        keeping.keep(now=NOW)
        Appointment.objects.filter(procedure__order=signed).update(
            starts_at=NOW - timedelta(days=900), ends_at=NOW - timedelta(days=899)
        )
        signed.priority = "stat"
        signed.save(update_fields=["priority"])
        assert keeping.keep(now=NOW + timedelta(minutes=1)) == 1
        assert fact(signed).priority == "stat"

    def test_without_a_word_in_the_trail_the_daily_renewal_finds_it(self, signed, site):
        keeping.keep(now=NOW)
        forget_the_trail()
        signed.priority = "stat"
        signed.save(update_fields=["priority"])
        assert keeping.keep(now=NOW + timedelta(hours=1)) == 0
        assert keeping.keep(now=NOW + timedelta(hours=21)) == 1

    def test_an_end_that_is_taken_back_takes_its_row_away(self, order, site):
        keeping.keep(now=NOW)
        appointment = order.procedure.appointments.get()
        visits.undo(lungs(order).last(), by=department.technologist(site), now=NOW)
        appointment.refresh_from_db()
        assert appointment.state == "in_progress"
        keeping.keep(now=NOW + timedelta(minutes=1))
        assert not ExaminationFact.objects.exists()

    def test_kept_rows_are_those_that_would_be_derived(self, signed, site):
        keeping.keep(now=NOW)
        assert keeping.differing(site) == 0
        ExaminationFact.objects.update(wait_minutes=1)
        assert keeping.differing(site) == 2  # as it is, and as it should be
        keeping.forget()
        assert keeping.differing(site) == 1
        keeping.keep(now=NOW)
        assert keeping.differing(site) == 0

    def test_the_command_makes_anew_and_checks(self, signed, site):
        keeping.keep(now=NOW)
        ExaminationFact.objects.update(wait_minutes=1)
        with pytest.raises(CommandError, match=r"riverside: 2\. Run rebuild_numbers"):
            call_command("rebuild_numbers", "--check", stdout=StringIO())
        said = StringIO()
        call_command("rebuild_numbers", "--site", "riverside", stdout=said)
        assert said.getvalue() == "1 sites made anew; 1 visits were not as they should be.\n"
        call_command("rebuild_numbers", "--check", stdout=said)
        with pytest.raises(CommandError, match="no site 'nowhere'"):
            call_command("rebuild_numbers", "--site", "nowhere")


def forget_the_trail():
    """As if all that was ever done had been seen already."""
    NumbersKept.objects.update(after_event=AuditEvent.objects.order_by("-pk").first().pk)


@pytest.fixture
def report_of_another(site, attending):
    """A draft of another patient's examination."""
    other = department.performed(site)
    return drafting.write(other, draft_version=1, **LIKELY, by=attending, now=NOW)


@pytest.mark.django_db
class TestDaysThatAreOver:
    def test_of_a_room_tell_what_patients_took_of_its_hours(self, order, site):
        days.keep(site, department.TODAY, department.TODAY)
        room = Reservation.objects.filter(
            step__kind=StepKind.PERFUSION,
            resource__kind="room",
            resource__capabilities__contains=["gamma_camera_planar"],
        ).get()
        row = ResourceDay.objects.get(resource=room.resource, day=department.TODAY)
        assert (row.kind, row.open_minutes) == ("room", 11 * 60)
        assert row.taken_minutes == room.end_minute - room.start_minute
        assert ResourceDay.objects.filter(resource__name="Ben Okafor").get().open_minutes == 11 * 60

    def test_what_was_given_back_was_not_taken(self, site):
        booked = department.booked(site)
        visits.no_show(booked, by=department.technologist(site), now=booked.starts_at + timedelta(hours=1))
        days.keep(site, department.TODAY, department.TODAY)
        assert sum(ResourceDay.objects.values_list("taken_minutes", flat=True)) == 0

    def test_of_a_tracer_tell_what_became_of_it(self, order, site, technologist):
        dose, _ = doses.on_record(order, by=technologist)
        Administration.objects.filter(pk=dose.pk).update(residual_mbq=4, residual_measured_at=NOW)
        batch = dose.batch
        claimed = batch.activity_mbq / 4
        TracerBatch.objects.filter(pk=batch.pk).update(claimed_mbq=claimed)
        about = {
            "step": dose.step, "batch": batch, "product": "maa", "prescribed_mbq": 148, "lowest_mbq": 37,
            "highest_mbq": 185, "measured_at": NOW, "recorded_at": NOW, "recorded_by": technologist,
            "voided_at": NOW, "voided_by": technologist, "number": 1,
        }  # fmt: skip
        Administration.objects.create(measured_mbq=120, void_reason="The syringe leaked or broke.", **about)
        Administration.objects.create(measured_mbq=130, void_reason=UNDONE, **about)
        day = batch.expires_at.astimezone(department.ZONE).date()
        days.keep(site, day, day)
        row = TracerDay.objects.get(product="maa")
        assert (row.batches, row.given, row.given_kbq, row.residual_kbq) == (1, 1, 150_000, 4_000)
        assert row.unused_kbq == int(1000 * (batch.activity_mbq - claimed))
        assert (row.discarded, row.discarded_kbq) == (1, 120_000)

    def test_made_again_they_are_the_same(self, order, site):
        for _ in range(2):
            days.keep(site, department.TODAY, department.TODAY)
        assert ResourceDay.objects.filter(day=department.TODAY).count() == len(department.ROOMS) + len(
            department.PEOPLE
        )
