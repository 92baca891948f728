"""The small steps follow their acquisition: whoever starts, ends or undoes that finds them in step.

Each function is part of the caller's transaction; the appointment is locked.
"""

from scheduling.engine.phases import Role
from scheduling.engine.sequence import BEGINS
from scheduling.models import PhaseRecord
from scheduling.services import vetting
from vqflow.errors import Conflict


def standing(appointment):
    return appointment.phases.standing().order_by("pk")


def follow_start(appointment, steps, *, by, now):
    """The inhalation or injection begins with the acquisition; what ran in its part until then ends."""
    parts = {step.kind for step in steps}
    firsts = appointment.procedure.protocol.phases.filter(part__in=parts, role__in=BEGINS)
    for phase in firsts.order_by("ordinal"):
        begin(appointment, phase, by=by, now=now)


def begin(appointment, phase, *, by, now):
    """A new take of this phase runs; at most one runs in each part."""
    close(running(appointment, [phase.part]), now=now)
    last = standing(appointment).filter(key=phase.key).order_by("-take").first()
    made = PhaseRecord.objects.create(
        appointment=appointment,
        key=phase.key,
        take=last.take + 1 if last else 1,
        started_at=now,
        recorded_at=now,
        recorded_by=by,
    )
    if phase.role == Role.GAS:
        vetting.lapse_gas_override(appointment.procedure.order, now=now)
        follow_gas(appointment)
    return made


def follow_gas(appointment):
    """The step knows when its gas was made: at the start of the newest burn that stands."""
    for phase in appointment.procedure.protocol.phases.filter(role=Role.GAS):
        burns = standing(appointment).filter(key=phase.key, started_at__isnull=False)
        newest = burns.order_by("started_at").values_list("started_at", flat=True).last()
        appointment.steps.filter(kind=phase.part).update(gas_made_at=newest)


def running(appointment, parts=None):
    """The records that run, of these parts or of all."""
    found = standing(appointment).filter(ended_at=None, skipped_reason="")
    if parts is None:
        return found
    keys = appointment.procedure.protocol.phases.filter(part__in=parts).values("key")
    return found.filter(key__in=keys)


ENDING, BREAK = "ending", "break"


def close(records, *, now, ended_with=""):
    """`ended_with`: ENDING or BREAK, where no press of its own ends them."""
    for record in records:
        # Whoever corrected the start to a later minute must still be able to end it.
        record.ended_at, record.ended_with = max(now, record.started_at), ended_with
        record.save(update_fields=["ended_at", "ended_with"])


def follow_end(appointment, steps, *, now):
    """Whatever still runs of an acquisition ends with it."""
    close(running(appointment, [step.kind for step in steps]), now=now)


def follow_undo_end(appointment, steps, ended_at):
    """What ended with the acquisition runs on, unless something has begun in its place."""
    ours = _of(appointment, steps)
    later = ours.filter(started_at__gte=ended_at).exclude(ended_at=ended_at).first()
    if later:
        raise Conflict(f"{name_of(appointment, later)}: this came after it. Take that back first.")
    reopen(ours.filter(ended_at=ended_at, skipped_reason=""))


def name_of(appointment, record):
    return appointment.procedure.protocol.phases.get(key=record.key).name


def follow_undo_start(appointment, steps, started_at, *, by, now):
    """What was recorded of the acquisition since it began is taken back; what ended for it runs on."""
    if any(step.pictures.standing().exists() for step in steps):
        raise Conflict("A picture of this acquisition is recorded. Take that back first.")
    ours = _of(appointment, steps)
    void(ours.filter(started_at__gte=started_at), reason="The start was taken back.", by=by, now=now)
    reopen(ours.filter(ended_at=started_at, skipped_reason=""))


def _of(appointment, steps):
    parts = [step.kind for step in steps]
    keys = appointment.procedure.protocol.phases.filter(part__in=parts).values("key")
    return standing(appointment).filter(key__in=keys)


def reopen(records):
    for record in records:
        record.ended_at, record.ended_with = None, ""
        record.save(update_fields=["ended_at", "ended_with"])


def void(records, *, reason, by, now):
    """Taken back, never deleted."""
    appointment = None
    for record in records:
        appointment = record.appointment if isinstance(record, PhaseRecord) else None
        record.voided_at, record.voided_by, record.void_reason = now, by, reason
        record.save(update_fields=["voided_at", "voided_by", "void_reason"])
    if appointment is not None:
        follow_gas(appointment)
