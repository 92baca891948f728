"""Reads for the lists: page, API and later DICOM share them. Nothing is written here.

Every function takes a fixed number of queries, however many rows it returns.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, Max, OuterRef, Prefetch, Subquery

from scheduling.engine import gates, window
from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.screening import Effect, Stage
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, StepState
from scheduling.engine.window import Verdict
from scheduling.examinations import examination, expected_at
from scheduling.models import (
    Appointment,
    Capability,
    Decision,
    DoseClaim,
    Reservation,
    ResourceKind,
    ScheduledProcedureStep,
    ScreeningAnswer,
    StepKind,
)

ORDER = "appointment__procedure__order"
# What a row shows and can change; the first three are the times that version() also compares with now.
SHOWN = (
    "state",
    "planned_start_at",
    "performed_end_at",
    "pk",
    "performed_start_at",
    "elsewhere",
    "appointment__state",
    "appointment__revision",
    "appointment__dose_cleared_at",
    "answered_at",
    "decided_at",
    "reserved",
    "stranded",
    f"{ORDER}__priority",
    f"{ORDER}__ward",
    f"{ORDER}__patient__mrn",
    f"{ORDER}__patient__family_name",
    f"{ORDER}__patient__given_name",
)
LATE = timedelta(minutes=10)  # a row that is later than this is a problem
CLOSING = timedelta(hours=1)  # an X-ray window with less than this left is a problem


@dataclass(frozen=True, slots=True)
class Action:
    """The next legal step of an examination. `refusal` is the sentence why it cannot be done now, or None."""

    name: str
    label: str
    step: ScheduledProcedureStep | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One examination of the day. `window_minutes`: minutes left in the X-ray window, negative when it is over.

    `blockers` are those of the stages that still lie ahead. `verdict`: the X-ray window judged for a start now,
    None when a physician has overridden it or when it binds no longer.
    """

    appointment: Appointment
    steps: tuple[ScheduledProcedureStep, ...]
    action: Action | None
    blockers: tuple[Effect, ...]
    window_minutes: int | None
    late_minutes: int
    vetted: bool = True
    verdict: Verdict | None = None

    @property
    def order(self):
        return self.appointment.procedure.order

    @property
    def patient(self):
        return self.order.patient


def today(site, now):
    return now.astimezone(ZoneInfo(site.time_zone)).date()


def examinations():
    """Appointments with everything that a row or the gates look at: seven queries in all."""
    # Each room and person is read once, not once per reservation; the patients' own are of no use here.
    reservations = (
        Reservation.objects.filter(status__in=["booked", "overbooked"])
        .exclude(resource__kind=ResourceKind.PATIENT)
        .prefetch_related("resource")
    )
    stranded = DoseClaim.objects.stranded().filter(step=OuterRef("pk"))
    steps = (
        ScheduledProcedureStep.objects.select_related("performed_by")
        .annotate(lacks_dose=Exists(stranded))
        .prefetch_related(Prefetch("reservations", reservations))
    )
    return Appointment.objects.select_related(
        "site", "procedure__protocol", "procedure__order__patient", "procedure__order__referrer"
    ).prefetch_related(
        Prefetch("steps", steps),
        "procedure__order__answers",
        Prefetch("procedure__order__decisions", Decision.objects.select_related("physician")),
    )


def day(site, on, *, by, now):
    """The rows of one local day, in the order of the planned lung acquisition; cancelled ones are left out.

    One whose X-ray alone is on this day stands at the time of its X-ray.
    """
    starts, ends = day_bounds(site, on)
    found = (
        examinations()
        .for_user(by)
        .filter(site=site)
        .on(starts, ends)
        .exclude(state=AppointmentState.CANCELLED)
        .order_by("lungs_start_at", "pk")
    )

    def place(appointment):
        lungs = appointment.lungs_start_at
        return lungs if starts <= lungs < ends else appointment.starts_at

    return [row(appointment, now) for appointment in sorted(found, key=place)]


def day_bounds(site, on: date):
    """A local day of the site as two instants, the second excluded."""
    return tuple(to_datetime(minute) for minute in local_day_bounds(on, ZoneInfo(site.time_zone)))


def version(site, on, now=None):
    """A short text that changes whenever a row of this day would: one query, no patient data to be read from it.

    With `now` it changes also when a time passes that a row shows otherwise afterwards: a planned start, and
    the opening, the last hour and the end of an X-ray window.
    """
    starts, ends = day_bounds(site, on)
    rows = (
        ScheduledProcedureStep.objects.filter(
            appointment__site=site, appointment__starts_at__lt=ends, appointment__ends_at__gt=starts
        )
        .order_by("pk")
        .annotate(
            answered_at=_newest(ScreeningAnswer, "order", ORDER, "answered_at"),
            decided_at=_newest(Decision, "order", ORDER, "decided_at"),
            # Another technologist or room is another row.
            reserved=_newest(Reservation, "step", "pk", "pk", status__in=["booked", "overbooked"]),
            stranded=_newest(DoseClaim, "step", "pk", "pk", status="stranded"),
        )
        .values_list(*SHOWN)
    )
    shown = [(*values, _passed(site, *values[:3], now) if now else None) for values in rows]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def _newest(model, link, outer, field, **which):
    """The greatest `field` of the rows that belong to the outer row, one value whatever their number."""
    rows = model.objects.filter(**{link: OuterRef(outer)}, **which).order_by()
    return Subquery(rows.values(link).annotate(newest=Max(field)).values("newest"))


def _passed(site, state, planned_start_at, performed_end_at, now):
    """Which of the times that change a row have passed."""
    limits = []
    if state == StepState.SCHEDULED and planned_start_at:
        limits += [planned_start_at + timedelta(minutes=1), planned_start_at + LATE]
    if performed_end_at:
        ends = performed_end_at + site.xray_longest
        limits += [performed_end_at + site.xray_shortest, ends - CLOSING, ends]
    return sum(now > limit for limit in limits)


def row(appointment, now):
    """One examination as the worklist shows it; the appointment comes from `examinations()`."""
    facts = examination(appointment, now)
    steps = tuple(appointment.steps.all())
    ahead = stages_ahead(appointment, steps)
    return Row(
        appointment=appointment,
        steps=steps,
        action=next_action(appointment, steps, facts),
        blockers=tuple({e.rule_id: e for stage in ahead for e in facts.blockers[stage]}.values()),
        window_minutes=window_left(appointment, steps, now),
        late_minutes=late(appointment, steps, now),
        vetted=facts.vetted,
        verdict=None if _lungs_begun(steps) else facts.verdict,
    )


def stages_ahead(appointment, steps):
    """The stages that this examination has not passed yet; none once it is over."""
    if appointment.state not in LIVE_APPOINTMENT:
        return []
    waiting = {step.kind for step in steps if step.state == StepState.SCHEDULED}
    cleared = appointment.dose_cleared_at is not None
    ahead = {
        Stage.XRAY: StepKind.XRAY in waiting and not cleared,
        Stage.DOSE: not cleared,
        Stage.START: bool(waiting - {StepKind.XRAY}),
    }
    return [stage for stage, is_ahead in ahead.items() if is_ahead]


def _lungs_begun(steps):
    return any(step.performed_start_at for step in steps if step.kind != StepKind.XRAY)


def rule_behind(refusal, appointment, now):
    """The id of the rule that a physician may override to lift this refusal, or None."""
    facts = examination(appointment, now)
    if facts.verdict is not None and facts.verdict.sentence == refusal:
        return facts.verdict.rule
    effects = (effect for stage in Stage for effect in facts.blockers[stage])
    return next((e.rule_id for e in effects if e.sentence == refusal and e.override), None)


def next_action(appointment, steps, facts):
    """The one button of a row: the next thing in the protocol's order, with the reason if it has to wait."""
    if appointment.state in (AppointmentState.BOOKED, AppointmentState.ARRIVED) and not facts.checked_in:
        return Action("check-in", "Check in", refusal=gates.why_not_check_in(facts))
    if appointment.state not in (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS):
        return None
    running = next((step for step in steps if step.state == StepState.IN_PROGRESS), None)
    if running:
        return Action("end", f"End {_noun(running)}", running, gates.why_not_end(facts, running.kind))
    xray = next((step for step in steps if step.kind == StepKind.XRAY), None)
    waived = facts.verdict is None
    if xray and xray.state == StepState.SCHEDULED and not waived and not facts.dose_cleared:
        # Recording it stays possible in the menu: what happened is always recordable.
        return Action("xray", "Confirm X-ray", xray, gates.why_not_start_xray(facts))
    if not facts.dose_cleared:
        return Action("clear-dose", "Clear dose", refusal=gates.why_not_clear_dose(facts))
    waiting = (step for step in steps if step.kind != StepKind.XRAY and step.state == StepState.SCHEDULED)
    upcoming = next(waiting, None)
    if upcoming is None:
        return None
    return Action("start", f"Start {_noun(upcoming)}", upcoming, gates.why_not_start(facts, upcoming.kind))


def _noun(step):
    return "X-ray" if step.kind == StepKind.XRAY else step.get_kind_display().lower()


def window_left(appointment, steps, now):
    """Minutes until the performed X-ray is too old, from its end until the first lung acquisition begins."""
    if _lungs_begun(steps) or appointment.state not in LIVE_APPOINTMENT:
        return None
    xray = next((step for step in steps if step.kind == StepKind.XRAY), None)
    if xray is None or xray.performed_end_at is None:
        return None
    return window.minutes_left(
        xray_ended_at=xray.performed_end_at, now=now, longest=appointment.site.xray_longest
    )


def late(appointment, steps, now):
    """Minutes by which the next thing is late, or the running one started late; 0 when in time or over."""
    if appointment.state not in LIVE_APPOINTMENT:
        return 0
    if appointment.state == AppointmentState.BOOKED:
        expected, happened = expected_at(appointment), now
    else:
        # After the dose nobody waits for an X-ray any more: a physician has let it go.
        cleared = appointment.dose_cleared_at is not None
        expected, happened = _next_or_running(
            [s for s in steps if not cleared or s.kind != StepKind.XRAY], now
        )
    return max(0, (happened - expected) // timedelta(minutes=1)) if expected else 0


def _next_or_running(steps, now) -> tuple[datetime | None, datetime]:
    for step in steps:
        if step.state == StepState.IN_PROGRESS:
            return step.planned_start_at, step.performed_start_at
        if step.state == StepState.SCHEDULED:
            return step.planned_start_at, now
    return None, now


def room_of(step):
    """The room that a step happens in, or None; the step comes from `examinations()`."""
    # A preparation bay is booked for the step too, and is not where it happens.
    return min(rooms_of(step), key=lambda room: Capability.PREP_BAY in room.capabilities, default=None)


def rooms_of(step):
    """Every room that a step has booked, its preparation bay included."""
    return [r.resource for r in step.reservations.all() if r.resource.kind == ResourceKind.ROOM]


def technologist_of(step):
    held = (r.resource for r in step.reservations.all() if r.resource.kind == ResourceKind.TECHNOLOGIST)
    return next(held, None)
