"""“Why doesn't my camera see patient X?” answered in words, from the same keys and the same query as the answer."""

from dataclasses import dataclass, replace
from enum import StrEnum

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from scheduling import worklist, worklist_items
from scheduling.dicom import keys
from scheduling.dicom.charsets import character_set
from scheduling.dicom.fitting import person
from scheduling.engine.states import AppointmentState, StepState
from scheduling.engine.worklistkeys import Keys
from scheduling.models import Appointment, ScheduledProcedureStep, WorklistQuery
from scheduling.templatetags import clock

LATEST = 3
MOST = 5000
OF_STEP = ("ScheduledStation", "ScheduledProcedureStep", "ScheduledPerforming")
ANYTHING = Keys(
    statuses=("SCHEDULED", "ARRIVED", "READY", "STARTED", "COMPLETED", "DISCONTINUED", "CANCELED")
)
WORDS = {
    "patient_name": "another name",
    "patient_id": "another patient number",
    "issuer": "another issuer of the patient number",
    "born": "another date of birth",
    "sex": "another sex",
    "accession_number": "another accession number",
    "procedure_id": "another procedure",
    "study_uids": "another study",
    "modalities": "another modality",
    "stations": "another station",
    "starts": "another date or time",
    "performing_physician": "another performing person",
    "sps_id": "another step",
    "statuses": "another status",
}
# What of these was asked stands beside the words; a patient's values do not.
SHOWN = {
    "modalities": ("Modality",),
    "stations": ("ScheduledStationAETitle",),
    "starts": ("ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"),
    "statuses": ("ScheduledProcedureStepStatus",),
}
FORMER = "a number that the patient had before; the worklist lists the present one"
NOT_ITS_LETTERS = (
    "The name cannot be written in the device's character set ({name}): it is answered in UTF-8, and a device that "
    "cannot read that may leave it out. Choose a set that has these letters, here and at the device."
)
HIDDEN = {
    StepState.COMPLETED: "is completed: what is done is not listed",
    StepState.DISCONTINUED: "was stopped: what is over is not listed",
    StepState.CANCELLED: "was cancelled and is not listed",
}
GONE = {
    AppointmentState.CANCELLED: "The appointment was cancelled.",
    AppointmentState.NO_SHOW: "The patient did not come.",
}


def coming(people, site, now):
    """Ids of those of these patients who have an appointment on the local day of `now`: one of them is likely meant."""
    day = worklist.day_bounds(site, worklist.today(site, now))
    booked = Appointment.objects.filter(site=site, procedure__order__patient__in=people).on(*day)
    left = booked.exclude(state=AppointmentState.CANCELLED)
    return set(left.values_list("procedure__order__patient", flat=True))


class Tone(StrEnum):
    OK, WARNING = "success", "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one step, or about the device."""

    tone: Tone
    sentence: str


def why(device, patient, *, now):
    """Findings, the device's first; then each step of the patient's newest appointment."""
    return [*_of_device(device), *_of_patient(device, patient, now)]


def _of_device(device):
    if not device.is_active:
        yield Finding(Tone.WARNING, "The device is switched off here: it is not let in.")
    if not device.queries.exists():
        yield Finding(
            Tone.WARNING,
            "The device has never been answered. Check its AE titles, ours, and its address under Not let in.",
        )
    if device.own_room_only and device.room is None:
        yield Finding(Tone.WARNING, "It has no room here, so it is shown every room's patients.")


def _of_patient(device, patient, now):
    steps = ScheduledProcedureStep.objects.filter(appointment__procedure__order__patient=patient)
    steps = list(
        steps.select_related("appointment__site", "appointment__procedure__order__patient").order_by(
            "-appointment__starts_at", "ordinal"
        )
    )
    if not steps:
        yield Finding(Tone.WARNING, "Nothing is booked for this patient.")
        return
    newest = steps[0].appointment
    if newest.state in GONE:
        yield Finding(Tone.WARNING, f"{GONE[newest.state]} Nothing is listed of it.")
        return
    yield from _of_letters(device, patient)
    queries = list(WorklistQuery.objects.filter(entity=device)[:LATEST])
    for step in (each for each in steps if each.appointment_id == newest.pk):
        yield from _of_step(device, step, queries, now)


def _of_step(device, step, queries, now):
    name = step.get_kind_display()
    if step.elsewhere:
        yield Finding(Tone.OK, f"{name} was done elsewhere: it is no item of the worklist.")
        return
    if step.state in HIDDEN:
        yield Finding(Tone.OK, f"{name} {HIDDEN[step.state]}, unless the device asks for it.")
        return
    planned = clock.at(step.planned_start_at, step.appointment.site.time_zone)
    item = _listed_one(device, replace(Keys(), sps_id=step.sps_id), step, now)
    if item is None:
        yield Finding(Tone.WARNING, f"{name}, planned {planned}, is not listed for any device.")
        return
    room = device.room if device.own_room_only else None
    if room and _listed_one(device, replace(Keys(), sps_id=step.sps_id), step, now, room=room) is None:
        yield Finding(
            Tone.WARNING,
            f"{name} is planned for {_place(item)}. {device.title} shows {room.name} only, unless its query names "
            "the station.",
        )
        return
    yield from _of_queries(device, step, name, planned, queries, now)


def _place(item):
    """Where a step is planned, as people and as devices call it."""
    if not item.room:
        return "no room"
    return f"{item.room} ({item.station_ae})" if item.station_ae else f"{item.room} (it has no AE title)"


def _of_letters(device, patient):
    name = person(
        patient.family_name,
        patient.given_name,
        patient.middle_name,
        patient.name_prefix,
        patient.name_suffix,
    )
    try:
        character_set(device.character_set).name(name)
    except UnicodeEncodeError:
        yield Finding(Tone.WARNING, NOT_ITS_LETTERS.format(name=device.get_character_set_display()))


def _of_queries(device, step, name, planned, queries, now):
    for query in queries:
        asked_at = clock.at(query.asked_at, step.appointment.site.time_zone)
        missed = list(_missed(device, step, query, now))
        if missed:
            words = " and ".join(missed)
            yield Finding(
                Tone.WARNING, f"{name}, planned {planned}: the query of {asked_at} asked for {words}."
            )
        else:
            yield Finding(Tone.OK, f"{name}, planned {planned}, fits the query of {asked_at}.")
    if not queries:
        yield Finding(Tone.OK, f"{name}, planned {planned}, is ready to be listed once the device asks.")


def _missed(device, step, query, now):
    """The keys of this query that do not fit the step, in words: each is asked for alone."""
    asked, nothing = keys.read(rebuilt(query.keys)).keys, Keys()
    for field, words in WORDS.items():
        value = getattr(asked, field)
        if value == getattr(nothing, field):
            continue
        if _listed_one(device, replace(ANYTHING, **{field: value}), step, now) is None:
            yield _words(field, words, query, step)


def _words(field, words, query, step):
    if field == "patient_id" and _had(step.appointment.procedure.order.patient, query.keys["PatientID"]):
        return FORMER
    shown = " ".join(query.keys[keyword] for keyword in SHOWN.get(field, ()) if query.keys.get(keyword))
    return f"{words} ({shown})" if shown else words


def _had(patient, number):
    return patient.former_numbers.filter(mrn__iexact=number.strip()).exists()


def _listed_one(device, wanted, step, now, *, room=None):
    """This step's item among those that fit these keys, None where it is not among them."""
    items = worklist_items.matching(device.site, wanted, now=now, room=room, most=MOST)
    return next((item for item in items if item.step_id == step.pk), None)


def rebuilt(kept):
    """The identifier of a query from what was kept of it: keyword to value, those of the step among them."""
    found, step = Dataset(), Dataset()
    for keyword, value in kept.items():
        target = step if keyword.startswith(OF_STEP) or keyword == "Modality" else found
        setattr(target, keyword, value)
    found.ScheduledProcedureStepSequence = Sequence([step])
    return found
