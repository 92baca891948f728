"""A site's local day as the re-plan takes it: who is booked, what may still move, and what is free.

The rules of each visit come from the question that a move of it would ask (recheck.question_of), so what the
plan says can be accepted is what a move allows. Nothing is written here.
"""

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from scheduling.engine import reserved
from scheduling.engine.calendars import day_number, local_day_bounds, to_datetime, to_minute
from scheduling.engine.intervals import clip, intersect, normal, subtract, union
from scheduling.engine.replan.day import Day, Visit, hits
from scheduling.engine.request import PATIENT, ResourceFree
from scheduling.engine.states import AppointmentState, StepState
from scheduling.examinations import is_here
from scheduling.models import (
    Appointment,
    CalendarVersion,
    Closure,
    Disruption,
    DisruptionKind,
    DoseClaim,
    Priority,
    Reservation,
    ResourceKind,
    StepKind,
)
from scheduling.services import calendars, day_doses, recheck

WEIGHTS = {Priority.STAT: 10, Priority.URGENT: 3, Priority.ROUTINE: 1}
STARTED_WEIGHT = 100
"""A dose has been given: whatever happens, the rest of this examination comes first."""
EARLIER_MOST_MINUTES = 30
"""Nobody is called earlier than promised by more than this, unless already here."""
NOTICE_MINUTES = 5
"""From the plan to the first thing that it moves: it has to be read and accepted."""
LATEST_DAYS = 4


@dataclass(frozen=True, slots=True)
class BrokenDay:
    """`engine`: the day; the id of a visit is the place of its appointment in `appointments`.

    `names`: of rooms and people; `dose_names`: of batches of tracers. `kinds`: the kind of step that a visit needs a
    resource for from a minute on: (visit, resource, minute). `fingerprint`: changes with
    whatever a plan of this day rests on.
    """

    day: date
    zone: ZoneInfo
    engine: Day
    appointments: tuple[Appointment, ...]
    names: dict[int, str]
    dose_names: dict[int, str]
    kinds: dict[tuple[int, int, int], str]
    fingerprint: str

    def steps_of(self, number):
        return {step.kind: step for step in self.appointments[number].steps.all()}


def of(site, day, *, now):
    """The BrokenDay of one local day. Queries grow with the number of appointments."""
    zone = ZoneInfo(site.time_zone)
    earliest = local_day_bounds(day, zone)[0]
    latest = local_day_bounds(day + timedelta(days=LATEST_DAYS), zone)[1]
    calendar = calendars.read(site.pk, earliest)
    appointments = _appointments(site, earliest, local_day_bounds(day, zone)[1])
    rows = _rows(calendar.resource_ids, appointments, earliest, latest)
    claims = day_doses.claims_of(appointments)
    known = _Known(day, zone, now, _late(site), _stranded(appointments), _by_step(rows), claims)
    visits = [known.visit(number, each) for number, each in enumerate(appointments)]
    visits = _left_alone(visits)
    engine = Day(
        resources=_resources(
            calendar, rows, appointments, earliest, latest, to_minute(now), _broken(site, earliest, latest)
        ),
        visits=tuple(visits),
        now=to_minute(now),
        latest=latest,
        clearance={each.id: each.clearance_minutes for each in calendar.bookables},
        day_of=day_number(zone),
        batches=known.batches.given_back(visits),
    )
    engine = _begun_but_hit(engine, appointments)
    return BrokenDay(
        day=day,
        zone=zone,
        engine=engine,
        appointments=tuple(appointments),
        names={each.id: each.name for each in calendar.bookables},
        dose_names=day_doses.names(engine.batches, zone),
        kinds=_kinds(appointments, rows),
        fingerprint=_fingerprint(calendar.version, appointments, known.late, known.stranded),
    )


def fingerprint(site, day, *, now):
    """The fingerprint of the day as it is now. Five queries."""
    zone = ZoneInfo(site.time_zone)
    earliest, latest = local_day_bounds(day, zone)
    appointments = _appointments(site, earliest, latest)
    version = CalendarVersion.objects.values_list("version", flat=True).get(pk=site.pk)
    return _fingerprint(version, appointments, _late(site), _stranded(appointments))


def with_details(appointments):
    """Appointments with all that a question about them reads."""
    return appointments.select_related(
        "site", "procedure__protocol", "procedure__order__patient__resource", "procedure__order__site"
    ).prefetch_related(
        "steps", "procedure__protocol__steps", "procedure__order__decisions", "procedure__order__answers"
    )


def _appointments(site, earliest, latest):
    live = Appointment.objects.live().filter(site=site).on(_at(earliest), _at(latest))
    return list(with_details(live).order_by("starts_at", "pk"))


def _at(minute):
    return to_datetime(minute)


@dataclass(frozen=True, slots=True)
class _Row:
    """One reservation."""

    step: int | None
    resource: int
    begins: int
    ends: int


def _rows(resource_ids, appointments, earliest, latest):
    """What is occupied on this day, and all that these appointments occupy, of rooms and people."""
    ours = [step.pk for each in appointments for step in each.steps.all()]
    rows = Reservation.objects.occupying().filter(end_minute__gt=earliest, start_minute__lt=latest)
    of_site = rows.filter(resource__in=resource_ids) | rows.filter(step__in=ours)
    of_site = of_site.exclude(resource__kind=ResourceKind.PATIENT)
    return [_Row(*row) for row in of_site.values_list("step", "resource", "start_minute", "end_minute")]


def _by_step(rows):
    found = defaultdict(list)
    for row in rows:
        found[row.step].append(row)
    return found


def _kinds(appointments, rows):
    steps = {
        step.pk: (number, step.kind) for number, each in enumerate(appointments) for step in each.steps.all()
    }
    return {
        (steps[row.step][0], row.resource, row.begins): steps[row.step][1]
        for row in rows
        if row.step in steps
    }


def _late(site):
    """When X-rays that are late are expected to end, by appointment."""
    rows = Disruption.objects.current().filter(site=site, kind=DisruptionKind.XRAY_LATE)
    return {row.appointment_id: to_minute(row.ends_at) for row in rows}


def _stranded(appointments):
    """Ids of steps whose dose has failed or comes too late, with no other to take."""
    steps = [step.pk for each in appointments for step in each.steps.all()]
    return frozenset(DoseClaim.objects.stranded().filter(step__in=steps).values_list("step", flat=True))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is the same for all the visits of a day."""

    day: date
    zone: ZoneInfo
    now: object
    late: dict
    stranded: frozenset
    rows: dict
    claims: dict
    batches: day_doses.Batches = field(default_factory=day_doses.Batches)

    def visit(self, number, appointment):
        order = appointment.procedure.order
        left = [step for step in appointment.steps.all() if _is_to_come(step)]
        question = self._question(appointment)
        planned = {step.kind: to_minute(step.planned_start_at) for step in left}
        steps = tuple(step for step in question.steps if step.key in planned)
        starts = {step.key: planned[step.key] for step in steps}
        claims = {step.kind: self.claims[step.pk] for step in left if step.pk in self.claims}
        self.batches.note(question.batches, claims)
        known_end = question.known_end
        if self._xray_runs(appointment):
            known_end = self.late.get(appointment.pk, known_end)
        return Visit(
            id=number,
            weight=STARTED_WEIGHT if has_begun(appointment) else WEIGHTS[order.priority],
            steps=self._with_late_xray(appointment, steps),
            starts=starts,
            occupied=tuple(
                (row.resource, row.begins, row.ends) for step in left for row in self.rows[step.pk]
            ),
            windows={step.key: self._window(appointment, step, starts[step.key]) for step in steps},
            patient=next(each for each in question.resources if PATIENT in each.capabilities),
            known_end=known_end,
            spoiled=self._spoiled(appointment, left, steps, starts, known_end),
            claims=claims,
            frozen=has_begun(appointment)
            or self._xray_runs(appointment)
            or not steps
            or {step.key for step in question.steps} != set(planned),
        )

    def _question(self, appointment):
        last = max(step.planned_start_at or self.now for step in appointment.steps.all())
        days = (last.astimezone(self.zone).date() - self.day).days + 1
        span = {"first_day": self.day, "days": min(max(days, 1), LATEST_DAYS)}
        return question_of(appointment, span, self.now)

    def _xray_runs(self, appointment):
        return any(
            step.kind == StepKind.XRAY and step.state == StepState.IN_PROGRESS
            for step in appointment.steps.all()
        )

    def _with_late_xray(self, appointment, steps):
        expected = self.late.get(appointment.pk)
        if expected is None:
            return steps
        latest = local_day_bounds(self.day + timedelta(days=LATEST_DAYS), self.zone)[1]
        return tuple(
            replace(
                step,
                allowed=intersect(
                    step.allowed or ((0, latest),), ((expected - step.acquisition_minutes, latest),)
                ),
            )
            if step.key == StepKind.XRAY
            else step
            for step in steps
        )

    def _window(self, appointment, step, start):
        """The starts that a step may get today; one of another day stays."""
        begins, ends = local_day_bounds(self.day, self.zone)
        if start >= ends:
            return ((start, start + 1),)
        soonest = (
            to_minute(self.now) + NOTICE_MINUTES + max([need.starts_before for need in step.needs] or [0])
        )
        if not is_here(appointment, self.now):
            soonest = max(soonest, start - EARLIER_MOST_MINUTES)
        soonest = max(soonest, begins)
        return ((soonest, ends),) if soonest < ends else ()

    def _spoiled(self, appointment, left, steps, starts, known_end):
        """Steps without their dose, and lungs that would begin too soon after the X-ray that was late."""
        without_dose = {step.kind for step in left if step.pk in self.stranded}
        first = steps[0] if steps else None
        shortest = appointment.site.xray_shortest // timedelta(minutes=1)
        too_soon = (
            first is not None
            and first.key != StepKind.XRAY
            and known_end is not None
            and first.lag_min > 0
            and not has_begun(appointment)
            and starts[first.key] - known_end < shortest
        )
        return frozenset(without_dose | ({first.key} if too_soon else set())) & set(starts)


def question_of(appointment, span, now):
    """What a move of this appointment asks; of a begun one, what is left after the acquisition that was last."""
    question = recheck.question_of(appointment, span, now)
    if not has_begun(appointment) or not question.steps:
        return question
    done = [step for step in appointment.steps.all() if step.kind != StepKind.XRAY and not _is_to_come(step)]
    ended = max((step.performed_end_at or step.planned_end_at or now for step in done), default=now)
    rows = {row.kind: row for row in appointment.procedure.protocol.steps.all()}
    first = question.steps[0]
    lag = rows[first.key].lag_min_minutes if first.key in rows else 0
    # The dose is given: late is better than not at all.
    first = replace(first, lag_min=lag, lag_max=None, same_day=False, same_room_as=None)
    return replace(question, steps=(first, *question.steps[1:]), known_end=to_minute(ended))


def has_begun(appointment):
    """Whether a lung acquisition has begun: what is left is then only given other rooms, people or times."""
    return appointment.state == AppointmentState.IN_PROGRESS


def _is_to_come(step):
    return step.state == StepState.SCHEDULED and step.planned_start_at is not None


def _left_alone(visits):
    """Visits whose time is taken twice already (overbooked) stay as they are, unless something of them is gone."""
    twice = set()
    spans = defaultdict(list)
    for visit in visits:
        for who, begins, ends in visit.occupied:
            spans[who].append((begins, ends, visit.id))
    for rows in spans.values():
        for one, other in combinations(sorted(rows), 2):
            if one[1] > other[0] and one[2] != other[2]:
                twice |= {one[2], other[2]}
    return [replace(visit, frozen=visit.frozen or visit.id in twice) for visit in visits]


def _begun_but_hit(engine, appointments):
    """Who has had a dose is left alone, unless the room or the person for the rest is gone."""
    hit = {each.visit for each in hits(engine)}
    visits = tuple(
        replace(visit, frozen=False)
        if visit.id in hit and has_begun(appointments[visit.id]) and visit.steps
        else visit
        for visit in engine.visits
    )
    return replace(engine, visits=visits)


def _broken(site, earliest, latest):
    """{resource: minutes} of what is reported broken; an ordinary closure leaves who is booked in it."""
    spans = defaultdict(list)
    rows = Closure.objects.filter(
        site=site, disruptions__isnull=False, span__overlap=(to_datetime(earliest), to_datetime(latest))
    )
    for resource, begins, ends in rows.values_list("resource", "span__startswith", "span__endswith"):
        spans[resource].append((to_minute(begins), to_minute(ends + timedelta(seconds=59))))
    return spans


def _resources(calendar, rows, appointments, earliest, latest, now, broken):
    """Rooms and people with what is free apart from the visits; hours kept for urgent patients count as taken.

    What is booked counts as free for who is booked, at night or in an ordinary closure too, unless it is broken.
    """
    ours = {step.pk for each in appointments for step in each.steps.all() if _is_to_come(step)}
    taken, booked = defaultdict(list), defaultdict(list)
    for row in rows:
        (booked if row.step in ours else taken)[row.resource].append((row.begins, row.ends))
    found = []
    for each, there in zip(calendar.bookables, calendar.open_in(earliest, latest), strict=True):
        own = normal(booked[each.id])
        kept = reserved.kept(each.reserved, calendar.zone, earliest, latest, now)
        away = normal([*taken[each.id], *subtract(kept, own)])
        stays = subtract(own, normal([*broken[each.id], *broken[None]]))
        free = subtract(union(clip(there, earliest, latest), stays), away)
        found.append(ResourceFree(each.id, each.name, each.capabilities, free))
    return tuple(found)


def _fingerprint(version, appointments, late, stranded):
    """Who is still to come at which revision, closures (the calendar's version), doses that failed, late X-rays."""
    facts = {
        "calendar": str(version),
        "to come": [(str(each.pk), each.revision) for each in appointments if not has_begun(each)],
        "stranded": sorted(stranded),
        "late": sorted((str(key), value) for key, value in late.items()),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
