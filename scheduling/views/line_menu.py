"""What can be done with a row: the one button, and the menu beside it."""

from dataclasses import dataclass
from functools import lru_cache

from django.urls import reverse

from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.models import StepKind
from scheduling.next_steps import noun
from vqflow import policy

POSTED = {"clear-dose", "start", "end"}  # done by one press; the others ask for something first
OF_STEP = {"start", "end", "dose-measure"}
NEEDED = {"check-in": "visit.check_in", "hand-over": "visit.hand_over", "release": "release.decide"}
UNDO_CHECK_IN, UNDO_DOSE, UNDO_STEP = "undo-check-in", "undo-clear-dose", "undo"


@dataclass(frozen=True, slots=True)
class Button:
    """The next legal step. `refusal`: why not now; `may` is False for a role that never does it."""

    label: str
    url: str
    is_post: bool
    refusal: str | None
    may: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a row's menu; a POST when it can be undone, a page that asks first when it cannot."""

    label: str
    url: str
    icon: str
    is_post: bool = False
    is_danger: bool = False


@lru_cache(maxsize=8192)
def address(name, pk):
    """The address of a view of one thing; a list asks for a hundred of them each time that it is drawn."""
    return reverse(f"scheduling:{name}", args=[pk])


def button(row, user):
    """The next legal step, or None when there is none."""
    action = row.action
    if action is None:
        return None
    target = action.step.pk if action.name in OF_STEP else row.appointment.pk
    needed = NEEDED.get(action.name, "visit.perform")
    return Button(
        label=action.label,
        url=address(action.name, target),
        is_post=action.name in POSTED,
        refusal=action.refusal,
        may=policy.allows(user, needed),
    )


def menu(row, user, *, is_live, is_running, is_missed):
    """Everything else that can be done now. `is_missed`: who is waited for may be said to have stayed away."""
    appointment, entries = row.appointment, []
    if is_live and policy.allows(user, "visit.perform"):
        entries += _of_steps(row, is_running)
    if undo := _undo(row, user):
        entries.append(undo)
    if is_live and _has_xray(row) and policy.allows(user, "xray.see"):
        entries.append(Entry("X-ray seen by…", address("xray-seen", appointment.pk), "xray"))
    if is_missed and policy.allows(user, "appointment.no_show"):
        url = address("no-show", appointment.pk)
        entries.append(Entry("No-show…", url, "no_show", is_danger=True))
    url = address("appointment", appointment.pk)
    entries.append(Entry("Open the appointment", url, "booked"))
    entries.append(Entry("Open the order", address("order", row.order.pk), "external"))
    return entries


def _of_steps(row, is_running):
    xray = next((step for step in row.steps if step.kind == StepKind.XRAY), None)
    action = row.action
    offered = action and action.name == "xray" and not action.refusal
    if xray and xray.state == StepState.SCHEDULED and not offered:
        yield Entry("Confirm X-ray…", address("xray", row.appointment.pk), "xray")
    running = next((step for step in row.steps if step.state == StepState.IN_PROGRESS), None)
    if running:
        url = address("discontinue", running.pk)
        yield Entry(f"Stop {noun(running)}…", url, "discontinued", is_danger=True)
    elif is_running and action and action.step and action.step.state == StepState.SCHEDULED:
        url = address("leave-out", action.step.pk)
        yield Entry(f"Leave out {noun(action.step)}…", url, "cancelled", is_danger=True)


def _has_xray(row):
    return any(step.kind == StepKind.XRAY and step.performed_end_at for step in row.steps)


def _undo(row, user):
    name, pk, label = undo_of(row)
    needed = "visit.check_in" if name == UNDO_CHECK_IN else "visit.perform"
    if name is None or not policy.allows(user, needed):
        return None
    return Entry(label, address(name, pk), "undo", is_post=True)


def undo_of(row):
    """(URL name, pk, words) of what takes back the newest record of an examination; all None without one."""
    nothing = (None, None, None)
    if row.order.state == OrderState.REPORTED or row.appointment.state == AppointmentState.NO_SHOW:
        return nothing
    recorded = [step for step in row.steps if _is_recorded(step)]
    lungs = [step for step in recorded if step.kind != StepKind.XRAY]
    if lungs:
        return UNDO_STEP, lungs[-1].pk, f"Undo: {lungs[-1].get_kind_display().lower()} {_what(lungs[-1])}"
    if row.appointment.dose_cleared_at:
        return UNDO_DOSE, row.appointment.pk, "Undo: dose cleared"
    # One that was booked as done elsewhere has no plan here: it is no record of this visit.
    xray = next((step for step in recorded if step.planned_start_at), None)
    if xray:
        return UNDO_STEP, xray.pk, f"Undo: X-ray {_what(xray)}"
    if row.appointment.state == AppointmentState.ARRIVED:
        return UNDO_CHECK_IN, row.appointment.pk, "Undo: checked in"
    return nothing


def _is_recorded(step):
    left_out = step.state == StepState.CANCELLED and step.discontinued_reason
    return left_out or step.state not in (StepState.SCHEDULED, StepState.CANCELLED)


def _what(step):
    words = {
        StepState.IN_PROGRESS: "started",
        StepState.DISCONTINUED: "stopped",
        StepState.CANCELLED: "left out",
    }
    if step.kind == StepKind.XRAY and step.state == StepState.COMPLETED:
        return "confirmed"
    return words.get(StepState(step.state), "ended")
