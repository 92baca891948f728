"""One step of an appointment at another time, the others where they are: what can be had, and why not."""

from zoneinfo import ZoneInfo

from scheduling.engine import onestep as engine
from scheduling.engine import refusal as sentences
from scheduling.engine.calendars import to_minute
from scheduling.engine.states import StepState
from scheduling.models import StepKind
from scheduling.services import explanation, recheck, search
from scheduling.services.occupancy import OWN_HOLD
from vqflow import policy
from vqflow.errors import Conflict

NOTHING = "No other start of the {what} fits between the other steps. Move the whole appointment."


def why_not_move(step):
    """A sentence why this step cannot be moved by itself, or None; the appointment's steps may come prefetched."""
    if sentence := search.why_not_move(step.appointment):
        return sentence
    what = StepKind(step.kind).label
    if step.state != StepState.SCHEDULED:
        return f"{what} is not still to come; it cannot be moved."
    if step.planned_start_at is None:
        return f"{what} was done elsewhere; it cannot be moved."
    rides = [each for each in step.appointment.steps.all() if each.simultaneous]
    if step.simultaneous or any(each.ordinal == step.ordinal + 1 for each in rides):
        return "Ventilation and perfusion are acquired together here. Move the whole appointment."
    return None


def others(step, *, by, now):
    """(proposals, sentences): whole plans in which only this step starts at another time, in order of time.

    Raises Conflict when it cannot be moved by itself.
    """
    policy.permit(by, "appointment.move")
    if refusal := why_not_move(step):
        raise Conflict(refusal)
    appointment = step.appointment
    kept = recheck.staying(appointment, {step.kind}, now)
    question = recheck.question_of(appointment, _days(appointment, now), now, hold=OWN_HOLD)
    minutes = {kind: to_minute(moment) for kind, moment in kept.items()}
    found = [search.proposal(each, question) for each in engine.times(question, step.kind, minutes)]
    found = [each for each in found if each.starts[step.kind] != step.planned_start_at]
    return found, [] if found else [NOTHING.format(what=sentences.step_words(step.kind))]


def why_not(step, *, wanted, by, now):
    """The explanation.WhyNot of one wanted start of this step, the others fixed where they are."""
    policy.permit(by, "appointment.move")
    if refusal := why_not_move(step):
        raise Conflict(refusal)
    kept = recheck.staying(step.appointment, {step.kind}, now)
    return explanation.why_not_move(step.appointment, starts={**kept, step.kind: wanted}, by=by, now=now)


def _days(appointment, now):
    """From the day before its first step, as far as the X-ray may lie, to the day after its last."""
    zone = ZoneInfo(appointment.site.time_zone)
    first = max(now, appointment.starts_at - appointment.site.xray_longest).astimezone(zone).date()
    last = (appointment.ends_at + appointment.site.xray_longest).astimezone(zone).date()
    return {"first_day": first, "days": (last - first).days + 1}
