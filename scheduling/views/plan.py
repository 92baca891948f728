"""The plan of an appointment as a chain of steps, with rooms, people and what really happened."""

from scheduling.engine.states import StepState
from scheduling.models import ResourceKind, StepKind
from scheduling.templatetags import clock
from scheduling.views import proposals
from scheduling.views.proposals import ChainStep, days_shown, xray_gap


def chain_of_plan(appointment):
    """The steps of an appointment whose steps and their reservations' resources are prefetched."""
    steps = list(appointment.steps.all())
    moments = [starts or ends for starts, ends in map(times, steps)]
    days = days_shown(moments, appointment.site.time_zone)
    lungs = _lungs_start(appointment, steps)
    return tuple(_step(appointment, step, day, lungs) for step, day in zip(steps, days, strict=True))


def _lungs_start(appointment, steps):
    """When the lungs really began, else when they are planned."""
    performed = [step.performed_start_at for step in steps if step.kind != StepKind.XRAY]
    return min([each for each in performed if each], default=appointment.lungs_start_at)


def _step(appointment, step, day, lungs):
    zone, is_xray = appointment.site.time_zone, step.kind == StepKind.XRAY
    starts, ends = times(step)
    gap = xray_gap(ends, lungs) if is_xray and ends and ends <= lungs else ""
    return ChainStep(
        step.kind, step.get_kind_display(), step.state, day, span_words(starts, ends, zone), place(step), gap
    )


def times(step):
    """(start, end): performed where that is known, else planned; either may be None."""
    if step.performed_start_at or step.performed_end_at:
        return step.performed_start_at, step.performed_end_at
    return step.planned_start_at, step.planned_end_at


def span_words(starts, ends, zone):
    """ "08:10-08:20", "since 08:10" or "until 08:20"."""
    if starts and ends:
        return proposals.span_words(starts, ends, zone)
    return f"since {clock.time_at(starts, zone)}" if starts else f"ended {clock.time_at(ends, zone)}"


def place(step):
    """The rooms and people that hold the step now, or where it was done."""
    if step.elsewhere:
        return step.elsewhere
    return ", ".join(each.name for each in (room(step), technologist(step)) if each)


def room(step):
    return _held(step, ResourceKind.ROOM)


def technologist(step):
    return _held(step, ResourceKind.TECHNOLOGIST)


def _held(step, kind):
    occupying = ("booked", "overbooked", "held")
    held = [row for row in step.reservations.all() if row.status in occupying and row.resource.kind == kind]
    # A preparation bay is a room too; the room of the acquisition is the one in use last.
    held.sort(key=lambda row: row.span.upper)
    return held[-1].resource if held else None


def is_over(step):
    return step.state not in (StepState.SCHEDULED, StepState.IN_PROGRESS)
