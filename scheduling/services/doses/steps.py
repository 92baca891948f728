"""The small steps of an examination that are done by recording a value: the dose, the count rates, the residual.

Part of the caller's transaction; protocols without such a step have nothing to follow.
"""

from django.db.models import F

from scheduling.models import PhaseRecord
from scheduling.services.examination import tracks

TAKEN_BACK = "The value was taken back."


def done(appointment, role, *, by, now, part=None):
    """The small step of this role is done with the value that was just recorded."""
    phase = _phase(appointment, role, part)
    if phase is None:
        return
    records = tracks.standing(appointment).filter(key=phase.key)
    running = records.filter(ended_at=None, skipped_reason="")
    if running.exists():
        tracks.close(running, now=now)
    elif not records.exists():
        moment = {"started_at": now, "ended_at": now, "recorded_at": now, "recorded_by": by}
        PhaseRecord.objects.create(appointment=appointment, key=phase.key, **moment)


def undone(appointment, role, *, by, now, part=None):
    """What `done` wrote is taken back with its value; a step that took its time stays."""
    phase = _phase(appointment, role, part)
    if phase is None:
        return
    ours = tracks.standing(appointment).filter(key=phase.key, started_at=F("ended_at"), take=1)
    tracks.void(ours, reason=TAKEN_BACK, by=by, now=now)


def _phase(appointment, role, part):
    found = appointment.procedure.protocol.phases.filter(role=role)
    return (found.filter(part=part) if part else found).first()
