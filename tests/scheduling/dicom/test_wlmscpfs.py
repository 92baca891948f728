"""The same items in DCMTK's worklist server: where it follows the standard, both find the same steps."""

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from datetime import date
from io import BytesIO

import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom.dsutils import decode, encode

from scheduling import worklist_items
from scheduling.dicom import keys
from scheduling.dicom.attributes import TABLE
from scheduling.dicom.encoding import plan
from scheduling.dicom.signatures import Asked
from scheduling.engine.worklistkeys import Keys
from tests import department
from tests.scheduling.dicom.items import identifier
from tests.scheduling.dicom.rawclient import association

pytestmark = pytest.mark.django_db
EVERYTHING = tuple(Asked(each.tag, each.vr, () if each.vr == "SQ" else None) for each in TABLE)
TITLE = "VQFLOW"
PATIENTS = [
    {"family_name": "MORENO", "given_name": "PAT", "mrn": "M1", "born_on": date(1960, 5, 17)},
    {
        "family_name": "MORENO",
        "given_name": "ANN",
        "mrn": "M10",
        "born_on": date(1971, 1, 2),
        "sex": "female",
    },
    {
        "family_name": "MORE",
        "given_name": "PAUL",
        "middle_name": "JOHN",
        "mrn": "A7",
        "born_on": date(1971, 12, 31),
    },
    {
        "family_name": "Müller",
        "given_name": "José",
        "mrn": "B8",
        "born_on": date(2001, 2, 28),
        "sex": "other",
    },
]


@pytest.fixture
def site():
    found = department.site()
    for number, room in enumerate(found.resources.filter(kind="room").exclude(name__startswith="Bay")):
        room.room.ae_title = f"DEVICE{number}"
        room.room.save()
    for named in PATIENTS:
        department.booked(found, of=department.patient(found, **named))
    return found


@pytest.fixture
def other(site, dcmtk, tmp_path):
    """The port of wlmscpfs over the same items, each in a file."""
    folder = tmp_path / TITLE
    folder.mkdir()
    (folder / "lockfile").touch()
    made = plan(EVERYTHING, False, "ISO_IR 192")
    for item in worklist_items.matching(site, Keys(), now=department.NOW, most=100):
        written = decode(BytesIO(made.encoded(item)[0]), False, True)
        written.file_meta = FileMetaDataset()
        written.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        written.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
        written.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        written.save_as(folder / f"{item.sps_id}.wl", enforce_file_format=True)
    with _wlmscpfs(tmp_path) as port:
        yield port


@contextmanager
def _wlmscpfs(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["wlmscpfs", "--single-process", "-dfp", str(folder), str(port)]
    with (folder / "wlmscpfs.log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"TCP_NODELAY": "1"})
    try:
        _wait_until_it_listens(port)
        yield port
    finally:
        running.kill()
        running.wait()


def _wait_until_it_listens(port, seconds=60):
    until = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def ours(site, query):
    read = keys.read(decode(BytesIO(encode(query, True, True)), True, True))
    assert read.ignored == {}
    found = worklist_items.matching(site, read.keys, now=department.NOW, most=100)
    return sorted(item.sps_id for item in found)


def theirs(client, query):
    found, status = client.datasets(query)
    assert status == 0
    return sorted(each.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID for each in found)


def asked(of_patient, of_step):
    step = dict.fromkeys(
        ("Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime",
         "ScheduledProcedureStepID"), "",
    )  # fmt: skip
    empty = ("AccessionNumber", "PatientID", "PatientName")
    return identifier(*empty, SpecificCharacterSet="ISO_IR 192", **of_patient, step=step | of_step)


NAME, DAY, CLOCK = "PatientName", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"
OF_PATIENT = [
    {NAME: "MORENO^PAT"},
    {NAME: "MORE^PAUL^JOHN"},
    {NAME: "MORE*"},
    {NAME: "MORE?O^*"},
    {NAME: "*^P*"},
    {NAME: "*PA*"},
    {NAME: "*N"},
    {NAME: "MOREN^*"},
    {NAME: "Müller^José"},
    {NAME: "M*ller^*"},  # a question mark is one byte of UTF-8 to DCMTK 3.6.7
    {NAME: "*"},
    {"PatientID": "M1"},
    {"PatientID": "M2"},
    {"PatientID": "M1 "},
    {"PatientSex": "F"},
    {"PatientSex": "O"},
    {"PatientBirthDate": "19600517"},
    {"PatientBirthDate": "19710102-19711231"},
    {"PatientBirthDate": "19710102-"},
    {"PatientBirthDate": "-19710102"},
    {NAME: "MORENO*", "PatientID": "M10"},
    {NAME: "MORENO*", "PatientID": "A7"},
    {"AccessionNumber": "NOBODYS"},
]
OF_STEP = [
    {"Modality": "NM"},
    {"Modality": "DX"},
    {"Modality": "MR"},
    {"ScheduledStationAETitle": "DEVICE0"},
    {"ScheduledStationAETitle": "NOBODYS"},
    {"ScheduledStationAETitle": "DEVICE2", "Modality": "NM"},
    {DAY: "20270308"},
    {DAY: "20270309-"},
    {DAY: "-20270308"},
    {DAY: "20270301-20270307"},
    {DAY: "20270307-20270309"},
    {CLOCK: "0900-1200"},
    {CLOCK: "120000-"},
    {CLOCK: "-1000"},
    {DAY: "20270307-20270308", CLOCK: "1000-0930"},
    {DAY: "20270308-20270309", CLOCK: "1000-0800"},
    {DAY: "20270308", CLOCK: "0800-1030"},
    {DAY: "20270308-20270308", CLOCK: "1030-235959"},
]  # fmt: skip


def test_both_find_the_same_steps(site, other):
    pairs = [(each, {}) for each in OF_PATIENT] + [({}, each) for each in OF_STEP]
    pairs += [({NAME: "MORENO*"}, each) for each in OF_STEP]
    with association(other, called=TITLE) as client:
        found = [(pair, ours(site, asked(*pair)), theirs(client, asked(*pair))) for pair in pairs]
    assert [(pair, mine, others) for pair, mine, others in found if mine != others] == []
    assert {len(mine) for _, mine, _ in found} >= {0, 3, 6, 12}  # none, one patient's, two patients', all


def test_numbers_of_one_examination(site, other):
    item = worklist_items.matching(site, Keys(), now=department.NOW, most=1)[0]
    with association(other, called=TITLE) as client:
        for number in (
            {"AccessionNumber": item.accession_number},
            {"RequestedProcedureID": item.procedure_id},
            {"IssuerOfPatientID": item.issuer, "PatientID": item.mrn},
        ):
            query = asked(number, {})
            assert len(ours(site, query)) == 3
            assert ours(site, query) == theirs(client, query)
