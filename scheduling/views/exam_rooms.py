"""What is wrong with the rooms and kits of one examination now: gas, checks that are missing, rooms that are closed."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from scheduling import worklist
from scheduling.engine.states import StepState
from scheduling.models import Closure
from scheduling.templatetags import clock
from scheduling.views.line_problems import Problem, of_quality

OPEN = (StepState.SCHEDULED, StepState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing to know before anybody goes on. `kind`: of the callout."""

    problem: Problem
    kind: str


def said(row, checks, now):
    """Everything to know of the rooms that are still needed. One query, none where nothing is open."""
    steps = [step for step in row.steps if step.state in OPEN and step.planned_start_at]
    rooms = {room.pk: room.name for step in steps for room in worklist.rooms_of(step)}
    refused = list(of_quality(row))
    # Who is on the camera leaves it too: a step that runs is refused nothing any more.
    gas = [checks.evacuated[pk] for pk in _running(steps) if pk in checks.evacuated]
    alarms = [
        Problem("Evacuated", each) for each in gas if not any(of.sentence.startswith(each) for of in refused)
    ]
    closed = [
        each
        for each in _closures(row.appointment, rooms, steps, now)
        if each.resource_id not in checks.evacuated
    ]
    return [
        *(Said(each, "danger" if each.label == "Evacuated" else "warning") for each in (*alarms, *refused)),
        *(Said(_closed(each, rooms, row.appointment.site, now), "warning") for each in closed),
    ]


def _running(steps):
    return {
        room.pk for step in steps if step.state == StepState.IN_PROGRESS for room in worklist.rooms_of(step)
    }


def _closures(appointment, rooms, steps, now):
    """Times in which these rooms, or the whole site, are closed: from now, or the first step, to the last's end."""
    if not rooms:
        return []
    begins = max(now, min(step.planned_start_at for step in steps))
    ends = max(begins + timedelta(minutes=1), max(step.planned_end_at for step in steps))
    of_rooms = Q(resource__in=rooms) | Q(resource=None)
    found = Closure.objects.filter(of_rooms, site=appointment.site, span__overlap=(begins, ends))
    return list(found.order_by("span", "pk"))


def _closed(closure, rooms, site, now):
    """Camera 1 is closed from 10:00 to 12:30: tube failed."""
    zone, begins, ends = site.time_zone, closure.span.lower, closure.span.upper
    is_one_day = (
        clock.local(begins, zone).date() == clock.local(ends, zone).date() == clock.local(now, zone).date()
    )
    show = clock.time_at if is_one_day else clock.at
    name = rooms.get(closure.resource_id, site.name)
    sentence = (
        f"{name} is closed from {show(begins, zone)} to {show(ends, zone)}: {closure.reason.rstrip('.')}."
    )
    return Problem("Closed", sentence)
