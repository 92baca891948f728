"""Book, move and cancel appointments: lock and re-check (recheck.py), then write it all (placements.py)."""

from contextlib import contextmanager
from datetime import datetime
from functools import partial

from django.db import transaction

from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.examinations import XRAY_RULES
from scheduling.models import Decision, Hold
from scheduling.services import (
    call_ins,
    holds,
    messages,
    overbooking,
    patient_wishes,
    placements,
    recheck,
    reservations,
    search,
    transitions,
    vetting,
)
from scheduling.services.messages import plans
from scheduling.services.recheck import XrayElsewhere
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid
from vqflow.statements import insert


def book(order, *, starts, by, now, resource_ids=(), xray=None, hold=None, overbook_reason=""):
    """Book the order at `starts` ({kind of step: start of its acquisition}) and return the appointment.

    `resource_ids` are the rooms and people of the chosen proposal; others of the same kind are taken where
    those are gone. `xray` is an XrayElsewhere. `hold` is confirmed; one whose time is over keeps nobody out.
    With an `overbook_reason` rooms and people of a STAT order are taken twice where they must be. Raises
    Conflict with the sentence why not, Invalid for starts that are not those of the protocol or a reason without words.
    """
    policy.permit(by, "appointment.book")
    if overbook_reason:
        policy.permit(by, "appointment.overbook")
        overbook_reason = overbooking.reason_of(overbook_reason)
    chosen = {"starts": starts, "resource_ids": resource_ids, "xray": xray, "hold": hold}
    booked = partial(_book, order, **chosen, overbook_reason=overbook_reason, by=by, now=now)
    return recheck.as_chosen_or_else(booked, resource_ids)


def _book(order, *, starts, resource_ids, xray, hold, overbook_reason, by, now, only_chosen):
    order, known = holds.locked_order_and(order, _known_of(order))
    _refuse(search.why_not_book(order) or _why_not_confirm(hold, order, None, by))
    if overbook_reason:
        _refuse(search.why_not_overbook(order, by))
    [(held, waived, steps, lines)] = known.fetchall()
    with _after_hold(hold, now):
        plan = recheck.new_visit(
            order,
            starts,
            resource_ids,
            now=now,
            xray=xray,
            waived=frozenset(waived),
            tokens=held,
            overbooking=bool(overbook_reason),
            only_chosen=only_chosen,
        )
    appointment = placements.new(order, plan, xray, waived, by=by, now=now)
    with reservations.together():
        insert([appointment])
        placements.write_steps(appointment, steps, plan, xray, by=by)
        transitions.move(order, OrderState.SCHEDULED)
        _end_holds(hold, held)
        audit.record(
            "appointment.booked",
            appointment,
            by=by,
            patients=[order.patient_id],
            **placements.when(appointment),
        )
        if plan.double:
            _record_overbooking(appointment, plan, overbook_reason, by)
        messages.plan(appointment, now=now, times=placements.patient_times(plan), lines=plans.made_of(lines))
    call_ins.ask(appointment, now=now)
    return appointment


def _known_of(order):
    """Asks what a booking reads of a locked order: ids of its live holds, waived rules of the X-ray window, its steps.

    And the department's lines of the plan of messages (plans.OWN_LINES).

    The steps are (ordinal, kind, simultaneous, only if the one before is abnormal, a new key, a new number).
    """
    return _KNOWN, [order.pk, order.pk, sorted(XRAY_RULES), order.pk, order.site_id, order.pk]


# The protocol may have become another since this order was read.
_PROTOCOL = "(SELECT protocol_id FROM scheduling_requestedprocedure WHERE order_id = %s)"
_STEPS = """SELECT json_agg(json_build_array(ordinal, kind, simultaneous, if_before_abnormal,
        nextval('scheduling_scheduledprocedurestep_id_seq'), nextval('scheduling_number')))
    FROM (SELECT * FROM scheduling_protocolstep WHERE protocol_id = %s ORDER BY ordinal OFFSET 0) AS each"""
_OF_PROTOCOL = [
    sql.replace("protocol_id = %s", f"protocol_id = {_PROTOCOL}") for sql in (_STEPS, plans.OWN_LINES)
]
_KNOWN = f"SELECT ARRAY({holds.LIVE}), ARRAY({search.WAIVED}), ({_OF_PROTOCOL[0]}), ({_OF_PROTOCOL[1]})"


def _record_overbooking(appointment, plan, reason, by):
    taken_twice = {who for who, _ in plan.double}
    audit.record(
        "appointment.overbooked",
        appointment,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        reason=reason,
        resources=sorted(each.name for each in plan.question.resources if each.id in taken_twice),
    )


def xray_of(hold):
    """The X-ray done elsewhere with which a hold was made, or None."""
    if not hold.xray:
        return None
    return XrayElsewhere(**{**hold.xray, "ended_at": datetime.fromisoformat(hold.xray["ended_at"])})


def _why_not_confirm(hold, order, appointment, by):
    if hold is None:
        return None
    if hold.order_id != order.pk or hold.appointment_id != (appointment and appointment.pk):
        return "This time is held for something else. Search again."
    return holds.why_not_use(hold, by)


@contextmanager
def _after_hold(hold, now):
    """A refusal after a hold has run out says so."""
    try:
        yield
    except recheck.NotAsChosen:
        raise
    except Conflict as refusal:
        if hold is None or not holds.is_over(hold, now):
            raise
        raise Conflict(f"The time is not held for you any more. {refusal.sentence}") from refusal


def _end_holds(confirmed, held):
    """The hold that was confirmed, and others of the order, which have nothing to wait for."""
    if confirmed is not None:
        Hold.objects.filter(pk=confirmed.pk).update(outcome=Hold.Outcome.CONFIRMED)
    reservations.end_holds(held, Hold.Outcome.RELEASED)


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)


@transaction.atomic
def move(appointment, *, starts, by, now, resource_ids=(), hold=None):
    """Give an appointment, or only the steps in `starts`, other times; the others stay, as does what is performed.

    Every rule is checked again for the whole chain, and its sentence refuses the move. `hold` is confirmed.
    """
    policy.permit(by, "appointment.move")
    appointment = reservations.locked(appointment)
    order = appointment.procedure.order
    _refuse(search.why_not_move(appointment) or _why_not_confirm(hold, order, appointment, by))
    held = holds.live_of(order)
    with _after_hold(hold, now):
        plan = recheck.other_time(appointment, starts, resource_ids, now=now, tokens=held, gives_up=True)
    placements.check_days(appointment, plan.starts, by)
    before = placements.when(appointment)
    placements.move(appointment, plan)
    _end_holds(hold, held)
    placements.record_move(appointment, before, by)
    patient_wishes.met(appointment, by=by, now=now)
    messages.moved(appointment, now=now)
    call_ins.ask(appointment, now=now)
    return appointment


@transaction.atomic
def cancel(appointment, *, reason, by, now):
    """Cancel the appointment and free its time; the order goes back to the list of what is to be booked."""
    policy.permit(by, "appointment.cancel")
    if not reason.strip():
        raise Invalid("Say why the appointment is cancelled.", fields={"reason": ["Say why."]})
    return call_off(reservations.locked(appointment), reason=reason.strip(), by=by, now=now)


def call_off(appointment, *, reason, by, now):
    """The appointment falls away and its time is free; part of the caller's transaction, which has locked it."""
    if appointment.steps.filter(state=StepState.IN_PROGRESS).exists():
        raise Conflict("An acquisition is running. End it or undo it, then cancel the appointment.")
    transitions.move(appointment, AppointmentState.CANCELLED, ended_reason=reason)
    appointment.steps.filter(state=StepState.SCHEDULED).update(state=StepState.CANCELLED)
    order = appointment.procedure.order
    vetting.lapse_window_overrides(order, now=now)
    call_ins.close(order, now=now)
    patient_wishes.met(appointment, by=by, now=now)
    transitions.move(order, state_without_appointment(order))
    audit.record("appointment.cancelled", appointment, by=by, patients=[order.patient_id], reason=reason)
    messages.cancelled(appointment, now=now)
    # Last: bookings of these hours wait for the batches that this gives doses back to.
    reservations.release(appointment)
    return appointment


def state_without_appointment(order):
    """Where an order stands when its appointment falls away."""
    vetted = order.decisions.filter(kind=Decision.Kind.VETTING).exists()
    return OrderState.VETTED if vetted else OrderState.REQUESTED
