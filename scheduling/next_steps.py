"""The one button of a row: the next legal step of an examination, and why it has to wait."""

from dataclasses import dataclass

from scheduling.administrations import MEASURE_FIRST
from scheduling.engine import gates
from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import ScheduledProcedureStep, StepKind

HERE = (AppointmentState.ARRIVED, AppointmentState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Action:
    """The next legal step of an examination. `refusal` is the sentence why it cannot be done now, or None."""

    name: str
    label: str
    step: ScheduledProcedureStep | None = None
    refusal: str | None = None


def next_action(appointment, steps, facts):
    """The next thing in the protocol's order; None when nothing is left to do."""
    if appointment.state in (AppointmentState.BOOKED, AppointmentState.ARRIVED) and not facts.checked_in:
        return Action("check-in", "Check in", refusal=gates.why_not_check_in(facts))
    if appointment.state == AppointmentState.FULFILLED:
        return _after(appointment)
    if appointment.state not in HERE:
        return None
    running = next((step for step in steps if step.state == StepState.IN_PROGRESS), None)
    if running:
        return Action("end", f"End {noun(running)}", running, gates.why_not_end(facts, running.kind))
    return _xray(steps, facts) or _lungs(steps, facts)


def _xray(steps, facts):
    xray = next((step for step in steps if step.kind == StepKind.XRAY), None)
    waived = facts.verdict is None
    if xray and xray.state == StepState.SCHEDULED and not waived and not facts.dose_cleared:
        # Recording it stays possible in the menu: what happened is always recordable.
        return Action("xray", "Confirm X-ray", xray, gates.why_not_start_xray(facts))
    return None


def _lungs(steps, facts):
    if facts.arrival_due == "scan":
        return Action("check-in", "Check in for scan", refusal=gates.why_not_check_in(facts))
    if not facts.dose_cleared:
        return Action("clear-dose", "Clear dose", refusal=gates.why_not_clear_dose(facts))
    waiting = (step for step in steps if step.kind != StepKind.XRAY and step.state == StepState.SCHEDULED)
    upcoming = next(waiting, None)
    if upcoming is None:
        return None
    if facts.doses.get(upcoming.kind) == MEASURE_FIRST:
        refusal = gates.why_not_measure(facts, upcoming.kind)
        return Action("dose-measure", "Measure dose", upcoming, refusal)
    return Action("start", f"Start {noun(upcoming)}", upcoming, gates.why_not_start(facts, upcoming.kind))


def _after(appointment):
    """What is left once the last acquisition has ended, at a site where patients wait for the reader."""
    if not appointment.site.releases_patients:
        return None
    if getattr(appointment, "hand_over", None) is None:
        return Action("hand-over", "Hand over")
    return Action("release", "Release") if appointment.awaits_release else None


def noun(step):
    """X-ray, ventilation, perfusion, as it stands in a sentence."""
    return "X-ray" if step.kind == StepKind.XRAY else step.get_kind_display().lower()
