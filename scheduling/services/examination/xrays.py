"""The chest X-ray or chest CT: when it ended, where, which views, and who has looked at it."""

from django.db import transaction

from scheduling.engine import xrays as engine
from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import ChestXray, StepKind
from scheduling.services import reservations, transitions
from scheduling.services.examination import tracks
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid
from vqflow.models import Role

GONE = (AppointmentState.CANCELLED, AppointmentState.NO_SHOW)
PORTABLE = "Say why PA and lateral could not be done, for example: cannot stand."


@transaction.atomic
def record(
    appointment,
    *,
    ended_at,
    by,
    now,
    elsewhere="",
    modality="DX",
    views=(),
    portable_reason="",
    seen_by=None,
    finding="",
):
    """Confirm that the chest X-ray (or chest CT) is done: when it ended, and where if elsewhere.

    `views`: those of engine/xrays.XrayView; AP portable alone needs `portable_reason` (rule CXR-5). A CT has none.
    `seen_by`: the physician who has looked at it already, with the `finding`.
    """
    policy.permit(by, "visit.perform")
    views = () if modality == "CT" else tuple(dict.fromkeys(views))
    _check(ended_at, now, views, portable_reason)
    appointment = reservations.locked(appointment)
    if appointment.state in GONE:
        raise Conflict(f"This appointment is {transitions.words(appointment.state)}.")
    step = _step(appointment)
    if step.state != StepState.SCHEDULED:
        raise Conflict(f"The X-ray is {transitions.words(step.state)} already. Undo it to correct its time.")
    facts = {"performed_end_at": ended_at, "performed_by": by, "elsewhere": elsewhere, "modality": modality}
    transitions.move(step, StepState.COMPLETED, **facts)
    if elsewhere:
        reservations.release_step(step)
    if views:
        _note(step, views=list(views), portable_reason=portable_reason.strip(), by=by, now=now)
    if seen_by:
        see(appointment, physician=seen_by, finding=finding, by=by, now=now)
    _record("xray.confirmed", appointment, by, ended_at=ended_at.isoformat(), elsewhere=elsewhere)
    return step


def _check(ended_at, now, views, portable_reason):
    if ended_at > now:
        sentence = "This time lies in the future. Enter the time at which the X-ray ended."
        raise Invalid(sentence, fields={"ended_at": [sentence]})
    if not set(views) <= set(engine.XrayView):
        raise Invalid("Choose the views from the list.", fields={"views": ["Choose from the list."]})
    if engine.is_portable_alone(views) and not portable_reason.strip():
        raise Invalid(PORTABLE, fields={"portable_reason": [PORTABLE]})


def _step(appointment):
    step = appointment.steps.filter(kind=StepKind.XRAY).first()
    if step is None:
        raise Conflict("This examination was planned without a chest X-ray, by a physician's override.")
    return step


@transaction.atomic
def see(appointment, *, physician, by, now, finding="", note=""):
    """A physician has looked at the X-ray: by themselves, or as somebody writes it down who was told."""
    policy.permit(by, "xray.see")
    if by.role == Role.READER and physician.pk != by.pk:
        raise Invalid("Record what you have seen yourself.", fields={"physician": ["Choose yourself."]})
    if physician.role != Role.READER or physician.site_code != by.site_code:
        raise Invalid("Choose a physician of this site.", fields={"physician": ["Choose from the list."]})
    appointment = reservations.locked(appointment)
    step = _step(appointment)
    if step.state != StepState.COMPLETED:
        raise Conflict("No chest X-ray is recorded yet. Confirm it first.")
    known = step.chest_xrays.standing().first()
    kept = {"views": known.views, "portable_reason": known.portable_reason} if known else {}
    tracks.void([known] if known else [], reason="Seen.", by=by, now=now)
    seen = _note(
        step, seen_at=now, seen_by=physician, finding=finding, note=note.strip(), by=by, now=now, **kept
    )
    _record("xray.seen", appointment, by, finding=finding, physician=physician.pk)
    return seen


def warning(appointment):
    """What is to be said of the X-ray (rule CXR-5), or None; no query where steps come prefetched with theirs."""
    step = next((each for each in appointment.steps.all() if each.kind == StepKind.XRAY), None)
    known = newest(step) if step else None
    return engine.warning(known.views) if known else None


def newest(step):
    """What is known of this X-ray, or None."""
    return next((row for row in step.chest_xrays.all() if row.voided_at is None), None)


def forget(step, *, by, now):
    """The X-ray was undone, and with it what was said of it; part of the caller's transaction."""
    tracks.void(step.chest_xrays.standing(), reason="Undone.", by=by, now=now)


def _note(step, *, by, now, **facts):
    return ChestXray.objects.create(step=step, recorded_at=now, recorded_by=by, **facts)


def _record(action, appointment, by, **data):
    audit.record(action, appointment, by=by, patients=[appointment.procedure.order.patient_id], **data)
