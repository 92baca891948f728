"""The main job once through, on the services."""

from scheduling.engine.states import AppointmentState, OrderState
from scheduling.models import Reservation, StepKind
from tests import department

import pytest

pytestmark = pytest.mark.django_db


def test_an_order_is_vetted_booked_and_performed():
    site = department.site()
    order = department.performed(site)
    appointment = order.procedure.appointments.get()
    assert (order.state, appointment.state) == (OrderState.PERFORMED, AppointmentState.FULFILLED)
    assert [step.kind for step in appointment.steps.all()] == [
        StepKind.XRAY,
        StepKind.VENTILATION,
        StepKind.PERFUSION,
    ]
    assert Reservation.objects.filter(step__appointment=appointment, status="booked").count() == 10
