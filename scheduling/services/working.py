"""Who works on an examination, so that two do not press for one patient at once. Taking over is always possible."""

from datetime import timedelta

from django.db import transaction

from scheduling.models import WorkedOn
from scheduling.services import reservations
from vqflow import audit, policy
from vqflow.errors import Conflict

ACTION = "visit.perform"
GONE_AFTER = timedelta(minutes=30)  # longer than one acquisition without a press
SEEN_EVERY = timedelta(minutes=1)


def holder(appointment, now):
    """The WorkedOn of whoever works on this examination now, or None."""
    row = WorkedOn.objects.select_related("user").filter(appointment=appointment).first()
    return row if row is not None and now - row.seen_at < GONE_AFTER else None


def why_not_press(appointment, user, now):
    """A sentence why this person should not press anything here, or None; whoever takes over may."""
    row = holder(appointment, now)
    if row is None or row.user_id == user.pk:
        return None
    return f"{row.user.name} works on this examination. Take over first."


@transaction.atomic
def press(appointment, *, by, now):
    """Part of a press: from now on `by` works on it. Raises Conflict while somebody else does."""
    policy.permit(by, ACTION)
    appointment = reservations.locked(appointment)
    if refusal := why_not_press(appointment, by, now):
        raise Conflict(refusal)
    _hold(appointment, by, now)


@transaction.atomic
def take_over(appointment, *, by, now):
    """`by` works on it from now on; whoever did until now is told at the next press."""
    policy.permit(by, ACTION)
    appointment = reservations.locked(appointment)
    before = holder(appointment, now)
    _hold(appointment, by, now)
    audit.record(
        "examination.taken_over",
        appointment,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        since=before.user.username if before and before.user_id != by.pk else "",
    )


def still_here(appointment, *, by, now):
    """The page of whoever works on it is still open; nothing changes for anybody else."""
    policy.permit(by, ACTION)
    theirs = WorkedOn.objects.filter(appointment=appointment, user=by, seen_at__lt=now - SEEN_EVERY / 2)
    theirs.update(seen_at=now)


def _hold(appointment, by, now):
    row = WorkedOn.objects.filter(appointment=appointment).first()
    is_same = row is not None and row.user_id == by.pk and now - row.seen_at < GONE_AFTER
    values = {"user": by, "since": row.since if is_same else now, "seen_at": now}
    WorkedOn.objects.update_or_create(appointment=appointment, defaults=values)
