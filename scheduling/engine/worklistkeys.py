"""The matching keys of a modality worklist query (DICOM PS3.4, Table K.6-1), as plain values.

A key that is empty matches everything (universal matching, PS3.4 C.2.2.2.3).
"""

from dataclasses import dataclass
from datetime import date, time

XRAY_MODALITIES = frozenset({"CR", "DX", "DR", "RF"})
"""Devices that take an X-ray: what is planned for one of them any of them can do."""


@dataclass(frozen=True, slots=True)
class Days:
    """Local days from `first` to `last`, both included; None is open."""

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Starts:
    """When a step is planned to start, in the site's time.

    Date and time ranges are one combined period where both are given: from the first day's first time to the last
    day's last time (PS3.4 Table K.6-1, remark at the start time). `first_time` or `last_time` without days bind the
    time of each day; with `each_day`, for a single time beside a range of days, they do so within those days.
    """

    first_day: date | None = None
    last_day: date | None = None
    first_time: time | None = None
    last_time: time | None = None
    each_day: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """One query. Text may hold the wildcards * and ?; tuples match any of their values.

    `patient_name`: as DICOM writes it, "Family^Given^Middle^Prefix^Suffix", any representation group.
    `statuses`: DICOM's words (SCHEDULED, ARRIVED, READY, STARTED, COMPLETED, DISCONTINUED, CANCELED); empty is
    whatever is still to be done.
    """

    patient_name: str = ""
    patient_id: str = ""
    issuer: str = ""
    born: Days = Days()
    sex: str = ""
    accession_number: str = ""
    procedure_id: str = ""
    study_uids: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    starts: Starts = Starts()
    performing_physician: str = ""
    sps_id: str = ""
    statuses: tuple[str, ...] = ()
