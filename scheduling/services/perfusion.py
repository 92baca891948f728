"""Perfusion first: a physician reads it while ventilation is held, and ventilation is done only if it is abnormal.

A normal perfusion scan rules out an acute embolism, so a pregnant patient is spared the second tracer (SNMMI
statements 2020 to 2023 on leaving out ventilation; leaflets differ on the order of the two parts).
"""

from django.db import transaction

from scheduling.engine import gates
from scheduling.examinations import examination
from scheduling.models import PerfusionReading
from scheduling.services import reservations, screening, visits
from vqflow import audit, policy
from vqflow.errors import Conflict

NOT_NEEDED = "Perfusion was read as normal: ventilation is not needed."


@transaction.atomic
def read(appointment, *, outcome, by, now, note=""):
    """Say whether perfusion is normal (the held ventilation and its time are given up) or abnormal (it is done).

    Raises Conflict before perfusion has ended, and when nothing is held.
    """
    policy.permit(by, "perfusion.read")
    appointment = reservations.locked(appointment)
    if refusal := gates.why_not_read(examination(appointment, now)):
        raise Conflict(refusal)
    held = appointment.steps.get(awaits_reading=True)
    values = {"outcome": outcome, "note": note.strip(), "read_at": now, "read_by": by}
    reading, _ = PerfusionReading.objects.update_or_create(appointment=appointment, defaults=values)
    order = appointment.procedure.order
    audit.record("perfusion.read", appointment, by=by, patients=[order.patient_id], outcome=outcome)
    screening.close_tasks(order, by=by, now=now, about=visits.READING)
    if outcome == PerfusionReading.Outcome.NORMAL:
        visits.give_up(appointment, held, reason=NOT_NEEDED, by=by)
    else:
        held.awaits_reading = False
        held.save(update_fields=["awaits_reading"])
    return reading


def why_not_read(appointment, now):
    """A sentence why perfusion cannot be read now to decide on ventilation, or None."""
    return gates.why_not_read(examination(appointment, now))
