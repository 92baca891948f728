"""From what a device says to the steps here: started, ended, stopped, through the same services as a press.

What the department's rules hold back is not forced: the sentence stays with the performed step, and a technologist
decides. A step that somebody has pressed already is left as it is; the device's times then stand beside it.
"""

from datetime import timedelta

from django.db import transaction

from scheduling.engine.states import StepState
from scheduling.models import PerformedStatus
from scheduling.services import reservations, visits
from scheduling.services.examination import lateness
from vqflow.errors import DomainError

# A device's clock may be this far ahead of ours without anybody being told.
AHEAD = timedelta(minutes=2)
STOPPED = "Stopped at the camera."
NOT_NAMED = "It names no step that is scheduled here."


def take(performed, *, by, now):
    """Move the steps that belong to it as far as it has come; part of the caller's transaction."""
    steps = sorted(performed.steps.all(), key=lambda step: (step.appointment_id, step.ordinal))
    sentence = "" if steps else NOT_NAMED
    for step in steps:
        sentence = sentence or _taken(performed, step, by=by, now=now)
    performed.not_taken = (sentence or _clock(performed, now))[:300]
    performed.save(update_fields=["not_taken"])


def _taken(performed, step, *, by, now):
    """Nothing, or the sentence why the step was not moved."""
    try:
        with transaction.atomic():
            _begin(performed, step, by=by, now=now)
            _end(performed, step, by=by, now=now)
    except DomainError as refusal:
        return refusal.sentence
    return ""


def _begin(performed, step, *, by, now):
    step.refresh_from_db()
    if step.state == StepState.SCHEDULED:
        visits.start(step, by=by, now=_when(step, performed.started_at, by=by, now=now))


def _end(performed, step, *, by, now):
    if performed.status == PerformedStatus.IN_PROGRESS:
        return
    step.refresh_from_db()
    if step.state != StepState.IN_PROGRESS:
        return
    ended_at = _when(step, performed.ended_at, by=by, now=now)
    if performed.status == PerformedStatus.COMPLETED:
        visits.end(step, by=by, now=ended_at)
    else:
        visits.discontinue(step, reason=performed.discontinued_reason or STOPPED, by=by, now=ended_at)


def _when(step, said_at, *, by, now):
    """The device's time as far as what is recorded here bears it out, as for a press that came late."""
    appointment = reservations.locked(step.appointment)
    return lateness.entered_later(appointment, pressed_at=said_at, by=by, now=now)


def _clock(performed, now):
    said_at = performed.ended_at or performed.started_at
    if said_at <= now + AHEAD:
        return ""
    minutes = int((said_at - now).total_seconds() // 60)
    return f"The camera's clock is {minutes} min ahead; the time of arrival was taken instead."
