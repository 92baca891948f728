"""A camera that is none: it asks for its patients and says that it examined them, as one on the network would."""

from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import ModalityPerformedProcedureStep, ModalityWorklistInformationFind

PENDING = (0xFF00, 0xFF01)
STARTED, READY = "STARTED", "READY"


class CannotReach(Exception):
    """No association: the sentence says what to look at."""


class Camera:
    """Calls `host`:`port`, which it knows as `called`, by its own AE title `title`."""

    def __init__(self, title, *, called, host, port):
        self.title, self._called, self._address = title, called, (host, port)

    def worklist(self, day):
        """What is planned for it on this day: data sets, in the order of their times."""
        with self._association(ModalityWorklistInformationFind) as association:
            answers = association.send_c_find(asked_for(day), ModalityWorklistInformationFind)
            found = [item for status, item in answers if status and status.Status in PENDING]
        return sorted(found, key=lambda item: _step(item).ScheduledProcedureStepStartTime)

    def begin(self, item, at):
        """Say that it has begun; the UID to end it by."""
        uid = generate_uid(prefix=None)
        with self._association(ModalityPerformedProcedureStep) as association:
            status, _ = association.send_n_create(
                begun(item, self.title, at), ModalityPerformedProcedureStep, uid
            )
        _check(status)
        return uid

    def end(self, uid, at, *, description=""):
        """Say that it is complete."""
        with self._association(ModalityPerformedProcedureStep) as association:
            status, _ = association.send_n_set(ended(at, description), ModalityPerformedProcedureStep, uid)
        _check(status)

    def _association(self, spoken):
        entity = AE(ae_title=self.title)
        entity.add_requested_context(spoken)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 15
        association = entity.associate(*self._address, ae_title=self._called)
        if not association.is_established:
            hang_up(association)
            raise CannotReach(_why(association))
        return _Released(association)


def hang_up(association):
    """Close the socket of a call that did not come about: pynetdicom leaves it open."""
    line = association.dul.socket
    if line is not None and line.socket is not None:
        line.socket.close()


class _Released:
    """An association that is released at the end of the block."""

    def __init__(self, association):
        self._association = association

    def __enter__(self):
        return self._association

    def __exit__(self, *_):
        self._association.release()


def asked_for(day, *, modality="NM"):
    """The query that a camera sends: everything of its own for one day."""
    query = Dataset()
    for keyword in [
        "SpecificCharacterSet",
        "AccessionNumber",
        "ReferringPhysicianName",
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "PatientWeight",
        "PregnancyStatus",
        "Allergies",
        "StudyInstanceUID",
        "RequestedProcedureID",
        "RequestedProcedureDescription",
        "RequestedProcedurePriority",
    ]:
        setattr(query, keyword, None)
    step = Dataset()
    for keyword in [
        "ScheduledStationAETitle",
        "ScheduledProcedureStepStartTime",
        "ScheduledProcedureStepDescription",
        "ScheduledProcedureStepID",
        "ScheduledProcedureStepStatus",
    ]:
        setattr(step, keyword, None)
    step.Modality = modality
    step.ScheduledProcedureStepStartDate = f"{day:%Y%m%d}"
    query.ScheduledProcedureStepSequence = Sequence([step])
    return query


def begun(item, title, at):
    """N-CREATE with all that PS3.4 Table F.7.2-1 asks for; what is not known is empty."""
    step, said = _step(item), Dataset()
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"):
        setattr(said, keyword, item.get(keyword))
    said.SpecificCharacterSet = item.get("SpecificCharacterSet", "ISO_IR 192")
    named = Dataset()
    for keyword in (
        "StudyInstanceUID",
        "AccessionNumber",
        "RequestedProcedureID",
        "RequestedProcedureDescription",
    ):
        setattr(named, keyword, item.get(keyword))
    for keyword in ("ScheduledProcedureStepID", "ScheduledProcedureStepDescription"):
        setattr(named, keyword, step.get(keyword))
    named.ReferencedStudySequence = named.ScheduledProtocolCodeSequence = Sequence()
    said.ScheduledStepAttributesSequence = Sequence([named])
    said.ReferencedPatientSequence = Sequence()
    said.PerformedProcedureStepID = f"PPS{at:%H%M%S}"
    said.PerformedStationAETitle, said.PerformedStationName, said.PerformedLocation = title, title, ""
    said.PerformedProcedureStepStartDate, said.PerformedProcedureStepStartTime = _date(at), _time(at)
    said.PerformedProcedureStepStatus, said.Modality, said.StudyID = "IN PROGRESS", "NM", ""
    said.PerformedProcedureStepDescription = step.get("ScheduledProcedureStepDescription", "")
    said.PerformedProcedureTypeDescription = said.PerformedProcedureStepEndDate = ""
    said.PerformedProcedureStepEndTime = ""
    said.ProcedureCodeSequence = said.PerformedProtocolCodeSequence = said.PerformedSeriesSequence = (
        Sequence()
    )
    return said


def ended(at, description):
    """N-SET at the end, with one series."""
    said, series = Dataset(), Dataset()
    said.PerformedProcedureStepStatus = "COMPLETED"
    said.PerformedProcedureStepEndDate, said.PerformedProcedureStepEndTime = _date(at), _time(at)
    series.PerformingPhysicianName = series.OperatorsName = series.RetrieveAETitle = ""
    series.ProtocolName, series.SeriesDescription = description or "Lung", description
    series.SeriesInstanceUID = generate_uid(prefix=None)
    series.ReferencedImageSequence = series.ReferencedNonImageCompositeSOPInstanceSequence = Sequence()
    said.PerformedSeriesSequence = Sequence([series])
    return said


def next_to_examine(items, done):
    """The item of who lies under the camera already, or else of who is ready for it, that is not in `done` (see
    `step_of`); None without one. Nobody else is put under a camera."""
    to_do = [item for item in items if step_of(item) not in done]
    by_status = {status: [item for item in to_do if _status(item) == status] for status in (STARTED, READY)}
    return next(iter(by_status[STARTED] + by_status[READY]), None)


def _status(item):
    return _step(item).get("ScheduledProcedureStepStatus")


def step_of(item):
    """What names the step: study and SPS ID."""
    return item.StudyInstanceUID, _step(item).ScheduledProcedureStepID


def label(item):
    """What may be printed: no name."""
    step = _step(item)
    return f"{step.ScheduledProcedureStepStartTime} {step.ScheduledProcedureStepID} {_status(item)}"


def description(item):
    return _step(item).get("ScheduledProcedureStepDescription", "")


def _step(item):
    return item.ScheduledProcedureStepSequence[0]


def _date(at: datetime):
    return f"{at:%Y%m%d}"


def _time(at: datetime):
    return f"{at:%H%M%S}"


def _check(status):
    if not status:
        raise CannotReach("The other side has hung up.")
    if status.Status:
        raise CannotReach(f"Refused with {status.Status:04X}: {status.get('ErrorComment', '')}")


def _why(association):
    if association.is_rejected:
        return (
            "Refused: is this AE title entered under Department, Devices, with the address of this machine?"
        )
    return "Nothing answers there. Does `manage.py dicom` run?"
