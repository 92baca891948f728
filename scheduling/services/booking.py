"""Book, move, swap, lengthen and cancel appointments: lock and re-check (recheck.py), then write appointment,
steps and reservations.
"""

from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from scheduling import letters
from scheduling.engine.calendars import to_datetime
from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.models import (
    MODALITY,
    Appointment,
    Decision,
    Hold,
    ProtocolStep,
    ScheduledProcedureStep,
    StepKind,
)
from scheduling.services import (
    call_ins,
    holds,
    lengthening,
    messages,
    numbers,
    recheck,
    reservations,
    search,
    transitions,
    vetting,
)
from scheduling.services.recheck import XrayElsewhere
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid
from vqflow.statements import Compiled, insert, selected

LONGEST_ACQUISITION_MINUTES = 240
MOVED_FIELDS = [
    "revision",
    "starts_at",
    "ends_at",
    "xray_ends_at",
    "lungs_start_at",
    "window_override",
    "xray_shortest",
    "xray_longest",
    "dose_cleared_at",
    "dose_cleared_by",
]


@transaction.atomic
def book(order, *, starts, by, now, resource_ids=(), xray=None, hold=None, overbook_reason=""):
    """Book the order at `starts` ({kind of step: start of its acquisition}) and return the appointment.

    `resource_ids` are the rooms and people of the chosen proposal; others of the same kind are taken where
    those are gone. `xray` is an XrayElsewhere. `hold` is confirmed; one whose time is over keeps nobody out.
    With an `overbook_reason` rooms and people of a STAT order are taken twice where they must be. Raises
    Conflict with the sentence why not, Invalid for starts that are not those of the protocol.
    """
    policy.permit(by, "appointment.book")
    overbook_reason = overbook_reason.strip()
    if overbook_reason:
        policy.permit(by, "appointment.overbook")
    order = holds.locked_order(order)
    _refuse(search.why_not_book(order) or _why_not_confirm(hold, order, None, by))
    if overbook_reason:
        _refuse(search.why_not_overbook(order, by))
    held = _live_holds(order)
    with _after_hold(hold, now):
        plan = recheck.new_visit(
            order, starts, resource_ids, now=now, xray=xray, tokens=held, overbooking=bool(overbook_reason)
        )
    appointment = _new_appointment(order, plan, xray, by=by, now=now)
    _write_steps(appointment, order, plan, xray, by=by)
    transitions.move(order, OrderState.SCHEDULED)
    _end_holds(hold, held)
    audit.record("appointment.booked", appointment, by=by, patients=[order.patient_id], **_when(appointment))
    if plan.double:
        _record_overbooking(appointment, plan, overbook_reason, by)
    messages.plan(appointment, now=now, times=_patient_times(plan))
    call_ins.ask(appointment, now=now)
    return appointment


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


def _live_holds(order):
    return [pk for (pk,) in selected(_HELD, [order.pk])]


_HELD = "SELECT id FROM scheduling_hold WHERE order_id = %s AND outcome = 'live'"


@contextmanager
def _after_hold(hold, now):
    """A refusal after a hold has run out says so."""
    try:
        yield
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
    held = _live_holds(order)
    with _after_hold(hold, now):
        plan = recheck.other_time(appointment, starts, resource_ids, now=now, tokens=held, gives_up=True)
    _check_days(appointment, plan.starts, by)
    before = _when(appointment)
    _apply_move(appointment, plan)
    _end_holds(hold, held)
    _record_move(appointment, before, by)
    messages.moved(appointment, now=now)
    call_ins.ask(appointment, now=now)
    return appointment


def _record_move(appointment, before, by, **data):
    audit.record(
        "appointment.moved",
        appointment,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        before=before,
        **_when(appointment),
        **data,
    )


def rebook(appointment, plan, *, by, now, **recorded):
    """Write a Plan found under locks (recheck.py) in the caller's transaction, record it, and tell who is to know."""
    before, came = _when(appointment), _visits(appointment)
    _apply_move(appointment, plan)
    _record_move(appointment, before, by, **recorded)
    _tell(appointment, came, now)


def _tell(appointment, came, now):
    """The patient, only if the time to come is another than `came`; and the desk, whom to call in."""
    if _visits(appointment) == came:
        messages.unchanged(appointment)
    else:
        messages.moved(appointment, now=now)
    call_ins.ask(appointment, now=now)


@transaction.atomic
def swap(one, other, *, by, now):
    """Two appointments change places: each takes the other's starts of the steps that both still have to do.

    All or nothing, every rule checked for both; Conflict says which of them does not fit, and why. Returns both.
    """
    policy.permit(by, "appointment.move")
    if one.pk == other.pk:
        raise Invalid("Choose another appointment to change places with.")
    pair = {each.pk: reservations.locked(each) for each in sorted((one, other), key=lambda each: each.pk)}
    one, other = pair[one.pk], pair[other.pk]
    if one.site_id != other.site_id:
        raise Invalid("Both appointments must be at one site.")
    _refuse(search.why_not_move(one) or search.why_not_move(other))
    exchanges = _exchanges(one, other, now)
    held = [*_live_holds(one.procedure.order), *_live_holds(other.procedure.order)]
    all_days = recheck.lock(
        one.site,
        [starts.values() for _, starts, _ in exchanges],
        now=now,
        patients=[each.procedure.order.patient.resource_id for each in (one, other)],
        tokens=held,
        steps=[step.pk for each in (one, other) for step in each.steps.all()],
    )
    for (appointment, starts, resource_ids), days in zip(exchanges, all_days, strict=True):
        _take_place(appointment, starts, resource_ids, days, by=by, now=now)
    reservations.end_holds(held, Hold.Outcome.RELEASED)
    for appointment in (one, other):
        messages.moved(appointment, now=now)
        call_ins.ask(appointment, now=now)
    return one, other


def _exchanges(one, other, now):
    """(appointment, its new starts, the rooms and people to take) for both."""
    pending = [recheck.staying(each, {}, now) for each in (one, other)]
    shared = pending[0].keys() & pending[1].keys()
    if shared <= {StepKind.XRAY}:
        raise Conflict("These two have no scan in common that is still to come. Move one of them instead.")
    rooms = [reservations.resource_ids(each) for each in (one, other)]
    return [
        (one, pending[0] | {kind: pending[1][kind] for kind in shared}, rooms[1]),
        (other, pending[1] | {kind: pending[0][kind] for kind in shared}, rooms[0]),
    ]


def _take_place(appointment, starts, resource_ids, days, *, by, now):
    zone = ZoneInfo(appointment.site.time_zone)
    question = recheck.question_of(appointment, days, now)
    try:
        found = recheck.fitting(question, starts, resource_ids, site=appointment.site, now=now)
    except Conflict as refusal:
        was = appointment.lungs_start_at.astimezone(zone)
        raise Conflict(f"The appointment of {was:%H:%M} does not fit there. {refusal.sentence}") from refusal
    _check_days(appointment, starts, by)
    before = _when(appointment)
    _apply_move(appointment, recheck.Plan(question, found, starts))
    _record_move(appointment, before, by, swapped=True)


@transaction.atomic
def lengthen(step, *, minutes, by, now):
    """Give the acquisition of one step still to come `minutes` in all; later steps shift only if they must.

    The patient is told only if the time to come changes. Conflict says who is in the way.
    """
    policy.permit(by, "appointment.move")
    if not 1 <= minutes <= LONGEST_ACQUISITION_MINUTES:
        sentence = f"Enter minutes from 1 to {LONGEST_ACQUISITION_MINUTES}."
        raise Invalid(sentence, fields={"minutes": [sentence]})
    appointment = reservations.locked(step.appointment)
    _refuse(search.why_not_move(appointment))
    step = appointment.steps.get(pk=step.pk)
    if step.state != StepState.SCHEDULED or step.planned_start_at is None or step.simultaneous:
        raise Conflict(
            "Only an acquisition that is planned here and still to come can be given another length."
        )
    before, came = _when(appointment), _visits(appointment)
    longer = minutes - (step.planned_end_at - step.planned_start_at) // timedelta(minutes=1)
    ScheduledProcedureStep.objects.filter(pk=step.pk).update(acquisition_minutes=minutes)
    held = _live_holds(appointment.procedure.order)
    plan = lengthening.plan(appointment, step, longer, now=now, tokens=held)
    _check_days(appointment, plan.starts, by)
    _apply_move(appointment, plan)
    reservations.end_holds(held, Hold.Outcome.RELEASED)
    _tell(appointment, came, now)
    audit.record(
        "step.lengthened",
        step,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        step=step.kind,
        minutes=minutes,
        before=before,
        **_when(appointment),
    )
    return appointment


def _visits(appointment):
    return [visit.starts_at for visit in letters.visits(appointment)]


def _check_days(appointment, starts, by):
    """Another day is the desk's to give; the camera moves patients within the day."""
    zone = ZoneInfo(appointment.site.time_zone)
    planned = {step.kind: step.planned_start_at for step in appointment.steps.all() if step.planned_start_at}
    if any(
        at.astimezone(zone).date() != planned[kind].astimezone(zone).date()
        for kind, at in starts.items()
        if kind in planned
    ):
        policy.permit(by, "appointment.move_to_another_day")


@transaction.atomic
def cancel(appointment, *, reason, by, now):
    """Cancel the appointment and free its time; the order goes back to the list of what is to be booked."""
    policy.permit(by, "appointment.cancel")
    if not reason.strip():
        raise Invalid("Say why the appointment is cancelled.", fields={"reason": ["Say why."]})
    appointment = reservations.locked(appointment)
    if appointment.steps.filter(state=StepState.IN_PROGRESS).exists():
        raise Conflict("An acquisition is running. End it or undo it, then cancel the appointment.")
    transitions.move(appointment, AppointmentState.CANCELLED, ended_reason=reason.strip())
    appointment.steps.filter(state=StepState.SCHEDULED).update(state=StepState.CANCELLED)
    reservations.release(appointment)
    order = appointment.procedure.order
    vetting.lapse_window_overrides(order, now=now)
    call_ins.close(order, now=now)
    transitions.move(order, state_without_appointment(order))
    audit.record(
        "appointment.cancelled", appointment, by=by, patients=[order.patient_id], reason=reason.strip()
    )
    messages.cancelled(appointment, now=now)
    return appointment


def state_without_appointment(order):
    """Where an order stands when its appointment falls away."""
    vetted = order.decisions.filter(kind=Decision.Kind.VETTING).exists()
    return OrderState.VETTED if vetted else OrderState.REQUESTED


def _new_appointment(order, plan, xray, *, by, now):
    site, spans = order.site, _patient_spans(plan)
    made = Appointment(
        site=site,
        procedure=order.procedure,
        starts_at=to_datetime(min(start for start, _ in spans)),
        ends_at=to_datetime(max(end for _, end in spans)),
        xray_ends_at=xray.ended_at if xray else _xray_end(plan.found),
        lungs_start_at=_lungs_start(plan.found),
        xray_shortest=site.xray_shortest,
        xray_longest=site.xray_longest,
        window_override=bool(search.waived_rules(order)),
        booked_at=now,
        booked_by=by,
    )
    return insert([made])[0]


def _patient_spans(plan):
    return [(start, end) for start, end, _ in _of_patient(plan)]


def _patient_times(plan):
    return [(to_datetime(start), to_datetime(end), kind) for start, end, kind in sorted(_of_patient(plan))]


def _of_patient(plan):
    """(from, to, kind of step) of what the patient is needed for."""
    patients = {resource.id for resource in plan.question.resources if "patient" in resource.capabilities}
    return [
        (start, end, step.step_key)
        for step in plan.found.steps
        for who, start, end in step.resources
        if who in patients
    ]


def _xray_end(found):
    return next((to_datetime(step.end) for step in found.steps if step.step_key == StepKind.XRAY), None)


def _lungs_start(found):
    return next(to_datetime(step.start) for step in found.steps if step.step_key != StepKind.XRAY)


def _write_steps(appointment, order, plan, xray, *, by):
    """The steps of the protocol; an X-ray done elsewhere is a step that is completed already."""
    protocol_steps = sorted(_STEPS.all(protocol=order.procedure.protocol_id), key=lambda row: row.ordinal)
    placed = {step.step_key: step for step in plan.found.steps}
    rows = []
    for row, sps_id in zip(protocol_steps, numbers.step_ids(len(protocol_steps)), strict=True):
        step = ScheduledProcedureStep(
            appointment=appointment,
            ordinal=row.ordinal,
            kind=row.kind,
            sps_id=sps_id,
            modality=MODALITY[row.kind],
            simultaneous=row.simultaneous,
            awaits_reading=row.if_before_abnormal,
        )
        if row.kind in placed:
            step.planned_start_at = to_datetime(placed[row.kind].start)
            step.planned_end_at = to_datetime(placed[row.kind].end)
        elif xray and row.kind == StepKind.XRAY:
            step.elsewhere, step.modality, step.state = xray.place, xray.modality, StepState.COMPLETED
            step.performed_end_at, step.performed_by = xray.ended_at, by
        else:
            continue
        rows.append(step)
    insert(rows)
    reservations.reserve(appointment, rows, plan.found, plan.question, double=plan.double)


_STEPS = Compiled(lambda protocol: ProtocolStep.objects.filter(protocol=protocol), protocol=-1)


def _apply_move(appointment, plan):
    """Write the new times to the appointment and its steps, and reserve them under the next revision."""
    spans, found, planned_at = _patient_spans(plan), plan.found, appointment.lungs_start_at
    appointment.revision += 1
    appointment.starts_at = to_datetime(min(start for start, _ in spans))
    appointment.ends_at = to_datetime(max(end for _, end in spans))
    appointment.xray_ends_at = _xray_end(found) or _performed_xray_end(appointment)
    appointment.lungs_start_at = _lungs_start(found)
    appointment.window_override = bool(search.waived_rules(appointment.procedure.order))
    appointment.xray_shortest = appointment.site.xray_shortest
    appointment.xray_longest = appointment.site.xray_longest
    if appointment.lungs_start_at != planned_at:
        # What was checked for the old time has to be checked again for the new one.
        appointment.dose_cleared_at = appointment.dose_cleared_by = None
    appointment.save(update_fields=MOVED_FIELDS)
    steps = list(appointment.steps.all())
    _plan_steps(steps, found)
    reservations.reserve(appointment, steps, found, plan.question)


def _plan_steps(steps, found):
    placed = {step.step_key: step for step in found.steps}
    for step in steps:
        if step.kind in placed:
            step.planned_start_at = to_datetime(placed[step.kind].start)
            step.planned_end_at = to_datetime(placed[step.kind].end)
            step.save(update_fields=["planned_start_at", "planned_end_at"])
        elif step.state == StepState.SCHEDULED:  # an X-ray that a physician has waived since
            step.planned_start_at = step.planned_end_at = None
            step.save(update_fields=["planned_start_at", "planned_end_at"])


def _performed_xray_end(appointment):
    xray = appointment.steps.filter(kind=StepKind.XRAY).first()
    return xray.performed_end_at if xray else None


def _when(appointment):
    """The planned times for the audit trail."""
    return {
        "revision": appointment.revision,
        "starts_at": appointment.starts_at.isoformat(),
        "ends_at": appointment.ends_at.isoformat(),
        "lungs_start_at": appointment.lungs_start_at.isoformat(),
    }
