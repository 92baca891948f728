"""An examination that goes otherwise than planned: what may happen, why, and one press for it."""

from dataclasses import dataclass

from django.urls import reverse

from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import ScheduledProcedureStep, StepKind
from scheduling.services import access
from scheduling.services.examination import endings
from scheduling.views.examination_presses import ACTION, reason_of
from scheduling.views.presses import press_on
from vqflow.errors import Invalid
from vqflow.pages import page

HERE = (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Ending:
    """`said`: what the toast says; `what`: what will happen; `reasons`: the usual ones."""

    key: str
    label: str
    what: str
    reasons: tuple[str, ...]
    said: str
    service: object
    has_undo: bool = True
    cancels: bool = True  # before any tracer


ENDINGS = {
    each.key: each
    for each in (
        Ending(
            "ventilation",
            "Ventilation failed: perfusion only",
            "Ventilation ends here, the change of protocol is recorded, and perfusion can start.",
            endings.VENTILATION_REASONS,
            "Goes on with perfusion only",
            endings.ventilation_failed,
            has_undo=False,
        ),
        Ending(
            "interrupt",
            "Interrupt for a while",
            "The timers stop and the patient is pending. The acquisition stays open; repeat a step to go on.",
            endings.INTERRUPT_REASONS,
            "Interrupted",
            endings.interrupt,
            cancels=False,
        ),
        Ending(
            "limited",
            "Complete as limited",
            "It is over with what there is, and a reader is told now. This is always possible after an injection.",
            endings.LIMITED_REASONS,
            "Complete as limited; the reader is told",
            endings.complete_as_limited,
        ),
        Ending(
            "abort",
            "Stop the examination",
            "Everything that runs is stopped. Before any tracer is given, the appointment is cancelled.",
            endings.ABORT_REASONS,
            "Examination stopped",
            endings.abort,
        ),
        Ending(
            "left",
            "The patient has left",
            "As above, and nobody waits here for a reader's word.",
            endings.LEFT_REASONS,
            "The patient has left",
            endings.patient_left,
        ),
    )
}


def possible(appointment):
    """The endings that make sense now; the services have the last word."""
    if appointment.state not in HERE:
        return []
    states = {step.kind: step.state for step in appointment.steps.all() if step.kind != StepKind.XRAY}
    open_ = (StepState.SCHEDULED, StepState.IN_PROGRESS)
    begun = any(state not in (StepState.SCHEDULED, StepState.CANCELLED) for state in states.values())
    fits = {
        "ventilation": states.get(StepKind.VENTILATION) in open_
        and states.get(StepKind.PERFUSION) == StepState.SCHEDULED,
        "interrupt": StepState.IN_PROGRESS in states.values(),
        "limited": begun,
    }
    return [each for key, each in ENDINGS.items() if fits.get(key, True)]


@page(ACTION, methods=("POST",))
def ending(request, pk):
    """The examination goes otherwise than planned: `what`, and why."""
    appointment = access.appointment(pk, by=request.user, action=ACTION)
    what = request.POST.get("what", "")
    if what not in ENDINGS:
        raise Invalid("Choose what happened.")
    chosen = ENDINGS[what]
    # Before any tracer it cancels the appointment; that is booked again, not undone.
    begun = ScheduledProcedureStep.objects.filter(appointment=pk, performed_start_at__isnull=False)
    has_undo = chosen.has_undo and (not chosen.cancels or begun.exclude(kind=StepKind.XRAY).exists())
    undo_url = reverse("scheduling:ending-undo", args=[pk]) if has_undo else None

    def do(subject, by, now):
        return chosen.service(subject, reason=reason_of(request), by=by, now=now)

    return press_on(request, appointment, chosen.said, do, undo=undo_url)


@page(ACTION, methods=("POST",))
def ending_undo(request, pk):
    appointment = access.appointment(pk, by=request.user, action=ACTION)
    return press_on(request, appointment, "The examination goes on", endings.undo)
