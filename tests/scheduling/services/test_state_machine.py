"""Any order of holding, booking, moving, swapping, lengthening, cancelling, arriving and letting time pass.

Hypothesis looks for a sequence after which one of the invariants does not hold, on real PostgreSQL.
"""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from scheduling.engine.calendars import to_minute
from scheduling.engine.states import (
    APPOINTMENT_TRANSITIONS,
    LIVE_APPOINTMENT,
    ORDER_TRANSITIONS,
    AppointmentState,
    OrderState,
    StepState,
)
from scheduling.models import Appointment, Hold, Order, Reservation
from scheduling.services import booking, changes, holds, reservations, search, visits
from scheduling.services.examination import arrivals
from tests import department
from tests.department import NOW, TODAY
from tests.scheduling.services.test_race import DOUBLE_BOOKED
from vqflow.errors import DomainError
from vqflow.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(240)]
ORDERS, BOOKED = 4, 2
SEARCH = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
AUDITED = {
    "held": "time.held",
    "booked": "appointment.booked",
    "moved": "appointment.moved",
    "lengthened": "step.lengthened",
    "cancelled": "appointment.cancelled",
    "arrived": "visit.checked_in",
    "missed": "appointment.no_show",
}
which = st.integers(0, ORDERS - 1)
proposal = st.integers(0, 5)


class Desk(RuleBasedStateMachine):
    """Two schedulers, two orders that want the same times, two that have some, and a clock that goes forward."""

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.done = dict.fromkeys(AUDITED, 0)

    @initialize()
    def open(self):
        self.now = NOW
        site = department.site("machine")
        self.people = [department.scheduler(site) for _ in range(2)]
        self.technologist = department.technologist(site)
        self.orders = [department.order(site, by=self.people[0]).pk for _ in range(ORDERS - BOOKED)]
        for _ in range(BOOKED):
            self.orders.append(department.booked(site, by=self.people[0]).procedure.order_id)
        self.states = {}
        self.began = AuditEvent.objects.order_by("pk").last().pk

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    def order(self, at):
        return Order.objects.with_people().get(pk=self.orders[at])

    def live(self, at):
        return Appointment.objects.filter(
            procedure__order=self.orders[at], state__in=LIVE_APPOINTMENT
        ).first()

    def attempt(self, name, deed):
        """Do it; a refusal must leave everything as it was."""
        before = self.everything()
        try:
            deed()
        except DomainError:
            assert self.everything() == before
        else:
            if name:
                self.done[name] += 1

    def everything(self):
        return (
            sorted(Reservation.objects.values_list("pk", "status", "expires_at")),
            sorted(Hold.objects.values_list("pk", "outcome")),
            sorted(Appointment.objects.values_list("pk", "state", "revision")),
        )

    def found(self, find, at):
        """One of the first proposals, or None."""
        try:
            proposals, _ = find(first_day=TODAY, days=2, now=self.now, limit=6)
        except DomainError:
            return None
        return proposals[at % len(proposals)] if proposals else None

    @rule(at=which, choice=proposal, who=st.integers(0, 1))
    def hold(self, at, choice, who):
        by, order = self.people[who], self.order(at)
        best = self.found(lambda **asked: search.proposals(order, by=by, **asked), choice)
        if best:
            self.attempt("held", lambda: holds.hold(order, starts=best.starts, by=by, now=self.now))

    @rule(at=which, choice=proposal, who=st.integers(0, 1))
    def book(self, at, choice, who):
        by, order = self.people[who], self.order(at)
        best = self.found(lambda **asked: search.proposals(order, by=by, **asked), choice)
        if best:
            self.attempt("booked", lambda: booking.book(order, starts=best.starts, by=by, now=self.now))

    @rule(at=which)
    def confirm(self, at):
        """By whoever holds it, whether its time is over or not."""
        hold = Hold.objects.filter(order=self.orders[at]).order_by("held_at", "pk").last()
        if hold is None:
            return
        chosen = {"starts": holds.starts_of(hold), "hold": hold, "by": hold.held_by, "now": self.now}
        if hold.appointment:
            self.attempt("moved", lambda: booking.move(hold.appointment, **chosen))
        else:
            self.attempt("booked", lambda: booking.book(hold.order, **chosen))

    @rule(at=which, choice=proposal, only_held=st.booleans())
    def move(self, at, choice, only_held):
        appointment, by = self.live(at), self.people[0]
        if appointment is None:
            return
        best = self.found(lambda **asked: search.moves(appointment, by=by, **asked), choice)
        if best is None:
            return
        chosen = {"starts": best.starts, "by": by, "now": self.now}
        if only_held:
            order = appointment.procedure.order
            self.attempt("held", lambda: holds.hold(order, appointment=appointment, **chosen))
        else:
            self.attempt("moved", lambda: booking.move(appointment, **chosen))

    @rule(one=which, other=which)
    def swap(self, one, other):
        pair = [self.live(one), self.live(other)]
        if all(pair):
            before = self.done["moved"]
            self.attempt("moved", lambda: changes.swap(*pair, by=self.people[0], now=self.now))
            self.done["moved"] += self.done["moved"] - before  # two are moved

    @rule(at=which, minutes=st.integers(1, 60))
    def lengthen(self, at, minutes):
        appointment = self.live(at)
        if appointment:
            step = appointment.steps.last()
            self.attempt(
                "lengthened",
                lambda: changes.lengthen(step, minutes=minutes, by=self.people[0], now=self.now),
            )

    @rule(at=which)
    def cancel(self, at):
        appointment = self.live(at)
        if appointment:
            self.attempt(
                "cancelled",
                lambda: booking.cancel(appointment, reason="ill", by=self.people[0], now=self.now),
            )

    @rule(at=which)
    def arrive(self, at):
        appointment = self.live(at)
        if appointment and appointment.state == AppointmentState.BOOKED:
            checked = {**department.HERE, "by": self.technologist, "now": self.now}
            self.attempt("arrived", lambda: arrivals.check_in(appointment, **checked))

    @rule(at=which)
    def miss(self, at):
        appointment = self.live(at)
        if appointment:
            self.attempt("missed", lambda: visits.no_show(appointment, by=self.people[0], now=self.now))

    @rule(at=which)
    def extend(self, at):
        hold = Hold.objects.filter(order=self.orders[at]).order_by("held_at", "pk").last()
        if hold:
            self.attempt(None, lambda: holds.extend(hold, by=hold.held_by, now=self.now))

    @rule(at=which)
    def release(self, at):
        hold = Hold.objects.filter(order=self.orders[at]).order_by("held_at", "pk").last()
        if hold:
            self.attempt(None, lambda: holds.release(hold, by=hold.held_by, now=self.now))

    @rule(minutes=st.sampled_from([1, 4, 5, 90]))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @rule()
    def sweep(self):
        reservations.release_expired(now=self.now)
        assert not Reservation.objects.expired(self.now).exists()

    @precondition(lambda self: hasattr(self, "orders"))
    @invariant()
    def nothing_is_booked_twice(self):
        with connection.cursor() as cursor:
            cursor.execute(DOUBLE_BOOKED)
            assert cursor.fetchone() == (0,)

    @precondition(lambda self: hasattr(self, "orders"))
    @invariant()
    def what_is_planned_is_reserved_and_nothing_else(self):
        for appointment in Appointment.objects.filter(procedure__order__in=self.orders):
            rows = Reservation.objects.occupying().filter(step__appointment=appointment)
            if appointment.state not in (*LIVE_APPOINTMENT, AppointmentState.FULFILLED):
                assert not rows.exists()
                continue
            for step in appointment.steps.filter(state=StepState.SCHEDULED, planned_start_at__isnull=False):
                begins, ends = to_minute(step.planned_start_at), to_minute(step.planned_end_at)
                ours = rows.filter(step=step, resource=appointment.procedure.order.patient.resource)
                assert [(row.start_minute <= begins, row.end_minute >= ends) for row in ours] == [
                    (True, True)
                ]

    @precondition(lambda self: hasattr(self, "orders"))
    @invariant()
    def holds_and_their_rows_agree(self):
        """A live hold of an order that can be booked keeps all its time; an ended one keeps nothing."""
        for hold in Hold.objects.filter(order__in=self.orders):
            rows = Reservation.objects.filter(token=hold.pk, status="held")
            if hold.outcome == Hold.Outcome.LIVE:
                assert {row.expires_at for row in rows} <= {hold.expires_at}
            elif hold.outcome != Hold.Outcome.EXPIRED:
                assert not rows.exists()
            else:
                assert not rows.filter(expires_at__gt=self.now).exists()

    @precondition(lambda self: hasattr(self, "orders"))
    @invariant()
    def states_go_along_the_tables(self):
        tables = {Order: set(ORDER_TRANSITIONS), Appointment: set(APPOINTMENT_TRANSITIONS)}
        kinds = {Order: OrderState, Appointment: AppointmentState}
        for model, table in tables.items():
            for pk, state in model.objects.values_list("pk", "state"):
                state = kinds[model](state)
                before = self.states.setdefault((model, pk), state)
                assert before == state or (before, state) in table
                self.states[model, pk] = state

    @precondition(lambda self: hasattr(self, "orders"))
    @invariant()
    def every_change_is_audited_once(self):
        for name, action in AUDITED.items():
            found = AuditEvent.objects.filter(pk__gt=self.began, action=action)
            assert found.count() == self.done[name], name


def test_any_order_of_deeds_keeps_the_desk_in_order():
    run_state_machine_as_test(Desk, settings=SEARCH)
