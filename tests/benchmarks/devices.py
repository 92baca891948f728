"""A worklist of any length for cameras, in our tables, and the same as files for other servers."""

import json
import os
import re
import shutil
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from datetime import time as clock_time
from io import BytesIO
from pathlib import Path
from socket import create_connection, socket
from zoneinfo import ZoneInfo

from django.db.models import GeneratedField
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import ExplicitVRLittleEndian

from scheduling.dicom.attributes import TABLE
from scheduling.dicom.encoding import plan
from scheduling.dicom.signatures import Asked
from scheduling.engine.states import AppointmentState
from scheduling.models import (
    ApplicationEntity,
    Appointment,
    Order,
    Patient,
    RequestedProcedure,
    Reservation,
    Resource,
    ResourceKind,
    Room,
    ScheduledProcedureStep,
    StepKind,
)
from tests.benchmarks import clinic
from vqflow.processes import PROJECT, environment, spawn, stop

ROOMS, A_DAY = 50, 20
ITEMS_A_DAY = ROOMS * A_DAY
FIRST_SECONDS = 8 * 3600
EACH_SECONDS = 20 * 60
SHIFT = 10_000_000
"""Added to the numbers of rows, so that they are nobody else's."""


def title(number):
    return f"BENCH{number:02d}"


def rooms(site):
    """Fifty camera rooms with a device each, that may call from this machine."""
    made = Resource.objects.bulk_create(
        Resource(site=site, kind=ResourceKind.ROOM, name=f"Bench {n}", capabilities=["gamma_camera_planar"])
        for n in range(ROOMS)
    )
    Room.objects.bulk_create(Room(resource=room, ae_title=title(n)) for n, room in enumerate(made))
    ApplicationEntity.objects.bulk_create(
        ApplicationEntity(site=site, title=title(n), room=room, addresses=["127.0.0.1"])
        for n, room in enumerate(made)
    )
    return made


def first_day(site):
    return clinic.today() + timedelta(days=30)


def fill(site, made, *, first, last):
    """Perfusions number `first` to `last`: twenty a day in each room. Copies of one that is booked, under replica
    role, for a hundred thousand rows in six tables would take the triggers minutes."""
    step = _template(site)
    begins = datetime.combine(first_day(site), clock_time(), ZoneInfo(site.time_zone))
    about = {
        "first": first,
        "last": last,
        "shift": SHIFT,
        "begins": begins,
        "rooms": [room.pk for room in made],
        "uuid": "00000000-0000-4000-8000-",
    }
    copies = (
        (Resource, step.appointment.procedure.order.patient.resource_id, {"name": "'Bench patient ' || n"}),
        (Patient, step.appointment.procedure.order.patient_id,
         {"mrn": "'BENCH' || n", "family_name": "'Bench' || n", "resource_id": _ID}),
        (Order, step.appointment.procedure.order_id, {"patient_id": _ID, "accession_number": "'B' || n"}),
        (
            RequestedProcedure,
            step.appointment.procedure_id,
            {"order_id": _ID, "requested_procedure_id": "'BP' || n", "study_instance_uid": "'2.25.7' || n"},
        ),
        (
            Appointment,
            step.appointment_id,
            {"id": _UUID, "procedure_id": _ID, "starts_at": _START, "ends_at": _END, "lungs_start_at": _START,
             "xray_ends_at": f"{_START} - interval '3 hours'"},
        ),
        (
            ScheduledProcedureStep,
            step.pk,
            {"appointment_id": _UUID, "sps_id": "'BS' || n", "planned_start_at": _START, "planned_end_at": _END},
        ),
        (
            Reservation,
            step.reservations.filter(resource__kind=ResourceKind.ROOM).values_list("pk", flat=True)[0],
            {"step_id": _ID, "resource_id": "(%(rooms)s::bigint[])[(n - 1) %% 50 + 1]",
             "span": f"tstzrange({_START}, {_END})"},
        ),
    )  # fmt: skip
    with clinic.owner() as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for model, key, changes in copies:
            connection.execute(_copy(model, changes), about | {"key": key})
    with clinic.owner() as connection:
        for model, _, _ in copies:
            connection.execute(f"VACUUM ANALYZE {model._meta.db_table}")  # a table of this project


_ID = "%(shift)s::bigint + n"
_UUID = "%(uuid)s::text || lpad(n::text, 12, '0')"
_START = (
    "%(begins)s::timestamptz + make_interval(days => (n - 1) / 1000,"
    f" secs => {FIRST_SECONDS} + (n - 1) %% 1000 / 50 * {EACH_SECONDS})"
)
_END = f"{_START} + interval '{EACH_SECONDS} seconds'"


def _copy(model, changes):
    table = model._meta.db_table
    columns = ", ".join(
        f'"{field.column}"' for field in model._meta.concrete_fields if not isinstance(field, GeneratedField)
    )
    changed = ", ".join(f"'{column}', {value}" for column, value in ({"id": _ID} | changes).items())
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM generate_series(%(first)s::int, %(last)s::int) AS n, "
        f"LATERAL jsonb_populate_record(NULL::{table}, (SELECT to_jsonb(one) FROM {table} AS one WHERE id = %(key)s)"
        f" || jsonb_build_object({changed})) AS copied"
    )


def _template(site):
    """A perfusion that is still to come."""
    return (
        ScheduledProcedureStep.objects.filter(
            appointment__site=site,
            appointment__state=AppointmentState.BOOKED,
            kind=StepKind.PERFUSION,
            planned_start_at__gt=clinic.now(),
            awaits_reading=False,
            simultaneous=False,
        )
        .select_related("appointment__procedure__order__patient")
        .order_by("planned_start_at")[0]
    )


EVERYTHING = tuple(Asked(each.tag, each.vr, () if each.vr == "SQ" else None) for each in TABLE)


def write_files(items, folder):
    """One file of each item, as other servers read their worklist."""
    folder.mkdir(parents=True)
    (folder / "lockfile").touch()
    made, head = plan(EVERYTHING, False, "ISO_IR 192"), _file_head()
    for number, item in enumerate(items):
        (folder / f"{number}.wl").write_bytes(head + made.encoded(item)[0])


def _file_head():
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.276.0.7230010.3.1.0.1", "2.25.1"
    meta.TransferSyntaxUID, meta.ImplementationClassUID = ExplicitVRLittleEndian, "2.25.2"
    written = BytesIO()
    write_file_meta_info(written, meta)
    return bytes(128) + b"DICM" + written.getvalue()


def free_port():
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def ours(folder):
    """The port of `manage.py dicom`, in a process of its own as in production."""
    log = folder / "dicom.log"
    settings = {"DICOM_AE_TITLE": "VQFLOW", "DICOM_MOST": "40", "DICOM_MOST_OF_ONE": "40"}
    running = spawn(
        [sys.executable, str(PROJECT / "manage.py"), "dicom", "--bind", "127.0.0.1:0"],
        log=log,
        env=environment(**settings),
    )
    try:
        yield _until(lambda: (found := re.search(r"listens on \S+:(\d+)", log.read_text())) and int(found[1]))
    finally:
        stop(running)


@contextmanager
def wlmscpfs(folder):
    """The port of DCMTK's worklist server over `folder`/VQFLOW, or None where it is not installed."""
    port = free_port()
    with _started("wlmscpfs", ["-dfp", str(folder), str(port)], folder, port) as found:
        yield found


@contextmanager
def orthanc(folder):
    """The port of Orthanc's worklist plugin over `folder`/VQFLOW, or None where it is not installed."""
    plugin = Path("/usr/share/orthanc/plugins/libModalityWorklists.so")
    port = free_port()
    settings = {
        "Name": "bench",
        "DicomAet": "VQFLOW",
        "DicomPort": port,
        "HttpServerEnabled": False,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowFindWorklist": True,
        "DicomCheckCalledAet": False,
        "StorageDirectory": str(folder / "orthanc"),
        "IndexDirectory": str(folder / "orthanc"),
        "Plugins": [str(plugin)],
        "Worklists": {"Enable": True, "Database": str(folder / "VQFLOW")},
    }
    said = folder / "orthanc.json"
    said.write_text(json.dumps(settings))
    program = "Orthanc" if plugin.exists() else "Orthanc's plugin is not installed"
    with _started(program, [str(said)], folder, port) as found:
        yield found


@contextmanager
def _started(program, arguments, folder, port):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if path is None:
        yield None
        return
    running = spawn([path, *arguments], log=folder / f"{program}.log", env=os.environ | {"TCP_NODELAY": "1"})
    try:
        _until(lambda: _listens(port))
        yield port
    finally:
        stop(running)


def _listens(port):
    try:
        create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _until(found, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.05)
    raise TimeoutError("A server of the measurement has not started.")


def asked(**step):
    """The query of a camera: what a nuclear medicine camera asks for, and the keys of the step."""
    found = Dataset()
    for keyword in (
        "AccessionNumber", "ReferringPhysicianName", "PatientName", "PatientID", "PatientBirthDate", "PatientSex",
        "PatientSize", "PatientWeight", "MedicalAlerts", "Allergies", "StudyInstanceUID", "RequestingPhysician",
        "RequestedProcedureDescription", "SpecialNeeds", "CurrentPatientLocation", "PatientState",
        "RequestedProcedureID", "RequestedProcedurePriority", "PatientTransportArrangements",
    ):  # fmt: skip
        setattr(found, keyword, "")
    found.PregnancyStatus = None
    of_step = Dataset()
    for keyword in (
        "Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime",
        "ScheduledPerformingPhysicianName", "ScheduledProcedureStepDescription", "ScheduledProcedureStepID",
        "ScheduledStationName", "ScheduledProcedureStepLocation", "PreMedication",
    ):  # fmt: skip
        setattr(of_step, keyword, step.get(keyword, ""))
    of_step.ScheduledProtocolCodeSequence = []
    found.ScheduledProcedureStepSequence = [of_step]
    return found
