"""A device's two messages about one performed procedure step: it has begun (N-CREATE), it is over (N-SET).

Statuses are those of DICOM PS3.7 Annex C and PS3.4 F.7.2. Whatever is answered, the message is kept.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from scheduling.models import (
    ApplicationEntity,
    PerformedMessage,
    PerformedProcedureStep,
    PerformedStatus,
    ScheduledProcedureStep,
)
from scheduling.services import site_accounts
from scheduling.services.performed import taking
from vqflow import audit, policy

SUCCESS = 0x0000
INVALID_VALUE = 0x0106
PROCESSING_FAILURE = 0x0110
DUPLICATE_INSTANCE = 0x0111
NO_SUCH_INSTANCE = 0x0112
MISSING_ATTRIBUTE = 0x0120

NOT_BEGUN = "A step that begins is IN PROGRESS."
KNOWN = "There is a performed procedure step with this UID."
UNKNOWN = "There is no performed procedure step with this UID."
OVER = "This performed procedure step is over and may no longer be updated."
PATIENT = "appointment__procedure__order__patient_id"
MAY_NOT = "This device may not say what was performed."


@dataclass(frozen=True, slots=True)
class Answer:
    """A DICOM status; `comment`: Error Comment (0000,0902); `error_id`: Error ID (0000,0903)."""

    status: int
    comment: str = ""
    error_id: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """One message as read: what it names, None where it says nothing about it.

    `scheduled`: {"study_uid", "sps_id", "accession_number"} of each scheduled step it names. Times are aware.
    `attributes`: the whole data set as the DICOM JSON model. `missing`: keywords that should have been there.
    """

    uid: str
    data: bytes
    syntax: str
    attributes: dict
    status: str = ""
    modality: str = ""
    performed_id: str = ""
    scheduled: list[dict[str, str]] = field(default_factory=list)
    patient_as_named: dict[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    discontinued_reason: str = ""
    missing: tuple[str, ...] = ()


@transaction.atomic
def create(entity: ApplicationEntity, said: Said, *, now: datetime) -> Answer:
    """A device has begun. The scheduled steps it names begin, if nothing speaks against it."""
    by = site_accounts.CAMERAS.of(entity.site)
    policy.permit(by, "performed.report")
    if refusal := _why_not_create(entity, said):
        return _kept(entity, said, PerformedMessage.Kind.CREATE, refusal, now=now)
    try:
        with transaction.atomic():
            performed = _created(entity, said, now)
    except IntegrityError:
        refusal = Answer(DUPLICATE_INSTANCE, KNOWN)
        return _kept(entity, said, PerformedMessage.Kind.CREATE, refusal, now=now)
    performed.steps.set(named_steps(performed))
    taking.take(performed, by=by, now=now)
    _record("performed.begun", performed, by)
    return _kept(entity, said, PerformedMessage.Kind.CREATE, Answer(SUCCESS), performed=performed, now=now)


@transaction.atomic
def change(entity: ApplicationEntity, said: Said, *, now: datetime) -> Answer:
    """A device has gone on or is over. What is over already only keeps the message."""
    by = site_accounts.CAMERAS.of(entity.site)
    policy.permit(by, "performed.report")
    found = PerformedProcedureStep.objects.select_for_update().filter(
        sop_instance_uid=said.uid, site_id=entity.site_id
    )
    performed = found.first()
    if refusal := _why_not_change(entity, said, performed):
        return _kept(entity, said, PerformedMessage.Kind.SET, refusal, performed=performed, now=now)
    _follow(performed, said, now)
    taking.take(performed, by=by, now=now)
    _record("performed.changed", performed, by)
    return _kept(entity, said, PerformedMessage.Kind.SET, Answer(SUCCESS), performed=performed, now=now)


def refuse(entity, said, kind, answer, *, now):
    """Keep a message that could not be read, and answer it."""
    return _kept(entity, said, kind, answer, now=now)


def named_steps(performed):
    """The scheduled steps that it names by study UID and SPS ID: never by patient or study alone."""
    named = {(each["study_uid"], each["sps_id"]) for each in performed.scheduled}
    of_site = ScheduledProcedureStep.objects.filter(appointment__site_id=performed.site_id)
    found = of_site.filter(sps_id__in=[sps_id for _, sps_id in named]).select_related(
        "appointment__procedure"
    )
    return [step for step in found if (step.appointment.procedure.study_instance_uid, step.sps_id) in named]


def _why_not_create(entity, said):
    if not entity.reports_performed:
        return Answer(PROCESSING_FAILURE, MAY_NOT)
    if said.missing:
        return Answer(MISSING_ATTRIBUTE, f"Missing: {', '.join(said.missing)}"[:64])
    if said.status != PerformedStatus.IN_PROGRESS:
        return Answer(INVALID_VALUE, NOT_BEGUN)
    if PerformedProcedureStep.objects.filter(sop_instance_uid=said.uid).exists():
        return Answer(DUPLICATE_INSTANCE, KNOWN)
    return None


def _why_not_change(entity, said, performed):
    if not entity.reports_performed:
        return Answer(PROCESSING_FAILURE, MAY_NOT)
    if performed is None:
        return Answer(NO_SUCH_INSTANCE, UNKNOWN)
    if performed.status != PerformedStatus.IN_PROGRESS:
        # PS3.4 F.7.2.2.3 asks for this status with this Error ID.
        return Answer(PROCESSING_FAILURE, OVER, 0xA506)
    if said.status and said.status not in PerformedStatus.values:
        return Answer(INVALID_VALUE, "Performed Procedure Step Status")
    return None


def _created(entity, said, now):
    return PerformedProcedureStep.objects.create(
        sop_instance_uid=said.uid,
        site=entity.site,
        entity=entity,
        status=said.status,
        modality=said.modality,
        performed_id=said.performed_id,
        scheduled=said.scheduled,
        patient_as_named=said.patient_as_named,
        started_at=said.started_at or now,
        attributes=said.attributes,
        first_at=now,
        last_at=now,
    )


def _follow(performed, said, now):
    performed.attributes = {**performed.attributes, **said.attributes}
    performed.last_at = now
    if said.status:
        performed.status = said.status
    if performed.status != PerformedStatus.IN_PROGRESS:
        performed.ended_at = max(said.ended_at or now, performed.started_at)
        performed.discontinued_reason = said.discontinued_reason
    performed.save()


def _kept(entity, said, kind, answer, *, now, performed=None):
    PerformedMessage.objects.create(
        sop_instance_uid=said.uid[:64],
        entity=entity,
        performed=performed,
        kind=kind,
        received_at=now,
        data=said.data,
        transfer_syntax=said.syntax,
        status=answer.status,
        comment=answer.comment[:200],
    )
    return answer


def _record(action, performed, by):
    patients = set(performed.steps.values_list(PATIENT, flat=True))
    audit.record(action, performed, by=by, patients=patients, status=performed.status)
