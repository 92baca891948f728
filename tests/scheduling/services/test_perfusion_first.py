"""Chains beyond ventilation then perfusion: perfusion first with ventilation held, both together, two days."""

from datetime import timedelta

import pytest
from django.db import transaction

from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.models import PerfusionReading, Protocol, Reservation, StepKind, Task
from scheduling.services import booking, perfusion, protocols, search, vetting, visits
from tests import department
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db
NORMAL, ABNORMAL = PerfusionReading.Outcome.NORMAL, PerfusionReading.Outcome.ABNORMAL
MINUTE = timedelta(minutes=1)


@pytest.fixture
def site():
    made = department.site()
    protocols.install(made)
    return made


@pytest.fixture
def reader(site):
    return department.attending(site)


def booked(site, key, agent, **answers):
    protocol = Protocol.objects.get(site=site, key=key, agent=agent)
    order = department.order(site, vetted=False, answers={**department.SAFE_ANSWERS, **answers})
    vetting.vet(order, reason="Agreed.", protocol=protocol, by=department.attending(site), now=NOW)
    order.refresh_from_db()
    best = department.proposal(order)
    return booking.book(order, starts=best.starts, by=department.scheduler(site), now=NOW)


def step(appointment, kind):
    return appointment.steps.get(kind=kind)


def occupied(appointment, kind):
    return Reservation.objects.occupying().filter(step=step(appointment, kind))


def perfused(appointment):
    """Perfusion has ended; returns the instant."""
    technologist = department.technologist(appointment.site)
    appointment, at = department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.PERFUSION), by=technologist, now=at)
    visits.end(step(appointment, StepKind.PERFUSION), by=technologist, now=at + 26 * MINUTE)
    return at + 27 * MINUTE


@pytest.fixture
def held(site):
    return booked(site, "Q_FIRST_V_IF_ABNORMAL", "dtpa")


def test_ventilation_is_booked_behind_perfusion_and_held(held):
    steps = list(held.steps.values_list("kind", "awaits_reading"))
    assert steps == [("xray", False), ("perfusion", False), ("ventilation", True)]
    assert held.lungs_start_at == step(held, StepKind.PERFUSION).planned_start_at
    assert occupied(held, StepKind.VENTILATION).count() == 3


def test_ventilation_cannot_start_before_perfusion_is_read(held, reader):
    at = perfused(held)
    technologist = department.technologist(held.site)
    with pytest.raises(Conflict) as refusal:
        visits.start(step(held, StepKind.VENTILATION), by=technologist, now=at)
    assert refusal.value.sentence == (
        "A physician reads perfusion first: ventilation is done only if that is abnormal."
    )


def test_end_of_perfusion_asks_the_physician_once(held):
    perfused(held)
    asked = Task.objects.filter(about=visits.READING, closed_at=None)
    assert [(task.kind, task.sentence) for task in asked] == [
        ("consult", "Read perfusion now: ventilation waits for it.")
    ]


def test_normal_perfusion_gives_ventilation_and_its_time_up(held, reader):
    at = perfused(held)
    perfusion.read(held, outcome=NORMAL, by=reader, now=at)
    held.refresh_from_db()
    order = held.procedure.order
    order.refresh_from_db()
    left_out = step(held, StepKind.VENTILATION)
    assert (left_out.state, left_out.discontinued_reason) == (StepState.CANCELLED, perfusion.NOT_NEEDED)
    assert (held.state, order.state) == (AppointmentState.FULFILLED, OrderState.PERFORMED)
    assert not occupied(held, StepKind.VENTILATION).exists()
    assert not Task.objects.filter(about=visits.READING, closed_at=None).exists()
    assert held.perfusion_reading.read_by == reader
    assert AuditEvent.objects.filter(action="perfusion.read").count() == 1


def test_abnormal_perfusion_lets_ventilation_start(held, reader):
    at = perfused(held)
    perfusion.read(held, outcome=ABNORMAL, by=reader, now=at)
    visits.start(step(held, StepKind.VENTILATION), by=department.technologist(held.site), now=at)
    assert step(held, StepKind.VENTILATION).state == StepState.IN_PROGRESS
    assert occupied(held, StepKind.VENTILATION).count() == 3


def test_perfusion_cannot_be_read_before_it_has_ended(held, reader):
    with pytest.raises(Conflict) as refusal:
        perfusion.read(held, outcome=NORMAL, by=reader, now=NOW)
    assert refusal.value.sentence == "Perfusion has not ended."


def test_nothing_is_read_where_nothing_is_held(site, reader):
    with pytest.raises(Conflict) as refusal:
        perfusion.read(department.booked(site), outcome=NORMAL, by=reader, now=NOW)
    assert refusal.value.sentence == "No acquisition waits for a reading."


def test_given_up_ventilation_has_to_be_taken_back_before_it_is_read_again(held, reader):
    at = perfused(held)
    perfusion.read(held, outcome=NORMAL, by=reader, now=at)
    with pytest.raises(Conflict) as refusal:
        perfusion.read(held, outcome=ABNORMAL, by=reader, now=at)
    assert refusal.value.sentence == ("Ventilation has been given up. Undo that on the worklist first.")
    visits.undo(step(held, StepKind.VENTILATION), by=department.technologist(held.site), now=at)
    assert occupied(held, StepKind.VENTILATION).count() == 3
    perfusion.read(held, outcome=ABNORMAL, by=reader, now=at)
    held.refresh_from_db()
    assert held.perfusion_reading.outcome == ABNORMAL


def test_time_that_somebody_has_taken_since_cannot_be_taken_back(held, reader):
    at = perfused(held)
    room = occupied(held, StepKind.VENTILATION).order_by("pk").first()
    perfusion.read(held, outcome=NORMAL, by=reader, now=at)
    other = department.booked(held.site)
    Reservation.objects.create(
        resource=room.resource, step=other.steps.first(), status=Reservation.Status.BOOKED, span=room.span
    )
    with pytest.raises(Conflict) as refusal, transaction.atomic():
        visits.undo(step(held, StepKind.VENTILATION), by=department.technologist(held.site), now=at)
    assert refusal.value.sentence == "The time of ventilation has been taken since. Book it anew."
    assert step(held, StepKind.VENTILATION).state == StepState.CANCELLED


def test_only_a_physician_reads(held):
    at = perfused(held)
    with pytest.raises(NotAllowed):
        perfusion.read(held, outcome=NORMAL, by=department.technologist(held.site), now=at)


def test_with_technegas_ventilation_is_held_on_the_next_day(site):
    appointment = booked(site, "Q_FIRST_V_IF_ABNORMAL", "technegas")
    first, second = (step(appointment, kind) for kind in (StepKind.PERFUSION, StepKind.VENTILATION))
    assert second.planned_start_at.date() == first.planned_start_at.date() + timedelta(days=1)
    wait = second.planned_start_at - first.planned_end_at
    assert timedelta(hours=15) <= wait <= timedelta(hours=36)


def test_two_days_are_two_visits_for_the_patient(site):
    protocol = Protocol.objects.get(site=site, key="Q_FIRST_V_IF_ABNORMAL", agent="technegas")
    order = department.order(site, vetted=False)
    vetting.vet(order, reason="Agreed.", protocol=protocol, by=department.attending(site), now=NOW)
    order.refresh_from_db()
    found, _ = search.proposals(
        order, first_day=TODAY, days=7, by=department.scheduler(site), now=NOW, limit=1
    )
    days = [starts_at.date() for starts_at, _ in found[0].visits]
    assert days == [TODAY, TODAY + timedelta(days=1)]


def test_krypton_is_acquired_together_with_perfusion_in_one_room(site):
    appointment = booked(site, "V_Q_SIMULTANEOUS", "kr81m")
    ventilation, q = step(appointment, StepKind.VENTILATION), step(appointment, StepKind.PERFUSION)
    assert ventilation.planned_start_at == q.planned_start_at
    assert not occupied(appointment, StepKind.VENTILATION).exists()
    technologist = department.technologist(site)
    appointment, at = department.ready(appointment, by=technologist)
    visits.start(q, by=technologist, now=at)
    assert step(appointment, StepKind.VENTILATION).state == StepState.IN_PROGRESS
    visits.end(q, by=technologist, now=at + 16 * MINUTE)
    appointment.refresh_from_db()
    assert [each.state for each in appointment.steps.all()] == ["completed"] * 3
    assert appointment.state == AppointmentState.FULFILLED


def test_what_is_acquired_together_is_undone_together(site):
    appointment = booked(site, "V_Q_SIMULTANEOUS", "kr81m")
    technologist = department.technologist(site)
    appointment, at = department.ready(appointment, by=technologist)
    q, ventilation = step(appointment, StepKind.PERFUSION), step(appointment, StepKind.VENTILATION)
    for service in (visits.start, visits.end):
        with pytest.raises(Conflict):
            service(ventilation, by=technologist, now=at)
        service(q, by=technologist, now=at)
    with pytest.raises(Conflict):
        visits.undo(ventilation, by=technologist, now=at)
    visits.undo(q, by=technologist, now=at)
    assert [each.state for each in appointment.steps.all()] == ["completed", "in_progress", "in_progress"]


def test_answers_change_the_plan(site):
    """Arms that cannot be raised: planar pictures, which take ten minutes longer than SPECT."""
    plain = booked(site, "V_THEN_Q", "technegas")
    planar = booked(site, "V_THEN_Q", "technegas", cannot_raise_arms="yes")
    lengths = [
        step(each, StepKind.PERFUSION).planned_end_at - step(each, StepKind.PERFUSION).planned_start_at
        for each in (plain, planar)
    ]
    assert lengths == [16 * MINUTE, 26 * MINUTE]
