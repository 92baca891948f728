"""Lists of one day for paper: who comes, what happens in each room, who is to be fetched. Reads only.

All three are plain text, so that page, PDF and the file for the day the network fails show the same. A fixed number
of queries, however full the day is.
"""

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import timedelta

from scheduling import namesakes, sheet_days, worklist
from scheduling.engine.questions import QUESTIONS, YES
from scheduling.engine.states import StepState
from scheduling.models import Capability, PatientClass, Reservation, Resource, ResourceKind, StepKind
from scheduling.models.orders import Transport
from scheduling.templatetags import clock

DAY, ROOMS, TRANSPORT = "day", "rooms", "transport"
TITLES = {DAY: "Day list", ROOMS: "Room list", TRANSPORT: "Transport list"}
NOBODY = {
    DAY: "Nobody is booked on this day.",
    ROOMS: "No room is booked on this day.",
    TRANSPORT: "Nobody is to be fetched on this day.",
}
TO_KNOW = {
    "pregnancy": "Pregnant",
    "breastfeeding": "Breastfeeding",
    "albumin_allergy": "Albumin allergy",
    "pulmonary_hypertension": "Pulmonary hypertension",
    "right_to_left_shunt": "Right-to-left shunt",
    "one_lung_or_transplant": "One lung or lung transplant",
    "recent_tc99m": "Technetium in the last 48 h",
    "respiratory_isolation": "Respiratory isolation",
    "unstable": "Circulation unstable",
    "oxygen": "Oxygen",
    "cannot_raise_arms": "Cannot raise arms",
    "cannot_keep_still": "Cannot keep still",
    "claustrophobia": "Afraid of narrow places",
    "copd_or_asthma": "COPD or asthma",
    "interpreter": "Interpreter",
}
STATES = {
    StepState.IN_PROGRESS: ", running",
    StepState.COMPLETED: ", done",
    StepState.DISCONTINUED: ", stopped",
    StepState.CANCELLED: ", cancelled",
}
HARMLESS = ("no", "none", "cannot_be")
_CHOICES = {question.key: dict(question.choices) for question in QUESTIONS}


@dataclass(frozen=True, slots=True)
class Section:
    """One table: its heading, and rows as wide as the columns of the sheet."""

    heading: str
    rows: list


@dataclass(frozen=True, slots=True)
class Sheet:
    """One list of one day; `patients` are the ids of those who stand on it."""

    kind: str
    title: str
    site: str
    day: str
    printed: str
    note: str
    columns: list
    sections: list
    patients: frozenset

    def as_data(self):
        """What the PDF's template takes: JSON without ids."""
        return {name: value for name, value in asdict(self).items() if name != "patients"}


def pages(found):
    """What paper/sheets.typ takes: the sheets one after another."""
    first = found[0]
    title = first.title if len(found) == 1 else "Lists"
    return {
        "title": f"{title} {first.day}",
        "site": first.site,
        "printed": f"Printed {first.printed}",
        "sheets": [each.as_data() for each in found],
    }


def sheet(kind, site, on, *, now):
    """The list of a kind (DAY, ROOMS, TRANSPORT) of a local day of the site."""
    return sheets(site, [on], [kind], now=now)[0]


def sheets(site, days, kinds=(DAY, ROOMS, TRANSPORT), *, now):
    """Lists of several days, in order. The day's appointments are read once for all its lists."""
    found = []
    for on in days:
        day = sheet_days.day_of(site, on, now)
        appointments = day.appointments()
        alike = namesakes.among(each.procedure.order.patient for each in appointments)
        for kind in kinds:
            columns, sections = _LISTS[kind](day, appointments, alike)
            found.append(_sheet(kind, site, on, columns, sections, appointments, now))
    return found


def _sheet(kind, site, on, columns, sections, appointments, now):
    shown = appointments if kind != TRANSPORT else [each for each in appointments if _is_fetched(each)]
    return Sheet(
        kind=kind,
        title=TITLES[kind],
        site=site.name,
        day=f"{on:%A} {clock.day(on)}",
        printed=clock.at_named(now, site.time_zone),
        note="" if sections else NOBODY[kind],
        columns=columns,
        sections=sections,
        patients=frozenset(each.procedure.order.patient_id for each in shown),
    )


def _day_list(day, appointments, alike):
    columns = ["Comes", "Patient", "From", "Examination", "Steps", "To know"]
    # Of two days the second is what counts here: who had the X-ray yesterday comes when the lungs are due.
    in_order = sorted(appointments, key=lambda each: (_comes(each, day), each.pk))
    rows = [_day_row(each, day, alike) for each in in_order]
    return columns, [Section("", rows)] if rows else []


def _day_row(appointment, day, alike):
    order = appointment.procedure.order
    return [
        _comes_words(appointment, day),
        person(order.patient, alike),
        place_of(order),
        f"{appointment.procedure.protocol.name}\n{order.get_priority_display()}",
        "\n".join(_step(step, day) for step in day.steps(appointment)),
        "\n".join(_to_know(appointment)),
    ]


def _comes_words(appointment, day):
    came = day.time(_comes(appointment, day))
    if not day.is_left_over(appointment):
        return came
    return f"{came}\n{'Awaiting release' if appointment.awaits_release else 'Still here'}"


def _comes(appointment, day):
    """When the patient is expected on this day: the first of what is booked of the day."""
    spans = [row.span for step in appointment.steps.all() for row in step.reservations.all()]
    return min(
        (each.lower for each in spans if day.has(each.lower, each.upper)), default=appointment.starts_at
    )


def _step(step, day):
    if step.elsewhere or step.planned_start_at is None:
        return f"{step.get_kind_display()}: done elsewhere"
    room, who = worklist.room_of(step), worklist.technologist_of(step)
    names = ", ".join(each.name for each in (room, who) if each)
    begins, ends = day.time(step.planned_start_at), clock.time_at(step.planned_end_at, day.site.time_zone)
    held = " (only after a reading)" if step.awaits_reading else ""
    return f"{begins}-{ends} {step.get_kind_display()}, {names}{held}{STATES.get(step.state, '')}"


def _to_know(appointment):
    """What a technologist must know when no screen can say it: the answers that change how somebody is handled."""
    order = appointment.procedure.order
    answers = {each.question: each.answer for each in order.answers.all()}
    known = [_answer(key, answers[key]) for key in TO_KNOW if answers.get(key) not in (None, *HARMLESS)]
    if order.transport != Transport.WALKING:
        known.insert(0, order.get_transport_display())
    if not answers:
        known.append("Safety questions not answered")
    return known


def _answer(key, answer):
    """Albumin allergy; Pregnancy: not asked yet"""
    if answer == YES:
        return TO_KNOW[key]
    return f"{TO_KNOW[key]}: {_CHOICES[key].get(answer, answer).removeprefix('Yes, ').lower()}"


def _room_list(day, appointments, alike):
    columns = ["Room taken", "Pictures", "Step", "Patient", "Person"]
    by_room = defaultdict(list)
    for appointment in appointments:
        for step in appointment.steps.all():
            for row in day.taken(step, appointment):
                if row.resource.kind == ResourceKind.ROOM:
                    by_room[row.resource].append((row.span, step, appointment))
    rooms = sorted(by_room, key=lambda room: room.name)
    return columns, [
        Section(
            room.name,
            [_room_row(room, *each, day, alike) for each in sorted(by_room[room], key=lambda e: e[0].lower)],
        )
        for room in rooms
    ]


def _room_row(room, span, step, appointment, day, alike):
    is_bay = worklist.room_of(step) != room
    who = worklist.technologist_of(step)
    what = f"Preparation for {step.get_kind_display().lower()}" if is_bay else step.get_kind_display()
    return [
        _from_to(span.lower, span.upper, day),
        "" if is_bay else _from_to(step.planned_start_at, step.planned_end_at, day),
        what if is_bay else f"{what}{STATES.get(step.state, '')}",
        person(appointment.procedure.order.patient, alike),
        who.name if who else "",
    ]


def _from_to(begins, ends, day):
    return f"{day.time(begins)}-{clock.time_at(ends, day.site.time_zone)}"


def _transport_list(day, appointments, alike):
    columns = ["There at", "Patient", "How", "From", "To", "Back from"]
    fetched = [each for each in appointments if _is_fetched(each)]
    ways = [(_there_at(way[0]), way, each) for each in fetched for way in _ways(each, day)]
    rows = [
        _transport_row(at, way, each, day, alike)
        for at, way, each in sorted(ways, key=lambda e: (e[0], e[2].pk))
    ]
    return columns, [Section("", rows)] if rows else []


def _is_fetched(appointment):
    order = appointment.procedure.order
    return order.patient_class != PatientClass.OUTPATIENT or order.transport != Transport.WALKING


def _ways(appointment, day):
    """(first, last) steps of each coming: an X-ray alone, hours before the lungs, is a coming of its own.

    Who is still here goes back from the lungs, however early that was planned.
    """
    steps = [each for each in day.steps(appointment) if each.planned_start_at and not each.elsewhere]
    xray = [each for each in steps if each.kind == StepKind.XRAY and not day.is_left_over(appointment)]
    lungs = [each for each in steps if each.kind != StepKind.XRAY and each.state != StepState.CANCELLED]
    return [(group[0], group[-1]) for group in (xray, lungs) if group]


def _there_at(step):
    return min((row.span.lower for row in step.reservations.all()), default=step.planned_start_at)


def _transport_row(there_at, way, appointment, day, alike):
    order, (first, last) = appointment.procedure.order, way
    # Where a bay is booked, the patient is brought there first.
    rooms = worklist.rooms_of(first)
    there = min(rooms, key=lambda room: Capability.PREP_BAY not in room.capabilities, default=None)
    back = worklist.room_of(last)
    is_here = "\nStill here" if day.is_left_over(appointment) else ""
    return [
        f"{day.time(there_at)}{is_here}",
        person(order.patient, alike),
        order.get_transport_display(),
        order.ward or order.get_patient_class_display(),
        there.name if there else "",
        f"{back.name if back else ''} {day.time(last.planned_end_at)}".strip(),
    ]


_LISTS = {DAY: _day_list, ROOMS: _room_list, TRANSPORT: _transport_list}


def person(patient, alike):
    """SURNAME, Given; born; record number: two things to know a person by. `alike`: namesakes.among() of the day."""
    name = ", ".join(each for each in (patient.family_name.upper(), patient.given_name) if each)
    born = f"born {clock.day(patient.born_on)}" if patient.born_on else "birth date unknown"
    alert = f"\n{namesakes.LABEL}" if patient.pk in alike else ""
    return f"{name}\n{born}, {patient.mrn}{alert}"


def place_of(order):
    return "\n".join(each for each in (order.get_patient_class_display(), order.ward) if each)


def next_working_day(site, after, *, farthest=14):
    """The first local day after one on which anybody is booked; the day after where nobody is. One query."""
    starts = worklist.day_bounds(site, after)[1]
    row = Reservation.objects.filter(
        resource__in=Resource.objects.filter(site=site, kind=ResourceKind.ROOM),
        status__in=[Reservation.Status.BOOKED, Reservation.Status.OVERBOOKED],
        span__startswith__gte=starts,
        span__startswith__lt=starts + timedelta(days=farthest),
    ).order_by("span")
    first = row.values_list("span", flat=True).first()
    if first is None:
        return clock.local(starts, site.time_zone).date()
    return clock.local(first.lower, site.time_zone).date()
