"""The attributes that a worklist item is answered with, and what they say of it.

Types are the return key types of PS3.4 Table K.6-1. Names, tags and VRs are those of PS3.6; a test compares them
with pydicom's copy of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.dicom.codes import OURS, Code, given_in
from scheduling.dicom.fitting import identifier, line, lines, paragraphs, person

SPS_SEQUENCE = 0x00400100
SPECIFIC_CHARACTER_SET = 0x00080005


@dataclass(frozen=True, slots=True)
class Attribute:
    """`value` makes of a row its text, a tuple of texts, or a number; None and "" are an empty value. Of a sequence
    it makes the rows that `within` is about.

    `exact`: it names or protects the patient, and no character of it may be replaced by another.
    """

    tag: int
    keyword: str
    vr: str
    type: str
    value: Callable
    exact: bool = False
    within: tuple["Attribute", ...] = ()


def _local(item):
    return item.starts_at.astimezone(ZoneInfo(item.time_zone))


def _date(day):
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def _start_time(item):
    moment = _local(item)
    return f"{moment.hour:02d}{moment.minute:02d}{moment.second:02d}"


def _decimal(number):
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _sex(item):
    return {"female": "F", "male": "M", "other": "O"}.get(item.sex, item.sex if item.sex in "FMO" else "")


@lru_cache(1024)
def _named(name):
    """A name that is written the DICOM way already, or as people write it."""
    return person(*name.split("^")[:5])


def _given(item):
    return given_in(item.kind, agent=item.agent, tracer=item.tracer)


def _given_words(item):
    """Such as "Tc-99m MAA 185 MBq intravenous": cameras show it to whoever injects."""
    given = _given(item)
    if given is None:
        return ""
    activity = f" {_decimal(item.activity_mbq)} MBq" if item.activity_mbq else ""
    return line("LO", f"{given.words}{activity}, {given.route.meaning.lower()}")


def _of_protocol(item):
    """The protocol's key with the step; a key too long for a code is none, for a part of it may be another's."""
    return _coded(f"{item.protocol_key}/{item.kind[:1].upper()}", item.step_description or item.protocol_name)


def _of_procedure(item):
    return _coded(item.protocol_key, item.procedure_description or item.protocol_name)


def _coded(value, meaning):
    fits = value and identifier("SH", value)
    return (Code(value, OURS, line("LO", meaning)),) if fits and meaning else ()


def _comments(item):
    """The reason as a whole, where the attribute for it has room for its beginning only."""
    return paragraphs(item.reason) if line("LO", item.reason) != item.reason.strip() else ""


_nothing = ()


def _none(row):
    return _nothing


def _empty(row):
    return ""


def _all_of(item):
    return (item,)


_CODE = (
    Attribute(0x00080100, "CodeValue", "SH", "1", lambda code: code.value),
    Attribute(0x00080102, "CodingSchemeDesignator", "SH", "1", lambda code: code.scheme),
    Attribute(0x00080103, "CodingSchemeVersion", "SH", "3", _empty),
    Attribute(0x00080104, "CodeMeaning", "LO", "3", lambda code: code.meaning),
)
_REFERENCE = (
    Attribute(0x00081150, "ReferencedSOPClassUID", "UI", "1", _empty),
    Attribute(0x00081155, "ReferencedSOPInstanceUID", "UI", "1", _empty),
)
_ISSUER = (
    Attribute(0x00400031, "LocalNamespaceEntityID", "UT", "1C", _empty),
    Attribute(0x00400032, "UniversalEntityID", "UT", "1C", _empty),
    Attribute(0x00400033, "UniversalEntityIDType", "CS", "1C", _empty),
)
_RADIOPHARMACEUTICAL = (
    Attribute(0x00180031, "Radiopharmaceutical", "LO", "3", lambda given: given.words),
    Attribute(0x00181070, "RadiopharmaceuticalRoute", "LO", "3", lambda given: given.route.meaning),
    # What was given is known after it was given: the planned activity stands in the pre-medication's text.
    Attribute(0x00181074, "RadionuclideTotalDose", "DS", "3", _empty),
    Attribute(
        0x00540300, "RadionuclideCodeSequence", "SQ", "3", lambda given: (given.isotope,), within=_CODE
    ),
    Attribute(
        0x00540302, "AdministrationRouteCodeSequence", "SQ", "3", lambda given: (given.route,), within=_CODE
    ),
    Attribute(
        0x00540304, "RadiopharmaceuticalCodeSequence", "SQ", "3", lambda given: (given.agent,), within=_CODE
    ),
)
_STEP = (
    Attribute(0x00080060, "Modality", "CS", "1", lambda item: item.modality),
    Attribute(0x00321070, "RequestedContrastAgent", "LO", "2C", _given_words),
    Attribute(
        0x00400001, "ScheduledStationAETitle", "AE", "1", lambda item: identifier("AE", item.station_ae)
    ),
    Attribute(0x00400002, "ScheduledProcedureStepStartDate", "DA", "1", lambda item: _date(_local(item))),
    Attribute(0x00400003, "ScheduledProcedureStepStartTime", "TM", "1", _start_time),
    Attribute(
        0x00400006, "ScheduledPerformingPhysicianName", "PN", "2", lambda item: _named(item.performing_name)
    ),
    Attribute(
        0x00400007,
        "ScheduledProcedureStepDescription",
        "LO",
        "1C",
        lambda item: line("LO", item.step_description),
    ),
    Attribute(0x00400008, "ScheduledProtocolCodeSequence", "SQ", "1C", _of_protocol, within=_CODE),
    Attribute(
        0x00400009, "ScheduledProcedureStepID", "SH", "1", lambda item: identifier("SH", item.sps_id), True
    ),
    Attribute(0x00400010, "ScheduledStationName", "SH", "2", lambda item: line("SH", item.station_name)),
    Attribute(0x00400011, "ScheduledProcedureStepLocation", "SH", "2", lambda item: line("SH", item.room)),
    Attribute(0x00400012, "PreMedication", "LO", "2C", _given_words),
    Attribute(0x00400020, "ScheduledProcedureStepStatus", "CS", "3", lambda item: item.status),
)


def _of_patient(item):
    return person(item.family_name, item.given_name, item.middle_name, item.name_prefix, item.name_suffix)


TABLE = (
    Attribute(
        0x00080050, "AccessionNumber", "SH", "2", lambda item: identifier("SH", item.accession_number), True
    ),
    Attribute(0x00080051, "IssuerOfAccessionNumberSequence", "SQ", "2", _none, within=_ISSUER),
    Attribute(0x00080080, "InstitutionName", "LO", "3", lambda item: line("LO", item.site_name)),
    Attribute(0x00080090, "ReferringPhysicianName", "PN", "2", lambda item: _named(item.referring_name)),
    Attribute(0x00080201, "TimezoneOffsetFromUTC", "SH", "3", lambda item: _local(item).strftime("%z")),
    Attribute(0x00081110, "ReferencedStudySequence", "SQ", "2", _none, within=_REFERENCE),
    Attribute(0x00081120, "ReferencedPatientSequence", "SQ", "2", _none, within=_REFERENCE),
    Attribute(0x00100010, "PatientName", "PN", "1", _of_patient, True),
    Attribute(0x00100020, "PatientID", "LO", "1", lambda item: identifier("LO", item.mrn), True),
    Attribute(0x00100021, "IssuerOfPatientID", "LO", "3", lambda item: identifier("LO", item.issuer), True),
    Attribute(
        0x00100030, "PatientBirthDate", "DA", "2", lambda item: item.born_on and _date(item.born_on), True
    ),
    Attribute(0x00100040, "PatientSex", "CS", "2", _sex),
    Attribute(
        0x00101020,
        "PatientSize",
        "DS",
        "3",
        lambda item: item.height_cm and _decimal(Decimal(item.height_cm) / 100),
    ),
    Attribute(
        0x00101030, "PatientWeight", "DS", "2", lambda item: item.weight_kg and _decimal(item.weight_kg)
    ),
    Attribute(0x00102000, "MedicalAlerts", "LO", "2", lambda item: lines("LO", item.alerts), True),
    Attribute(0x00102110, "Allergies", "LO", "2", lambda item: lines("LO", item.allergies), True),
    Attribute(0x001021C0, "PregnancyStatus", "US", "2", lambda item: item.pregnancy),
    Attribute(0x0020000D, "StudyInstanceUID", "UI", "1", lambda item: identifier("UI", item.study_uid), True),
    Attribute(0x00321032, "RequestingPhysician", "PN", "2", lambda item: _named(item.requesting_name)),
    Attribute(
        0x00321060,
        "RequestedProcedureDescription",
        "LO",
        "1C",
        lambda item: line("LO", item.procedure_description),
    ),
    Attribute(0x00321064, "RequestedProcedureCodeSequence", "SQ", "1C", _of_procedure, within=_CODE),
    Attribute(0x00380010, "AdmissionID", "LO", "2", _empty),
    Attribute(0x00380014, "IssuerOfAdmissionIDSequence", "SQ", "2", _none, within=_ISSUER),
    Attribute(0x00380050, "SpecialNeeds", "LO", "2", lambda item: line("LO", item.special_needs), True),
    Attribute(0x00380300, "CurrentPatientLocation", "LO", "2", lambda item: line("LO", item.ward)),
    Attribute(0x00380500, "PatientState", "LO", "2", lambda item: line("LO", item.patient_state), True),
    Attribute(SPS_SEQUENCE, "ScheduledProcedureStepSequence", "SQ", "1", _all_of, within=_STEP),
    Attribute(
        0x00401001, "RequestedProcedureID", "SH", "1", lambda item: identifier("SH", item.procedure_id), True
    ),
    Attribute(0x00401002, "ReasonForTheRequestedProcedure", "LO", "3", lambda item: line("LO", item.reason)),
    Attribute(0x00401003, "RequestedProcedurePriority", "SH", "2", lambda item: line("SH", item.priority)),
    Attribute(0x00401004, "PatientTransportArrangements", "LO", "2", lambda item: line("LO", item.transport)),
    Attribute(0x00401400, "RequestedProcedureComments", "LT", "3", _comments),
    Attribute(0x00403001, "ConfidentialityConstraintOnPatientDataDescription", "LO", "2", _empty),
    Attribute(
        0x00540016,
        "RadiopharmaceuticalInformationSequence",
        "SQ",
        "3",
        lambda item: (given,) if (given := _given(item)) else (),
        within=_RADIOPHARMACEUTICAL,
    ),
)
BY_TAG = {attribute.tag: attribute for attribute in TABLE}
