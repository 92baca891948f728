"""Our encoder against pydicom's, byte for byte, and what happens to names that a device's character set cannot hold."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pynetdicom.dsutils import decode, encode

from scheduling.dicom.attributes import BY_TAG, TABLE
from scheduling.dicom.charsets import character_set, grouped, plainer
from scheduling.dicom.encoding import plan
from scheduling.dicom.signatures import Broken, signature
from scheduling.models.modalities import CharacterSet
from tests.scheduling.dicom.items import asked, identifier, item

STEP = next(each.within for each in TABLE if each.keyword == "ScheduledProcedureStepSequence")
NAMES = (
    "Miller",
    "Müller",
    "Łukasz",
    "Иванов",
    "Παπαδοπούλου",
    "محمد",
    "כהן",
    "山田",
    "やまだ",
    "홍",
    "王小明",
    "Şahin",
)
EXTENDED = {CharacterSet.JAPANESE: "ISO 2022 IR 87", CharacterSet.KOREAN: "ISO 2022 IR 149"}


def answer(row, query, *, implicit=True, charset="ISO_IR 192"):
    """What a device would read of our bytes: a pydicom Dataset."""
    found, _ = plan(asked(query, implicit=implicit), implicit, charset).encoded(row)
    return decode(BytesIO(found), implicit, True)


def by_pydicom(row, query, *, implicit, charset, utf8):
    """The same answer built as a Dataset and written by pydicom."""
    term = "ISO_IR 192" if utf8 else charset
    found = _rows(row, query, BY_TAG, term)
    found.SpecificCharacterSet = ["", term] if term in EXTENDED.values() else term
    return encode(found, implicit, True)


def _rows(row, query, table, term):
    found = Dataset()
    for element in query:
        if element.keyword == "SpecificCharacterSet":
            continue
        attribute = table.get(element.tag)
        if attribute is None:
            found.add_new(element.tag, element.VR, [] if element.VR == "SQ" else None)
        elif element.VR == "SQ":
            within = {each.tag: each for each in attribute.within}
            wanted = element.value[0] if element.value and len(element.value[0]) else _everything(within)
            rows = [_rows(each, wanted, within, term) for each in attribute.value(row)]
            found.add_new(element.tag, "SQ", rows)
        else:
            found.add_new(element.tag, attribute.vr, _value(attribute, row, term))
    return found


def _value(attribute, row, term):
    value = attribute.value(row)
    if attribute.vr == "PN" and value and term in EXTENDED.values():
        return grouped(value)
    if isinstance(value, tuple):
        return list(value) or None
    return value if not isinstance(value, str) or _holds(term, value) else plainer(value)


def _holds(term, value):
    try:
        character_set(term).text(value)
    except UnicodeEncodeError:
        return False
    return True


def _everything(within):
    found = Dataset()
    for tag, attribute in within.items():
        found.add_new(tag, attribute.vr, [] if attribute.vr == "SQ" else None)
    return found


def empty_query(attributes, step, unknown=()):
    found = identifier(*attributes, *unknown, step=None)
    if step is not None:
        found.ScheduledProcedureStepSequence = [_everything({each.tag: each for each in step})]
    return found


plain_text = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=80)
any_text = st.one_of(
    plain_text, st.sampled_from([*NAMES, "two \u2013 dashes", "line\nbreak \\ slash", "50 µg ≥ 3", "x" * 200])
)
names = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=90),
)
amounts = st.none() | st.decimals(Decimal("0.1"), Decimal("900"), places=2)
items = st.builds(
    item,
    kind=st.sampled_from(["xray", "ventilation", "perfusion"]),
    starts_at=st.integers(0, 600_000_000).map(lambda n: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=n)),
    time_zone=st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Kolkata"]),
    agent=st.sampled_from(["", "technegas", "xe133"]),
    protocol_key=st.sampled_from(["", "VQ", "A_KEY_OF_THIRTY_CHARACTERS_123"]),
    activity_mbq=amounts,
    weight_kg=amounts,
    height_cm=amounts,
    pregnancy=st.sampled_from([None, 1, 2, 3, 4]),
    born_on=st.none() | st.dates(date(1900, 1, 1), date(2030, 1, 1)),
    sex=st.sampled_from(["F", "M", "O", "", "female", "unknown"]),
    **dict.fromkeys(["family_name"], names),
    **dict.fromkeys(["given_name", "middle_name", "name_suffix"], st.just("") | names),
    **dict.fromkeys(["referring_name", "performing_name"], st.just("") | names),
    **dict.fromkeys(["alerts", "allergies", "special_needs", "reason", "room", "step_description", "ward"], any_text),
    **dict.fromkeys(["mrn", "accession_number", "sps_id", "procedure_id"], st.text("ABC-019", max_size=20)),
)  # fmt: skip
queries = st.builds(
    empty_query,
    st.lists(st.sampled_from([each.keyword for each in TABLE]), unique=True),
    st.none() | st.lists(st.sampled_from(STEP), unique=True),
    st.lists(st.sampled_from(["PatientComments", "StudyDate", "OtherPatientIDsSequence"]), unique=True),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(row=items, query=queries, implicit=st.booleans(), charset=st.sampled_from(CharacterSet.values))
def test_the_bytes_are_those_that_pydicom_writes(row, query, implicit, charset):
    found, in_its_set = plan(asked(query, implicit=implicit), implicit, charset).encoded(row)
    assert found == by_pydicom(row, query, implicit=implicit, charset=charset, utf8=not in_its_set)


@pytest.mark.parametrize("charset", CharacterSet.values)
@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_read_back_letter_by_letter_whatever_the_devices_character_set(name, charset):
    found = answer(item(family_name=name), identifier("PatientName"), charset=charset)
    read = str(found.PatientName).strip("=")
    assert read == f"{name}^Joan"


@pytest.mark.parametrize("charset", ["ISO_IR 100", "ISO 2022 IR 87", "ISO 2022 IR 149"])
def test_a_name_outside_of_the_devices_set_is_answered_in_utf8_and_said_to_be(charset):
    found, in_its_set = plan(asked(identifier("PatientName")), True, charset).encoded(
        item(family_name="Şahin")
    )
    assert (in_its_set, b"ISO_IR 192" in found, "Şahin".encode() in found) == (False, True, True)


def test_a_dash_in_a_description_does_not_change_the_character_set():
    query = identifier("PatientName", "RequestedProcedureDescription")
    found = answer(item(procedure_description="V/Q \u2013 planar, 5 µg, 日"), query, charset="ISO_IR 100")
    assert found.SpecificCharacterSet == "ISO_IR 100"
    assert found.RequestedProcedureDescription == "V/Q - planar, 5 µg, 日".replace("5 µg, 日", "5 ug, ?")


def test_an_alert_that_the_set_cannot_hold_is_answered_in_utf8_as_a_whole():
    found = answer(item(alerts="Аллергия"), identifier("MedicalAlerts"), charset="ISO_IR 100")
    assert (found.SpecificCharacterSet, found.MedicalAlerts) == ("ISO_IR 192", "Аллергия")


def test_kanji_stand_in_the_ideographic_group_and_hangul_in_the_phonetic_one():
    of_japan = answer(
        item(family_name="山田", given_name="太郎"), identifier("PatientName"), charset="ISO 2022 IR 87"
    )
    of_korea = answer(
        item(family_name="홍", given_name="길동"), identifier("PatientName"), charset="ISO 2022 IR 149"
    )
    assert (of_japan.PatientName.alphabetic, of_japan.PatientName.ideographic) == ("", "山田^太郎")
    assert of_korea.PatientName.phonetic == "홍^길동"
    assert list(of_korea.SpecificCharacterSet) == ["", "ISO 2022 IR 149"]


@pytest.mark.parametrize("implicit", [True, False])
def test_only_what_was_asked_comes_back_and_the_character_set(implicit):
    found = answer(item(), identifier("PatientID", step=("Modality",)), implicit=implicit)
    assert [each.keyword for each in found] == [
        "SpecificCharacterSet",
        "PatientID",
        "ScheduledProcedureStepSequence",
    ]
    assert [each.keyword for each in found.ScheduledProcedureStepSequence[0]] == ["Modality"]


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("with_item", [True, False])
def test_an_empty_sequence_or_item_asks_for_everything_in_it(implicit, with_item):
    query = identifier("PatientID", "RequestedProcedureCodeSequence", step=None)
    query.ScheduledProcedureStepSequence = [Dataset()] if with_item else []
    found = answer(item(), query, implicit=implicit)
    assert {each.tag for each in found.ScheduledProcedureStepSequence[0]} == {each.tag for each in STEP}
    assert found.RequestedProcedureCodeSequence[0].CodingSchemeDesignator == "99VQFLOW"


def test_a_key_that_nobody_keeps_comes_back_empty_in_the_vr_it_was_asked_in():
    query = identifier("PatientID", "PatientComments", "StudyDate", step=None)
    found = answer(item(), query, implicit=False)
    assert [(found[each].VR, found[each].value) for each in ("StudyDate", "PatientComments")] == [
        ("DA", ""),
        ("LT", ""),
    ]


def test_private_keys_and_group_lengths_are_left_out():
    query = identifier("PatientID", step=None)
    query.private_block(0x0099, "ACME", create=True).add_new(1, "LO", "x")
    bytes_with_length = bytes.fromhex("08000000040000000000 0000".replace(" ", "")) + encode(
        query, True, True
    )
    found = signature(bytes_with_length, implicit=True)
    assert [keyword_for_tag(each.tag) for each in found] == ["PatientID"]


def test_sequences_of_undefined_length_ask_the_same_as_those_of_defined_length():
    query = identifier("PatientName", step=("Modality", "ScheduledStationAETitle"))
    defined = [asked(query, implicit=implicit) for implicit in (True, False)]
    query["ScheduledProcedureStepSequence"].is_undefined_length = True
    query.ScheduledProcedureStepSequence[0].is_undefined_length_sequence_item = True
    assert [asked(query, implicit=implicit) for implicit in (True, False)] == defined


@pytest.mark.parametrize("implicit", [True, False])
def test_an_identifier_that_ends_too_early_is_broken_at_every_byte(implicit):
    query = identifier(
        "PatientName", PatientID="MRN-1", step={"Modality": "NM", "ScheduledStationAETitle": "CAMERA1"}
    )
    whole = encode(query, implicit, True)
    complete = {b"", *(whole[: len(whole) - rest] for rest in (0, len(whole)))}
    ends = {len(encode(_until(query, n), implicit, True)) for n in range(len(query) + 1)}
    for end in range(len(whole)):
        if end not in ends and whole[:end] not in complete:
            with pytest.raises(Broken):
                signature(whole[:end], implicit=implicit)


def _until(query, count):
    found = Dataset()
    for element in list(query)[:count]:
        found.add(element)
    return found


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200), implicit=st.booleans())
def test_any_bytes_are_read_or_broken_and_nothing_else(data, implicit):
    try:
        found = signature(data, implicit=implicit)
    except Broken:
        return
    assert list(found) == sorted(found, key=lambda each: each.tag)


def test_nesting_and_the_number_of_keys_have_an_end():
    deep = b"\x40\x00\x00\x01\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 2000
    many = b"".join(b"\x10\x00" + n.to_bytes(2, "little") + b"\0\0\0\0" for n in range(1, 3000))
    for data in (deep, many):
        with pytest.raises(Broken):
            signature(data, implicit=True)
