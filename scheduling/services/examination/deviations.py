"""The protocol was changed on the day: what was planned, what is done instead, and why. Nothing is overwritten.

Each function is part of the caller's transaction.
"""

from scheduling.engine.states import StepState
from scheduling.models import StepKind, Task
from scheduling.services.examination import kept
from vqflow import audit

FIELD, LABEL = "protocol", "Protocol"
ONLY, IN_PART = "Perfusion only", "Perfusion, ventilation in part"
ABOUT = "ventilation failed"


def note_perfusion_only(appointment, ventilation, *, reason, by, now):
    """Ventilation was stopped or falls away, and perfusion goes on alone: the change is kept, the reader told."""
    if ventilation.kind != StepKind.VENTILATION or not _perfusion_to_come(appointment, ventilation):
        return
    partly = ventilation.pictures.standing().filter(outcome="accepted").exists()
    _keep(
        appointment,
        before=str(appointment.procedure.protocol)[:100],
        after=IN_PART if partly else ONLY,
        reason=reason,
        by=by,
        now=now,
    )
    tell_reader(appointment, ABOUT, f"Ventilation failed: {reason} Perfusion goes on alone.", now)


def take_back(appointment, step, *, by, now):
    """Ventilation goes on after all: the newest change no longer holds, and both stay on record."""
    newest = appointment.corrections.filter(field=FIELD).order_by("pk").last()
    if step.kind != StepKind.VENTILATION or newest is None or newest.after not in (ONLY, IN_PART):
        return
    _keep(appointment, before=newest.after, after=newest.before, reason="Taken back.", by=by, now=now)
    close_task(appointment, ABOUT, by=by, now=now)


def is_perfusion_only(appointment):
    newest = appointment.corrections.filter(field=FIELD).order_by("pk").last()
    return newest is not None and newest.after in (ONLY, IN_PART)


def tell_reader(appointment, about, sentence, now):
    """One open task for the physician about this; `sentence` is cut to what a task holds."""
    Task.objects.get_or_create(
        order=appointment.procedure.order,
        kind=Task.Kind.CONSULT,
        about=about,
        closed_at=None,
        defaults={"sentence": sentence[:300], "opened_at": now, "due_at": now},
    )


def close_task(appointment, about, *, by, now):
    for task in appointment.procedure.order.tasks.filter(about=about, closed_at=None):
        task.closed_at, task.closed_by = now, by
        task.save(update_fields=["closed_at", "closed_by"])


def _perfusion_to_come(appointment, ventilation):
    later = appointment.steps.filter(
        ordinal__gt=ventilation.ordinal, kind=StepKind.PERFUSION, simultaneous=False
    )
    return later.filter(state=StepState.SCHEDULED).exists()


def _keep(appointment, *, before, after, reason, by, now):
    order = appointment.procedure.order
    about = {"subject": f"appointment:{appointment.pk}", "field": FIELD, "label": LABEL}
    kept.keep(appointment, **about, before=before, after=after, reason=reason, by=by, now=now)
    audit.record("protocol.changed_on_the_day", appointment, by=by, patients=[order.patient_id], after=after)
