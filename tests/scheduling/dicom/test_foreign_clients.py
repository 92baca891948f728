"""Cameras that nobody here wrote: DCMTK's echo, Orthanc as a client of the worklist, odil as one that reports."""

import json
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from scheduling.engine.states import StepState
from scheduling.models import PerformedMessage, PerformedProcedureStep, RefusedAssociation, StepKind
from tests import cameras, department
from tests.scheduling.dicom.listening import TITLE, listening
from vqflow.embedded.place import free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
V, Q = StepKind.VENTILATION, StepKind.PERFUSION
PERFORMED_SERIES, SERIES_UID = "00400340", "0020000E"
START_SECONDS = 30


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def camera(site):
    return cameras.camera(site)


class TestDcmtk:
    def echoscu(self, address, *, calling="CAMERA1", called=TITLE):
        host, port = address
        told = ["echoscu", "-aet", calling, "-aec", called, host, str(port)]
        return subprocess.run(told, capture_output=True, check=False, timeout=30).returncode

    def test_echo_is_answered(self, dcmtk, camera):
        with listening() as address:
            assert self.echoscu(address) == 0
        assert not RefusedAssociation.objects.exists()

    @pytest.mark.parametrize("titles", [{"calling": "STRAY"}, {"called": "OTHER"}])
    def test_stranger_is_refused_and_listed(self, dcmtk, camera, titles):
        with listening() as address:
            assert self.echoscu(address, **titles) != 0
        row = RefusedAssociation.objects.get()
        assert (row.calling_title, row.called_title) == (
            titles.get("calling", "CAMERA1"),
            titles.get("called", TITLE),
        )


class Orthanc:
    """Its REST interface: it asks our worklist, known to it as "vqflow"."""

    def __init__(self, port):
        self._url = f"http://127.0.0.1:{port}/modalities/vqflow"

    def post(self, path, body):
        request = urllib.request.Request(f"{self._url}/{path}", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def worklist(self, step=None, **keys):
        """What it makes of the answers: dicts by keyword."""
        empty = dict.fromkeys(("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID"), "")
        asked = dict.fromkeys(
            ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate",
             "ScheduledProcedureStepStartTime", "ScheduledProcedureStepID"), "",
        ) | (step or {})  # fmt: skip
        return self.post("find-worklist", empty | keys | {"ScheduledProcedureStepSequence": [asked]})


@contextmanager
def orthanc_running(program, folder: Path, address):
    host, port = address
    own = free_port()
    settings = {
        "HttpPort": own,
        "DicomServerEnabled": False,
        "DicomAet": "CAMERA1",
        "DefaultEncoding": "Utf8",
        "AuthenticationEnabled": False,
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "DicomModalities": {"vqflow": [TITLE, host, port]},
        "Plugins": [],
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
    try:
        _wait_until_up(own, process)
        yield Orthanc(own)
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_up(port, process):
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/system", timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("Orthanc does not answer")


class TestOrthanc:
    @pytest.fixture
    def planned(self, site, camera):
        return [
            department.booked(site, of=department.patient(site, **name))
            for name in (
                {"family_name": "Müller", "given_name": "José", "mrn": "A1"},
                {"family_name": "山田", "given_name": "太郎", "mrn": "A2"},
            )
        ]

    def test_asks_and_is_answered(self, orthanc, planned, tmp_path):
        with listening() as address, orthanc_running(orthanc, tmp_path, address) as client:
            assert client.post("echo", {}) == {}
            everything, named = client.worklist(), client.worklist(PatientName="mull*")
            nm = client.worklist({"Modality": "NM"}, PatientID="A2")
        assert len(everything) == sum(each.steps.count() for each in planned)
        assert {each["StudyInstanceUID"] for each in everything} == {
            each.procedure.study_instance_uid for each in planned
        }
        assert {each["PatientName"] for each in named} == {"Müller^José"}
        assert [each["PatientName"] for each in nm] == ["山田^太郎"] * 2
        steps = [each["ScheduledProcedureStepSequence"][0]["ScheduledProcedureStepID"] for each in nm]
        assert set(steps) == {each.sps_id for each in planned[1].steps.exclude(kind=StepKind.XRAY)}


class TestOdil:
    @pytest.fixture
    def ready(self, site, camera, monkeypatch):
        appointment, at = department.ready(department.booked(site))
        monkeypatch.setattr(timezone, "now", lambda: at + timedelta(minutes=20))
        return appointment, at

    def begun(self, step, at, **values):
        named = {
            "StudyInstanceUID": [step.appointment.procedure.study_instance_uid],
            "ScheduledProcedureStepID": [step.sps_id],
            "AccessionNumber": [step.appointment.procedure.order.accession_number],
            "RequestedProcedureID": [step.appointment.procedure.requested_procedure_id],
        }
        return {
            "ScheduledStepAttributesSequence": [named],
            "PatientName": ["Moreno^Pat"],
            "PatientID": [step.appointment.procedure.order.patient.mrn],
            "PerformedProcedureStepID": ["PPS1"],
            "PerformedStationAETitle": ["CAMERA1"],
            "PerformedProcedureStepStartDate": [f"{at:%Y%m%d}"],
            "PerformedProcedureStepStartTime": [f"{at:%H%M%S}"],
            "PerformedProcedureStepStatus": ["IN PROGRESS"],
            "Modality": ["NM"],
            **values,
        }

    def told(self, python, address, *messages):
        asked = {"port": address[1], "calling": "CAMERA1", "called": TITLE}
        asked["messages"] = [{"uid": uid, "values": values} for uid, values in messages]
        done = subprocess.run(
            [python, Path(__file__).with_name("odil_camera.py")],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [f"{status:04X}" for status in json.loads(done.stdout)]

    def test_reports_from_the_first_message_to_those_that_are_refused(self, odil, ready):
        appointment, at = ready
        step, local = appointment.steps.get(kind=V), at.astimezone(ZoneInfo(appointment.site.time_zone))
        begun, over = self.begun(step, local), {"PerformedProcedureStepStatus": ["COMPLETED"]}
        series = [{"SeriesInstanceUID": ["2.25.9"], "ProtocolName": ["Ventilation"]}]
        with listening() as address:
            statuses = self.told(
                odil, address,
                ("2.25.1", begun),
                ("2.25.1", {"PerformedSeriesSequence": series}),
                ("2.25.1", over | {"PerformedProcedureStepEndDate": [f"{local:%Y%m%d}"],
                                   "PerformedProcedureStepEndTime": [f"{local + timedelta(minutes=9):%H%M%S}"]}),
                ("2.25.1", over),
                ("2.25.1", begun),
                ("2.25.2", over),
                ("2.25.3", begun | {"PerformedProcedureStepStatus": ["COMPLETED"]}),
            )  # fmt: skip
        assert statuses == ["0000", "0000", "0000", "0110", "0111", "0112", "0106"]
        step.refresh_from_db()
        assert (step.state, step.performed_start_at) == (StepState.COMPLETED, at)
        assert step.performed_end_at == at + timedelta(minutes=9)
        assert appointment.steps.get(kind=Q).state == StepState.SCHEDULED
        assert PerformedMessage.objects.count() == len(statuses)
        [series] = PerformedProcedureStep.objects.get().attributes[PERFORMED_SERIES]["Value"]
        assert series[SERIES_UID]["Value"] == ["2.25.9"]
