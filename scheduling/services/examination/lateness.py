"""A press that waited for the network counts from when it was pressed, as far as what is recorded bears that out."""

from django.db.models import Max
from django.db.models.functions import Greatest

from scheduling.models import Administration, CountRate, PictureRecord
from vqflow import audit


def entered_later(appointment, *, pressed_at, by, now):
    """The moment from which a press of an examination counts that came to the server only `now`.

    `pressed_at`: as the browser says it. Never before the newest event of this examination: what the person had not
    seen yet came before. Both times are audited; part of the caller's transaction.
    """
    counts_from = min(now, max(pressed_at, newest(appointment) or pressed_at))
    audit.record(
        "press.entered_later",
        appointment,
        by=by,
        patients=[appointment.procedure.order.patient_id],
        pressed_at=pressed_at.isoformat(),
        counts_from=counts_from.isoformat(),
        received_at=now.isoformat(),
    )
    return counts_from


def newest(appointment):
    """When the newest event of this examination took place, by what is recorded; None before the first."""
    of_steps = {"step__appointment": appointment}
    found = [
        appointment.arrived_at,
        appointment.dose_cleared_at,
        _newest(appointment.steps, "performed_start_at", "performed_end_at"),
        _newest(appointment.phases, "recorded_at", "started_at", "ended_at", "voided_at"),
        _newest(appointment.arrivals, "recorded_at", "voided_at"),
        _newest(appointment.problems, "opened_at", "closed_at"),
        _newest(PictureRecord.objects.filter(**of_steps), "recorded_at", "voided_at"),
        _newest(CountRate.objects.filter(**of_steps), "recorded_at", "voided_at"),
        _newest(Administration.objects.filter(**of_steps), "recorded_at", "given_at", "voided_at"),
    ]
    return max((each for each in found if each), default=None)


def _newest(rows, *fields):
    return rows.aggregate(newest=Max(Greatest(*fields)))["newest"]
