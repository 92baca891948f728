"""From rows to the engine's facts: what the gates and the screening rules judge. Services and worklist share it.

Nothing is written here. Rows may come prefetched; then nothing is queried either.
"""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduling import administrations
from scheduling.engine import adjustments, gas, gates, suggestion, window
from scheduling.engine import screening as engine
from scheduling.engine.quality import NONE_REFUSED
from scheduling.engine.states import LIVE_APPOINTMENT, AppointmentState, StepState
from scheduling.engine.suggestion_rules import MAY_CHANGE
from scheduling.models import Agent, Arrival, Decision, Protocol, Reservation, StepKind
from scheduling.models.querysets import rows_of

# The chest X-ray window is judged by scheduling/engine/window.py; physicians override its rules like the others.
STAYS = timedelta(hours=6)  # who came before midnight is still here after it
XRAY_RULES = frozenset({"CXR-1", "CXR-2", "CXR-3"})
# Those that physicians override without an answer behind them.
OVERRIDABLE = XRAY_RULES | {gas.RULE}
OVER = (StepState.COMPLETED, StepState.DISCONTINUED, StepState.CANCELLED)
QUESTIONS = {question.key: question for question in engine.QUESTIONS}
QUESTION_OF_RULE = {rule.id: rule.question for rule in engine.RULES}


def facts(order, now):
    """What the rules know of the patient beside the answers."""
    return engine.Facts(
        sex=order.patient.sex,
        age_years=order.patient.age_on(now.date()),
        patient_class=order.patient_class,
        priority=order.priority,
    )


def assess(order, now):
    """The effects of the order's answers, by the rules of scheduling/engine/screening.py."""
    answers = {row.question: row.answer for row in rows_of(order, "answers")}
    return engine.evaluate(answers, facts(order, now))


def circumstances(order, now):
    """What the answers ask of the plan (scheduling/engine/adjustments.py)."""
    return adjustments.circumstances(assess(order, now))


@dataclass(frozen=True, slots=True)
class Suggested:
    """A protocol of the site and why the answers speak for it (scheduling/engine/suggestion.py)."""

    protocol: Protocol
    why: suggestion.Suggestion

    @property
    def unknown(self):
        """What is not known yet and may lead to another protocol, in words."""
        return [MAY_CHANGE[key] for key in self.why.unknown]


def suggested_among(protocols, order, now):
    """The one of these protocols that the order's answers speak for, or None."""
    offered = {(each.key, each.agent): each for each in protocols}
    found = suggestion.suggest(assess(order, now), list(offered), indication=order.indication_code)
    return Suggested(offered[found.key, found.agent], found) if found else None


def resolved_rules(order):
    """The rules that a physician has decided on for this order.

    A decision belongs to the answer it was given for: once that answer changes, it counts no longer. One on the
    X-ray window belongs to an appointment, and lapses when that is cancelled or missed.
    """
    answered = {row.question: row.answered_at for row in rows_of(order, "answers")}
    return frozenset(
        row.rule
        for row in rows_of(order, "decisions")
        if row.kind == Decision.Kind.OVERRIDE and _still_counts(row, answered)
    )


def is_vetted(order):
    """Whether a physician has approved the order with a protocol."""
    return any(row.kind == Decision.Kind.VETTING for row in rows_of(order, "decisions"))


def _still_counts(decision, answered):
    if decision.lapsed_at:
        return False
    answered_at = answered.get(QUESTION_OF_RULE.get(decision.rule))
    return answered_at is None or decision.decided_at >= answered_at


def examination(appointment, now, *, quality=NONE_REFUSED):
    """The facts that the gates (scheduling/engine/gates.py) judge, from rows that may be prefetched.

    `quality`: what the checks of rooms and kits forbid (services/quality: `refusals`, `present`).
    """
    order, steps = appointment.procedure.order, list(rows_of(appointment, "steps"))
    effects, resolved = assess(order, now), resolved_rules(order)
    verdict = judge_window(appointment, steps, now)
    here, judged = is_here(appointment, now), None if resolved & {"CXR-1", verdict.rule} else verdict
    at_scan = here and is_at_scan(appointment, now)
    return gates.Examination(
        vetted=is_vetted(order),
        checked_in=here,
        steps=tuple((step.kind, step.state) for step in steps),
        blockers={stage: engine.stage_blockers(effects, stage, resolved) for stage in engine.Stage},
        verdict=judged,
        dose_cleared=is_cleared(appointment),
        awaits_reading=frozenset(step.kind for step in steps if step.awaits_reading),
        together=frozenset(step.kind for step in steps if step.simultaneous),
        refused=refused_by(quality, appointment, steps),
        pending=tuple(each.reason for each in rows_of(appointment, "problems") if each.closed_at is None),
        here_for_scan=at_scan,
        arrival_due=_arrival_due(appointment, steps, here, at_scan, waived=judged is None),
        planned_for=_other_days(appointment, steps, now),
        over=appointment.state == AppointmentState.FULFILLED,
        doses=administrations.refusals(appointment, steps, now),
        gas={} if gas.RULE in resolved else _too_old_gas(appointment, steps, now),
        ends=administrations.why_not_complete(appointment, steps),
    )


def _too_old_gas(appointment, steps, now):
    zone = ZoneInfo(appointment.site.time_zone)
    waiting = (step for step in steps if step.gas_made_at and step.state == StepState.SCHEDULED)
    found = {step.kind: gas.why_not_breathe(step.gas_made_at, now, zone) for step in waiting}
    return {kind: sentence for kind, sentence in found.items() if sentence}


def refused_by(quality, appointment, steps):
    """{kind of a step to come: why its rooms or its dose are not used now}; no query where nothing is refused."""
    if not quality:
        return {}
    gas = appointment.procedure.protocol.agent == Agent.XE133
    found = {
        step.kind: quality.start(
            step.pk,
            room_ids=_rooms(step),
            is_gas=gas and step.kind == StepKind.VENTILATION,
            at=step.planned_start_at,
        )
        for step in steps
        if step.state == StepState.SCHEDULED
    }
    return {kind: sentence for kind, sentence in found.items() if sentence}


def _rooms(step):
    taken = (Reservation.Status.BOOKED, Reservation.Status.OVERBOOKED)
    return [row.resource_id for row in rows_of(step, "reservations") if row.status in taken]


def is_here(appointment, now):
    """Checked in for this visit: a patient who comes back on another day is checked in again.

    While an acquisition runs the patient is here, whatever the clock says.
    """
    if appointment.state not in (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS):
        return False
    running = any(step.state == StepState.IN_PROGRESS for step in rows_of(appointment, "steps"))
    return running or has_come(appointment, now)


def has_come(appointment, moment):
    """The patient has been here for the visit of this moment, as far as anybody wrote down."""
    return any(_same_visit(appointment, at, moment) for at in _seen_at(appointment))


def is_at_scan(appointment, now):
    """The arrival at the scan is recorded. Arrivals from before there were two count as that."""
    if any(
        step.kind != StepKind.XRAY and step.state == StepState.IN_PROGRESS
        for step in rows_of(appointment, "steps")
    ):
        return True
    arrivals = [row for row in rows_of(appointment, "arrivals") if row.voided_at is None]
    here = [row for row in arrivals if _same_visit(appointment, row.arrived_at, now)]
    return not here or any(row.at == Arrival.At.SCAN for row in here)


def xray_to_come(steps):
    """The X-ray that this department is still to do or to end, or None."""
    waiting = (StepState.SCHEDULED, StepState.IN_PROGRESS)
    return next(
        (s for s in steps if s.kind == StepKind.XRAY and s.state in waiting and not s.elsewhere), None
    )


def _arrival_due(appointment, steps, here, at_scan, *, waived):
    """Where the patient is to be checked in next. With an X-ray to come, the scan is the second arrival."""
    if appointment.state not in LIVE_APPOINTMENT or all(step.state in OVER for step in steps):
        return None
    waits = xray_to_come(steps) is not None and not waived
    if not here:
        return Arrival.At.XRAY.value if waits else Arrival.At.SCAN.value
    return None if at_scan or waits else Arrival.At.SCAN.value


def _seen_at(appointment):
    """When it is known that the patient was here: at the arrival, and once begun, at what was done."""
    yield appointment.arrived_at
    if appointment.state == AppointmentState.IN_PROGRESS:
        for step in rows_of(appointment, "steps"):
            if step.kind != StepKind.XRAY:
                yield from (step.performed_start_at, step.performed_end_at)


def _same_visit(appointment, at, now):
    """On one local day, or so few hours apart that it is the same visit around midnight."""
    if at is None:
        return False
    zone = ZoneInfo(appointment.site.time_zone)
    return at.astimezone(zone).date() == now.astimezone(zone).date() or abs(now - at) < STAYS


def _planned_times(appointment, steps):
    return [appointment.starts_at, *(step.planned_start_at for step in steps if step.planned_start_at)]


def _other_days(appointment, steps, now):
    """The planned days in words, where today is none of them; around midnight the neighbouring day counts too.

    Rooms and doses are there on those days only. Who has been here once may come back on any day, though.
    """
    if appointment.state != AppointmentState.BOOKED:
        return ""
    if any(_same_visit(appointment, at, now) for at in _planned_times(appointment, steps)):
        return ""
    zone = ZoneInfo(appointment.site.time_zone)
    days = sorted({at.astimezone(zone).date() for at in _planned_times(appointment, steps)})
    return " and ".join(f"{day.day} {day:%b %Y}" for day in days)


def is_cleared(appointment):
    """The dose is cleared for this visit: a clearance from before the last check-in counts no longer."""
    cleared_at, arrived_at = appointment.dose_cleared_at, appointment.arrived_at
    return cleared_at is not None and arrived_at is not None and cleared_at >= arrived_at


def expected_at(appointment):
    """When the patient is next expected: at the start of the visit, or for the first step still to be done."""
    steps = list(rows_of(appointment, "steps"))
    if all(step.state == StepState.SCHEDULED for step in steps):
        return appointment.starts_at
    waiting = [s.planned_start_at for s in steps if s.state == StepState.SCHEDULED and s.planned_start_at]
    return min(waiting, default=appointment.starts_at)


def judge_window(appointment, steps, now):
    """The chest X-ray window for a first lung acquisition at `now`, on the performed X-ray."""
    xray = next((step for step in steps if step.kind == StepKind.XRAY), None)
    ended_at = xray.performed_end_at if xray and xray.state == StepState.COMPLETED else None
    return window.judge(
        xray_ended_at=ended_at,
        lungs_start_at=now,
        shortest=appointment.site.xray_shortest,
        longest=appointment.site.xray_longest,
        zone=ZoneInfo(appointment.site.time_zone),
    )
