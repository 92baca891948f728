"""Name alerts: patients of one day whose names are so alike that one may be taken for the other.

Alike is the same family name with given names that begin with the same letter, or of which one is not known. Capitals
and accents do not count. The sentence tells nothing of the other patient: whoever reads it looks at this one twice.
"""

import unicodedata
from collections import defaultdict
from zoneinfo import ZoneInfo

from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.states import AppointmentState
from scheduling.models import Appointment, Patient

LABEL = "Name alert"
NOT_COMING = (AppointmentState.CANCELLED, AppointmentState.NO_SHOW)
# Letters of their own that are read as another one without its stroke.
_STROKES = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "œ": "oe", "æ": "ae"}
)


def among(patients):
    """{patient id: sentence} of those of these patients who have somebody alike beside them."""
    families = defaultdict(dict)
    for patient in patients:
        families[_plain(patient.family_name)][patient.pk] = patient
    found = {}
    for members in families.values():
        for patient in members.values():
            others = sum(_is_alike(patient, other) for other in members.values())
            if others:
                found[patient.pk] = _sentence(patient, others)
    return found


def of_visit(appointment):
    """The sentence for the patient of this appointment, "" where nobody of the same days is alike: one query."""
    zone, site = ZoneInfo(appointment.site.time_zone), appointment.site
    first, last = (at.astimezone(zone).date() for at in (appointment.starts_at, appointment.ends_at))
    starts, ends = local_day_bounds(first, zone)[0], local_day_bounds(last, zone)[1]
    coming = Appointment.objects.filter(site=site).on(to_datetime(starts), to_datetime(ends))
    there = coming.exclude(state__in=NOT_COMING).values("procedure__order__patient")
    patient = appointment.procedure.order.patient
    others = Patient.objects.filter(pk__in=there).only("family_name", "given_name")
    return among([patient, *others]).get(patient.pk, "")


def _is_alike(one, other):
    if one.pk == other.pk:
        return False
    begin = {_plain(each.given_name)[:1] for each in (one, other)}
    return len(begin) == 1 or "" in begin


def _plain(name):
    apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(each for each in apart if each.isalnum()).translate(_STROKES)


def _initial(patient):
    return f"{patient.given_name[0]}…" if patient.given_name else ""


def _sentence(patient, others):
    name = ", ".join(filter(None, (patient.family_name.upper(), _initial(patient))))
    whom = f"another {name} is" if others == 1 else f"{others} others named {name} are"
    return f"{LABEL}: {whom} on the list of this day. Compare date of birth and record number."
