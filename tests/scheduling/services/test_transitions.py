"""Compare-and-swap: the state that was read decides, and the sentence says what it is now."""

import pytest

from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.models import Appointment, Order
from scheduling.services import transitions
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict

pytestmark = pytest.mark.django_db


@pytest.fixture
def appointment():
    return department.booked(department.site())


def test_a_move_along_the_table_sets_state_and_fields_in_the_row_and_the_object(appointment):
    by = appointment.booked_by
    transitions.move(appointment, AppointmentState.ARRIVED, arrived_at=NOW, arrived_by=by)
    stored = Appointment.objects.get(pk=appointment.pk)
    assert (appointment.state, appointment.arrived_at) == (AppointmentState.ARRIVED, NOW)
    assert (stored.state, stored.arrived_at, stored.arrived_by) == (AppointmentState.ARRIVED, NOW, by)


@pytest.mark.parametrize(
    ("row", "to", "sentence"),
    [
        ("order", OrderState.REPORTED, "This order is scheduled; it cannot become reported."),
        (
            "appointment",
            AppointmentState.FULFILLED,
            "This appointment is booked; it cannot become fulfilled.",
        ),
        ("step", StepState.DISCONTINUED, "This step is scheduled; it cannot become discontinued."),
    ],
)
def test_a_move_off_the_table_is_refused(appointment, row, to, sentence):
    rows = {
        "order": appointment.procedure.order,
        "appointment": appointment,
        "step": appointment.steps.first(),
    }
    before = rows[row].state
    with pytest.raises(Conflict) as refusal:
        transitions.move(rows[row], to)
    rows[row].refresh_from_db()
    assert (refusal.value.sentence, rows[row].state) == (sentence, before)


def test_who_is_slower_reads_the_state_of_now(appointment):
    stale = Appointment.objects.get(pk=appointment.pk)
    transitions.move(appointment, AppointmentState.NO_SHOW)
    with pytest.raises(Conflict) as refusal:
        transitions.move(stale, AppointmentState.CANCELLED, ended_reason="Patient asked")
    assert refusal.value.sentence == "Somebody was faster: this appointment is now marked as no-show."
    stale.refresh_from_db()
    assert (stale.state, stale.ended_reason) == (AppointmentState.NO_SHOW, "")


def test_a_stale_row_that_was_moved_to_the_same_state_is_refused_too(appointment):
    order = appointment.procedure.order
    stale = Order.objects.get(pk=order.pk)
    transitions.move(order, OrderState.IN_PROGRESS)
    with pytest.raises(Conflict) as refusal:
        transitions.move(stale, OrderState.IN_PROGRESS)
    assert refusal.value.sentence == "Somebody was faster: this order is now in progress."


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (AppointmentState.NO_SHOW, "marked as no-show"),
        (OrderState.IN_PROGRESS, "in progress"),
        ("booked", "booked"),
    ],
)
def test_a_state_reads_as_words(state, words):
    assert transitions.words(state) == words
