"""Calls over the network: who is let in, what a camera is told, and how its messages move the examination."""

import socket
import struct
import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage, Verification

from scheduling.dicom import calls, guard, proof, simulated
from scheduling.dicom.peers import Peers
from scheduling.dicom.server import Limits
from scheduling.engine.states import StepState
from scheduling.models import (
    ApplicationEntity,
    PerformedProcedureStep,
    RefusedAssociation,
    StepKind,
    WorklistQuery,
)
from tests import cameras, department
from tests.scheduling.dicom.listening import TITLE, listening

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def camera(site):
    return cameras.camera(site)


def echoed(address, *, calling="CAMERA1", called=TITLE, spoken=Verification, **options):
    """Whether an association comes about; its Verification status where it does."""
    entity = AE(ae_title=calling)
    entity.add_requested_context(spoken)
    entity.acse_timeout = entity.network_timeout = 10
    association = entity.associate(*address, ae_title=called, **options)
    if not association.is_established:
        return None
    status = association.send_c_echo().Status if spoken == Verification else None
    association.release()
    return status


def asking(address, title="CAMERA1"):
    host, port = address
    return simulated.Camera(title, called=TITLE, host=host, port=port)


class TestWhoIsLetIn:
    def test_listed_device_is_answered(self, camera):
        with listening() as address:
            assert echoed(address) == 0

    @pytest.mark.parametrize(
        ("fields", "calling", "reason"),
        [
            ({"called": "OTHER"}, "CAMERA1", "It calls us by another AE title."),
            ({}, "STRAY", "No device has this AE title here."),
            ({}, "OFF", "This device is switched off here."),
            ({}, "FAR", "The device calls from an address that is not listed for it."),
        ],
    )
    def test_others_are_refused_and_the_lead_reads_why(self, site, camera, fields, calling, reason):
        cameras.camera(site, title="OFF", is_active=False)
        cameras.camera(site, title="FAR", addresses=["10.9.9.9"])
        with listening() as address:
            assert echoed(address, calling=calling, **fields) is None
        assert RefusedAssociation.objects.get().reason == reason

    def test_stranger_is_hung_up_on_before_a_byte_is_read(self, site):
        cameras.camera(site, addresses=["10.9.9.9"])
        with listening() as address, socket.create_connection(address, 5) as line:
            line.settimeout(5)
            assert line.recv(1) == b""
        assert RefusedAssociation.objects.get().address == "127.0.0.1"

    def test_nothing_can_be_stored(self, camera):
        with listening() as address:
            assert echoed(address, spoken=CTImageStorage) is None

    def test_one_address_has_so_many_connections_at_once(self, camera):
        with listening(limits=Limits(most=20, most_of_one=2)) as address:
            lines = [socket.create_connection(address, 5) for _ in range(3)]
            lines[2].settimeout(5)
            assert lines[2].recv(1) == b""
            for line in lines:
                line.close()

    def test_giant_is_hung_up_on_at_its_first_six_bytes(self, camera):
        with listening() as address:
            assert _is_hung_up_on(address)

    def test_without_the_guard_the_giant_is_read(self, camera, monkeypatch):
        monkeypatch.setattr(guard, "MOST_PDU_BYTES", 1 << 40)
        monkeypatch.setattr(guard, "MOST_MESSAGE_BYTES", 1 << 40)
        with listening() as address:
            assert not _is_hung_up_on(address)

    def test_our_own_pages_ask_as_a_device_and_leave_no_trace_in_its_queries(self, site, settings):
        far = cameras.camera(site, title="FAR", addresses=["10.9.9.9"])
        department.booked(site)
        with listening(own=["127.0.0.1"]) as (host, port):
            settings.DICOM_BIND = f"{host}:{port}"
            called = calls.ask_as(far, department.TODAY)
            assert echoed((host, port), calling="FAR") is None
        assert (called.ok, len(called.items)) == (True, 3)
        assert not WorklistQuery.objects.exists()

    def test_token_for_one_device_is_none_for_another(self, site):
        cameras.camera(site, title="FAR", addresses=["10.9.9.9"])
        about = {"calling": "FAR", "called": TITLE, "address": "127.0.0.1"}
        peers = Peers(TITLE, own=["127.0.0.1"])
        assert peers.why_not(**about, identity=proof.item("FAR")) is None
        assert peers.why_not(**about, identity=proof.item("NEAR")) is not None


def _is_hung_up_on(address):
    with socket.create_connection(address, 5) as line:
        line.sendall(struct.pack(">BBL", 1, 0, 512 * 1024 * 1024) + b"\0" * 4096)
        line.settimeout(2)
        try:
            return line.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True


class TestWorklist:
    def test_camera_is_answered_its_patients_and_what_it_asked_is_kept(self, site, camera):
        booked = department.booked(site)
        with listening() as address:
            items = asking(address).worklist(department.TODAY)
        assert [str(item.PatientName) for item in items] == [
            f"Moreno^{booked.procedure.order.patient.given_name}"
        ] * 2
        assert {item.AccessionNumber for item in items} == {booked.procedure.order.accession_number}
        query = WorklistQuery.objects.get()
        assert (query.matches, query.status, query.address) == (2, 0, "127.0.0.1")
        assert query.keys["ScheduledProcedureStepStartDate"] == f"{department.TODAY:%Y%m%d}"

    def test_findscu_of_dcmtk_reads_the_same(self, site, camera, dcmtk):
        booked = department.booked(site)
        keys = ("PatientName", "ScheduledProcedureStepSequence[0].Modality=NM")
        with listening() as (host, port):
            arguments = [part for key in keys for part in ("-k", key)]
            done = subprocess.run(
                ["findscu", "-W", "-aet", "CAMERA1", "-aec", TITLE, *arguments, host, str(port)],
                capture_output=True,
                text=True,
                check=True,
            )
        name = f"Moreno^{booked.procedure.order.patient.given_name}"
        assert (done.stdout + done.stderr).count(name) == 2

    def test_no_log_names_a_patient_at_either_end(self, site, camera, caplog, capfd):
        booked = department.booked(site)
        with caplog.at_level("DEBUG"), listening() as address:
            assert asking(address).worklist(department.TODAY)
        said = caplog.text + "".join(capfd.readouterr())
        patient = booked.procedure.order.patient
        assert not [value for value in (patient.mrn, patient.given_name) if value in said]

    def test_device_sees_its_own_room_only_unless_it_names_the_station(self, site):
        department.booked(site)
        room = site.resources.get(name="Camera 2")
        room.room.ae_title = "CAM2"
        room.room.save()
        cameras.camera(site, title="CAM2", room=room)
        with listening() as address:
            assert asking(address, "CAM2").worklist(department.TODAY) == []
        ApplicationEntity.objects.update(own_room_only=False)
        with listening() as address:
            assert len(asking(address, "CAM2").worklist(department.TODAY)) == 2


class TestPerformed:
    @pytest.fixture
    def cleared(self, site, camera, monkeypatch):
        """An examination that is ready now, by the clock that the service reads."""
        appointment, at = department.ready(department.booked(site))
        monkeypatch.setattr(timezone, "now", lambda: at)
        return appointment, at

    def test_camera_begins_and_ends_what_it_was_listed(self, cleared):
        appointment, at = cleared
        with listening() as address:
            camera = asking(address)
            item = simulated.next_to_examine(camera.worklist(department.TODAY), set())
            uid = camera.begin(item, _at_the_site(at))
            assert appointment.steps.get(kind=StepKind.VENTILATION).state == StepState.IN_PROGRESS
            camera.end(uid, _at_the_site(at), description="Ventilation")
        ventilation, perfusion = appointment.steps.exclude(kind=StepKind.XRAY).order_by("ordinal")
        assert (ventilation.state, perfusion.state) == (StepState.COMPLETED, StepState.SCHEDULED)
        row = PerformedProcedureStep.objects.get()
        assert (row.status, row.not_taken, row.messages.count()) == ("COMPLETED", "", 2)
        assert row.patient_as_named["mrn"] == appointment.procedure.order.patient.mrn

    def test_what_is_over_is_refused_with_the_standards_status(self, cleared):
        _, at = cleared
        with listening() as address:
            camera = asking(address)
            uid = camera.begin(camera.worklist(department.TODAY)[0], _at_the_site(at))
            camera.end(uid, _at_the_site(at))
            with pytest.raises(simulated.CannotReach, match="0110"):
                camera.end(uid, _at_the_site(at))
            with pytest.raises(simulated.CannotReach, match="0112"):
                camera.end("1.2.3", _at_the_site(at))


def _at_the_site(moment):
    return moment - timedelta(hours=4 if moment.month == 3 and moment.day >= 14 else 5)
