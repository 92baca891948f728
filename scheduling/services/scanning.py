"""The one scan field: a wristband or patient's number, a dose, a vial or a room, and what belongs to it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from scheduling.engine import scancodes
from scheduling.engine.scancodes import Sort
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState
from scheduling.models import Administration, Appointment, Patient, Resource, ResourceKind, TracerBatch
from scheduling.services import access
from vqflow import policy
from vqflow.errors import Invalid, NotFound

MISREAD = "This code was not read rightly. Scan it again."
UNKNOWN = "Nothing here has this code or number. Scan again, or search for the patient."
EMPTY = "Scan a wristband, a dose or a room; or enter a patient's number."
NEAR = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class Found:
    """`subject`: a Patient, Administration, TracerBatch or Resource. `appointment`: the one to go to, if any."""

    sort: Sort
    subject: Any
    appointment: Appointment | None = None


def find(text, *, by, now):
    """What was scanned or typed. Raises Invalid for a code that was read wrongly, NotFound for one of nothing here."""
    policy.permit(by, "code.scan")
    if not text.strip():
        raise Invalid(EMPTY, fields={"code": [EMPTY]})
    code = scancodes.read(text)
    if code is None and scancodes.is_like_code(text):
        raise Invalid(MISREAD, fields={"code": [MISREAD]})
    found = _numbered(text, by, now) if code is None else _FINDERS[code.sort](code.number, by, now)
    if found is None:
        raise NotFound(UNKNOWN)
    return found


def _numbered(text, by, now):
    """A patient's own number, or one that the patient had before."""
    rows, number = Patient.objects.for_user(by).live(), text.strip()
    patient = rows.filter(mrn__iexact=number).first()
    patient = patient or rows.filter(former_numbers__mrn__iexact=number).distinct().first()
    return _patient(patient.pk, by, now) if patient else None


def _patient(pk, by, now):
    row = Patient.objects.for_user(by).filter(pk=pk).values_list("merged_into", flat=True).first()
    if not Patient.objects.for_user(by).filter(pk=pk).exists():
        return None
    patient = access.patient(row or pk, by=by)
    return Found(Sort.PATIENT, patient, _appointment(patient, now))


def _appointment(patient, now):
    """The examination that is on now, else the nearest of these days that is to come or just over."""
    rows = Appointment.objects.filter(
        procedure__order__patient=patient,
        state__in=(*LIVE_APPOINTMENT, AppointmentState.FULFILLED),
        starts_at__lt=now + NEAR,
        ends_at__gt=now - NEAR,
    ).select_related("site", "procedure__order__patient")
    here = (AppointmentState.IN_PROGRESS, AppointmentState.ARRIVED)
    return min(
        rows,
        key=lambda row: (
            row.state not in here,
            row.state == AppointmentState.FULFILLED,
            abs(row.lungs_start_at - now),
        ),
        default=None,
    )


def _dose(pk, by, now):
    rows = Administration.objects.for_user(by).filter(pk=pk)
    if not rows.exists():
        return None
    dose = access.dose(pk, by=by, action="code.scan")
    return Found(Sort.DOSE, dose, dose.step.appointment)


def _vial(pk, by, now):
    batch = TracerBatch.objects.for_user(by).select_related("site").filter(pk=pk).first()
    return Found(Sort.VIAL, batch) if batch else None


def _room(pk, by, now):
    room = Resource.objects.for_user(by).filter(pk=pk, kind=ResourceKind.ROOM, is_active=True).first()
    return Found(Sort.ROOM, room) if room else None


_FINDERS = {Sort.PATIENT: _patient, Sort.DOSE: _dose, Sort.VIAL: _vial, Sort.ROOM: _room}
