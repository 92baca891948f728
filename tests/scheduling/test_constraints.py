"""What the database refuses, whoever asks: SQL, the admin of the database, a bug in a service."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from scheduling.models import (
    Appointment,
    Decision,
    Patient,
    Reservation,
    Resource,
    ScheduledProcedureStep,
)
from scheduling.services import vetting
from tests import department
from tests.department import NOW
from vqflow import audit
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def appointment(site):
    return department.booked(site)


def assert_refused(constraint, change):
    """The change raises IntegrityError, and it is this constraint that says no."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        change()
    assert refusal.value.__cause__.diag.constraint_name == constraint


def hold(resource, begins, minutes, **fields):
    values = {"status": "held", "expires_at": NOW + timedelta(minutes=5), "token": uuid4()}
    span = (begins, begins + timedelta(minutes=minutes))
    return Reservation.objects.create(resource=resource, span=span, **values | fields)


def test_second_booking_of_the_same_camera_is_refused(site):
    camera = Resource.objects.get(name="Camera 1")
    hold(camera, NOW, 30)
    assert_refused("reservation_no_double_booking", lambda: hold(camera, NOW + timedelta(minutes=29), 30))


def test_spans_that_touch_do_not_overlap(site):
    camera = Resource.objects.get(name="Camera 1")
    first, second = hold(camera, NOW, 30), hold(camera, NOW + timedelta(minutes=30), 30)
    assert first.span[1] == second.span[0]


def test_released_and_overbooked_time_keeps_nobody_out(site, appointment):
    camera, step = Resource.objects.get(name="Camera 1"), appointment.steps.last()
    for status in ("released", "overbooked"):
        hold(camera, NOW, 30, status=status, step=step)
    assert hold(camera, NOW, 30).pk


def test_a_hold_without_an_end_is_refused(site):
    camera = Resource.objects.get(name="Camera 1")
    assert_refused("reservation_hold_expires", lambda: hold(camera, NOW, 30, expires_at=None))


def test_the_integers_of_a_reservation_are_its_span(site):
    row = hold(Resource.objects.get(name="Camera 1"), NOW + timedelta(seconds=30), 30)
    row.refresh_from_db()
    minute = int(NOW.timestamp()) // 60
    assert (row.start_minute, row.end_minute) == (minute, minute + 31)


HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("gap", [HOUR, DAY], ids=["exactly 1 h", "exactly 24 h"])
def test_the_xray_window_includes_both_ends(appointment, gap):
    changed = Appointment.objects.filter(pk=appointment.pk).update(
        xray_ends_at=appointment.lungs_start_at - gap
    )
    assert changed == 1


@pytest.mark.parametrize("gap", [HOUR - SECOND, DAY + SECOND], ids=["a second short", "a second long"])
def test_a_plan_outside_the_xray_window_is_refused(appointment, gap):
    plan = Appointment.objects.filter(pk=appointment.pk)
    assert_refused(
        "appointment_xray_window", lambda: plan.update(xray_ends_at=appointment.lungs_start_at - gap)
    )


def test_a_plan_without_an_xray_needs_a_physicians_override(appointment):
    plan = Appointment.objects.filter(pk=appointment.pk)
    assert_refused("appointment_xray_window", lambda: plan.update(xray_ends_at=None))
    assert plan.update(xray_ends_at=None, window_override=True) == 1


def test_an_order_has_one_live_appointment(appointment):
    def twice():
        appointment.pk = uuid4()
        appointment.save(force_insert=True)

    assert_refused("appointment_one_live_per_procedure", twice)


def test_what_happened_is_recorded_even_where_it_overlaps_or_comes_late(appointment):
    """Performed times are not bound by the plan, nor by one another."""
    late = appointment.ends_at + timedelta(hours=30)
    changed = ScheduledProcedureStep.objects.filter(appointment=appointment).update(
        performed_start_at=late, performed_end_at=late + timedelta(minutes=1)
    )
    assert changed == 3


def test_a_medical_record_number_is_given_once_by_its_issuer(site):
    one, two = department.patient(site), department.patient(site)
    assert_refused(
        "patient_mrn_once_per_issuer", lambda: Patient.objects.filter(pk=two.pk).update(mrn=one.mrn)
    )


def test_a_cancelled_appointment_says_why(appointment):
    plan = Appointment.objects.filter(pk=appointment.pk)
    assert_refused("appointment_cancelled_with_reason", lambda: plan.update(state="cancelled"))


def test_a_decision_is_never_changed_or_deleted(site):
    order = department.order(site, vetted=False)
    vetting.vet(order, protocol=order.procedure.protocol, by=department.attending(site), now=NOW)
    decision = Decision.objects.get(order=order)
    for change in (
        lambda: Decision.objects.filter(pk=decision.pk).update(reason="another"),
        lambda: Decision.objects.filter(pk=decision.pk).delete(),
    ):
        with pytest.raises(ProgrammingError, match="pgtrigger"), transaction.atomic():
            change()


def test_the_audit_trail_is_never_changed_or_deleted(site):
    audit.record("test.done", site, by=None)
    for change in (
        lambda: AuditEvent.objects.update(action="other"),
        lambda: AuditEvent.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError, match="pgtrigger"), transaction.atomic():
            change()


def test_the_history_of_an_appointment_holds_every_revision(appointment):
    Appointment.objects.filter(pk=appointment.pk).update(revision=2)
    with connection.cursor() as cursor:
        cursor.execute("SELECT revision FROM scheduling_appointmentevent ORDER BY pgh_id")
        assert [row[0] for row in cursor.fetchall()] == [1, 2]


def test_fields_that_come_in_pairs_are_set_together(appointment):
    plan = Appointment.objects.filter(pk=appointment.pk)
    assert_refused("appointment_arrived_complete", lambda: plan.update(arrived_at=NOW))
