"""Labels as plain data for labels.typ: a size, the lines in print, and the code as an SVG picture."""

import io

import qrcode
from qrcode.image.svg import SvgPathImage

from scheduling.administrations import mbq
from scheduling.engine.doses import PRODUCTS
from scheduling.engine.scancodes import Code, Sort
from scheduling.services.tracers import stock
from scheduling.templatetags import clock

WRISTBAND = {"width": 130, "height": 25}
SMALL = {"width": 62, "height": 29}
DOOR = {"width": 100, "height": 60}
"""Millimetres: thermal wristbands, 62 mm label tape, and a card for a door."""


def wristband(appointment):
    """Name, date of birth, sex and number of the patient."""
    patient = appointment.procedure.order.patient
    born = clock.day(patient.born_on) if patient.born_on else "date of birth unknown"
    lines = [f"{born}, {patient.get_sex_display().lower()}", f"{patient.mrn}  {appointment.site.name}"]
    label = _label(patient.name, lines, Code(Sort.PATIENT, patient.pk))
    return {"title": "Wristband", "labels": [label], **WRISTBAND}


def dose(row):
    """Whose dose, what it holds and when, until when it may be given."""
    step = row.step
    site, patient = step.appointment.site, step.appointment.procedure.order.patient
    zone = site.time_zone
    until = f", until {clock.time_at(row.usable_until, zone)}" if row.usable_until else ""
    lines = [
        f"{clock.day(patient.born_on) if patient.born_on else '-'}  {patient.mrn}",
        f"{PRODUCTS[row.product].tracer}, {step.get_kind_display().lower()}",
        f"{mbq(row.measured_mbq)} at {_moment(row.measured_at, zone)}",
        f"{f'{row.particles:,} particles' if row.particles else stock.name_of(row.batch)}{until}",
    ]
    return {"title": "Dose", "labels": [_label(patient.name, lines, Code(Sort.DOSE, row.pk))], **SMALL}


def vial(batch):
    """The batch as people call it, its activity and time."""
    zone = batch.site.time_zone
    lines = [
        f"Lot {batch.lot}" if batch.lot else "",
        f"{mbq(batch.activity_mbq)} at {_moment(batch.calibrated_at, zone)}",
        f"Until {_moment(batch.expires_at, zone)}",
    ]
    label = _label(stock.name_of(batch), [each for each in lines if each], Code(Sort.VIAL, batch.pk))
    return {"title": "Vial", "labels": [label], **SMALL}


def rooms(site, found):
    """One card for each room."""
    made = [_label(room.name, [site.name], Code(Sort.ROOM, room.pk)) for room in found]
    return {"title": "Rooms", "labels": made, **DOOR}


def _moment(at, zone):
    """10:02, 22 Nov 2026"""
    return f"{clock.time_at(at, zone)}, {clock.date_at(at, zone)}"


def _label(name, lines, code):
    return {"name": name, "lines": lines, "code": str(code), "qr": _svg(str(code))}


def _svg(text):
    """The QR code as SVG; error correction M, so that a scratched label still reads."""
    made = qrcode.make(text, image_factory=SvgPathImage, error_correction=qrcode.ERROR_CORRECT_M, border=2)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue().decode()
