"""What a person does with what a device has performed and nobody had scheduled, or what could not be taken over."""

from django.db import transaction

from scheduling.engine.worklistkeys import XRAY_MODALITIES
from scheduling.models import PerformedProcedureStep
from scheduling.services.performed import taking
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

ACTION = "performed.match"
SAY_WHY = "Say why it belongs to no examination here."
OTHER_MODALITY = "It was done on another kind of device ({done}) than this step is planned for ({planned})."
PATIENT = "appointment__procedure__order__patient_id"


@transaction.atomic
def match(performed, step, *, by, now):
    """It belongs to this step. Its times are taken over where nothing speaks against it."""
    policy.permit(by, ACTION)
    performed = _locked(performed)
    if step.appointment.site_id != performed.site_id:
        raise Conflict("This step is another site's.")
    if (performed.modality in XRAY_MODALITIES) != (step.modality in XRAY_MODALITIES):
        raise Conflict(OTHER_MODALITY.format(done=performed.modality or "unknown", planned=step.modality))
    performed.steps.set([step])
    performed.matched_by, performed.matched_at = by, now
    performed.set_aside_by = performed.set_aside_at = None
    performed.set_aside_reason = ""
    performed.save()
    taking.take(performed, by=by, now=now)
    _record("performed.matched", performed, by, step=step.sps_id)
    return performed


@transaction.atomic
def take_again(performed, *, by, now):
    """What held its times back may be gone: take them over now."""
    policy.permit(by, ACTION)
    performed = _locked(performed)
    if not performed.steps.exists():
        raise Conflict("Say first which step it belongs to.")
    taking.take(performed, by=by, now=now)
    if performed.not_taken:
        raise Conflict(performed.not_taken)
    _record("performed.taken", performed, by)
    return performed


@transaction.atomic
def set_aside(performed, *, reason, by, now):
    """It stays kept and leaves the list: a test of the camera, or another department's patient."""
    policy.permit(by, ACTION)
    if not reason.strip():
        raise Invalid(SAY_WHY, fields={"reason": [SAY_WHY]})
    performed = _locked(performed)
    performed.set_aside_by, performed.set_aside_at = by, now
    performed.set_aside_reason = reason.strip()
    performed.save(update_fields=["set_aside_by", "set_aside_at", "set_aside_reason"])
    _record("performed.set_aside", performed, by, reason=performed.set_aside_reason)
    return performed


def _locked(performed):
    return PerformedProcedureStep.objects.select_for_update().get(pk=performed.pk)


def _record(action, performed, by, **data):
    patients = set(performed.steps.values_list(PATIENT, flat=True))
    audit.record(action, performed, by=by, patients=patients, **data)
