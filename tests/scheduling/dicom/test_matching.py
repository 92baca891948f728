"""The query against a slow reading of PS3.4 C.2.2.2 in Python, over the same rows."""

import re
import unicodedata
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling import worklist_items
from scheduling.engine.worklistkeys import Days, Keys, Starts
from scheduling.models import Reservation, ScheduledProcedureStep, StepKind
from scheduling.services import booking, visits
from scheduling.services.examination import arrivals
from tests import cameras, department

pytestmark = pytest.mark.django_db
OPEN = {"SCHEDULED", "ARRIVED", "READY", "STARTED"}
SEX = {"female": "F", "male": "M", "other": "O"}
NOW = datetime(2025, 11, 10, 12, 0, tzinfo=UTC)
NAMES = [
    {"family_name": "Müller-Lüdenscheidt", "given_name": "José", "sex": "female"},
    {"family_name": "Smith", "given_name": "John", "middle_name": "Paul", "name_suffix": "Jr."},
    {"family_name": "Smithers", "given_name": "Ann", "sex": "other", "mrn": "a_7%"},
    {"family_name": "山田", "given_name": "太郎", "sex": "unknown", "born_on": date(2001, 2, 28)},
    {"family_name": "O'Brien", "given_name": "Mary Jane", "sex": "female", "mrn": "A_7\\*"},
    {"family_name": "100%", "given_name": "S_h", "sex": "female", "mrn": "AX7%"},
    {"family_name": "Straße", "given_name": "Élodie"},
]
# In New York: nights in which there is no hour from 2 or the hour from 1 comes twice, and both ends of a day.
STARTS = [
    "2027-03-05T13:00", "2027-03-14T06:59", "2028-03-12T07:00", "2026-11-01T05:30", "2025-11-02T06:10",
    "2027-03-09T04:59:59.999999", "2027-03-11T05:00",
]  # fmt: skip
DAYS = [
    date(2025, 11, 2), date(2026, 11, 1), date(2027, 3, 8), date(2027, 3, 9), date(2027, 3, 10), date(2027, 3, 11),
    date(2027, 3, 5), date(2027, 3, 13), date(2027, 3, 14), date(2027, 3, 15), date(2028, 3, 12), date.min, date.max,
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A step as a device sees it."""

    sps_id: str
    at: datetime
    local: datetime
    status: str
    modality: str
    names: tuple[str, ...]
    mrn: str
    issuer: str
    born_on: date | None
    sex: str
    accession_number: str
    procedure_id: str
    study_uid: str
    stations: frozenset[str]
    rooms: frozenset[int]
    people: tuple[str, ...]


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def rows(site):
    """Seven examinations in different states, on days and at hours that ask for care; and another site's."""
    for number, room in enumerate(site.resources.filter(kind="room", name__startswith="Cam")):
        room.room.ae_title = f"CAM{number}"
        room.room.save()
    cameras.camera(site, title="VENT_A", room=site.resources.get(name="Ventilation 1"))
    made = [department.booked(site, of=department.patient(site, **named)) for named in NAMES]
    _go_on(site, made)
    for appointment, begins in zip(made, STARTS, strict=True):
        _shift(appointment, datetime.fromisoformat(begins).replace(tzinfo=UTC))
    hillside = department.site("hillside")
    department.booked(hillside, of=department.patient(hillside, mrn_issuer="hillside", **NAMES[1]))
    steps = ScheduledProcedureStep.objects.filter(appointment__site=site, elsewhere="")
    return [_row(step) for step in steps.order_by("planned_start_at", "pk")]


def _go_on(site, made):
    by = department.technologist(site)
    _, here, ready, started, done, cancelled, _ = made
    arrivals.check_in(here, **department.HERE | {"at": "xray"}, by=by, now=here.starts_at)
    department.ready(ready)
    for appointment, ends in ((started, False), (done, True)):
        appointment, at = department.ready(appointment)
        step = appointment.steps.get(kind=StepKind.VENTILATION)
        visits.start(step, by=by, now=at)
        if ends:
            visits.end(step, by=by, now=at + timedelta(minutes=9))
    booking.cancel(cancelled, reason="Not needed", by=department.scheduler(site), now=department.NOW)


def _shift(appointment, begins):
    """To where its first step begins at this instant, with all that is planned."""
    first = appointment.steps.order_by("planned_start_at")[0].planned_start_at
    by = begins - first
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scheduling_appointment SET starts_at = starts_at + %(by)s, ends_at = ends_at + %(by)s,"
            " xray_ends_at = xray_ends_at + %(by)s, lungs_start_at = lungs_start_at + %(by)s WHERE id = %(of)s",
            {"by": by, "of": appointment.pk},
        )
        cursor.execute(
            "UPDATE scheduling_scheduledprocedurestep SET planned_start_at = planned_start_at + %(by)s,"
            " planned_end_at = planned_end_at + %(by)s WHERE appointment_id = %(of)s",
            {"by": by, "of": appointment.pk},
        )
        cursor.execute(
            "UPDATE scheduling_reservation SET span = tstzrange(lower(span) + %(by)s, upper(span) + %(by)s)"
            " WHERE step_id IN (SELECT id FROM scheduling_scheduledprocedurestep WHERE appointment_id = %(of)s)",
            {"by": by, "of": appointment.pk},
        )


def _row(step):
    order = step.appointment.procedure.order
    patient, zone = order.patient, ZoneInfo(step.appointment.site.time_zone)
    taken = Reservation.objects.filter(step=step, status__in=["booked", "overbooked"]).select_related(
        "resource"
    )
    places = [each.resource for each in taken if each.resource.kind == "room"]
    titles = {room.room.ae_title for room in places} | {
        device.title for room in places for device in room.application_entities.all()
    }
    return Row(
        sps_id=step.sps_id,
        at=step.planned_start_at,
        local=step.planned_start_at.astimezone(zone).replace(tzinfo=None),
        status=_status(step),
        modality=step.modality,
        names=(patient.family_name, patient.given_name, patient.middle_name, patient.name_prefix, patient.name_suffix),
        mrn=patient.mrn,
        issuer=patient.mrn_issuer,
        born_on=patient.born_on,
        sex=SEX.get(patient.sex, ""),
        accession_number=order.accession_number,
        procedure_id=step.appointment.procedure.requested_procedure_id,
        study_uid=step.appointment.procedure.study_instance_uid,
        stations=frozenset(titles - {""}),
        rooms=frozenset(room.pk for room in places),
        people=tuple(each.resource.name for each in taken if each.resource.kind == "technologist"),
    )  # fmt: skip


def _status(step):
    appointment = step.appointment
    if step.state == "cancelled" or appointment.state in ("cancelled", "noshow"):
        return "CANCELED"
    if step.state != "scheduled":
        return {"completed": "COMPLETED", "discontinued": "DISCONTINUED", "in_progress": "STARTED"}[
            step.state
        ]
    if appointment.state == "booked":
        return "SCHEDULED"
    if step.kind != StepKind.XRAY and not appointment.arrivals.filter(at="scan").exists():
        return "SCHEDULED"
    if appointment.problems.open().exists():
        return "ARRIVED"
    if step.kind == StepKind.XRAY:
        return "READY"
    before = appointment.steps.filter(ordinal__lt=step.ordinal, state__in=["scheduled", "in_progress"])
    return "READY" if appointment.dose_cleared_at and not before.exists() else "ARRIVED"


def fits(row, keys, room):
    return all(
        (
            row.status in OPEN if not keys.statuses else _any(row.status, keys.statuses),
            _text(row.mrn.upper(), keys.patient_id.upper()),
            _text(row.issuer.upper(), keys.issuer.upper()),
            _text(row.accession_number, keys.accession_number),
            _text(row.procedure_id, keys.procedure_id),
            _text(row.sps_id, keys.sps_id),
            not keys.study_uids or row.study_uid in keys.study_uids,
            not keys.sex.strip("*") or (row.sex and _text(row.sex, keys.sex.upper())),
            not keys.modalities or _any(row.modality, [*keys.modalities, *_same_as(keys.modalities)]),
            # A single asterisk fits what has no title too (PS3.4 K.2.2.1.1.1, note 1).
            not all(value.strip("*") for value in keys.stations)
            or not keys.stations
            or any(_any(title, keys.stations) for title in row.stations),
            keys.stations or room is None or room.pk in row.rooms,
            _within(row.born_on, keys.born),
            _begins(row.local, keys.starts),
            _performed_by(row.people, keys.performing_physician),
            _named(row.names, keys.patient_name),
        )
    )


def _pattern(value):
    return "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in value)


def _text(text, value):
    return not value or re.fullmatch(_pattern(value), text, re.DOTALL) is not None


def _any(text, values):
    return any(_text(text, value) for value in values)


def _same_as(modalities):
    return ["DX"] if {"CR", "DR"} & set(modalities) else []


def _within(day, days):
    if day is None:
        return days == Days()
    return (days.first or date.min) <= day <= (days.last or date.max)


def _begins(local, starts):
    in_time = (starts.first_time or time.min) <= local.time() <= (starts.last_time or time.max)
    if starts.each_day:
        return in_time and (starts.first_day or date.min) <= local.date() <= (starts.last_day or date.max)
    if starts.first_day is None and starts.last_day is None:
        return in_time
    first = datetime.combine(starts.first_day or date.min, starts.first_time or time.min)
    last = datetime.combine(starts.last_day or date.max, starts.last_time or time.max)
    return (starts.first_day is None or first <= local) and (starts.last_day is None or local <= last)


def _plain(text):
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).replace("ß", "ss"))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter)).lower()
    return re.sub(r"[-.,;:/'`_()\[\]]", " ", bare)


def _named(names, value):
    groups = [group for group in value.split("=") if group.strip("*^ ")]
    return not groups or any(_group(names, group) for group in groups)


def _group(names, group):
    if "^" not in group and set("*?") & set(group):
        whole = _plain(" ".join(names[:3])).rstrip()
        return _text(whole, _plain(group.strip()))
    return all(
        _text(_plain(name), _plain(part.strip())) or not part.strip().strip("*")
        for name, part in zip(names, group.split("^"), strict=False)
    )


def _performed_by(people, value):
    parts = [part.strip() for part in value.split("=")[0].split("^") if part.strip("* ")]
    return not parts or any(
        all(_text(_plain(name), f"*{_plain(part)}*") for part in parts) for name in people
    )


# --- queries: values of the rows, as they are, in part, with wildcards and with what is no letter


@st.composite
def mutated(draw, values):
    text = draw(st.sampled_from(values))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        change = draw(st.sampled_from(["cut", "?", "*", "drop", "swap", "odd"]))
        text = {
            "cut": text[:at] + "*",
            "?": text[:at] + "?" + text[at + 1 :],
            "*": text[:at] + "*" + text[at + 1 :],
            "drop": text[:at] + text[at + 1 :],
            "swap": text.swapcase() if text.isascii() else text,
            "odd": text[:at] + draw(st.sampled_from(["\\", "%", "_", "[", "^", "=", " "])) + text[at:],
        }[change]
    return text


def names():
    written = [
        "^".join((each["family_name"], each["given_name"], each.get("middle_name", ""))) for each in NAMES
    ]
    return mutated(
        [*written, *(each["family_name"] for each in NAMES), "muller*", "*jo*", "smith", "Yamada=山田^太郎"]
    )


def either(strategy, nothing):
    return st.one_of(st.just(nothing), st.just(nothing), st.just(nothing), strategy)


def days():
    return st.one_of(st.none(), st.sampled_from(DAYS))


def clocks():
    edges = [
        time(0),
        time(1, 10),
        time(1, 30),
        time(2),
        time(2, 30),
        time(3),
        time(8),
        time(23, 59, 59, 999999),
    ]
    return st.one_of(st.none(), st.sampled_from(edges))


def queries(rows):
    def seen(name):
        return sorted({getattr(row, name) for row in rows})

    def many(values):
        # Of several values none is empty: keys.py leaves such out.
        return st.lists(mutated(values).filter(bool), min_size=1, max_size=2).map(tuple)

    return st.builds(
        Keys,
        patient_name=either(names(), ""),
        patient_id=either(mutated(seen("mrn")), ""),
        issuer=either(mutated(["riverside", "RIVERSIDE"]), ""),
        born=either(
            st.builds(Days, *[st.sampled_from([None, date(1960, 5, 17), date(2001, 2, 28)])] * 2), Days()
        ),
        sex=either(st.sampled_from(["F", "m", "O", "X", "?", "*", "F*"]), ""),
        accession_number=either(mutated(seen("accession_number")), ""),
        procedure_id=either(mutated(seen("procedure_id")), ""),
        study_uids=either(st.lists(st.sampled_from([*seen("study_uid"), "1.2"]), max_size=3).map(tuple), ()),
        modalities=either(many(["NM", "DX", "CR", "MR"]), ()),
        stations=either(many(["CAM0", "CAM1", "VENT_A", "VENTXA"]), ()),
        starts=either(st.builds(Starts, days(), days(), clocks(), clocks(), st.booleans()), Starts()),
        performing_physician=either(mutated(["Ana Ruiz", "Ruiz^Ana", "okafor"]), ""),
        sps_id=either(mutated(seen("sps_id")), ""),
        statuses=either(many([*sorted(OPEN), "COMPLETED", "CANCELED", "?*"]), ()),
    )


def test_query_answers_what_a_slow_reading_of_the_standard_answers(site, rows):
    rooms = [None, None, *site.resources.filter(kind="room")]
    assert {row.status for row in rows} == OPEN | {"COMPLETED", "CANCELED"}
    sizes = set()

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(keys=queries(rows), room=st.sampled_from(rooms))
    def same(keys, room):
        found = worklist_items.matching(site, keys, now=NOW, room=room, most=1000)
        assert [item.sps_id for item in found] == [row.sps_id for row in rows if fits(row, keys, room)]
        sizes.add(len(found))

    same()
    assert len(sizes) > 3


def test_each_key_alone_answers_what_a_slow_reading_does(site, rows):
    """Together most keys fit nothing."""
    names = [each.name for each in fields(Keys)]

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(keys=queries(rows), name=st.sampled_from(names))
    def same(keys, name):
        alone = Keys(**{name: getattr(keys, name)})
        found = worklist_items.matching(site, alone, now=NOW, most=1000)
        assert [item.sps_id for item in found] == [row.sps_id for row in rows if fits(row, alone, None)]

    same()


def test_room_and_people_of_an_item_are_those_reserved(site, rows):
    by_id = {row.sps_id: row for row in rows}
    for item in worklist_items.matching(site, Keys(), now=NOW, most=1000):
        row = by_id[item.sps_id]
        assert site.resources.get(name=item.room).pk in row.rooms
        assert "prep_bay" not in site.resources.get(name=item.room).capabilities
        assert item.performing_name in row.people
