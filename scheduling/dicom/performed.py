"""MPPS: N-CREATE and N-SET as the camera sends them, read, and handed to the service (PS3.4 F.7)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from django.db import Error, close_old_connections
from django.utils import timezone
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import DA, TM

from scheduling.models import PerformedMessage
from scheduling.services.performed import Answer, Said, refuse
from scheduling.services.performed import change as set_performed
from scheduling.services.performed import create as create_performed

log = structlog.get_logger(__name__)

PROCESSING_FAILURE = 0x0110
UNREADABLE = "The data set could not be read."
AWAY = "VQFlow cannot keep this now. Send it again."
# Type 1 of PS3.4 Table F.7.2-1 for N-CREATE that we cannot do without.
NEEDED = (
    "PerformedProcedureStepStatus",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
)
REASON = "PerformedProcedureStepDiscontinuationReasonCodeSequence"


def create(event, *, peers):
    """Handles EVT_N_CREATE: (status, data set)."""
    request = event.request
    uid = str(request.AffectedSOPInstanceUID or "")
    return _answered(event, peers, PerformedMessage.Kind.CREATE, uid, request.AttributeList, create_performed)


def change(event, *, peers):
    """Handles EVT_N_SET: (status, data set)."""
    request = event.request
    uid = str(request.RequestedSOPInstanceUID or "")
    return _answered(event, peers, PerformedMessage.Kind.SET, uid, request.ModificationList, set_performed)


def _answered(event, peers, kind, uid, data, service):
    entity, now = peers.entity(event.assoc.requestor.ae_title.strip()), timezone.now()
    close_old_connections()
    try:
        answer = _done(event, entity, kind, uid, data, service, now)
    except Error:
        # The device keeps its message and sends it again; nothing of it is half-written.
        log.warning("dicom.performed_not_kept", entity=entity.title, kind=kind)
        answer = Answer(PROCESSING_FAILURE, AWAY)
    finally:
        close_old_connections()
    return _status(answer), Dataset() if answer.status == 0 else None


def _done(event, entity, kind, uid, data, service, now):
    raw = data.getvalue() if data else b""
    syntax = str(event.context.transfer_syntax)
    try:
        sent = event.attribute_list if kind == PerformedMessage.Kind.CREATE else event.modification_list
        said = read(sent, uid=uid, data=raw, syntax=syntax, zone=ZoneInfo(entity.site.time_zone))
    except Exception as error:
        log.warning("dicom.performed_unreadable", entity=entity.title, kind=kind, why=type(error).__name__)
        said = Said(uid, raw, syntax, {})
        return refuse(entity, said, kind, Answer(PROCESSING_FAILURE, UNREADABLE), now=now)
    return service(entity, said, now=now)


def read(sent, *, uid, data, syntax, zone):
    """A data set as `Said`; its times are the site's. Raises whatever pydicom raises on what is no data set."""
    return Said(
        uid=uid,
        data=data,
        syntax=syntax,
        attributes=sent.to_json_dict(),
        status=_text(sent, "PerformedProcedureStepStatus").upper(),
        modality=_text(sent, "Modality").upper(),
        performed_id=_text(sent, "PerformedProcedureStepID")[:16],
        scheduled=_scheduled(sent),
        patient_as_named=_patient(sent),
        started_at=_moment(sent, "PerformedProcedureStepStart", zone),
        ended_at=_moment(sent, "PerformedProcedureStepEnd", zone),
        discontinued_reason=_reason(sent),
        missing=tuple(keyword for keyword in NEEDED if not _text(sent, keyword)),
    )


def _scheduled(sent):
    """What each item of the Scheduled Step Attributes Sequence names; an unscheduled step has an empty one."""
    found = []
    for item in sent.get("ScheduledStepAttributesSequence") or ():
        named = {
            "study_uid": _text(item, "StudyInstanceUID"),
            "sps_id": _text(item, "ScheduledProcedureStepID"),
            "accession_number": _text(item, "AccessionNumber"),
        }
        if any(named.values()):
            found.append(named)
    return found


def _patient(sent):
    return {
        "name": _text(sent, "PatientName"),
        "mrn": _text(sent, "PatientID"),
        "born_on": _text(sent, "PatientBirthDate"),
        "sex": _text(sent, "PatientSex"),
    }


def _text(sent, keyword):
    value = sent.get(keyword)
    if isinstance(value, MultiValue):
        value = value[0] if value else ""
    return "" if value is None else str(value).strip(" \0")


def _moment(sent, prefix, zone):
    """Date and time of one event, aware; None where the device gave none, or none that is one."""
    day, clock = _text(sent, f"{prefix}Date"), _text(sent, f"{prefix}Time")
    try:
        on, at = DA(day), TM(clock or "000000")
    except ValueError:
        return None
    if not on:
        return None
    return datetime.combine(on, at, tzinfo=zone)


def _reason(sent):
    items = sent.get(REASON) or ()
    return _text(items[0], "CodeMeaning")[:200] if len(items) else ""


def _status(answer):
    found = Dataset()
    found.Status = answer.status
    if answer.comment:
        found.ErrorComment = answer.comment[:64]
    if answer.error_id is not None:
        found.ErrorID = answer.error_id
    return found
