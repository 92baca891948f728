"""Worklist items and identifiers for tests, as plain values."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pynetdicom.dsutils import encode

from scheduling.dicom.signatures import signature
from scheduling.worklist_items import Item

ITEM = Item(
    step_id=1,
    sps_id="SPS-1-P",
    kind="perfusion",
    modality="NM",
    status="SCHEDULED",
    starts_at=datetime(2027, 3, 8, 14, 5, 9, tzinfo=UTC),
    time_zone="America/New_York",
    station_ae="CAMERA1",
    station_name="Camera 1",
    room="Camera 1",
    performing_name="Ruiz^Ana",
    step_description="Perfusion, planar",
    protocol_key="VQ_PLANAR",
    protocol_name="V/Q planar",
    agent="",
    tracer="maa",
    activity_mbq=Decimal("185.00"),
    accession_number="RIV-0001",
    procedure_id="RP-1",
    study_uid="2.25.1234567890",
    procedure_description="Ventilation and perfusion scan",
    priority="ROUTINE",
    reason="Pulmonary embolism?",
    referring_name="Stone^Grace^^Dr.",
    requesting_name="Stone^Grace^^Dr.",
    ward="4 North",
    transport="Wheelchair",
    patient_id=1,
    family_name="Miller",
    given_name="Joan",
    middle_name="",
    name_prefix="",
    name_suffix="",
    mrn="MRN-1",
    issuer="RIVERSIDE",
    born_on=date(1961, 4, 2),
    sex="F",
    weight_kg=Decimal("71.50"),
    height_cm=Decimal("168.0"),
    pregnancy=1,
    alerts="",
    allergies="",
    special_needs="",
    patient_state="",
    site_name="Riverside Clinic",
)


def item(**changes):
    return replace(ITEM, **changes)


def identifier(*keywords, step=(), **values):
    """A query: empty keys by keyword, those of the step in its sequence; `values` by keyword are matched."""
    found = Dataset()
    for keyword in keywords:
        setattr(found, keyword, _empty(keyword))
    for keyword, value in values.items():
        setattr(found, keyword, value)
    if step is not None:
        found.ScheduledProcedureStepSequence = [asked_of_step(step)] if step else []
    return found


def asked_of_step(step):
    found = Dataset()
    for keyword, value in (step if isinstance(step, dict) else dict.fromkeys(step, "")).items():
        setattr(found, keyword, value or _empty(keyword))
    return found


def _empty(keyword):
    return {"SQ": [], "US": None}.get(dictionary_VR(tag_for_keyword(keyword)), "")


def asked(dataset, *, implicit=True):
    """The signature of a query."""
    return signature(encode(dataset, implicit, True), implicit=implicit)
