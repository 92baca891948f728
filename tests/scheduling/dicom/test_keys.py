"""What a device asks for, read from its identifier: every key, every way to write it, and what is no value."""

import io
from datetime import date, time

import pytest
from pydicom import config
from pydicom.dataset import Dataset
from pynetdicom.dsutils import decode, encode

from scheduling.dicom import keys
from scheduling.engine.worklistkeys import Days, Keys, Starts
from tests.scheduling.dicom.items import identifier

MARCH_8, NOON, ONE = date(2027, 3, 8), time(12, 0, 59, 999999), time(12, 59, 59, 999999)


@pytest.fixture(autouse=True)
def any_value():
    """Values that are none can be written, and are read as the server reads them."""
    with config.disable_value_validation():
        yield


def read(dataset, *, implicit=True):
    """As it comes over the network."""
    sent = encode(dataset, implicit, True)
    assert sent is not None
    return of_bytes(sent, implicit=implicit)


def of_bytes(data, *, implicit=True):
    return keys.read(decode(io.BytesIO(data), implicit, True))


def of_patient(**values):
    return read(identifier(step=None, **values))


def of_step(**values):
    return read(identifier("PatientName", step=values))


class TestUniversalMatching:
    def test_empty_keys_ask_for_everybody(self):
        query = identifier(
            "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyInstanceUID",
            "RequestedProcedureID", "IssuerOfPatientID", "PregnancyStatus",
            step=("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate",
                  "ScheduledProcedureStepStartTime", "ScheduledProcedureStepStatus", "ScheduledProcedureStepID"),
        )  # fmt: skip
        assert read(query) == keys.Asked(Keys(), {})
        assert read(query, implicit=False) == keys.Asked(Keys(), {})

    @pytest.mark.parametrize("step", [(), None])
    def test_query_without_a_step_or_with_an_empty_sequence_does_too(self, step):
        assert read(identifier("PatientID", step=step)) == keys.Asked(Keys(), {})

    @pytest.mark.parametrize(
        "keyword", ["Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStatus"]
    )
    def test_an_asterisk_alone_is_no_key(self, keyword):
        assert of_step(**{keyword: "*"}) == keys.Asked(Keys(), {})
        assert of_step(**{keyword: ["NM", "*"]}) == keys.Asked(Keys(), {})

    def test_blanks_are_no_key(self):
        assert of_patient(PatientID="   ", PatientName=" ").keys == Keys()
        assert (
            of_step(ScheduledProcedureStepStartDate=" ", ScheduledProcedureStepStartTime="-").keys == Keys()
        )


class TestText:
    @pytest.mark.parametrize(
        ("keyword", "name"),
        [
            ("PatientID", "patient_id"),
            ("IssuerOfPatientID", "issuer"),
            ("AccessionNumber", "accession_number"),
            ("RequestedProcedureID", "procedure_id"),
        ],
    )
    def test_padding_is_no_part_of_a_value_and_wildcards_are(self, keyword, name):
        assert getattr(of_patient(**{keyword: " M001*? "}).keys, name) == "M001*?"

    def test_trailing_nulls_are_padding(self):
        data = encode(identifier(PatientID="M001##", step=None), True, True).replace(b"##", b"\0\0")
        assert of_bytes(data).keys.patient_id == "M001"

    def test_a_null_within_a_value_makes_it_fit_nothing(self):
        data = encode(identifier(PatientID="M0#1", step=None), True, True).replace(b"#", b"\0")
        assert of_bytes(data).keys.patient_id == "M0\ufffd1"

    def test_several_values_of_what_is_one_fit_nothing_and_are_told(self):
        asked = of_patient(PatientID=["A", "B"])
        assert asked.keys.patient_id == "A\\B"
        assert asked.ignored == {"PatientID": "“A\\B” is more than one value; it fits nothing."}

    def test_names_keep_their_components_and_groups(self):
        assert of_patient(PatientName="MULLER*^J? ").keys.patient_name == "MULLER*^J?"
        assert of_patient(PatientName="SMITH^JOHN^^^").keys.patient_name == "SMITH^JOHN^^^"

    @pytest.mark.parametrize(
        ("character_set", "name"),
        [
            ("ISO_IR 100", "Müller^José"),
            ("ISO_IR 192", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
            (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
            ("ISO_IR 144", "Люксембург"),
            ("ISO_IR 126", "Διονυσιος"),
            ("GB18030", "Wang^XiaoDong=王^小东"),
            (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
            ("ISO_IR 127", "قباني^لنزار"),
        ],
    )
    @pytest.mark.parametrize("implicit", [True, False])
    def test_names_in_the_character_set_of_the_query(self, character_set, name, implicit):
        query = identifier(SpecificCharacterSet=character_set, PatientName=name, step=None)
        assert read(query, implicit=implicit).keys.patient_name == name

    @pytest.mark.filterwarnings("ignore:.*ISO_IR 999")
    def test_character_set_that_does_not_exist_leaves_plain_letters_readable(self):
        data = encode(
            identifier(SpecificCharacterSet="ISO_IR 100", PatientName="SMITH*", step=None), True, True
        )
        assert of_bytes(data.replace(b"ISO_IR 100", b"ISO_IR 999")).keys.patient_name == "SMITH*"

    def test_number_and_sex_in_the_character_set_of_the_query(self):
        asked = of_patient(SpecificCharacterSet="ISO_IR 192", PatientID="Ä-1", PatientSex="f")
        assert (asked.keys.patient_id, asked.keys.sex) == ("Ä-1", "F")

    def test_sex_that_is_none_fits_nothing_and_is_told(self):
        asked = of_patient(PatientSex="X")
        assert asked.keys.sex == "X"
        assert asked.ignored == {"PatientSex": "“X” is no sex; it fits nothing."}


class TestLists:
    def test_modalities_in_capitals(self):
        assert of_step(Modality=["nm", "CT "]).keys.modalities == ("NM", "CT")

    def test_stations_as_they_are_written(self):
        assert of_step(ScheduledStationAETitle=["FG56", " ER67", "JJ56"]).keys.stations == (
            "FG56",
            "ER67",
            "JJ56",
        )

    def test_a_value_that_is_there_twice_counts_once_and_an_empty_one_not_at_all(self):
        assert of_step(ScheduledStationAETitle=["FG56", "", "FG56"]).keys.stations == ("FG56",)

    def test_one_study_and_several(self):
        assert of_patient(StudyInstanceUID="1.2.3").keys.study_uids == ("1.2.3",)
        assert of_patient(StudyInstanceUID=["1.2.3", "1.2.4"]).keys.study_uids == ("1.2.3", "1.2.4")

    def test_a_uid_that_is_none_fits_nothing_and_is_told(self):
        asked = of_patient(StudyInstanceUID=["1.2.3", "1.2.x"])
        assert asked.keys.study_uids == ("1.2.3", "1.2.x")
        assert asked.ignored == {"StudyInstanceUID": "“1.2.x” is no UID; it fits nothing."}

    def test_statuses(self):
        assert of_step(ScheduledProcedureStepStatus=["scheduled", "READY"]).keys.statuses == (
            "SCHEDULED",
            "READY",
        )
        assert of_step(ScheduledProcedureStepStatus="READ*").ignored == {}
        asked = of_step(ScheduledProcedureStepStatus="WAITING")
        assert asked.keys.statuses == ("WAITING",)
        assert "no status of a step" in asked.ignored["ScheduledProcedureStepStatus"]

    def test_more_values_than_anybody_asks_for_fit_nothing_but_the_first(self):
        asked = of_step(ScheduledStationAETitle=[f"A{n}" for n in range(300)])
        assert len(asked.keys.stations) == 200
        assert asked.ignored == {"ScheduledStationAETitle": "Only the first 200 values are asked for."}


DAY = date(2026, 11, 23)


class TestDates:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("20261123", (DAY, DAY)),
            ("20261123 ", (DAY, DAY)),
            ("2026.11.23", (DAY, DAY)),
            ("20261123-", (DAY, None)),
            ("-20261123", (None, DAY)),
            ("20261101-20261123", (date(2026, 11, 1), DAY)),
            ("20261101 - 20261123", (date(2026, 11, 1), DAY)),
            ("2026.11.01-2026.11.23", (date(2026, 11, 1), DAY)),
            ("20261123-20261101", (DAY, date(2026, 11, 1))),
        ],
    )
    def test_days_and_ranges_of_days(self, value, expected):
        asked = of_step(ScheduledProcedureStepStartDate=value)
        assert (asked.keys.starts, asked.ignored) == (Starts(*expected), {})
        asked = of_patient(PatientBirthDate=value)
        assert (asked.keys.born, asked.ignored) == (Days(*expected), {})

    @pytest.mark.parametrize(
        "value", ["20261340", "2026-13-40", "2026-11-23", "20261123-20261340", "tomorrow", "202611", "20261123*", "*",
                  "20261101-20261110-20261120", ["20261123", "20261124"]],
    )  # fmt: skip
    def test_what_is_no_date_is_left_out_and_told(self, value):
        query = identifier(
            SpecificCharacterSet="ISO_IR 192", step={"ScheduledProcedureStepStartDate": "#" * 40}
        )
        text = value if isinstance(value, str) else "\\".join(value)
        data = encode(query, True, True).replace(b"#" * 40, text.encode().ljust(40))
        asked = of_bytes(data)
        assert asked.keys == Keys()
        if text != "*":
            assert asked.ignored == {
                "ScheduledProcedureStepStartDate": f"“{text}” is no date; asked without it."
            }


class TestTimes:
    @pytest.mark.parametrize(
        ("value", "first", "last"),
        [
            ("101530", time(10, 15, 30), time(10, 15, 30, 999999)),
            ("101530.25", time(10, 15, 30, 250000), time(10, 15, 30, 259999)),
            ("101530.123456", time(10, 15, 30, 123456), time(10, 15, 30, 123456)),
            ("1015", time(10, 15), time(10, 15, 59, 999999)),
            ("10", time(10), time(10, 59, 59, 999999)),
            ("10:15:30", time(10, 15, 30), time(10, 15, 30, 999999)),
            ("08-12", time(8), time(12, 59, 59, 999999)),
            ("0800-120000", time(8), time(12, 0, 0, 999999)),
            ("120000-", time(12), None),
            ("-1200", None, time(12, 0, 59, 999999)),
            ("235960", time(23, 59, 59), time(23, 59, 59, 999999)),
        ],
    )
    def test_times_and_ranges_of_times(self, value, first, last):
        asked = of_step(ScheduledProcedureStepStartTime=value)
        assert (asked.keys.starts, asked.ignored) == (Starts(None, None, first, last), {})

    @pytest.mark.parametrize("value", ["2500", "1060", "noon", "1", "101", "10-12-14", "10153.5"])
    def test_what_is_no_time_is_left_out_and_told(self, value):
        asked = of_step(ScheduledProcedureStepStartTime=value)
        assert asked.keys == Keys()
        assert asked.ignored == {
            "ScheduledProcedureStepStartTime": f"“{value}” is no time; asked without it."
        }

    def test_a_bad_time_leaves_the_day(self):
        asked = of_step(
            ScheduledProcedureStepStartDate="20261123", ScheduledProcedureStepStartTime="99", Modality="NM"
        )
        assert (asked.keys.starts, asked.keys.modalities) == (Starts(DAY, DAY), ("NM",))
        assert list(asked.ignored) == ["ScheduledProcedureStepStartTime"]

    @pytest.mark.parametrize(
        ("day", "clock", "starts", "left_out"),
        [
            (
                "20270308-",
                "0800-1200",
                Starts(first_day=MARCH_8, first_time=time(8), last_time=NOON),
                "12:00",
            ),
            ("-20270308", "0800-1200", Starts(last_day=MARCH_8, first_time=time(8), last_time=NOON), "08:00"),
            ("20270308-", "0800-", Starts(first_day=MARCH_8, first_time=time(8)), None),
            ("20270308", "0800-1200", Starts(MARCH_8, MARCH_8, time(8), NOON), None),
            ("", "0800-1200", Starts(first_time=time(8), last_time=NOON), None),
            (
                "20270308-",
                "12",
                Starts(first_day=MARCH_8, first_time=time(12), last_time=ONE, each_day=True),
                None,
            ),
            (
                "-20270308",
                "12",
                Starts(last_day=MARCH_8, first_time=time(12), last_time=ONE, each_day=True),
                None,
            ),
            ("20270308", "12", Starts(MARCH_8, MARCH_8, time(12), ONE), None),
        ],
    )
    def test_time_on_a_side_without_a_day_is_noted(self, day, clock, starts, left_out):
        read = of_step(ScheduledProcedureStepStartDate=day, ScheduledProcedureStepStartTime=clock)
        assert read.keys.starts == starts
        noted = read.ignored.get("ScheduledProcedureStepStartTime", "")
        assert (f"asked without “{left_out}”" in noted) if left_out else noted == ""


class TestWhatIsNotSearchedBy:
    def test_a_value_of_another_key_is_told(self):
        query = identifier(
            "PatientWeight",
            PatientID="M1",
            ReferringPhysicianName="Moss*",
            step={"ScheduledStationName": "Camera 1"},
        )
        query.RequestedProcedureCodeSequence = [Dataset()]
        query.RequestedProcedureCodeSequence[0].CodeValue = "VQ"
        asked = read(query)
        assert asked.keys == Keys(patient_id="M1")
        told = "The worklist is not searched by it; asked without it."
        assert asked.ignored == dict.fromkeys(
            ["ReferringPhysicianName", "RequestedProcedureCodeSequence", "ScheduledStationName"], told
        )

    def test_a_key_of_the_step_outside_of_it_is_told(self):
        assert list(of_patient(Modality="NM").ignored) == ["Modality"]

    def test_empty_and_private_elements_and_an_asterisk_are_not(self):
        query = identifier(
            "ReferringPhysicianName", "PregnancyStatus", StudyDescription="*", step=("PreMedication",)
        )
        query.add_new(0x00091001, "LO", "theirs")
        assert read(query).ignored == {}

    def test_only_the_first_step_is_asked_for(self):
        query = identifier("PatientID", step={"Modality": "NM"})
        other = Dataset()
        other.Modality = "CT"
        query.ScheduledProcedureStepSequence.append(other)
        asked = read(query)
        assert asked.keys.modalities == ("NM",)
        assert asked.ignored == {
            "ScheduledProcedureStepSequence": "Only the first item of the sequence is asked for."
        }

    def test_a_long_value_is_told_in_part(self):
        asked = of_step(ScheduledProcedureStepStartDate="x" * 500)
        assert len(asked.ignored["ScheduledProcedureStepStartDate"]) < 120
