"""Reads for the board: the rooms and people of some local days with all that takes their time. Nothing is written.

Plain values, whole minutes UTC (scheduling/engine/calendars.py), and a fixed number of queries whatever the days hold.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F

from scheduling.engine import reserved
from scheduling.engine.calendars import local_day_bounds, to_datetime, to_minute
from scheduling.engine.intervals import Intervals, clip, normal, subtract
from scheduling.engine.states import LIVE_APPOINTMENT, OPEN_REPLAN, AppointmentState, StepState
from scheduling.models import (
    CalendarVersion,
    Closure,
    Hold,
    ReplanChange,
    Reservation,
    Resource,
    ResourceKind,
    ScheduledProcedureStep,
    StepKind,
    TracerBatch,
)
from scheduling.models.appointments import LONGEST_MINUTES, EpochMinute
from scheduling.services import calendars
from scheduling.services.tracers import stock
from vqflow.statements import selected

DAYS_OF_WEEK = 7
SHORTEST_GAP_MINUTES = 15  # a free stretch that is shorter is nobody's
SEEN_BY_CLOCK_MINUTES = 5
MOVABLE = (AppointmentState.BOOKED, AppointmentState.ARRIVED)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a visit. Minutes; None where there is none. `late`: minutes behind the plan, to its start or end."""

    id: int
    kind: str
    state: str
    start: int | None
    end: int | None
    performed_start: int | None
    performed_end: int | None
    elsewhere: str
    simultaneous: bool
    late: int = 0
    rooms: tuple[str, ...] = ()
    people: tuple[str, ...] = ()

    @property
    def is_over_time(self):
        """It runs longer than planned; otherwise what is late is its start."""
        return self.state == StepState.IN_PROGRESS and self.late > 0


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment with its steps in order. `hit`: (disruption, sentences) where an open plan would change it."""

    id: UUID
    state: str
    revision: int
    order: int
    patient: int
    priority: str
    protocol: str
    family_name: str
    given_name: str
    mrn: str
    steps: tuple[Step, ...]
    hit: tuple[int, tuple[str, ...]] | None = None

    @property
    def is_movable(self):
        return self.state in MOVABLE and all(step.state != StepState.IN_PROGRESS for step in self.steps)

    @property
    def late(self):
        return max((step.late for step in self.steps), default=0)


@dataclass(frozen=True, slots=True)
class Held:
    """A time that is kept for somebody, and is not booked."""

    token: UUID
    held_by: str
    is_offer: bool
    until: int
    patient: int
    family_name: str
    given_name: str


@dataclass(frozen=True, slots=True)
class Block:
    """Time that is taken of one room or person. `scan`: the part of it that is the acquisition, None for a bay.

    Of a booked one `visit` and `step` say whose it is, of a held one `held`. `is_closed`: taken while it is closed.
    """

    id: int
    start: int
    end: int
    scan: tuple[int, int] | None
    status: str
    visit: Visit | None
    step: Step | None
    held: Held | None
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """A closure. `disruption`: the report that it belongs to, or None."""

    start: int
    end: int
    reason: str
    disruption: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One room or person. `there`: when it can be booked by anybody; `on_call`: for emergencies, beyond that.

    `kept`: for urgent patients still. `gaps`: free stretches of a room that are still to come.
    """

    id: int
    name: str
    is_room: bool
    is_camera: bool
    there: Intervals
    on_call: Intervals
    kept: Intervals
    closures: tuple[Closed, ...]
    blocks: tuple[Block, ...]
    gaps: Intervals


@dataclass(frozen=True, slots=True)
class Batch:
    """A preparation, vial, generator or unit dose, from when to when doses can be given."""

    id: int
    name: str
    state: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Board:
    """Some days of one site. `days`: their bounds in minutes. `visits`: those on the days, by time."""

    zone: ZoneInfo
    days: tuple[tuple[date, int, int], ...]
    rows: tuple[Row, ...]
    visits: tuple[Visit, ...]
    batches: tuple[Batch, ...]
    held: tuple[Held, ...] = field(default=())

    @property
    def patients(self):
        return {each.patient for each in (*self.visits, *self.held)}


def of_week(day):
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def board(site, first_day, days, *, now):
    """The Board of `days` local days of a site from `first_day` on."""
    zone, minute = ZoneInfo(site.time_zone), to_minute(now)
    shown = tuple(
        (day, *local_day_bounds(day, zone)) for day in (first_day + timedelta(days=n) for n in range(days))
    )
    low, high = shown[0][1], shown[-1][2]
    held = _holds(site, now)
    rows = _reserved_rows(site, low, high, minute)
    visits = _visits(site, low, high, minute, rows)
    steps = {step.id: (visit, step) for visit in visits.values() for step in visit.steps}
    return Board(
        zone=zone,
        days=shown,
        rows=tuple(_rows(site, rows, steps, held, (low, high), minute)),
        visits=tuple(sorted(visits.values(), key=lambda visit: (_begins(visit, low), str(visit.id)))),
        batches=tuple(_batches(site, low, high)),
        held=tuple(held.values()),
    )


def version(site, first_day, days, *, now):
    """A short text that changes whenever the Board of these days would: one query, nothing of a patient to read in it.

    What changes by the clock alone, such as how late somebody is, is seen every five minutes.
    """
    zone, minute = ZoneInfo(site.time_zone), to_minute(now)
    low = local_day_bounds(first_day, zone)[0]
    high = local_day_bounds(first_day + timedelta(days=days - 1), zone)[1]
    known = {"site": site.pk, "low": low, "high": high, "longest": LONGEST_MINUTES, "now": now}
    known["open"] = [str(state) for state in OPEN_REPLAN]
    [(digest,)] = selected(_VERSION, known)
    return f"{digest[:16]}-{minute // SEEN_BY_CLOCK_MINUTES}"


_VERSION = """SELECT md5(concat_ws('|',
    (SELECT version FROM scheduling_calendarversion WHERE site_id = %(site)s),
    (SELECT string_agg(concat_ws(' ', r.id, r.status, r.expires_at), ',' ORDER BY r.id)
        FROM scheduling_reservation r JOIN scheduling_resource w ON w.id = r.resource_id
        WHERE w.site_id = %(site)s AND w.kind <> 'patient' AND r.status IN ('held', 'booked', 'overbooked')
            AND r.end_minute > %(low)s AND r.end_minute <= %(high)s + %(longest)s AND r.start_minute < %(high)s
            AND (r.status <> 'held' OR r.expires_at > %(now)s)),
    (SELECT string_agg(concat_ws(' ', s.id, s.state, s.planned_start_at, s.planned_end_at, s.performed_start_at,
            s.performed_end_at, s.elsewhere, a.state, a.revision, a.dose_cleared_at, o.priority,
            p.mrn, p.family_name, p.given_name), ',' ORDER BY s.id)
        FROM scheduling_scheduledprocedurestep s JOIN scheduling_appointment a ON a.id = s.appointment_id
        JOIN scheduling_requestedprocedure q ON q.id = a.procedure_id
        JOIN scheduling_order o ON o.id = q.order_id JOIN scheduling_patient p ON p.id = o.patient_id
        WHERE a.site_id = %(site)s AND a.starts_at < to_timestamp(%(high)s * 60.0)
            AND a.ends_at > to_timestamp(%(low)s * 60.0)),
    (SELECT string_agg(concat_ws(' ', b.id, b.state, b.usable_from, b.expires_at), ',' ORDER BY b.id)
        FROM scheduling_tracerbatch b WHERE b.site_id = %(site)s
            AND b.expires_at >= to_timestamp(%(low)s * 60.0) AND b.usable_from < to_timestamp(%(high)s * 60.0)),
    (SELECT string_agg(c.id::text, ',' ORDER BY c.id)
        FROM scheduling_replanchange c JOIN scheduling_replan n ON n.id = c.replan_id
        JOIN scheduling_disruption d ON d.id = n.disruption_id
        WHERE d.site_id = %(site)s AND d.closed_at IS NULL AND n.state = ANY(%(open)s))
))"""


def _begins(visit, low):
    """When a visit begins on these days: its X-ray may lie on an earlier one."""
    starts = [_shown_at(step) for step in visit.steps]
    return min((at for at in starts if at is not None and at >= low), default=0)


def _shown_at(step):
    return step.start if step.start is not None else step.performed_start or step.performed_end


def _reserved_rows(site, low, high, now):
    """What takes time: (resource, its name and kind, id, from, to, status, step, token), by resource and time."""
    found = (
        Reservation.objects.occupying()
        .filter(resource__site=site, end_minute__gt=low, start_minute__lt=high)
        # So the scan of the index ends soon after the last day.
        .filter(end_minute__lte=high + LONGEST_MINUTES)
        .exclude(resource__kind=ResourceKind.PATIENT)
        .exclude(status=Reservation.Status.HELD, expires_at__lte=to_datetime(now))
        .order_by("resource", "start_minute", "pk")
    )
    fields = ("resource_id", "resource__name", "resource__kind", "pk", "start_minute", "end_minute")
    return list(found.values_list(*fields, "status", "step_id", "token"))


STEP_FIELDS = (
    *("pk", "kind", "state", "planned_start_at", "planned_end_at", "performed_start_at", "performed_end_at"),
    *("elsewhere", "simultaneous"),
)
VISIT_FIELDS = (
    *("appointment_id", "appointment__state", "appointment__revision", "appointment__dose_cleared_at"),
    *("appointment__procedure__order_id", "appointment__procedure__order__patient_id"),
    *("appointment__procedure__order__priority", "appointment__procedure__protocol__name"),
    *(
        "appointment__procedure__order__patient__family_name",
        "appointment__procedure__order__patient__given_name",
    ),
    "appointment__procedure__order__patient__mrn",
)


def _visits(site, low, high, now, reserved_rows):
    """{appointment: Visit} of those on these days; cancelled ones are left out."""
    names = _names(reserved_rows)
    hits = _hits(site)
    found = (
        ScheduledProcedureStep.objects.filter(
            appointment__site=site,
            appointment__starts_at__lt=to_datetime(high),
            appointment__ends_at__gt=to_datetime(low),
        )
        .exclude(appointment__state=AppointmentState.CANCELLED)
        .order_by("appointment_id", "ordinal")
    )
    steps, visits = defaultdict(list), {}
    for values in found.values_list(*VISIT_FIELDS, *STEP_FIELDS):
        pk, state, revision, cleared_at, *about = values[: len(VISIT_FIELDS)]
        order, patient, priority, protocol, family_name, given_name, mrn = about
        steps[pk].append(_step(values[len(VISIT_FIELDS) :], state, cleared_at, names, now))
        visits[pk] = (pk, state, revision, order, patient, priority, protocol, family_name, given_name, mrn)
    return {pk: Visit(*values, tuple(steps[pk]), hits.get(pk)) for pk, values in visits.items()}


def _names(reserved_rows):
    """{step: (names of its rooms, of its people)}"""
    names = defaultdict(lambda: ([], []))
    for _, name, kind, _, _, _, _, step, _ in reserved_rows:
        if step is not None:
            names[step][kind != ResourceKind.ROOM].append(name)
    return names


def _step(values, visit_state, cleared_at, names, now):
    pk, kind, state, *moments, elsewhere, simultaneous = values
    start, end, performed_start, performed_end = (at and _minute(at) for at in moments)
    # After the dose nobody waits for an X-ray any more: a physician has let it go.
    waits = visit_state in LIVE_APPOINTMENT and not (cleared_at and kind == StepKind.XRAY)
    rooms, people = names.get(pk, ((), ()))
    return Step(
        pk, kind, state, start, end, performed_start, performed_end, elsewhere, simultaneous,
        _late(state, start, end, now) if waits else 0, tuple(rooms), tuple(people),
    )  # fmt: skip


_EPOCH = to_datetime(0)


def _minute(moment: datetime):
    return (moment - _EPOCH) // timedelta(minutes=1)


def _late(state, start, end, now):
    if state == StepState.SCHEDULED and start is not None:
        return max(0, now - start)
    if state == StepState.IN_PROGRESS and end is not None:
        return max(0, now - end)
    return 0


def _hits(site):
    """{appointment: (disruption, sentences)} of what the open plans of current disruptions would change."""
    found = ReplanChange.objects.filter(
        replan__disruption__site=site, replan__disruption__closed_at=None, replan__state__in=OPEN_REPLAN
    ).order_by("replan_id")
    fields = ("appointment_id", "replan__disruption_id", "effects")
    return {pk: (broken, tuple(effects)) for pk, broken, effects in found.values_list(*fields)}


HOLD_FIELDS = (
    *("pk", "held_by__first_name", "held_by__last_name", "held_by__username", "is_offer", "expires_at"),
    *("order__patient_id", "order__patient__family_name", "order__patient__given_name"),
)


def _holds(site, now):
    """{token: Held} of what is held now at this site."""
    found = Hold.objects.live().filter(order__site=site, expires_at__gt=now)
    return {row[0]: _held(*row) for row in found.values_list(*HOLD_FIELDS)}


def _held(token, first_name, last_name, username, is_offer, expires_at, *patient):
    held_by = f"{first_name} {last_name}".strip() or username
    return Held(token, held_by, is_offer, to_minute(expires_at), *patient)


def _rows(site, reserved_rows, steps, held, span, now):
    """The active rooms and people, rooms first, and any other that is taken on these days."""
    calendar, taken = _calendar(site, span[0]), defaultdict(list)
    known = {each.id: (at, each) for at, each in enumerate(calendar.bookables)}
    there, on_call = calendar.open_in(*span), calendar.open_in(*span, on_call=True)
    closures = _closures(site, *span)
    for row in reserved_rows:
        taken[row[0]].append(row)
    for pk, name, kind, _, able in _resources(site, taken):
        at, bookable = known.get(pk, (None, None))
        open_for_all = clip(there[at], *span) if bookable else ()
        closed = (*closures[pk], *closures[None])
        blocks = tuple(_block(row, steps, held, closed) for row in taken[pk])
        kept = clip(reserved.kept(bookable.reserved, calendar.zone, *span, now), *span) if bookable else ()
        yield Row(
            id=pk,
            name=name,
            is_room=kind == ResourceKind.ROOM,
            is_camera=any(each.startswith("gamma_camera") for each in able),
            there=open_for_all,
            on_call=subtract(clip(on_call[at], *span), open_for_all) if bookable else (),
            kept=kept,
            closures=closed,
            blocks=blocks,
            gaps=_gaps(open_for_all, blocks, now) if kind == ResourceKind.ROOM else (),
        )


def _resources(site, taken):
    rows = Resource.objects.filter(site=site).exclude(kind=ResourceKind.PATIENT)
    rows = rows.values_list("pk", "name", "kind", "is_active", "capabilities")
    shown = [row for row in rows if row[3] or row[0] in taken]
    return sorted(shown, key=lambda row: (row[2] != ResourceKind.ROOM, _place(row), row[1]))


PATIENTS_WAY = ("xray", "prep_bay", "ventilation")


def _place(row):
    """Rooms in the order in which a patient comes to them, cameras last; people by name."""
    return next((at for at, able in enumerate(PATIENTS_WAY) if able in row[4]), len(PATIENTS_WAY))


def _calendar(site, low):
    """The calendar of now: what this process keeps may be older."""
    found = calendars.at_hand(site.pk, low)
    version = CalendarVersion.objects.filter(pk=site.pk).values_list("version", flat=True).first()
    return found if found.version == version else calendars.read(site.pk, low)


def _closures(site, low, high):
    """{resource, None for all: its closures}"""
    found = defaultdict(list)
    rows = (
        Closure.objects.filter(site=site, span__overlap=(to_datetime(low), to_datetime(high)))
        .annotate(
            starts=EpochMinute("lower", "floor"), ends=EpochMinute("upper", "ceil"), broken=F("disruptions")
        )
        .order_by("starts", "pk")
    )
    for resource, start, end, reason, broken in rows.values_list(
        "resource_id", "starts", "ends", "reason", "broken"
    ):
        found[resource].append(Closed(max(start, low), min(end, high), reason, broken))
    return found


def _block(row, steps, held, closed):
    _, _, _, pk, start, end, status, step_id, token = row
    visit, step = steps.get(step_id, (None, None))
    return Block(
        id=pk,
        start=start,
        end=end,
        scan=_scan(step, start, end),
        status=str(status),
        visit=visit,
        step=step,
        held=held.get(token) if status == Reservation.Status.HELD else None,
        is_closed=_waits(step) and any(each.start < end and each.end > start for each in closed),
    )


def _waits(step):
    return step is not None and step.state == StepState.SCHEDULED


def _scan(step, start, end):
    """The part of what is taken in which pictures are made; a bay is left before they begin."""
    if step is None or step.start is None:
        return None
    low, high = max(start, step.start), min(end, step.end)
    return (low, high) if low < high else None


def _gaps(there, blocks, now):
    free = subtract(there, normal([(block.start, block.end) for block in blocks]))
    ahead = ((max(start, now + 1), end) for start, end in free)
    return tuple((start, end) for start, end in ahead if end - start >= SHORTEST_GAP_MINUTES)


def _batches(site, low, high):
    rows = TracerBatch.objects.filter(site=site).within(to_datetime(low), to_datetime(high))
    for row in rows.order_by("product", "usable_from", "pk"):
        row.site = site
        yield Batch(
            row.pk, stock.name_of(row), row.state, to_minute(row.usable_from), to_minute(row.expires_at)
        )
