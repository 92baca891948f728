"""What the board says of a visit, in the words of the other lists: for labels, the table below, and screen readers."""

from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.urls import reverse

from scheduling.engine.calendars import to_datetime
from scheduling.engine.states import AppointmentState, StepState
from scheduling.engine.window import duration_words
from scheduling.models import Priority, StepKind
from scheduling.templatetags import clock
from scheduling.views.line_words import LETTERS, STEP_WORDS

STATES = {
    AppointmentState.BOOKED: ("booked", "To come"),
    AppointmentState.ARRIVED: ("arrived", "Here"),
    AppointmentState.IN_PROGRESS: ("in_progress", "Running"),
    AppointmentState.FULFILLED: ("completed", "Done"),
    AppointmentState.NO_SHOW: ("no_show", "No show"),
}
STEP_ICONS = {
    StepState.IN_PROGRESS: "in_progress",
    StepState.COMPLETED: "completed",
    StepState.DISCONTINUED: "discontinued",
    StepState.CANCELLED: "cancelled",
}
LABELS = {kind.value: kind.label for kind in StepKind}
SHOWN_DELAY_MINUTES = 5
"""What is expected to be later than planned by less than this is said to be in time."""


class Times:
    """How minutes are said at one site, on one of the days shown."""

    def __init__(self, zone):
        self.zone, self._known = str(zone), {}

    def __call__(self, minute):
        if minute not in self._known:
            self._known[minute] = clock.time_at(to_datetime(minute), self.zone)
        return self._known[minute]

    def span(self, start, end):
        return f"{self(start)} to {self(end)}"

    def day(self, minute):
        return clock.day_at(to_datetime(minute), self.zone)


@dataclass(frozen=True, slots=True)
class StepWords:
    """One step of the table: when, where and with whom, and how it stands."""

    kind: str
    name: str
    state: str
    state_words: str
    day: str
    time: str
    place: str
    late: str


@dataclass(frozen=True, slots=True)
class VisitWords:
    """One row of the table, with a cell for each kind of step; None where the visit has no such step."""

    visit: object
    day: str
    time: str
    chip: tuple[str, str]
    cells: tuple[StepWords | None, ...]
    priority: str
    late_words: str
    may_move: bool

    @property
    def urls(self):
        """Of the appointment, of its other times, and of those for the dialog."""
        return [address(name, self.visit.id) for name in ("appointment", "move", "board-move")]

    @property
    def hit_words(self):
        return " ".join(self.visit.hit[1]) if self.visit.hit else ""


NOBODY = str(UUID(int=0))


def address(name, appointment):
    """The address of a page about an appointment. A week has hundreds of them: each is looked up once."""
    return _pattern(name).replace(NOBODY, str(appointment))


@cache
def _pattern(name):
    return reverse(f"scheduling:{name}", args=[NOBODY])


def name_of(person):
    """Okafor, Chidi: the case of a name is its owner's, the screen shows surnames in capitals."""
    return ", ".join(filter(None, (person.family_name, person.given_name)))


def visit_words(visit, times, span, *, may_move):
    """The row of a visit within the minutes `span` of the days shown."""
    first = next((step for step in visit.steps if _is_within(step, span)), visit.steps[0])
    steps = {step.kind: step for step in visit.steps}
    at = first.start if first.start is not None else first.performed_end
    day = "" if at is None else times.day(at)
    return VisitWords(
        visit,
        day,
        "" if at is None else times(at),
        STATES[visit.state],
        tuple(_step_words(steps[kind], times, day) if kind in steps else None for kind in LABELS),
        "" if visit.priority == Priority.ROUTINE else Priority(visit.priority).label,
        late_words(visit.late),
        may_move and visit.is_movable,
    )


def _is_within(step, span):
    return step.start is not None and span[0] <= step.start < span[1]


def _step_words(step, times, day):
    start, end = step.start, step.end
    if start is None:
        when = times(step.performed_end) if step.performed_end is not None else ""
        other = times.day(step.performed_end) if when else day
    else:
        when, other = f"{times(start)}\u2013{times(end)}", times.day(start)
    place = ", ".join((*step.rooms, *step.people))
    return StepWords(
        step.kind,
        LABELS[step.kind],
        step.state,
        step_state_words(step, times),
        "" if other == day else other,
        when,
        step.elsewhere or place,
        expected_words(step, times) or ("" if not step.late else over_words(step)),
    )


def step_state_words(step, times):
    if step.elsewhere:
        return "done elsewhere"
    if step.state == StepState.COMPLETED and step.performed_end is not None:
        return f"done {times(step.performed_end)}"
    if step.state == StepState.IN_PROGRESS and step.performed_start is not None:
        return f"running since {times(step.performed_start)}"
    return STEP_WORDS[step.state]


def late_words(minutes):
    return f"{duration_words(minutes)} late" if minutes else ""


def over_words(step):
    """12 min late; of one that runs longer than planned: 12 min over."""
    return f"{duration_words(step.late)} {'over' if step.is_over_time else 'late'}"


def expected_words(step, times):
    """expected 10:40; of what will begin in time, and of what runs: nothing."""
    if step.delay < SHOWN_DELAY_MINUTES or step.state != StepState.SCHEDULED:
        return ""
    return f"expected {times(step.expected[0])}"


def block_words(block, row, times):
    """One block as a screen reader says it."""
    taken = times.span(block.start, block.end)
    if block.held:
        what = "Offered" if block.held.is_offer else f"Held by {block.held.held_by}"
        return f"{name_of(block.held)}. {what} until {times(block.held.until)}. {row.name}, {taken}."
    if block.visit is None:
        return f"Booked. {row.name}, {taken}."
    step = block.step
    parts = [name_of(block.visit), f"{LABELS[step.kind]}{'' if block.scan else ', preparation'}, {row.name}"]
    parts.append(f"{times.span(*block.scan)} (taken {taken})" if block.scan else taken)
    parts.append(step_state_words(step, times).capitalize())
    if step.late:
        parts.append(over_words(step))
    if later := expected_words(step, times):
        parts.append(later.capitalize())
    if block.status == "overbooked":
        parts.append("Overbooked")
    if block.is_closed:
        parts.append("Booked while closed")
    return ". ".join(parts) + "."


def letter(kind):
    return "X" if kind == StepKind.XRAY else LETTERS[kind]
