"""What a plan writes: an appointment with its steps and reservations, its other times, and whom to tell of them."""

from zoneinfo import ZoneInfo

from scheduling import letters
from scheduling.engine.calendars import to_datetime
from scheduling.engine.states import StepState
from scheduling.models import MODALITY, Appointment, ScheduledProcedureStep, StepKind
from scheduling.services import call_ins, messages, numbers, reservations, search
from vqflow import audit, policy
from vqflow.statements import insert, update

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
    "confirmed_at",
    "confirmed_by",
]
PLANNED = ["planned_start_at", "planned_end_at"]


def new(order, plan, xray, waived, *, by, now):
    """The row of a first appointment, not yet written. `waived`: the overridden rules of the X-ray window."""
    site, spans = order.site, _patient_spans(plan)
    return Appointment(
        site=site,
        procedure=order.procedure,
        starts_at=to_datetime(min(start for start, _ in spans)),
        ends_at=to_datetime(max(end for _, end in spans)),
        xray_ends_at=xray.ended_at if xray else _xray_end(plan.found),
        lungs_start_at=_lungs_start(plan.found),
        xray_shortest=site.xray_shortest,
        xray_longest=site.xray_longest,
        window_override=bool(waived),
        booked_at=now,
        booked_by=by,
    )


def _patient_spans(plan):
    return [(start, end) for start, end, _ in _of_patient(plan)]


def patient_times(plan):
    """(from, to, kind of step) of the patient's own time, in order, as letters.visits takes it."""
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


def write_steps(appointment, protocol_steps, plan, xray, *, by):
    """The steps of the protocol; an X-ray done elsewhere is a step that is completed already."""
    placed = {step.step_key: step for step in plan.found.steps}
    rows = []
    for ordinal, kind, simultaneous, awaits_reading, pk, number in protocol_steps:
        step = ScheduledProcedureStep(
            pk=pk,
            appointment=appointment,
            ordinal=ordinal,
            kind=kind,
            sps_id=numbers.step_id(number),
            modality=MODALITY[kind],
            simultaneous=simultaneous,
            awaits_reading=awaits_reading,
        )
        if kind in placed:
            step.planned_start_at = to_datetime(placed[kind].start)
            step.planned_end_at = to_datetime(placed[kind].end)
        elif xray and kind == StepKind.XRAY:
            step.elsewhere, step.modality, step.state = xray.place, xray.modality, StepState.COMPLETED
            step.performed_end_at, step.performed_by = xray.ended_at, by
        else:
            continue
        rows.append(step)
    insert(rows)
    reservations.reserve(appointment, rows, plan.found, plan.question, double=plan.double)


def move(appointment, plan):
    """Write the new times to the appointment and its steps, and reserve them under the next revision."""
    spans, found, planned_at = _patient_spans(plan), plan.found, appointment.lungs_start_at
    if appointment.confirmed_at and visits(appointment) != visits(appointment, patient_times(plan)):
        appointment.confirmed_at = appointment.confirmed_by = None
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
    steps = list(appointment.steps.all())
    with reservations.together():
        update(appointment, MOVED_FIELDS)
        _plan_steps(steps, found)
        reservations.reserve(appointment, steps, found, plan.question)


def _plan_steps(steps, found):
    placed = {step.step_key: step for step in found.steps}
    for step in steps:
        if step.kind in placed:
            step.planned_start_at = to_datetime(placed[step.kind].start)
            step.planned_end_at = to_datetime(placed[step.kind].end)
            update(step, PLANNED)
        elif step.state == StepState.SCHEDULED:  # an X-ray that a physician has waived since
            step.planned_start_at = step.planned_end_at = None
            update(step, PLANNED)


def _performed_xray_end(appointment):
    xray = appointment.steps.filter(kind=StepKind.XRAY).first()
    return xray.performed_end_at if xray else None


def when(appointment):
    """The planned times for the audit trail."""
    return {
        "revision": appointment.revision,
        "starts_at": appointment.starts_at.isoformat(),
        "ends_at": appointment.ends_at.isoformat(),
        "lungs_start_at": appointment.lungs_start_at.isoformat(),
    }


def record_move(appointment, before, by, **data):
    """What a move changed, in the audit trail. `before`: what `when` said then."""
    audit.record(
        "appointment.moved",
        appointment,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        before=before,
        **when(appointment),
        **data,
    )


def rebook(appointment, plan, *, by, now, **recorded):
    """Write a Plan found under locks (recheck.py) in the caller's transaction, record it, and tell who is to know."""
    before, came = when(appointment), visits(appointment)
    move(appointment, plan)
    record_move(appointment, before, by, **recorded)
    tell(appointment, came, now)


def tell(appointment, came, now):
    """The patient, only if the time to come is another than `came`; and the desk, whom to call in."""
    if visits(appointment) == came:
        messages.unchanged(appointment)
    else:
        messages.moved(appointment, now=now)
    call_ins.ask(appointment, now=now)


def visits(appointment, times=None):
    """When the patient comes, each time, by the plan or by `times` (patient_times)."""
    return [visit.starts_at for visit in letters.visits(appointment, times)]


def check_days(appointment, starts, by):
    """Another day is the desk's to give; the camera moves patients within the day."""
    zone = ZoneInfo(appointment.site.time_zone)
    planned = {step.kind: step.planned_start_at for step in appointment.steps.all() if step.planned_start_at}
    if any(
        at.astimezone(zone).date() != planned[kind].astimezone(zone).date()
        for kind, at in starts.items()
        if kind in planned
    ):
        policy.permit(by, "appointment.move_to_another_day")
