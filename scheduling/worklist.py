"""Reads for the lists: page, API and later DICOM share them. Nothing is written here.

Every function takes a fixed number of queries, however many rows it returns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models.expressions import RawSQL

from scheduling import kept_examinations, list_version, namesakes
from scheduling.engine import gas, window
from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.quality import NONE_REFUSED
from scheduling.engine.screening import Effect, Stage
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, StepState
from scheduling.engine.window import Verdict
from scheduling.examinations import examination, expected_at
from scheduling.list_version import version
from scheduling.models import (
    Appointment,
    Capability,
    DoseClaim,
    ResourceKind,
    ScheduledProcedureStep,
    StepKind,
)
from scheduling.models.querysets import rows_of
from scheduling.next_steps import Action, next_action
from scheduling.related_rows import ExaminationQuerySet, attach
from scheduling.services import projections, quality
from scheduling.services.working import GONE_AFTER
from vqflow.statements import Compiled

__all__ = ["Action", "Row", "day", "day_bounds", "examinations", "row", "today", "version"]

LATE = timedelta(minutes=10)  # a row that is later than this is a problem
CLOSING = timedelta(hours=1)  # an X-ray window with less than this left is a problem
GONE = AppointmentState.CANCELLED.value
PEOPLE = ("site", "procedure__protocol", "procedure__order__patient", "procedure__order__referrer")


@dataclass(frozen=True, slots=True)
class Row:
    """One examination of the day. `window_minutes`: minutes left in the X-ray window, negative when it is over.

    `blockers` are those of the stages that still lie ahead. `verdict`: the X-ray window judged for a start now,
    None when a physician has overridden it or when it binds no longer. `refused`: kind of step to the sentence
    why its room or kit cannot be used. `expected_at`: when its next step is likely to begin, or began;
    `expected`: {step id: (begin, end)} likewise; `warnings`: what will not work out today (services/projections).
    `name_alert`: a sentence where another patient of the day has a name like this one (namesakes.py).
    """

    appointment: Appointment
    steps: tuple[ScheduledProcedureStep, ...]
    action: Action | None
    blockers: tuple[Effect, ...]
    window_minutes: int | None
    late_minutes: int
    vetted: bool = True
    verdict: Verdict | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    gas: Mapping[str, str] = field(default_factory=dict)
    expected_at: datetime | None = None
    expected: Mapping[int, tuple[datetime | None, datetime | None]] = field(default_factory=dict)
    warnings: tuple = ()
    name_alert: str = ""

    @property
    def order(self):
        return self.appointment.procedure.order

    @property
    def problems(self):
        """Those that somebody has reported and nobody has closed, the oldest first."""
        return [each for each in rows_of(self.appointment, "problems") if each.closed_at is None]

    @property
    def patient(self):
        return self.order.patient


def today(site, now):
    return now.astimezone(ZoneInfo(site.time_zone)).date()


def examinations():
    """Appointments with everything that a row or the gates look at: two queries in all (related_rows.py)."""
    return ExaminationQuerySet(Appointment).select_related(*PEOPLE)


# Of what is named, like `examinations()`; the ORM would take longer to write this than PostgreSQL to answer it.
_NAMED = Compiled(
    lambda code, keys, gone: (
        Appointment.objects.filter(
            site__code=code, pk__in=RawSQL("SELECT unnest((SELECT %s::uuid[]))", [keys])
        )
        .exclude(state=gone)
        .select_related(*PEOPLE)
    ),
    code="a site",
    keys="{}",
    gone="a state",
)


def day(site, on, *, by, now, seen=None):
    """The rows of one local day, in the order of the planned lung acquisition; cancelled ones are left out.

    One whose X-ray alone is on this day stands at the time of its X-ray. On the list of today stands also who was
    planned before and is still here, until that is over. `seen`: what list_version has just said of this day, where
    the caller has asked already. Whoever holds rows changes nothing in them: they are kept.
    """
    if site.code != by.site_code:
        return []
    starts, ends = day_bounds(site, on)

    def place(appointment):
        lungs = appointment.lungs_start_at
        return (lungs if starts <= lungs < ends else appointment.starts_at), lungs, appointment.pk

    stamps = (seen or list_version.seen(site, on, now)).stamps
    appointments = sorted(kept_examinations.of(stamps, lambda keys: _read(site, keys)), key=place)
    if not appointments:
        return []
    checks, likely = quality.refusals(site, on, now), _likely(site, on, now)
    alike = namesakes.among(each.procedure.order.patient for each in appointments)
    return [
        row(
            each,
            now,
            checks=checks,
            likely=likely.get(each.pk),
            name_alert=alike.get(each.procedure.order.patient_id, ""),
        )
        for each in appointments
    ]


def _read(site, keys):
    found = _NAMED.all(code=site.code, keys=f"{{{','.join(map(str, keys))}}}", gone=GONE)
    attach(found)
    return found


def _likely(site, on, now):
    """What today's progress makes of the times of today; of other days the plan is all there is."""
    return projections.expected(site, on, now) if on == today(site, now) else {}


def day_bounds(site, on: date):
    """A local day of the site as two instants, the second excluded."""
    return tuple(to_datetime(minute) for minute in local_day_bounds(on, ZoneInfo(site.time_zone)))


def row(appointment, now, *, checks=NONE_REFUSED, likely=None, name_alert=""):
    """One examination as the worklist shows it; the appointment comes from `examinations()`.

    `checks`: what quality control forbids at this site. `likely`: its Expectation, where there is one. `name_alert`:
    what namesakes.py says of the patient.
    """
    facts = examination(appointment, now, quality=checks)
    steps = tuple(rows_of(appointment, "steps"))
    ahead = stages_ahead(appointment, steps)
    return Row(
        appointment=appointment,
        steps=steps,
        action=next_action(appointment, steps, facts),
        blockers=tuple({e.rule_id: e for stage in ahead for e in facts.blockers[stage]}.values()),
        window_minutes=window_left(appointment, steps, now),
        late_minutes=late(appointment, steps, now),
        vetted=facts.vetted,
        refused=facts.refused,
        gas=facts.gas,
        expected_at=likely.starts_at if likely else None,
        expected=likely.steps if likely else {},
        warnings=likely.warnings if likely else (),
        verdict=None if _lungs_begun(steps) else facts.verdict,
        name_alert=name_alert,
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
    return rule_among(refusal, examination(appointment, now))


def rule_among(refusal, facts):
    if facts.verdict is not None and facts.verdict.sentence == refusal:
        return facts.verdict.rule
    if refusal in facts.gas.values():
        return gas.RULE
    effects = (effect for stage in Stage for effect in facts.blockers[stage])
    return next((e.rule_id for e in effects if e.sentence == refusal and e.override), None)


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
    return [r.resource for r in rows_of(step, "reservations") if r.resource.kind == ResourceKind.ROOM]


def technologist_of(step):
    held = (r.resource for r in rows_of(step, "reservations") if r.resource.kind == ResourceKind.TECHNOLOGIST)
    return next(held, None)


def lacks_dose(step):
    """The batch that this step waits for cannot give its dose any more."""
    stranded = DoseClaim.Status.STRANDED
    return step.state == StepState.SCHEDULED and any(
        each.status == stranded for each in rows_of(step, "dose_claims")
    )


def worked_on(appointment, now):
    """Who has the examination open, or None; a page that has not been heard of for a while is closed."""
    found = getattr(appointment, "worked_on", None)
    return found if found is not None and now - found.seen_at < GONE_AFTER else None
