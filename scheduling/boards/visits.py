"""The visits of some days, how late each step is, and what is held."""

from collections import defaultdict
from datetime import datetime, timedelta

from scheduling.boards.values import Held, Step, Visit
from scheduling.engine.calendars import to_datetime, to_minute
from scheduling.engine.states import LIVE_APPOINTMENT, OPEN_REPLAN, AppointmentState, StepState
from scheduling.models import Hold, ReplanChange, ResourceKind, ScheduledProcedureStep, StepKind
from scheduling.models.appointments import Span

STEP_FIELDS = (
    *("pk", "kind", "state", "planned_start_at", "planned_end_at", "performed_start_at", "performed_end_at"),
    *("elsewhere", "simultaneous"),
)
VISIT_FIELDS = (
    *("appointment_id", "appointment__state", "appointment__revision", "appointment__dose_cleared_at"),
    *("appointment__procedure__order_id", "appointment__procedure__order__patient_id"),
    *("appointment__procedure__order__priority", "appointment__procedure__protocol__name"),
    *(
        "appointment__procedure__order__patient__family_name",
        "appointment__procedure__order__patient__given_name",
    ),
    "appointment__procedure__order__patient__mrn",
)


def visits(site, low, high, now, reserved_rows, expected):
    """{appointment: Visit} of those on these days; cancelled ones are left out. `expected`: as it is known, by step."""
    # By the index of the span: by both ends alone all years of a site are read.
    planned = Span("appointment__starts_at", "appointment__ends_at")
    found = ScheduledProcedureStep.objects.alias(planned=planned).filter(
        appointment__site=site, planned__overlap=(to_datetime(low), to_datetime(high))
    )
    found = found.exclude(appointment__state=AppointmentState.CANCELLED)
    return _visits(found, now, reserved_rows, expected, _hits(site))


def of_before(site, appointments, now, reserved_rows, expected):
    """The same of these appointments, which were planned before the days of the board."""
    found = ScheduledProcedureStep.objects.filter(appointment__site=site, appointment__in=appointments)
    return _visits(found, now, reserved_rows, expected, {})


def _visits(found, now, reserved_rows, expected, hits):
    names = _names(reserved_rows)
    found = found.order_by("appointment_id", "ordinal")
    steps, about_visits = defaultdict(list), {}
    for values in found.values_list(*VISIT_FIELDS, *STEP_FIELDS):
        pk, state, revision, cleared_at, *about = values[: len(VISIT_FIELDS)]
        order, patient, priority, protocol, family_name, given_name, mrn = about
        steps[pk].append(_step(values[len(VISIT_FIELDS) :], state, cleared_at, names, now, expected))
        about_visits[pk] = (
            pk,
            state,
            revision,
            order,
            patient,
            priority,
            protocol,
            family_name,
            given_name,
            mrn,
        )
    return {pk: Visit(*values, tuple(steps[pk]), hits.get(pk)) for pk, values in about_visits.items()}


def _names(reserved_rows):
    """{step: (names of its rooms, of its people)}"""
    names = defaultdict(lambda: ([], []))
    for _, name, kind, _, _, _, _, step, _ in reserved_rows:
        if step is not None:
            names[step][kind != ResourceKind.ROOM].append(name)
    return names


def _step(values, visit_state, cleared_at, names, now, expected):
    pk, kind, state, *moments, elsewhere, simultaneous = values
    start, end, performed_start, performed_end = (at and _minute(at) for at in moments)
    # After the dose nobody waits for an X-ray any more: a physician has let it go.
    waits = visit_state in LIVE_APPOINTMENT and not (cleared_at and kind == StepKind.XRAY)
    rooms, people = names.get(pk, ((), ()))
    shown, delay = _delay(expected.get(pk), state, end)
    return Step(
        pk, kind, state, start, end, performed_start, performed_end, elsewhere, simultaneous,
        _late(state, start, end, now) if waits else 0, tuple(rooms), tuple(people),
        shown, delay,
    )  # fmt: skip


def _delay(expected, state, end):
    """((from, to), minutes after the plan) of a step that is not over; otherwise None and 0."""
    if (
        expected is None
        or expected.start is None
        or state not in (StepState.SCHEDULED, StepState.IN_PROGRESS)
    ):
        return None, 0
    runs = state == StepState.IN_PROGRESS
    late = max(0, expected.end - end) if runs and end is not None else expected.late
    return (expected.start, expected.end), late


_EPOCH = to_datetime(0)


def _minute(moment: datetime):
    return (moment - _EPOCH) // timedelta(minutes=1)


def _late(state, start, end, now):
    if state == StepState.SCHEDULED and start is not None:
        return max(0, now - start)
    if state == StepState.IN_PROGRESS and end is not None:
        return max(0, now - end)
    return 0


def _hits(site):
    """{appointment: (disruption, sentences)} of what the open plans of current disruptions would change."""
    found = ReplanChange.objects.filter(
        replan__disruption__site=site, replan__disruption__closed_at=None, replan__state__in=OPEN_REPLAN
    ).order_by("replan_id")
    fields = ("appointment_id", "replan__disruption_id", "effects")
    return {pk: (broken, tuple(effects)) for pk, broken, effects in found.values_list(*fields)}


HOLD_FIELDS = (
    *("pk", "held_by__first_name", "held_by__last_name", "held_by__username", "is_offer", "expires_at"),
    *("order__patient_id", "order__patient__family_name", "order__patient__given_name"),
)


def holds(site, now):
    """{token: Held} of what is held now at this site."""
    found = Hold.objects.live().filter(order__site=site, expires_at__gt=now)
    return {row[0]: _held(*row) for row in found.values_list(*HOLD_FIELDS)}


def _held(token, first_name, last_name, username, is_offer, expires_at, *patient):
    held_by = f"{first_name} {last_name}".strip() or username
    return Held(token, held_by, is_offer, to_minute(expires_at), *patient)
