"""From rows to the engine's facts: what the gates and the screening rules judge. Services and worklist share it.

Nothing is written here. Rows may come prefetched; then nothing is queried either.
"""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduling.engine import adjustments, gates, suggestion, window
from scheduling.engine import screening as engine
from scheduling.engine.states import AppointmentState, StepState
from scheduling.engine.suggestion_rules import MAY_CHANGE
from scheduling.models import Decision, Protocol, StepKind

# The chest X-ray window is judged by scheduling/engine/window.py; physicians override its rules like the others.
STAYS = timedelta(hours=6)  # who came before midnight is still here after it
XRAY_RULES = frozenset({"CXR-1", "CXR-2", "CXR-3"})
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
    answers = {row.question: row.answer for row in order.answers.all()}
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
    answered = {row.question: row.answered_at for row in order.answers.all()}
    return frozenset(
        row.rule
        for row in order.decisions.all()
        if row.kind == Decision.Kind.OVERRIDE and _still_counts(row, answered)
    )


def is_vetted(order):
    """Whether a physician has approved the order with a protocol."""
    return any(row.kind == Decision.Kind.VETTING for row in order.decisions.all())


def _still_counts(decision, answered):
    if decision.lapsed_at:
        return False
    answered_at = answered.get(QUESTION_OF_RULE.get(decision.rule))
    return answered_at is None or decision.decided_at >= answered_at


def examination(appointment, now):
    """The facts that the gates (scheduling/engine/gates.py) judge, from rows that may be prefetched."""
    order, steps = appointment.procedure.order, list(appointment.steps.all())
    effects, resolved = assess(order, now), resolved_rules(order)
    verdict = judge_window(appointment, steps, now)
    return gates.Examination(
        vetted=is_vetted(order),
        checked_in=is_here(appointment, now),
        steps=tuple((step.kind, step.state) for step in steps),
        blockers={stage: engine.stage_blockers(effects, stage, resolved) for stage in engine.Stage},
        verdict=None if resolved & {"CXR-1", verdict.rule} else verdict,
        dose_cleared=is_cleared(appointment),
        awaits_reading=frozenset(step.kind for step in steps if step.awaits_reading),
        together=frozenset(step.kind for step in steps if step.simultaneous),
    )


def is_here(appointment, now):
    """Checked in for this visit: a patient who comes back on another day is checked in again."""
    if appointment.state != AppointmentState.ARRIVED:
        return appointment.state == AppointmentState.IN_PROGRESS
    zone = ZoneInfo(appointment.site.time_zone)
    same_day = appointment.arrived_at.astimezone(zone).date() == now.astimezone(zone).date()
    return same_day or now - appointment.arrived_at < STAYS


def is_cleared(appointment):
    """The dose is cleared for this visit: a clearance from before the last check-in counts no longer."""
    cleared_at, arrived_at = appointment.dose_cleared_at, appointment.arrived_at
    return cleared_at is not None and arrived_at is not None and cleared_at >= arrived_at


def expected_at(appointment):
    """When the patient is next expected: at the start of the visit, or for the first step still to be done."""
    steps = list(appointment.steps.all())
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
