"""The small steps of an examination, pressed one after the other: begun, ended, skipped with a reason, repeated.

The inhalation and the injection start the acquisition, with all its gates; the pictures end it.
"""

from django.db import transaction

from scheduling import phases as reading
from scheduling.engine.sequence import BEGINS, ENDS, State
from scheduling.engine.states import AppointmentState, StepState
from scheduling.examinations import examination
from scheduling.models import PhaseRecord
from scheduling.services import quality, reservations, visits
from scheduling.services.examination import tracks
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid, NotFound

OPEN = (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS, AppointmentState.FULFILLED)
NO_SUCH = "There is no such step in this examination's protocol."


@transaction.atomic
def begin(appointment, key, *, by, now, end_running=False):
    """The phase begins now. `end_running`: whatever still runs ends at the same moment."""
    appointment, line, lines = _opened(appointment, key, by)
    if end_running and line.state != State.RUNNING:
        _end_all(appointment, lines, by=by, now=now)
        appointment, line, lines = _opened(appointment, key, by)
    _refuse(reading.why_not_begin(line, lines, _facts(appointment, now)))
    return _run(appointment, line, by=by, now=now)


@transaction.atomic
def repeat(appointment, key, *, by, now):
    """Once more: a new take, begun now. The take before stays on record."""
    appointment, line, lines = _opened(appointment, key, by)
    _refuse(reading.why_not_repeat(line, lines, _facts(appointment, now)))
    return _run(appointment, line, by=by, now=now)


def _facts(appointment, now):
    """With what checks and escaped gas forbid: gas is not made in a room in which nobody may start."""
    return examination(appointment, now, quality=quality.present(appointment.site, now))


def _run(appointment, line, *, by, now):
    if line.phase.role in BEGINS and line.step and line.step.state == StepState.SCHEDULED:
        visits.start(line.step, by=by, now=now)
        return _newest(appointment, line)
    record = tracks.begin(appointment, line.phase, by=by, now=now)
    _record("phase.begun", appointment, by, line, take=record.take)
    return record


@transaction.atomic
def end(appointment, key, *, by, now):
    """The phase ends now; the pictures end their acquisition too."""
    appointment, line, _ = _opened(appointment, key, by)
    _refuse(reading.why_not_end(line, examination(appointment, now)))
    return _end(appointment, line, by=by, now=now)


def _end(appointment, line, *, by, now):
    if line.phase.role in ENDS and line.step and line.step.state == StepState.IN_PROGRESS:
        visits.end(line.step, by=by, now=now)
        return _newest(appointment, line)
    tracks.close([line.record], now=now)
    _record("phase.ended", appointment, by, line, take=line.record.take)
    return line.record


def _end_all(appointment, lines, *, by, now):
    for line in reading.running(lines):
        _refuse(reading.why_not_end(line, examination(appointment, now)))
        _end(appointment, line, by=by, now=now)


@transaction.atomic
def skip(appointment, key, *, reason, by, now):
    """The phase is not done, and why."""
    reason = _said(reason, "Say why it is skipped.")
    appointment, line, _ = _opened(appointment, key, by)
    _refuse(reading.why_not_skip(line))
    record = PhaseRecord.objects.create(
        appointment=appointment,
        key=key,
        take=line.record.take + 1 if line.record else 1,
        skipped_reason=reason,
        recorded_at=now,
        recorded_by=by,
    )
    _record("phase.skipped", appointment, by, line, reason=reason)
    return record


@transaction.atomic
def undo(appointment, key, *, by, now):
    """The last press on this phase is taken back, with what it did to its acquisition and to what it ended."""
    appointment, line, _ = _opened(appointment, key, by)
    record = line.record
    if record is None:
        raise Conflict(f"{line.phase.name}: there is nothing to take back.")
    _refuse_later(appointment, line)
    if record.skipped_reason:
        tracks.void([record], reason="Undone.", by=by, now=now)
    elif record.ended_at:
        _undo_end(appointment, line, by=by, now=now)
    else:
        _undo_begin(appointment, line, by=by, now=now)
    _record("phase.undone", appointment, by, line, take=record.take)


def _refuse_later(appointment, line):
    """Within one part the newest press is taken back first."""
    part = appointment.procedure.protocol.phases.filter(part=line.phase.part)
    later = tracks.standing(appointment).filter(key__in=part.values("key"), pk__gt=line.record.pk).last()
    if later:
        raise Conflict(f"{part.get(key=later.key).name}: this came after it. Take that back first.")


def _undo_end(appointment, line, *, by, now):
    step, record = line.step, line.record
    over = step is not None and step.state in (StepState.COMPLETED, StepState.DISCONTINUED)
    if over and step.performed_end_at == record.ended_at:
        visits.undo(step, by=by, now=now)
    else:
        tracks.reopen([record])


def _undo_begin(appointment, line, *, by, now):
    step, record = line.step, line.record
    begun = step is not None and step.state == StepState.IN_PROGRESS
    if line.phase.role in BEGINS and begun and step.performed_start_at == record.started_at:
        visits.undo(step, by=by, now=now)
    else:
        tracks.void([record], reason="Undone.", by=by, now=now)
    ended_for_it = tracks.standing(appointment).filter(ended_at=record.started_at, skipped_reason="")
    for each in ended_for_it:
        _undo_end(appointment, _line(appointment, each.key)[0], by=by, now=now)


def _opened(appointment, key, by):
    """The examination locked, with the phase of this key and all phases as they are now."""
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(appointment)
    if appointment.state not in OPEN:
        raise Conflict("Check the patient in first.")
    return appointment, *_line(appointment, key)


def _line(appointment, key):
    lines = reading.plan(appointment)
    line = next((each for each in lines if each.phase.key == key), None)
    if line is None:
        raise NotFound(NO_SUCH)
    return line, lines


def _newest(appointment, line):
    return tracks.standing(appointment).filter(key=line.phase.key).last()


def _said(reason, sentence):
    if not reason.strip():
        raise Invalid(sentence, fields={"reason": [sentence]})
    return reason.strip()


def _refuse(sentence):
    if sentence:
        raise Conflict(sentence)


def _record(action, appointment, by, line, **data):
    patients = [appointment.procedure.order.patient_id]
    audit.record(action, appointment, by=by, patients=patients, phase=line.phase.key, **data)
