"""The pictures: each view accepted, to be repeated, or skipped; the last two with a reason."""

from django.db import transaction

from scheduling.engine.pictures import NAMES, Outcome, View
from scheduling.engine.states import OrderState, StepState
from scheduling.models import PictureRecord, StepKind
from scheduling.services import reservations
from scheduling.services.examination import tracks
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

REPEAT_REASONS = ("The patient moved.", "Too few counts.", "Wrong position.", "Artefact.", "Equipment fault.")
SKIP_REASONS = (
    "The patient cannot be positioned.",
    "The patient could not go on.",
    "Not needed for the question.",
    "Equipment fault.",
)
OVER = (StepState.COMPLETED, StepState.DISCONTINUED)


@transaction.atomic
def take(step, view, *, by, now, outcome=Outcome.ACCEPTED, reason="", counts_k=None, seconds=None):
    """One take of this view. `counts_k`: counts in thousands. Returns the PictureRecord.

    Rejecting an accepted picture voids it; once the acquisition has ended, a view that it did not lack is one more.
    Raises Conflict before the acquisition has begun, when the view is accepted already, and after the report.
    """
    policy.permit(by, "visit.perform")
    _check(view, outcome, reason)
    appointment = reservations.locked(step.appointment)
    step = appointment.steps.get(pk=step.pk)
    standing = list(step.pictures.standing().order_by("take", "pk"))
    _refuse(appointment, step, view, outcome, standing)
    ours = [row for row in standing if row.view == view]
    rejected = [row for row in ours[-1:] if (row.outcome, outcome) == (Outcome.ACCEPTED, Outcome.REPEATED)]
    tracks.void(rejected, reason=reason.strip(), by=by, now=now)
    made = PictureRecord.objects.create(
        step=step,
        view=view,
        take=_number(ours, rejected),
        outcome=outcome,
        reason=reason.strip(),
        counts_k=counts_k,
        seconds=seconds,
        is_extra=step.state in OVER and _is_extra(appointment, step, view, ours),
        acquired_at=now,
        recorded_at=now,
        recorded_by=by,
    )
    _record("picture.taken", made, appointment, by, outcome=str(outcome))
    return made


@transaction.atomic
def undo(picture, *, by, now):
    """The newest record of this view is taken back; a picture that it had rejected is accepted again."""
    policy.permit(by, "visit.perform")
    appointment = reservations.locked(picture.step.appointment)
    picture = PictureRecord.objects.select_related("step").get(pk=picture.pk)
    _refuse_reported(appointment)
    if picture.voided_at:
        raise Conflict("This picture has been taken back already.")
    if picture.step.pictures.standing().filter(view=picture.view, take__gt=picture.take).exists():
        raise Conflict(f"{NAMES[View(picture.view)]}: there is a later take. Take that back first.")
    tracks.void([picture], reason="Undone.", by=by, now=now)
    _accept_again(picture)
    _record("picture.undone", picture, appointment, by)


def _accept_again(picture):
    """What this record had rejected stands again."""
    rejected = picture.step.pictures.filter(
        view=picture.view, take=picture.take, outcome=Outcome.ACCEPTED, voided_at=picture.recorded_at
    )
    for row in rejected.filter(void_reason=picture.reason):
        row.voided_at, row.voided_by, row.void_reason = None, None, ""
        row.save(update_fields=["voided_at", "voided_by", "void_reason"])


def why_not_take(appointment, step):
    """A sentence why no picture of this acquisition can be recorded, or None."""
    if step.kind == StepKind.XRAY:
        return "The views of the chest X-ray are recorded with it."
    if step.state not in (StepState.IN_PROGRESS, *OVER):
        return f"{step.get_kind_display()} has not started."
    return _reported(appointment)


def _check(view, outcome, reason):
    if view not in set(View):
        raise Invalid("Choose a view from the list.", fields={"view": ["Choose from the list."]})
    if outcome not in set(Outcome):
        raise Invalid("Choose what became of it.", fields={"outcome": ["Choose from the list."]})
    if outcome != Outcome.ACCEPTED and not reason.strip():
        sentence = "Say why it is repeated." if outcome == Outcome.REPEATED else "Say why it is skipped."
        raise Invalid(sentence, fields={"reason": [sentence]})


def _refuse(appointment, step, view, outcome, standing):
    if refusal := why_not_take(appointment, step):
        raise Conflict(refusal)
    newest = next((row for row in reversed(standing) if row.view == view), None)
    asked_again = appointment.awaits_release and step.state in OVER
    if newest and newest.outcome == Outcome.ACCEPTED and outcome != Outcome.REPEATED and not asked_again:
        raise Conflict(
            f"{NAMES[View(view)]}: there is an accepted picture. Reject it first, if it has to be taken again."
        )


def _number(ours, rejected):
    """The next take; a rejected picture keeps its number."""
    numbers = [row.take for row in ours]
    return rejected[-1].take if rejected else max(numbers, default=0) + 1


def _is_extra(appointment, step, view, ours):
    """One that the protocol had not planned, or that is there already."""
    planned = appointment.procedure.protocol.phases.filter(part=step.kind, views__contains=[view])
    return bool(ours) or not planned.exists()


def _refuse_reported(appointment):
    if refusal := _reported(appointment):
        raise Conflict(refusal)


def _reported(appointment):
    reported = appointment.procedure.order.state == OrderState.REPORTED
    return "The report is signed; its pictures stay as they are." if reported else None


def _record(action, picture, appointment, by, **data):
    patients = [appointment.procedure.order.patient_id]
    audit.record(action, appointment, by=by, patients=patients, view=picture.view, take=picture.take, **data)
