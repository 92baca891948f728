"""The table of attributes against the standard's dictionary and types, and what each one says."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pynetdicom.dsutils import decode

from scheduling.dicom.attributes import TABLE
from scheduling.dicom.codes import INHALED, INJECTED
from scheduling.dicom.encoding import plan
from scheduling.dicom.fitting import MOST, identifier, person
from scheduling.models import Order, Patient, ScheduledProcedureStep
from tests.scheduling.dicom.items import asked, item
from tests.scheduling.dicom.items import identifier as query

# PS3.4 Table K.6-1: return keys of type 1 and 2, without the veterinary and specimen ones.
TYPE_1 = {
    "ScheduledProcedureStepSequence",
    "RequestedProcedureID",
    "StudyInstanceUID",
    "PatientName",
    "PatientID",
}
TYPE_1_OF_STEP = {
    "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime", "Modality",
    "ScheduledProcedureStepID",
}  # fmt: skip
TYPE_2 = {
    "ReferencedStudySequence", "RequestedProcedurePriority", "PatientTransportArrangements", "AccessionNumber",
    "RequestingPhysician", "ReferringPhysicianName", "AdmissionID", "CurrentPatientLocation",
    "ReferencedPatientSequence", "PatientBirthDate", "PatientSex", "PatientWeight",
    "ConfidentialityConstraintOnPatientDataDescription", "PatientState", "PregnancyStatus", "MedicalAlerts",
    "Allergies", "SpecialNeeds", "IssuerOfAccessionNumberSequence", "IssuerOfAdmissionIDSequence",
}  # fmt: skip
TYPE_2_OF_STEP = {
    "ScheduledPerformingPhysicianName",
    "ScheduledStationName",
    "ScheduledProcedureStepLocation",
}


def everything():
    """A query for all that is in the table."""
    return query(*(each.keyword for each in TABLE), step=None)


def answered(**changes):
    found, _ = plan(asked(everything()), True, "ISO_IR 192").encoded(item(**changes))
    return decode(BytesIO(found), True, True)


def step(**changes):
    return answered(**changes).ScheduledProcedureStepSequence[0]


def every(table):
    for attribute in table:
        yield attribute
        yield from every(attribute.within)


@pytest.mark.parametrize("attribute", list(every(TABLE)), ids=lambda each: each.keyword)
def test_tag_name_and_vr_are_those_of_the_dictionary(attribute):
    assert keyword_for_tag(attribute.tag) == attribute.keyword
    assert dictionary_VR(attribute.tag) == attribute.vr


def test_attributes_are_in_the_order_of_their_tags():
    def in_order(table):
        return [each.tag for each in table] == sorted(each.tag for each in table)

    assert in_order(TABLE)
    assert all(in_order(each.within) for each in every(TABLE))


def test_every_return_key_of_type_1_and_2_is_there():
    of_step = next(each.within for each in TABLE if each.keyword == "ScheduledProcedureStepSequence")
    for table, kind, expected in (
        (TABLE, "1", TYPE_1),
        (TABLE, "2", TYPE_2),
        (of_step, "1", TYPE_1_OF_STEP),
        (of_step, "2", TYPE_2_OF_STEP),
    ):
        assert {each.keyword for each in table if each.type == kind} == expected


def test_type_1_attributes_of_an_item_have_a_value():
    found = answered()
    assert all(found[keyword].value for keyword in TYPE_1)
    assert all(found.ScheduledProcedureStepSequence[0][keyword].value for keyword in TYPE_1_OF_STEP)


def test_values_keep_to_the_length_of_their_representation():
    long = "word " * 200
    texts = (
        "room",
        "station_name",
        "step_description",
        "procedure_description",
        "reason",
        "ward",
        "transport",
    )
    people = (
        "family_name",
        "given_name",
        "middle_name",
        "referring_name",
        "requesting_name",
        "performing_name",
    )
    protective = ("alerts", "allergies", "special_needs", "patient_state", "site_name", "priority")
    found = answered(**dict.fromkeys((*texts, *people, *protective), long))
    for element in found.iterall():
        values = element.value if element.VM > 1 else [element.value]
        if element.VR in MOST:
            assert all(len(str(each)) <= MOST[element.VR] for each in values), element.keyword


def test_values_of_many_are_only_where_the_dictionary_allows_them():
    for attribute in every(TABLE):
        if attribute.vr != "SQ" and attribute.keyword in ("MedicalAlerts", "Allergies"):
            assert dictionary_VM(attribute.tag) == "1-n"
    for element in answered(alerts="word " * 50, room="a\\b", reason="a\\b").iterall():
        assert element.VM <= 1 or dictionary_VM(element.tag) == "1-n"


def test_an_alert_is_never_shortened():
    text = " ".join(f"alert{n}" for n in range(60))
    assert " ".join(answered(alerts=text).MedicalAlerts) == text


def test_a_number_that_does_not_fit_is_left_out_and_not_cut():
    assert identifier("SH", "A" * 17) == ""
    assert answered(accession_number="A" * 17).AccessionNumber == ""


@pytest.mark.parametrize(
    ("model", "field", "vr"),
    [
        (Patient, "mrn", "LO"),
        (Patient, "mrn_issuer", "LO"),
        (Order, "accession_number", "SH"),
        (ScheduledProcedureStep, "sps_id", "SH"),
    ],
)
def test_every_number_we_give_fits(model, field, vr):
    assert model._meta.get_field(field).max_length <= MOST[vr]


def test_a_name_of_more_than_64_characters_loses_its_last_components_first():
    assert person("Fam" * 10, "Giv" * 10, "Mid" * 10, "Dr.") == f"{'Fam' * 10}^{'Giv' * 10}"
    assert len(person("F" * 90, "G")) == 64


def test_a_names_own_delimiters_are_blanks():
    assert person("Mil^ler=X", "Jo\\an") == "Mil ler X^Jo an"


def test_the_start_is_told_in_the_sites_time():
    found = step(starts_at=datetime(2027, 7, 1, 3, 30, tzinfo=UTC), time_zone="America/New_York")
    assert (found.ScheduledProcedureStepStartDate, found.ScheduledProcedureStepStartTime) == (
        "20270630",
        "233000",
    )
    assert answered(starts_at=datetime(2027, 7, 1, tzinfo=UTC)).TimezoneOffsetFromUTC == "-0400"


def test_body_measures_are_in_kilograms_and_metres():
    found = answered(weight_kg=Decimal("71.50"), height_cm=Decimal("168.0"))
    assert (str(found.PatientWeight), str(found.PatientSize)) == ("71.5", "1.68")
    assert answered(weight_kg=None).PatientWeight is None


@pytest.mark.parametrize(
    ("changes", "words", "isotope", "route"),
    [
        ({"kind": "perfusion"}, "Tc-99m MAA 185 MBq, intravenous route", "72454006", "47625008"),
        (
            {"kind": "ventilation", "agent": "technegas", "tracer": "pertechnetate", "activity_mbq": None},
            "Tc-99m Technegas, by inhalation",
            "72454006",
            "446406008",
        ),
        (
            {"kind": "ventilation", "agent": "kr81m", "tracer": "kr81m", "activity_mbq": Decimal("74")},
            "Kr-81m gas 74 MBq, by inhalation",
            "61716009",
            "446406008",
        ),
    ],
)
def test_the_radiopharmaceutical_is_told_as_text_and_as_codes(changes, words, isotope, route):
    found = answered(**changes)
    (given,) = found.RadiopharmaceuticalInformationSequence
    assert found.ScheduledProcedureStepSequence[0].PreMedication == words
    assert found.ScheduledProcedureStepSequence[0].RequestedContrastAgent == words
    assert given.RadionuclideCodeSequence[0].CodeValue == isotope
    assert given.AdministrationRouteCodeSequence[0].CodeValue == route
    assert given.RadionuclideTotalDose is None


def test_an_xray_has_no_radiopharmaceutical():
    found = answered(kind="xray", modality="DX", tracer="maa")
    assert (
        found.RadiopharmaceuticalInformationSequence,
        found.ScheduledProcedureStepSequence[0].PreMedication,
    ) == (
        [],
        "",
    )


def test_standard_codes_are_those_of_the_context_groups():
    known = {
        str(value.value)
        for group in (codes.cid11, codes.cid18, codes.cid25)
        for value in (getattr(group, name) for name in group.dir())
        if value.scheme_designator == "SCT"
    }
    for given in (*INHALED.values(), *INJECTED.values()):
        assert {given.agent.value, given.isotope.value, given.route.value} <= known


def test_the_protocol_is_coded_in_a_scheme_of_our_own():
    (code,) = step(protocol_key="VQ_PLANAR", kind="perfusion").ScheduledProtocolCodeSequence
    assert (code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning) == (
        "VQ_PLANAR/P",
        "99VQFLOW",
        "Perfusion, planar",
    )
    assert step(protocol_key="A_KEY_OF_MORE_THAN_14").ScheduledProtocolCodeSequence == []


def test_a_long_reason_is_told_whole_in_the_comments():
    reason = "Sudden dyspnoea after a flight. " * 5
    found = answered(reason=reason)
    assert found.ReasonForTheRequestedProcedure.endswith("...")
    assert found.RequestedProcedureComments == reason.strip()
    assert answered(reason="Short").RequestedProcedureComments == ""


@pytest.mark.parametrize(("pregnancy", "told"), [(None, None), (1, 1), (4, 4)])
def test_pregnancy_is_empty_where_the_question_does_not_arise(pregnancy, told):
    assert answered(pregnancy=pregnancy).PregnancyStatus == told


@pytest.mark.parametrize(("sex", "told"), [("female", "F"), ("M", "M"), ("unknown", ""), ("", "")])
def test_sex_is_in_dicoms_letters(sex, told):
    assert answered(sex=sex).PatientSex == told


def test_an_item_without_anything_optional_is_still_an_item():
    found = answered(
        performing_name="",
        referring_name="",
        requesting_name="",
        reason="",
        ward="",
        transport="",
        born_on=None,
    )
    assert isinstance(found, Dataset)
    assert found.PatientBirthDate == ""
