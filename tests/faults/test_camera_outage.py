"""PostgreSQL killed or frozen while cameras ask and report: they are told within seconds, and all goes on by itself."""

import signal
import socket
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime

import psutil
import psycopg
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import ModalityPerformedProcedureStep, ModalityWorklistInformationFind

from scheduling.dicom import simulated
from tests.faults.careless_camera import command as careless
from tests.faults.senders import wait_until
from vqflow.processes import spawn, stop

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300, func_only=True)]
CAMERAS_PATIENCE_SECONDS = 20
ANSWERED, DATABASE_AWAY, PROCESSING_FAILURE, NOTHING = 0x0000, 0xC001, 0x0110, None
KEPT = "SELECT count(*) FROM scheduling_performedprocedurestep WHERE sop_instance_uid = %s"


@pytest.fixture
def worklist(stack):
    """The stack with a worklist that has answered."""
    if stack.servers is None:
        pytest.skip("The servers of this run are not ours to stop")
    stack.start("dicom")
    wait_until(lambda: listens(stack.dicom_port), why=lambda: "the worklist does not listen")
    assert ask(stack.dicom_port) == ANSWERED
    yield stack
    stack.stop("dicom")


@contextmanager
def killed(stack):
    stack.kill("postgres")
    try:
        yield
    finally:
        stack.start("postgres")


@contextmanager
def frozen(stack):
    server = psutil.Process(stack.servers.postgres.process.pid)
    everybody = [server, *server.children(recursive=True)]
    for process in everybody:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in everybody:
            process.send_signal(signal.SIGCONT)


def listens(port):
    """A look first: pynetdicom leaves its socket open where nobody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def association(port, spoken):
    entity = AE(ae_title="CAMERA1")
    entity.add_requested_context(spoken)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = CAMERAS_PATIENCE_SECONDS
    made = entity.associate("127.0.0.1", port, ae_title="VQFLOW")
    try:
        yield made
    finally:
        if made.is_established:
            made.release()
        else:
            simulated.hang_up(made)


def ask(port):
    """The last status of a query for one day, or NOTHING."""
    with association(port, ModalityWorklistInformationFind) as made:
        if not made.is_established:
            return NOTHING
        said = made.send_c_find(simulated.asked_for(date(2026, 11, 23)), ModalityWorklistInformationFind)
        return [status.get("Status") for status, _ in said][-1]


def tell(port, uid):
    """The status of an N-CREATE about what nobody had scheduled, or NOTHING."""
    planned = Dataset()
    planned.PatientName, planned.StudyInstanceUID = "Fault^Test", generate_uid(prefix=None)
    planned.ScheduledProcedureStepSequence = Sequence([Dataset()])
    with association(port, ModalityPerformedProcedureStep) as made:
        if not made.is_established:
            return NOTHING
        begun = simulated.begun(planned, "CAMERA1", datetime.now(UTC))
        status, _ = made.send_n_create(begun, ModalityPerformedProcedureStep, uid)
        return status.get("Status")


def within_patience(do, *arguments):
    """What it answers, and whether a camera would still have been there."""
    begun = time.monotonic()
    return do(*arguments), time.monotonic() - begun < CAMERAS_PATIENCE_SECONDS


def kept(stack, uid):
    with psycopg.connect(stack.owner_url) as connection:
        return connection.execute(KEPT, [uid]).fetchone()[0]


@pytest.mark.parametrize("fault", [killed, frozen])
def test_cameras_are_told_and_served_again_without_a_restart(worklist, fault):
    port, uid, pid = worklist.dicom_port, generate_uid(prefix=None), worklist.processes["dicom"].pid
    with fault(worklist):
        for _ in range(2):
            assert within_patience(ask, port) == (DATABASE_AWAY, True)
            assert within_patience(tell, port, uid) == (PROCESSING_FAILURE, True)
    wait_until(lambda: ask(port) == ANSWERED, why=lambda: "no camera is answered any more")
    assert kept(worklist, uid) == 0
    assert tell(port, uid) == ANSWERED
    assert kept(worklist, uid) == 1
    assert (worklist.processes["dicom"].poll(), worklist.processes["dicom"].pid) == (None, pid)


def test_a_worklist_that_waits_for_a_frozen_database_keeps_cameras_waiting(worklist, tmp_path):
    """The negative control."""
    worklist.stop("dicom")
    patient = spawn(careless(f"127.0.0.1:{worklist.dicom_port}"), log=tmp_path / "log", env=worklist.env)
    try:
        wait_until(lambda: listens(worklist.dicom_port), why=lambda: "the worklist does not listen")
        assert ask(worklist.dicom_port) == ANSWERED
        with frozen(worklist):
            assert within_patience(ask, worklist.dicom_port) == (NOTHING, False)
    finally:
        stop(patient)
        worklist.start("dicom")
