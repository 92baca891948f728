"""The matching keys of a C-FIND identifier, as plain values (PS3.4 K.6.1.2, C.2.2.2).

A date or time that is none leaves the query and is noted with a sentence: a camera with a typing mistake is still
answered. What says who the patient is never leaves it: such a value fits nothing. An identifier that cannot be read at
all is the caller's to refuse.
"""

import re
from dataclasses import dataclass, field
from datetime import date, time
from fnmatch import fnmatchcase

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.uid import UID

from scheduling.engine.worklistkeys import Days, Keys, Starts

STEP = "ScheduledProcedureStepSequence"
TEXTS = {
    "PatientName": "patient_name",
    "PatientID": "patient_id",
    "IssuerOfPatientID": "issuer",
    "PatientSex": "sex",
    "AccessionNumber": "accession_number",
    "RequestedProcedureID": "procedure_id",
}
TEXTS_OF_STEP = {
    "ScheduledPerformingPhysicianName": "performing_physician",
    "ScheduledProcedureStepID": "sps_id",
}
LISTS_OF_STEP = {
    "Modality": "modalities",
    "ScheduledStationAETitle": "stations",
    "ScheduledProcedureStepStatus": "statuses",
}
SEXES = ("F", "M", "O")
STATUSES = ("SCHEDULED", "ARRIVED", "READY", "STARTED", "DEPARTED", "COMPLETED", "DISCONTINUED", "CANCELED")
SEARCHED = frozenset((*TEXTS, "StudyInstanceUID", "PatientBirthDate", STEP, "SpecificCharacterSet"))
SEARCHED_OF_STEP = frozenset(
    (*TEXTS_OF_STEP, *LISTS_OF_STEP, "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime")
)
DAY = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})", re.ASCII)
CLOCK = re.compile(r"(\d{2}):?(?:(\d{2}):?(?:(\d{2})(?:\.(\d{1,6}))?)?)?", re.ASCII)
NO_DAY = "“{value}” is no date; asked without it."
NO_TIME = "“{value}” is no time; asked without it."
OPEN_SIDE = "Day and time are one period, and on this side it has no day; asked without “{value}”."
NO_UID = "“{value}” is no UID; it fits nothing."
NO_STATUS = "“{value}” is no status of a step; it fits nothing."
NO_SEX = "“{value}” is no sex; it fits nothing."
SEVERAL = "“{value}” is more than one value; it fits nothing."
FIRST_ONLY = "Only the first item of the sequence is asked for."
NOT_SEARCHED = "The worklist is not searched by it; asked without it."
MOST_VALUES = 200
TOO_MANY = f"Only the first {MOST_VALUES} values are asked for."
LONGEST_SHOWN = 60


@dataclass(slots=True)
class Asked:
    """`keys`; and by keyword why a value was not used."""

    keys: Keys = field(default_factory=Keys)
    ignored: dict[str, str] = field(default_factory=dict)


def read(identifier: Dataset) -> Asked:
    """Raises whatever pydicom raises on a value that cannot be decoded."""
    asked, steps = Asked(), identifier.get(STEP) or ()
    step, ignored = steps[0] if len(steps) else Dataset(), asked.ignored
    if len(steps) > 1:
        ignored[STEP] = FIRST_ONLY
    found = {name: _one(identifier, keyword, ignored) for keyword, name in TEXTS.items()}
    found |= {name: _one(step, keyword, ignored) for keyword, name in TEXTS_OF_STEP.items()}
    found |= {name: _several(step, keyword, ignored) for keyword, name in LISTS_OF_STEP.items()}
    found["sex"] = found["sex"].upper()
    found["modalities"] = tuple(value.upper() for value in found["modalities"])
    found["statuses"] = tuple(value.upper() for value in found["statuses"])
    found["study_uids"] = _several(identifier, "StudyInstanceUID", ignored)
    found["born"] = Days(*_range(identifier, "PatientBirthDate", _day, NO_DAY, ignored))
    found["starts"] = _starts(step, ignored)
    _note_strangers(found, ignored)
    _note_others(identifier, step, ignored)
    asked.keys = Keys(**found)
    return asked


def _starts(step, ignored):
    days = _range(step, "ScheduledProcedureStepStartDate", _day, NO_DAY, ignored)
    first, _ = _range(step, "ScheduledProcedureStepStartTime", _first_moment, NO_TIME, ignored)
    _, until = _range(step, "ScheduledProcedureStepStartTime", _last_moment, NO_TIME, ignored)
    each_day = _is_range(step, "ScheduledProcedureStepStartDate") and not _is_range(
        step, "ScheduledProcedureStepStartTime"
    )
    if each_day and first is not None:
        return Starts(*days, first, until, each_day=True)
    _note_open_side(days, (first, until), ignored)
    return Starts(*days, first, until)


def _note_open_side(days, times, ignored):
    """A time bounds a period only beside a day; where no day is asked for it bounds the time of each day."""
    for day, clock in zip(days, times, strict=True):
        if any(days) and day is None and clock is not None:
            ignored["ScheduledProcedureStepStartTime"] = OPEN_SIDE.format(value=f"{clock:%H:%M}")


def _note_strangers(found, ignored):
    """What can fit nothing is asked for all the same: an answer to less than was asked could be a mixed-up patient."""
    for uid in found["study_uids"]:
        if not UID(uid).is_valid:
            ignored["StudyInstanceUID"] = NO_UID.format(value=uid[:LONGEST_SHOWN])
    for status in found["statuses"]:
        if not any(fnmatchcase(each, status) for each in STATUSES):
            ignored["ScheduledProcedureStepStatus"] = NO_STATUS.format(value=status[:LONGEST_SHOWN])
    if found["sex"] and not any(fnmatchcase(each, found["sex"]) for each in SEXES):
        ignored["PatientSex"] = NO_SEX.format(value=found["sex"][:LONGEST_SHOWN])


def _note_others(identifier, step, ignored):
    """Values of keys that the worklist is not searched by; those of a step are none outside of its sequence."""
    for dataset, searched in ((identifier, SEARCHED), (step, SEARCHED_OF_STEP)):
        for element in dataset:
            if element.keyword and element.keyword not in searched and _has_value(element):
                ignored[element.keyword] = NOT_SEARCHED


def _has_value(element):
    if element.VR == "SQ":
        return any(_has_value(each) for item in element.value for each in item)
    return str(element.value or "").strip(" \0*") not in ("", "[]")


def _range(dataset, keyword, read_one, sentence, ignored):
    """(first, last) of a single value or a range "first-last" that may be open on one side; (None, None) is no key."""
    text = _text(dataset, keyword)
    if text in ("", "-", "*"):
        return None, None
    if keyword.endswith("Date") and DAY.fullmatch(text):
        parts = [text, text]
    else:
        parts = text.split("-") if "-" in text else [text, text]
    try:
        first, last = (read_one(part.strip()) if part.strip() else None for part in parts)
    except ValueError:
        ignored[keyword] = sentence.format(value=text[:LONGEST_SHOWN])
        return None, None
    return first, last


def _is_range(dataset, keyword):
    text = _text(dataset, keyword)
    return "-" in text and text != "-"


def _day(text):
    match = DAY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return date(*map(int, match.groups()))


def _first_moment(text):
    hour, minute, second, fraction = _clock(text)
    return time(hour, minute or 0, min(second or 0, 59), int((fraction or "0").ljust(6, "0")))


def _last_moment(text):
    """The end of what the value names: 10 is until 10:59:59.999999."""
    hour, minute, second, fraction = _clock(text)
    return time(
        hour,
        59 if minute is None else minute,
        59 if second is None else min(second, 59),
        int((fraction or "").ljust(6, "9")),
    )


def _clock(text):
    match = CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(text)
    hour, minute, second, fraction = match.groups()
    return int(hour), minute and int(minute), second and int(second), fraction


def _one(dataset, keyword, ignored):
    """The value of a key that has one."""
    text = _text(dataset, keyword)
    if "\\" in text:
        ignored[keyword] = SEVERAL.format(value=text[:LONGEST_SHOWN])
    return text


def _several(dataset, keyword, ignored):
    """Each value once; none where one of them is an asterisk, which fits everything."""
    values = tuple(
        dict.fromkeys(filter(None, (part.strip() for part in _text(dataset, keyword).split("\\"))))
    )
    if "*" in values:
        return ()
    if len(values) > MOST_VALUES:
        ignored[keyword] = TOO_MANY
    return values[:MOST_VALUES]


def _text(dataset, keyword):
    """The value without its padding; of several the text as it was written."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, MultiValue | list | tuple):
        value = "\\".join(str(each) for each in value)
    # Within a value PostgreSQL takes no null, and without it another number would be asked for.
    return str(value).strip(" \0").replace("\0", "\ufffd")
