"""Worklist queries through the whole server: DCMTK, pynetdicom and our own client ask, PostgreSQL answers."""

import subprocess
from itertools import chain

import pytest
from django.db import connections
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.dsutils import encode
from pynetdicom.sop_class import ModalityWorklistInformationFind

from scheduling.dicom import find
from scheduling.models import Patient, Reservation, ResourceKind, StepKind
from tests import department
from tests.scheduling.dicom.items import identifier
from tests.scheduling.dicom.rawclient import EXPLICIT, IMPLICIT, association
from tests.scheduling.dicom.served import camera, serving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def appointment(site):
    return department.booked(site)


@pytest.fixture
def device(appointment):
    """The camera of the room in which the perfusion is planned."""
    return camera(appointment.site, room=room_of(appointment))


@pytest.fixture
def served(device):
    with serving() as found:
        yield found


@pytest.fixture
def port(served):
    return served[0]


@pytest.fixture
def kept(served):
    return served[1].queries


def room_of(appointment, kind=StepKind.PERFUSION):
    taken = Reservation.objects.filter(
        step__appointment=appointment, step__kind=kind, resource__kind=ResourceKind.ROOM
    )
    return taken.select_related("resource")[0].resource.name


def patient_of(appointment):
    return appointment.procedure.order.patient


def everybody():
    of_step = ("Modality", "ScheduledProcedureStepID", "ScheduledStationAETitle")
    return identifier("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", step=of_step)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_a_camera_gets_the_steps_of_its_room(port, appointment, syntax):
    with association(port, syntax=syntax) as client:
        found, status = client.datasets(everybody())
    here = {
        step.sps_id
        for step in appointment.steps.all()
        if room_of(appointment, step.kind) == room_of(appointment)
    }
    assert status == 0
    assert {each.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID for each in found} == here
    assert {each.PatientID for each in found} == {patient_of(appointment).mrn}
    assert {each.StudyInstanceUID for each in found} == {appointment.procedure.study_instance_uid}


def test_findscu_of_dcmtk_reads_the_answer(port, appointment, dcmtk):
    keys = [
        ("-k", each) for each in ("PatientName", "PatientID", "ScheduledProcedureStepSequence[0].Modality=NM")
    ]
    asked = ["-aet", "CAMERA1", "-aec", "VQFLOW", *chain.from_iterable(keys), "127.0.0.1", str(port)]
    run = subprocess.run(
        ["findscu", "-W", *asked],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == 0, run.stderr
    assert f"[{patient_of(appointment).mrn}" in run.stdout + run.stderr


def test_pynetdicom_reads_the_answer(port, appointment):
    client = AE("CAMERA1")
    client.add_requested_context(ModalityWorklistInformationFind)
    opened = client.associate("127.0.0.1", port, ae_title="VQFLOW")
    found = list(opened.send_c_find(everybody(), ModalityWorklistInformationFind))
    opened.release()
    assert [status.Status for status, _ in found[-2:]] == [0xFF00, 0]
    assert str(found[0][1].PatientName.family_name) == patient_of(appointment).family_name


def test_a_query_is_kept_with_its_keys_and_matches(port, kept, appointment):
    with association(port) as client:
        client.find(identifier("PatientName", PatientID=patient_of(appointment).mrn, step={"Modality": "NM"}))
    (query,) = kept
    assert (query["title"], query["address"], query["status"]) == ("CAMERA1", "127.0.0.1", 0)
    assert query["keys"] == {"PatientID": patient_of(appointment).mrn, "Modality": "NM"}
    assert query["matches"] >= 1
    assert 0 < query["duration_ms"] < 5000


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (b"", 0xA900),
        (encode(identifier("StudyDate", "PatientComments", step=None), True, True), 0xA900),
        (encode(everybody(), True, True)[:-3], 0xC000),
        (encode(everybody(), True, True) + b"\x10", 0xC000),
        (b"\x10\x00\x20\x00\xff\xff\xff\x7fX", 0xC000),
        (b"\xde\xad\xbe\xef" * 10, 0xC000),
    ],
)
def test_a_broken_query_is_answered_by_a_failure_and_the_next_one_is_answered(port, kept, query, status):
    with association(port) as client:
        if query:
            found, answered, comment = client.find(query)
            assert (found, answered) == ([], status)
            assert comment
        assert client.find(everybody())[1] == 0
    assert [each["status"] for each in kept] == ([status, 0] if query else [0])


def test_a_key_value_that_makes_no_sense_does_not_end_the_query(port, kept):
    with association(port) as client:
        query = identifier("PatientName", step=None)
        step = Dataset()
        step.Modality = "NM"
        query.ScheduledProcedureStepSequence = [step]
        data = encode(query, True, True).replace(b"NM", b"N\\")
        assert client.find(data)[1] == 0
    assert kept[0]["status"] == 0


def test_while_the_database_is_away_the_query_fails_and_the_next_one_is_answered(port, kept, monkeypatch):
    with association(port) as client:
        assert len(client.find(everybody())[0]) >= 1
        with monkeypatch.context() as patch:
            patch.setattr(find.worklist_items, "matching", _away)
            assert client.find(everybody())[:2] == ([], 0xC001)
        assert len(client.find(everybody())[0]) >= 1
    assert [each["status"] for each in kept] == [0, 0xC001, 0]


def _away(*arguments, **options):
    """As when PostgreSQL stops in between: this thread's connection is broken."""
    connection = connections["default"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_failure_of_our_own_is_answered_and_logged_without_the_patient(port, monkeypatch, capfd, caplog):
    def fails(*arguments):
        raise KeyError("Miller^Joan")

    with association(port) as client, monkeypatch.context() as patch:
        patch.setattr(find, "plan", fails)
        found, status, comment = client.find(identifier(PatientName="Miller*"))
    assert (found, status) == ([], 0xC002)
    written = "".join(capfd.readouterr()) + caplog.text + comment
    assert "Miller" not in written


def test_nothing_of_a_patient_is_logged(port, appointment, capfd, caplog):
    caplog.set_level("DEBUG")
    with association(port) as client:
        found = client.find(identifier("PatientID", PatientName=f"{patient_of(appointment).family_name}*"))[0]
    written = "".join(capfd.readouterr()) + caplog.text
    assert found
    assert patient_of(appointment).family_name not in written
    assert patient_of(appointment).mrn not in written


def test_a_device_that_is_switched_off_meanwhile_gets_nothing_more(port, device):
    with association(port) as client:
        assert client.find(everybody())[0]
        device.is_active = False
        device.save()
        assert client.find(everybody())[:2] == ([], 0x0124)


def test_more_matches_than_anybody_reads_end_in_a_failure_that_says_so(port, device, monkeypatch):
    device.own_room_only = False
    device.save()
    monkeypatch.setattr(find, "MOST", 1)
    with association(port) as client:
        found, status, comment = client.find(everybody())
    assert (len(found), status) == (1, 0xA700)
    assert "Over 1" in comment


def test_a_name_outside_of_the_devices_set_is_told_with_the_query(port, kept, device, appointment):
    device.character_set = "ISO_IR 100"
    device.save()
    Patient.objects.filter(pk=patient_of(appointment).pk).update(family_name="Иванов")
    with association(port) as client:
        found, _ = client.datasets(everybody())
    assert {(each.SpecificCharacterSet, str(each.PatientName.family_name)) for each in found} == {
        ("ISO_IR 192", "Иванов")
    }
    assert "in UTF-8" in kept[0]["ignored"]["SpecificCharacterSet"]
