"""What is taken back: each step, the last end, and nothing after the report."""

import pytest

from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import Appointment, StepKind
from scheduling.services import booking, visits
from scheduling.services.examination import arrivals, xrays
from tests import department
from tests.department import NOW
from tests.scheduling.services.examination import HOUR, MINUTE, arrive, refused, states, step
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_check_in_is_undone(appointment, technologist):
    arrive(appointment, technologist, None, now=NOW)
    arrivals.undo_check_in(appointment, by=technologist, now=NOW)
    stored = Appointment.objects.get(pk=appointment.pk)
    assert (stored.state, stored.arrived_at, stored.arrived_by) == (AppointmentState.BOOKED, None, None)
    arrive(appointment, technologist, None, now=NOW)


def test_check_in_is_not_undone_after_the_dose(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    sentence = refused(arrivals.undo_check_in, appointment, by=technologist, now=at)
    assert sentence == "The dose is cleared already; undo that first."


def test_the_dose_clearance_is_undone_and_given_again(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    visits.undo_clear_dose(appointment, by=technologist, now=at)
    stored = Appointment.objects.get(pk=appointment.pk)
    assert (stored.dose_cleared_at, stored.dose_cleared_by) == (None, None)
    assert refused(visits.undo_clear_dose, appointment, by=technologist, now=at) == (
        "There is no dose clearance to undo."
    )
    assert visits.clear_dose(appointment, by=technologist, now=at).dose_cleared_at == at


def test_the_dose_clearance_is_not_undone_once_the_lungs_have_begun(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    assert refused(visits.undo_clear_dose, appointment, by=technologist, now=at) == (
        "There is no dose clearance to undo."
    )


def test_each_step_is_undone_back_to_the_beginning(site, technologist):
    """The last end first: the order goes back with it, and nothing performed is left on the rows."""
    appointment = department.performed(site).procedure.appointments.get()
    at, seen = appointment.ends_at, []
    for kind in ("perfusion", "perfusion", "ventilation", "ventilation", "xray"):
        visits.undo(step(appointment, kind), by=technologist, now=at)
        seen.append(states(appointment))
    assert seen == [
        ("in_progress", "in_progress", "completed", "completed", "in_progress"),
        ("in_progress", "in_progress", "completed", "completed", "scheduled"),
        ("in_progress", "in_progress", "completed", "in_progress", "scheduled"),
        ("scheduled", "arrived", "completed", "scheduled", "scheduled"),
        ("scheduled", "arrived", "scheduled", "scheduled", "scheduled"),
    ]
    left = appointment.steps.values_list("performed_start_at", "performed_end_at", "performed_by")
    assert set(left) == {(None, None, None)}
    assert AuditEvent.objects.filter(action="step.undone").count() == 5


def test_a_later_step_is_undone_first(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    sentence = refused(visits.undo, step(appointment, StepKind.XRAY), by=technologist, now=at)
    assert sentence == "A later step has begun. Undo that one first."


def test_what_has_not_begun_is_not_undone(appointment, technologist):
    sentence = refused(visits.undo, step(appointment, StepKind.PERFUSION), by=technologist, now=NOW)
    assert sentence == "There is nothing to undo here."


def test_a_discontinued_step_goes_on_after_undo(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation = step(appointment, StepKind.VENTILATION)
    visits.start(ventilation, by=technologist, now=at)
    visits.discontinue(ventilation, reason="Coughing", by=technologist, now=at + MINUTE)
    undone = visits.undo(ventilation, by=technologist, now=at + 2 * MINUTE)
    assert (undone.state, undone.discontinued_reason, undone.performed_start_at, undone.performed_end_at) == (
        StepState.IN_PROGRESS,
        "",
        at,
        None,
    )


def test_an_xray_recorded_elsewhere_by_mistake_is_planned_here_again(appointment, technologist, lungs_at):
    xray = xrays.record(
        appointment, ended_at=NOW, elsewhere="Eastside", modality="CT", by=technologist, now=lungs_at
    )
    undone = visits.undo(xray, by=technologist, now=lungs_at)
    assert (undone.state, undone.elsewhere, undone.modality, undone.performed_end_at) == (
        StepState.SCHEDULED,
        "",
        "DX",
        None,
    )


def test_a_mistyped_time_of_an_xray_booked_as_done_elsewhere_is_corrected(site, technologist):
    order, by = department.order(site), department.scheduler(site)
    xray = booking.XrayElsewhere(ended_at=NOW - 3 * HOUR, place="Eastside")
    starts = department.proposal(order, xray_ended_at=xray.ended_at).starts
    appointment = booking.book(order, starts=starts, by=by, now=NOW, xray=xray)
    undone = visits.undo(step(appointment, StepKind.XRAY), by=technologist, now=NOW)
    assert (undone.state, undone.elsewhere) == (StepState.SCHEDULED, "Eastside")
    ended_at = NOW - 2 * HOUR
    again = xrays.record(appointment, ended_at=ended_at, elsewhere="Eastside", by=technologist, now=NOW)
    assert (again.state, again.performed_end_at) == (StepState.COMPLETED, ended_at)


def test_after_the_report_nothing_is_undone(site, technologist, physician):
    order = department.performed(site)
    appointment = order.procedure.appointments.get()
    visits.mark_reported(order=order, by=physician, now=appointment.ends_at)
    perfusion = step(appointment, StepKind.PERFUSION)
    sentence = refused(visits.undo, perfusion, by=technologist, now=appointment.ends_at)
    assert sentence == "This order is reported; it cannot become in progress."
    assert states(appointment) == ("reported", "fulfilled", "completed", "completed", "completed")


def test_what_is_not_performed_is_not_reported(appointment, physician):
    sentence = refused(visits.mark_reported, order=appointment.procedure.order, by=physician, now=NOW)
    assert sentence == "This order is scheduled; it cannot become reported."
