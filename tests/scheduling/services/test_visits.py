"""The examination itself, step by step: what is refused and why, and what is recorded as it happened."""

import threading

import pytest
from django.db import connections

from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.models import Appointment, Order, Reservation, ScheduledProcedureStep, StepKind
from scheduling.services import booking, vetting, visits
from scheduling.services.examination import arrivals, xrays
from tests import department
from tests.department import NOW
from tests.scheduling.services.examination import (
    HOUR,
    MINUTE,
    SECOND,
    arrive,
    refused,
    states,
    step,
)
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


# The whole examination


def test_the_whole_examination_in_its_states(appointment, technologist, lungs_at):
    seen = [states(appointment)]

    def then(call, *args, **kwargs):
        call(*args, by=technologist, **kwargs)
        seen.append(states(appointment))

    ended_at = appointment.xray_ends_at
    then(arrivals.check_in, appointment, **department.HERE, now=ended_at)
    then(visits.start, step(appointment, StepKind.XRAY), now=ended_at - 10 * MINUTE)
    then(visits.end, step(appointment, StepKind.XRAY), now=ended_at)
    then(visits.clear_dose, appointment, now=lungs_at)
    then(visits.start, step(appointment, StepKind.VENTILATION), now=lungs_at)
    then(visits.end, step(appointment, StepKind.VENTILATION), now=lungs_at + 15 * MINUTE)
    then(visits.start, step(appointment, StepKind.PERFUSION), now=lungs_at + 20 * MINUTE)
    then(visits.end, step(appointment, StepKind.PERFUSION), now=lungs_at + 40 * MINUTE)
    assert seen == [
        ("scheduled", "booked", "scheduled", "scheduled", "scheduled"),
        ("scheduled", "arrived", "scheduled", "scheduled", "scheduled"),
        ("scheduled", "arrived", "in_progress", "scheduled", "scheduled"),
        ("scheduled", "arrived", "completed", "scheduled", "scheduled"),
        ("scheduled", "arrived", "completed", "scheduled", "scheduled"),
        ("in_progress", "in_progress", "completed", "in_progress", "scheduled"),
        ("in_progress", "in_progress", "completed", "completed", "scheduled"),
        ("in_progress", "in_progress", "completed", "completed", "in_progress"),
        ("performed", "fulfilled", "completed", "completed", "completed"),
    ]


def test_every_act_of_the_examination_is_audited_in_order(site):
    order = department.performed(site)
    appointment = order.procedure.appointments.get()
    events = AuditEvent.objects.filter(subject_id=str(appointment.pk)).order_by("pk")
    assert [event.action for event in events] == [
        "appointment.booked",
        "visit.checked_in",
        "xray.confirmed",
        "dose.cleared",
        "step.started",
        "step.ended",
        "step.started",
        "step.ended",
        "visit.fulfilled",
    ]
    assert {tuple(event.patient_ids) for event in events} == {(order.patient_id,)}


def test_who_did_it_and_when_is_on_the_rows(appointment, technologist, lungs_at):
    department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=lungs_at)
    stored, begun = (
        Appointment.objects.get(pk=appointment.pk),
        step(appointment, StepKind.VENTILATION),
    )
    assert (stored.arrived_at, stored.arrived_by) == (lungs_at, technologist)
    assert (stored.dose_cleared_at, stored.dose_cleared_by) == (lungs_at, technologist)
    assert (begun.performed_start_at, begun.performed_end_at, begun.performed_by) == (
        lungs_at,
        None,
        technologist,
    )


# Check-in


def test_check_in_needs_two_identifiers(appointment, technologist):
    sentence = "Check two identifiers: for example the full name and the date of birth, or the wristband."
    for identifiers in ([], ["name"], ["name", "name"], ["name", "hair"]):
        with pytest.raises(Invalid) as refusal:
            arrivals.check_in(appointment, identifiers=identifiers, by=technologist, now=NOW)
        assert (refusal.value.sentence, refusal.value.fields) == (sentence, {"identifiers": [sentence]})
    assert states(appointment)[1] == AppointmentState.BOOKED


def test_a_patient_is_checked_in_once(appointment, technologist):
    arrive(appointment, technologist, None, now=NOW)
    again = refused(arrivals.check_in, appointment, **department.HERE, by=technologist, now=NOW)
    assert again == "The patient is already checked in."


def test_a_cancelled_appointment_is_not_checked_in(appointment, site, technologist):
    booking.cancel(appointment, reason="Patient asked", by=department.scheduler(site), now=NOW)
    sentence = refused(arrivals.check_in, appointment, **department.HERE, by=technologist, now=NOW)
    assert sentence == "This appointment is cancelled; it cannot become arrived."


def test_a_reader_performs_nothing(appointment, physician):
    acts = [
        lambda: arrivals.check_in(appointment, **department.HERE, by=physician, now=NOW),
        lambda: xrays.record(appointment, ended_at=NOW, by=physician, now=NOW),
        lambda: visits.clear_dose(appointment, by=physician, now=NOW),
        lambda: visits.start(step(appointment, StepKind.VENTILATION), by=physician, now=NOW),
        lambda: visits.no_show(appointment, by=physician, now=NOW),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


# The order of the steps


def test_nothing_starts_before_check_in(appointment, technologist, lungs_at):
    for kind in StepKind:
        sentence = refused(visits.start, step(appointment, kind), by=technologist, now=lungs_at)
        assert sentence == "Check the patient in first."
    assert refused(visits.clear_dose, appointment, by=technologist, now=lungs_at) == (
        "Check the patient in first."
    )


def test_ventilation_waits_for_the_dose(appointment, technologist, lungs_at):
    arrive(appointment, technologist, appointment.xray_ends_at)
    sentence = refused(visits.start, step(appointment, StepKind.VENTILATION), by=technologist, now=lungs_at)
    assert sentence == "Clear the dose first."


def test_the_dose_is_cleared_once(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == "The dose is already cleared."


def test_perfusion_waits_for_ventilation(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    perfusion = step(appointment, StepKind.PERFUSION)
    waits = "Ventilation comes first; it has not ended."
    assert refused(visits.start, perfusion, by=technologist, now=at) == waits
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    assert refused(visits.start, perfusion, by=technologist, now=at) == waits


def test_a_lung_step_waits_for_an_xray_that_is_being_taken(appointment, technologist, lungs_at):
    arrive(appointment, technologist, None)
    visits.start(step(appointment, StepKind.XRAY), by=technologist, now=lungs_at)
    sentence = refused(visits.start, step(appointment, StepKind.VENTILATION), by=technologist, now=lungs_at)
    assert sentence == "The X-ray comes first; it has not ended."


def test_a_step_is_started_and_ended_once(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation = step(appointment, StepKind.VENTILATION)
    assert refused(visits.end, ventilation, by=technologist, now=at) == "Ventilation has not started."
    visits.start(ventilation, by=technologist, now=at)
    assert refused(visits.start, ventilation, by=technologist, now=at) == "Ventilation has already started."
    visits.end(ventilation, by=technologist, now=at)
    assert refused(visits.start, ventilation, by=technologist, now=at) == "Ventilation has already ended."
    assert refused(visits.end, ventilation, by=technologist, now=at) == "Ventilation has already ended."


def test_without_vetting_neither_xray_nor_dose(site, technologist, physician):
    stat = department.booked(site, vetted=False, priority="stat")
    order, at = stat.procedure.order, stat.lungs_start_at
    sentence = "A nuclear physician has to vet the order first. A STAT order can be vetted by phone."
    arrive(stat, technologist, None)
    assert refused(visits.start, step(stat, StepKind.XRAY), by=technologist, now=at) == sentence
    xrays.record(stat, ended_at=stat.xray_ends_at, by=technologist, now=at)
    assert refused(visits.clear_dose, stat, by=technologist, now=at) == sentence
    protocol = order.procedure.protocol
    vetting.vet(order, reason="Agreed.", protocol=protocol, by=technologist, physician=physician, now=at)
    assert visits.clear_dose(stat, by=technologist, now=at).dose_cleared_by == technologist


def test_perfusion_only_starts_with_perfusion(site, technologist, physician):
    order = department.order(site, vetted=False)
    vetting.vet(order, reason="Agreed.", protocol=site.protocols.get(key="Q_ONLY"), by=physician, now=NOW)
    by = department.scheduler(site)
    appointment = booking.book(order, starts=department.proposal(order).starts, by=by, now=NOW)
    _, at = department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.PERFUSION), by=technologist, now=at)
    visits.end(step(appointment, StepKind.PERFUSION), by=technologist, now=at + 20 * MINUTE)
    assert states(appointment) == ("performed", "fulfilled", "completed", "completed")


# The chest X-ray


def test_an_xray_in_the_future_is_not_confirmed(appointment, technologist, lungs_at):
    sentence = "This time lies in the future. Enter the time at which the X-ray ended."
    with pytest.raises(Invalid) as refusal:
        xrays.record(appointment, ended_at=lungs_at + SECOND, by=technologist, now=lungs_at)
    assert (refusal.value.sentence, refusal.value.fields) == (sentence, {"ended_at": [sentence]})
    assert states(appointment)[2] == StepState.SCHEDULED


def test_an_xray_done_elsewhere_is_confirmed_with_its_place_and_kind(appointment, technologist, lungs_at):
    ended_at = lungs_at - 3 * HOUR
    done = xrays.record(
        appointment, ended_at=ended_at, elsewhere="Eastside", modality="CT", by=technologist, now=lungs_at
    )
    event = AuditEvent.objects.get(action="xray.confirmed")
    assert (done.state, done.elsewhere, done.modality, done.performed_end_at, done.performed_by) == (
        "completed",
        "Eastside",
        "CT",
        ended_at,
        technologist,
    )
    assert event.data == {"ended_at": ended_at.isoformat(), "elsewhere": "Eastside"}


def test_an_xray_is_confirmed_once(appointment, technologist, lungs_at):
    arrive(appointment, technologist, appointment.xray_ends_at)
    sentence = refused(xrays.record, appointment, ended_at=lungs_at, by=technologist, now=lungs_at)
    assert sentence == "The X-ray is completed already. Undo it to correct its time."


def test_an_examination_planned_without_an_xray_has_none_to_confirm(site, technologist, physician):
    order = department.order(site)
    vetting.override(order, rule="CXR-1", reason="CT seen on screen", by=physician, now=NOW)
    starts = department.proposal(order).starts
    appointment = booking.book(order, starts=starts, by=department.scheduler(site), now=NOW)
    assert set(starts) == {"ventilation", "perfusion"}
    sentence = refused(xrays.record, appointment, ended_at=NOW, by=technologist, now=NOW)
    assert sentence == "This examination was planned without a chest X-ray, by a physician's override."


# What happened is recorded as it happened


def test_a_discontinued_last_step_ends_the_visit_with_its_reason(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation, perfusion = step(appointment, StepKind.VENTILATION), step(appointment, StepKind.PERFUSION)
    visits.start(ventilation, by=technologist, now=at)
    visits.end(ventilation, by=technologist, now=at + 15 * MINUTE)
    visits.start(perfusion, by=technologist, now=at + 20 * MINUTE)
    done = visits.discontinue(perfusion, reason=" Patient left ", by=technologist, now=at + 25 * MINUTE)
    event = AuditEvent.objects.get(action="step.discontinued")
    assert (done.state, done.discontinued_reason, done.performed_end_at) == (
        StepState.DISCONTINUED,
        "Patient left",
        at + 25 * MINUTE,
    )
    assert event.data == {"step": "perfusion", "reason": "Patient left"}
    assert states(appointment)[:2] == (OrderState.PERFORMED, AppointmentState.FULFILLED)


def test_a_step_is_not_discontinued_without_a_reason_or_before_it_began(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation = step(appointment, StepKind.VENTILATION)
    with pytest.raises(Invalid) as refusal:
        visits.discontinue(ventilation, reason=" ", by=technologist, now=at)
    assert refusal.value.fields == {"reason": ["Say why it was stopped."]}
    sentence = refused(visits.discontinue, ventilation, reason="Coughing", by=technologist, now=at)
    assert sentence == "Ventilation has not started."


def test_late_and_overlapping_times_are_recorded(site, technologist):
    """Two patients on one camera at one time, two hours after the plan: it happened, so it is written down."""
    first, second = department.booked(site), department.booked(site)
    at = second.ends_at + 2 * HOUR
    for appointment in (first, second):
        arrive(appointment, technologist, at - 2 * HOUR)
        visits.clear_dose(appointment, by=technologist, now=at)
        visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    performed = ScheduledProcedureStep.objects.filter(kind="ventilation")
    assert set(performed.values_list("state", "performed_start_at")) == {(StepState.IN_PROGRESS, at)}


def test_a_clock_that_is_set_back_does_not_stop_the_work(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    ended = visits.end(step(appointment, StepKind.VENTILATION), by=technologist, now=at - MINUTE)
    assert (ended.state, ended.performed_end_at) == (StepState.COMPLETED, at - MINUTE)


# No-show


def test_a_no_show_frees_the_time_and_the_order_is_to_be_booked_again(site, appointment, technologist):
    at = appointment.starts_at
    visits.no_show(appointment, by=technologist, now=at)
    assert states(appointment)[:2] == (OrderState.VETTED, AppointmentState.NO_SHOW)
    assert not Reservation.objects.occupying().exists()
    event = AuditEvent.objects.get(action="appointment.no_show")
    assert (event.subject_id, event.agent_id) == (str(appointment.pk), str(technologist.pk))
    order, by = Order.objects.with_people().get(), department.scheduler(site)
    starts = department.proposal(order, by=by, now=at).starts
    assert booking.book(order, starts=starts, by=by, now=at).state == AppointmentState.BOOKED


def test_an_unvetted_stat_order_goes_back_to_vetting_after_a_no_show(site, technologist):
    stat = department.booked(site, vetted=False, priority="stat")
    visits.no_show(stat, by=technologist, now=stat.starts_at)
    assert states(stat)[0] == OrderState.REQUESTED


def test_nobody_is_a_no_show_before_the_time_or_after_check_in(appointment, technologist):
    early = appointment.starts_at - SECOND
    assert refused(visits.no_show, appointment, by=technologist, now=early) == (
        "The patient is not expected yet."
    )
    arrive(appointment, technologist, None)
    late = appointment.starts_at + HOUR
    assert refused(visits.no_show, appointment, by=technologist, now=late) == "The patient is here."


# Two technologists at once


@pytest.mark.django_db(transaction=True)
def test_of_two_who_start_at_once_one_does_it_and_the_other_is_told():
    site = department.site()
    appointment, at = department.ready(department.booked(site))
    ventilation = step(appointment, StepKind.VENTILATION)
    people = [department.technologist(site), department.technologist(site)]
    barrier, told = threading.Barrier(2), []

    def press(by):
        barrier.wait()
        try:
            visits.start(ventilation, by=by, now=at)
        except Conflict as refusal:
            told.append(refusal.sentence)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[by]) for by in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["Ventilation has already started."]
    assert AuditEvent.objects.filter(action="step.started").count() == 1


def test_a_visit_ends_without_perfusion_when_the_patient_goes_home(appointment, technologist):
    """Ventilation was broken off: what is left is left out, and the physician reads what there is."""
    ready, at = department.ready(appointment, by=technologist)
    ventilation, perfusion = ready.steps.exclude(kind=StepKind.XRAY)
    visits.start(ventilation, by=technologist, now=at)
    visits.discontinue(ventilation, reason="Coughing", by=technologist, now=at + MINUTE)
    visits.leave_out(perfusion, reason="The patient went home.", by=technologist, now=at + 2 * MINUTE)
    ready.refresh_from_db()
    perfusion.refresh_from_db()
    assert (ready.state, ready.procedure.order.state) == (AppointmentState.FULFILLED, OrderState.PERFORMED)
    assert (perfusion.state, perfusion.discontinued_reason) == (StepState.CANCELLED, "The patient went home.")
    visits.undo(perfusion, by=technologist, now=at + 3 * MINUTE)
    ready.refresh_from_db()
    assert ready.state == AppointmentState.IN_PROGRESS


def test_nothing_is_left_out_before_an_acquisition_has_begun_or_while_one_runs(appointment, technologist):
    ready, at = department.ready(appointment, by=technologist)
    ventilation, perfusion = ready.steps.exclude(kind=StepKind.XRAY)
    sentence = refused(visits.leave_out, perfusion, reason="No need", by=technologist, now=at)
    assert sentence == "Nothing has begun yet. Cancel the appointment instead."
    visits.start(ventilation, by=technologist, now=at)
    sentence = refused(visits.leave_out, perfusion, reason="No need", by=technologist, now=at)
    assert sentence == "An acquisition is running. End or stop it first."


def test_an_xray_is_not_recorded_for_a_patient_who_did_not_come(appointment, technologist):
    at = appointment.starts_at + MINUTE
    visits.no_show(appointment, by=technologist, now=at)
    sentence = refused(xrays.record, appointment, ended_at=at, by=technologist, now=at)
    assert sentence == "This appointment is marked as no-show."


def test_who_comes_back_on_the_next_day_is_checked_in_and_cleared_again(appointment, technologist):
    """The X-ray on one day, the scan on the next: yesterday's identity check and clearance do not count."""
    ready, at = department.ready(appointment, by=technologist)
    next_day = at + 20 * HOUR
    ventilation = step(ready, StepKind.VENTILATION)
    assert refused(visits.start, ventilation, by=technologist, now=next_day) == "Check the patient in first."
    arrivals.check_in(ready, **department.HERE, by=technologist, now=next_day)
    assert refused(visits.start, ventilation, by=technologist, now=next_day) == "Clear the dose first."
    visits.clear_dose(ready, by=technologist, now=next_day)
    assert visits.start(ventilation, by=technologist, now=next_day).state == StepState.IN_PROGRESS


def test_who_came_for_the_xray_and_not_for_the_scan_is_a_no_show(appointment, technologist):
    arrive(appointment, technologist, appointment.xray_ends_at)
    next_day = appointment.lungs_start_at + 20 * HOUR
    visits.no_show(appointment, by=technologist, now=next_day)
    assert states(appointment)[:2] == (OrderState.VETTED, AppointmentState.NO_SHOW)


def test_an_appointment_is_not_cancelled_while_its_xray_is_running(appointment, technologist):
    arrivals.check_in(appointment, **department.HERE, by=technologist, now=appointment.starts_at)
    visits.start(step(appointment, StepKind.XRAY), by=technologist, now=appointment.starts_at)
    scheduler, at = department.scheduler(appointment.site), appointment.starts_at
    sentence = refused(booking.cancel, appointment, reason="Asked", by=scheduler, now=at)
    assert sentence == "An acquisition is running. End it or undo it, then cancel the appointment."
