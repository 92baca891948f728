"""Devices on the network of a test department, and what they say."""

from pydicom.uid import generate_uid

from scheduling.models import ApplicationEntity, PerformedProcedureStep
from scheduling.services import performed
from scheduling.services.performed import Said
from tests import department


def camera(site, *, title="CAMERA1", **fields):
    """A device that calls from this machine."""
    values = {"addresses": ["127.0.0.1"], **fields}
    return ApplicationEntity.objects.create(site=site, title=title, **values)


def said(step=None, **values):
    """A message about a step that begins, or about none that is scheduled."""
    uid = values.pop("uid", None) or str(generate_uid(prefix=None))
    named = {"status": "IN PROGRESS", "modality": "NM"}
    if step is not None:
        study = step.appointment.procedure.study_instance_uid
        named["scheduled"] = [{"study_uid": study, "sps_id": step.sps_id, "accession_number": ""}]
    return Said(uid, b"sent", "1.2.840.10008.1.2", {}, **{**named, **values})


def unscheduled(of_camera, *, now=department.NOW, **values):
    """What a device did that nobody had scheduled."""
    named = {"patient_as_named": {"name": "Moreno^Pat", "mrn": "M00001"}, "started_at": now, **values}
    told = said(**named)
    performed.create(of_camera, told, now=now)
    return PerformedProcedureStep.objects.get(sop_instance_uid=told.uid)
