"""What the clock says of a row. A line knows no other time: one drawn before is right while this is the same."""

from dataclasses import dataclass

from scheduling import worklist
from scheduling.engine.states import AppointmentState
from scheduling.examinations import is_here
from scheduling.models import StepKind
from scheduling.services import visits
from scheduling.views import line_tracers, pending
from scheduling.views.line_tracers import TracerShown
from scheduling.views.pending import Pending


@dataclass(frozen=True, slots=True)
class Moment:
    """`is_here`: checked in for this visit. `is_held`: somebody has the examination open.

    `is_missed`: who is waited for may be said to have stayed away. `is_too_early`: the window of the performed X-ray
    is still closed. `to_come`: ids of the steps that are likely to begin later than now. `pending`: open problems.
    """

    is_here: bool
    is_held: bool
    is_missed: bool
    is_too_early: bool
    to_come: frozenset[int]
    pending: tuple[Pending, ...]
    tracer: TracerShown | None


def of(row, now):
    """The Moment of a worklist.Row; no query."""
    appointment = row.appointment
    is_waited_for = appointment.state in (AppointmentState.BOOKED, AppointmentState.ARRIVED)
    return Moment(
        is_here=is_here(appointment, now),
        is_held=worklist.worked_on(appointment, now) is not None,
        is_missed=is_waited_for and visits.why_not_no_show(appointment, now) is None,
        is_too_early=_is_too_early(row, now),
        to_come=frozenset(pk for pk, (begins, _) in row.expected.items() if begins and begins > now),
        pending=tuple(pending.pending(appointment, now)),
        tracer=line_tracers.of_row(row, appointment.site.time_zone, now),
    )


def _is_too_early(row, now):
    xray = next((step for step in row.steps if step.kind == StepKind.XRAY), None)
    if xray is None or xray.performed_end_at is None:
        return False
    return now < xray.performed_end_at + row.appointment.site.xray_shortest
