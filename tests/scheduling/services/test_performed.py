"""What a camera says it performed moves the step that it names, and nothing else."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, transaction

from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import (
    PerformedMessage,
    PerformedProcedureStep,
    PerformedStatus,
    StepKind,
)
from scheduling.services import performed, visits
from tests import cameras, department
from tests.cameras import said
from vqflow.errors import Conflict, Invalid, NotAllowed

pytestmark = pytest.mark.django_db
V, Q = StepKind.VENTILATION, StepKind.PERFUSION


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def camera(site):
    return cameras.camera(site)


@pytest.fixture
def ready(site):
    """(appointment, the moment at which its first lung acquisition is planned); everything is cleared."""
    return department.ready(department.booked(site))


def step(appointment, kind):
    return appointment.steps.get(kind=kind)


class TestBegin:
    def test_step_that_is_named_begins_at_the_cameras_time(self, camera, ready):
        appointment, at = ready
        told = said(step(appointment, V), started_at=at + timedelta(seconds=20))
        assert performed.create(camera, told, now=at + timedelta(minutes=1)).status == 0
        found = step(appointment, V)
        assert (found.state, found.performed_start_at) == (StepState.IN_PROGRESS, at + timedelta(seconds=20))
        assert found.performed_by.username == "modality@riverside"
        assert step(appointment, Q).state == StepState.SCHEDULED

    def test_device_whose_clock_is_ahead_is_taken_at_our_time_and_said(self, camera, ready):
        appointment, at = ready
        performed.create(camera, said(step(appointment, V), started_at=at + timedelta(minutes=7)), now=at)
        assert step(appointment, V).performed_start_at == at
        assert PerformedProcedureStep.objects.get().not_taken == (
            "The camera's clock is 7 min ahead; the time of arrival was taken instead."
        )

    def test_what_the_rules_hold_back_is_kept_and_says_why(self, camera, site):
        appointment = department.booked(site)
        at = appointment.lungs_start_at
        assert performed.create(camera, said(step(appointment, V), started_at=at), now=at).status == 0
        assert step(appointment, V).state == StepState.SCHEDULED
        row = PerformedProcedureStep.objects.get()
        assert row.steps.get() == step(appointment, V)
        assert row.not_taken == "Check the patient in first."

    def test_right_sps_of_another_study_is_no_match(self, camera, ready):
        appointment, at = ready
        named = [{"study_uid": "1.2.3", "sps_id": step(appointment, V).sps_id, "accession_number": ""}]
        performed.create(camera, said(scheduled=named, started_at=at), now=at)
        assert PerformedProcedureStep.objects.get().not_taken == "It names no step that is scheduled here."
        assert step(appointment, V).state == StepState.SCHEDULED

    def test_step_of_another_site_is_no_match(self, ready):
        appointment, at = ready
        other = department.site("hillside")
        elsewhere = cameras.camera(other, title="OTHER")
        performed.create(elsewhere, said(step(appointment, V), started_at=at), now=at)
        assert not PerformedProcedureStep.objects.get().steps.exists()

    def test_second_one_with_the_same_uid_is_a_duplicate(self, camera, ready):
        appointment, at = ready
        told = said(step(appointment, V), started_at=at)
        assert [performed.create(camera, told, now=at).status for _ in range(2)] == [0, 0x0111]
        assert PerformedMessage.objects.count() == 2

    @pytest.mark.parametrize(
        ("values", "status"),
        [
            ({"status": "COMPLETED"}, 0x0106),
            ({"missing": ("PerformedProcedureStepStartDate",)}, 0x0120),
        ],
    )
    def test_what_the_standard_refuses_is_refused_and_kept(self, camera, ready, values, status):
        appointment, at = ready
        assert performed.create(camera, said(step(appointment, V), **values), now=at).status == status
        assert not PerformedProcedureStep.objects.exists()
        assert PerformedMessage.objects.get().status == status

    def test_device_that_may_only_ask_says_nothing(self, camera, ready):
        appointment, at = ready
        camera.reports_performed = False
        assert performed.create(camera, said(step(appointment, V)), now=at).status == 0x0110
        assert step(appointment, V).state == StepState.SCHEDULED


class TestEnd:
    @pytest.fixture
    def running(self, camera, ready):
        appointment, at = ready
        told = said(step(appointment, V), started_at=at)
        performed.create(camera, told, now=at)
        return appointment, at, told.uid

    def test_completed_ventilation_does_not_close_perfusion(self, camera, running):
        appointment, at, uid = running
        over = said(uid=uid, status="COMPLETED", ended_at=at + timedelta(minutes=12))
        assert performed.change(camera, over, now=at + timedelta(minutes=13)).status == 0
        found = step(appointment, V)
        assert (found.state, found.performed_end_at) == (StepState.COMPLETED, at + timedelta(minutes=12))
        assert step(appointment, Q).state == StepState.SCHEDULED

    def test_discontinued_takes_its_reason(self, camera, running):
        appointment, at, uid = running
        over = said(uid=uid, status="DISCONTINUED", discontinued_reason="Patient died")
        performed.change(camera, over, now=at + timedelta(minutes=3))
        found = step(appointment, V)
        assert (found.state, found.discontinued_reason) == (StepState.DISCONTINUED, "Patient died")

    def test_what_a_technologist_has_ended_stays_and_the_late_message_adds_its_data(self, camera, running):
        appointment, at, uid = running
        by = department.technologist(appointment.site)
        visits.end(step(appointment, V), by=by, now=at + timedelta(minutes=10))
        over = said(uid=uid, status="COMPLETED", ended_at=at + timedelta(minutes=14))
        assert performed.change(camera, over, now=at + timedelta(hours=2)).status == 0
        assert step(appointment, V).performed_end_at == at + timedelta(minutes=10)
        row = PerformedProcedureStep.objects.get()
        assert (row.ended_at, row.not_taken) == (at + timedelta(minutes=14), "")

    def test_what_is_over_may_not_be_updated(self, camera, running):
        _, at, uid = running
        over = said(uid=uid, status="COMPLETED", ended_at=at)
        assert performed.change(camera, over, now=at).status == 0
        again = performed.change(camera, said(uid=uid), now=at)
        assert (again.status, again.error_id) == (0x0110, 0xA506)

    def test_unknown_uid_is_no_such_instance(self, camera, running):
        assert (
            performed.change(camera, said(uid="1.2.3", status="COMPLETED"), now=running[1]).status == 0x0112
        )

    def test_last_step_fulfils_the_visit(self, camera, running):
        appointment, at, uid = running
        performed.change(camera, said(uid=uid, status="COMPLETED", ended_at=at), now=at)
        told = said(step(appointment, Q), started_at=at + timedelta(minutes=5))
        performed.create(camera, told, now=at + timedelta(minutes=5))
        over = said(uid=told.uid, status="COMPLETED", ended_at=at + timedelta(minutes=25))
        performed.change(camera, over, now=at + timedelta(minutes=25))
        appointment.refresh_from_db()
        assert appointment.state == AppointmentState.FULFILLED


class TestMatch:
    @pytest.fixture
    def unscheduled(self, camera, ready):
        appointment, at = ready
        performed.create(camera, said(started_at=at), now=at)
        return appointment, at, PerformedProcedureStep.objects.get()

    def test_technologist_says_which_step_it_was(self, unscheduled):
        appointment, at, row = unscheduled
        by = department.technologist(appointment.site)
        performed.match(row, step(appointment, V), by=by, now=at + timedelta(minutes=4))
        found = step(appointment, V)
        assert (found.state, found.performed_start_at) == (StepState.IN_PROGRESS, at)

    def test_x_ray_does_not_match_what_a_gamma_camera_did(self, unscheduled):
        appointment, at, row = unscheduled
        by = department.technologist(appointment.site)
        with pytest.raises(Conflict, match="another kind of device"):
            performed.match(row, step(appointment, StepKind.XRAY), by=by, now=at)

    def test_scheduler_may_not_match(self, unscheduled):
        appointment, at, row = unscheduled
        with pytest.raises(NotAllowed):
            performed.match(row, step(appointment, V), by=department.scheduler(appointment.site), now=at)

    def test_it_is_set_aside_with_a_reason_only(self, unscheduled):
        appointment, at, row = unscheduled
        by = department.technologist(appointment.site)
        with pytest.raises(Invalid):
            performed.set_aside(row, reason=" ", by=by, now=at)
        assert performed.set_aside(row, reason="Phantom.", by=by, now=at).set_aside_reason == "Phantom."

    def test_times_are_taken_once_what_held_them_back_is_gone(self, camera, site):
        appointment = department.booked(site)
        at = appointment.lungs_start_at
        performed.create(camera, said(step(appointment, V), started_at=at), now=at)
        row, by = PerformedProcedureStep.objects.get(), department.technologist(site)
        with pytest.raises(Conflict, match="Check the patient in first"):
            performed.take_again(row, by=by, now=at)
        department.ready(appointment, by=by)
        performed.take_again(row, by=by, now=at + timedelta(minutes=2))
        assert step(appointment, V).state == StepState.IN_PROGRESS


class TestDatabase:
    def test_message_is_never_changed(self, camera, ready):
        appointment, at = ready
        performed.create(camera, said(step(appointment, V), started_at=at), now=at)
        with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
            PerformedMessage.objects.update(data=b"")
        with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
            PerformedMessage.objects.all().delete()

    def test_what_is_over_never_runs_again(self, camera, ready):
        appointment, at = ready
        told = said(step(appointment, V), started_at=at)
        performed.create(camera, told, now=at)
        performed.change(camera, said(uid=told.uid, status="COMPLETED", ended_at=at), now=at)
        with pytest.raises(ProgrammingError, match="Invalid transition"), transaction.atomic():
            PerformedProcedureStep.objects.update(status=PerformedStatus.IN_PROGRESS)
