"""Who waits, for a screen that everybody in the waiting room can read: initials and three digits, nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from scheduling.models import Appointment
from scheduling.services.projections.expectations import expected

NEXT_WITHIN = timedelta(minutes=15)
SHOWN_AHEAD = timedelta(hours=4)
"""Who is not here and not due by then is not shown."""
STEP = timedelta(minutes=5)
FIELDS = ("pk", "procedure__order__patient_id", "procedure__order__patient__family_name")
FIELDS += ("procedure__order__patient__given_name", "procedure__order__patient__mrn")


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line. `when`: "now", "next", "later", or "ask" where it is not known on this day.

    `about`: when the patient will be called in, to five minutes; None unless later. `patient`: for the audit alone.
    """

    patient: int
    initials: str
    digits: str
    when: str
    about: datetime | None
    is_here: bool


def waiting(site, day, now):
    """Who is examined, who is next, and who comes then, in the order of the expected times. Two queries."""
    found = expected(site, day, now)
    people = {pk: rest for pk, *rest in Appointment.objects.filter(pk__in=found).values_list(*FIELDS)}
    rows = [(each, _line(each, people[pk], now)) for pk, each in found.items() if _is_shown(site, each, now)]
    order = ("now", "next", "later", "ask")
    rows.sort(key=lambda row: (order.index(row[1].when), row[0].called_at or now, row[1].digits))
    return [line for _, line in rows]


def _is_shown(site, each, now):
    if each.called_at is None:
        return each.is_here
    zone = ZoneInfo(site.time_zone)
    # Who was here for the X-ray and comes back tomorrow for the scan waits for nothing.
    is_due = each.called_at.astimezone(zone).date() <= now.astimezone(zone).date()
    return is_due if each.is_here else each.called_at <= now + SHOWN_AHEAD


def _line(each, person, now):
    patient, family_name, given_name, mrn = person
    when = _when(each, now)
    about = rounded_up(each.called_at) if when == "later" else None
    return Waiting(patient, initials(family_name, given_name), mrn[-3:], when, about, each.is_here)


def _when(each, now):
    if each.is_running:
        return "now"
    if each.called_at is None:
        return "ask"
    return "next" if each.is_here and each.called_at <= now + NEXT_WITHIN else "later"


def rounded_up(moment):
    """To the next five minutes: nobody counts on the minute."""
    over = timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
    return moment + STEP - over if over else moment


def initials(family_name, given_name):
    """C. O. for Chidi Okafor. A Chinese sign is a whole name: none is shown."""
    letters = [name.strip()[:1].upper() for name in (given_name, family_name)]
    return " ".join(f"{each}." for each in letters if each.isalpha() and east_asian_width(each) not in "WF")
