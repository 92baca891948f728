"""One row of the worklist as it is shown: words, times and addresses, computed once for page and print."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from scheduling import worklist
from scheduling.engine import window
from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import StepKind, Transport
from scheduling.templatetags import clock
from scheduling.views import line_menu, line_problems
from scheduling.views.line_moments import Moment
from scheduling.views.line_words import (
    AGENTS,
    CHIPS,
    CONFIRMED_CHIP,
    GROUPS,
    KINDS,
    LETTERS,
    PENDING_CHIP,
    PLACES,
    RELEASE,
    RELEASE_CHIP,
    SEXES,
    STEP_WORDS,
)
from vqflow.models import User

FAR = 180
SHIFTED = timedelta(minutes=5)  # an expected time so far from the plan is shown beside it


@dataclass(frozen=True, slots=True)
class StepShown:
    kind: str
    letter: str
    state: str
    brief: str
    words: str


@dataclass(frozen=True)
class Line:
    """A row and how it is worded for one person, at one moment, on one day's list.

    `drawn`: its HTML by what the page around it says (drawn_rows.py).
    """

    row: worklist.Row
    user: User
    moment: Moment
    day: date
    drawn: dict = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def key(self):
        return str(self.row.appointment.pk)

    @property
    def url(self):
        """The page of the examination."""
        return line_menu.address("examination", self.row.appointment.pk)

    @property
    def problem_url(self):
        return line_menu.address("problem", self.row.appointment.pk)

    @cached_property
    def zone(self):
        return self.row.appointment.site.time_zone

    @cached_property
    def order(self):
        return self.row.order

    @cached_property
    def patient(self):
        return self.order.patient

    # who, and how far

    @cached_property
    def shown_state(self):
        """The appointment's state; who was here for an X-ray on another day is to come again."""
        state = AppointmentState(self.row.appointment.state)
        is_away = state == AppointmentState.ARRIVED and not self.moment.is_here
        return AppointmentState.BOOKED if is_away else state

    @cached_property
    def group(self):
        return RELEASE if self.row.appointment.awaits_release else GROUPS[self.shown_state]

    @cached_property
    def chip(self):
        if self.pending:
            return PENDING_CHIP
        if self.is_confirmed:
            return CONFIRMED_CHIP
        return RELEASE_CHIP if self.group == RELEASE else CHIPS[self.shown_state]

    @property
    def is_confirmed(self):
        """The patient has said that the time is good, and is still to come."""
        return self.shown_state == AppointmentState.BOOKED and self.row.appointment.confirmed_at is not None

    @property
    def is_live(self):
        return self.group != "done"

    def is_of(self, user):
        """A step is given to this person, or was done by this person."""
        return user.pk in self._people

    @cached_property
    def _people(self):
        given = {person.user_id for step in self.row.steps if (person := worklist.technologist_of(step))}
        return given | {step.performed_by_id for step in self.row.steps}

    @cached_property
    def is_problem(self):
        return self.is_live and bool(self.pending or self.is_late or self.is_closing or self.problems)

    @property
    def born(self):
        born_on = self.patient.born_on
        return clock.day(born_on) if born_on else ""

    @property
    def age_and_sex(self):
        age = self.patient.age_on(self.day)
        return f"{'age unknown' if age is None else f'{age} y'}, {SEXES[self.patient.sex]}"

    @property
    def place(self):
        return self.order.ward or PLACES[self.order.patient_class]

    @property
    def transport(self):
        """Wheelchair or bed; who walks needs nobody."""
        order = self.order
        return "" if order.transport == Transport.WALKING else order.get_transport_display()

    @property
    def note(self):
        return self.row.appointment.procedure.protocol_note

    @cached_property
    def worked_on(self):
        """Dinh Pham since 10:12: somebody else has the examination open."""
        found = self.row.appointment.worked_on if self.moment.is_held else None
        if found is None or found.user_id == self.user.pk:
            return ""
        return f"{found.user.name} since {self.clock(found.since)}"

    # when

    @property
    def planned_at(self):
        return self.row.appointment.lungs_start_at

    @cached_property
    def on_day(self):
        """What stands in the first column: the first lung step, or the step that alone is on the list's day."""
        if self._is_on_day(self.planned_at):
            return self.lungs[0]
        return next(
            (step for step in self.row.steps if self._is_on_day(step.planned_start_at)), self.lungs[0]
        )

    @property
    def stands_at(self):
        return self.planned_at if self.on_day == self.lungs[0] else self.on_day.planned_start_at

    @property
    def stands_at_iso(self):
        return clock.iso_at(self.stands_at, self.zone)

    @property
    def stands(self):
        """10:40; "X-ray 11:45" where the scan is on another day."""
        when = self.clock(self.stands_at)
        return when if self.on_day == self.lungs[0] else f"{LETTERS[self.on_day.kind]} {when}"

    @property
    def scan_words(self):
        return "" if self.on_day == self.lungs[0] else f"scan {self.clock(self.planned_at)}"

    @property
    def real_words(self):
        """began 10:42, beside the planned time; "11:05" once it has run its course."""
        begun_at = self.on_day.performed_start_at
        if begun_at is None:
            return ""
        ended = [step.performed_end_at for step in self.lungs if step.performed_end_at]
        if self.is_live or not ended:
            return f"began {self.clock(begun_at)}"
        return f"{self.clock(begun_at)} to {self.clock(max(ended))}"

    @property
    def expected_words(self):
        """The time that the day itself makes likely, where it is not the planned one."""
        planned = self.on_day.planned_start_at
        expected, _ = self.row.expected.get(self.on_day.pk, (None, None))
        if expected is None or planned is None or self.on_day.performed_start_at:
            return ""
        is_later = self.on_day.pk in self.moment.to_come and expected - planned >= SHIFTED
        return f"likely {self.clock(expected)}" if is_later else ""

    def _is_on_day(self, moment):
        return moment is not None and clock.local(moment, self.zone).date() == self.day

    @property
    def is_late(self):
        return timedelta(minutes=self.row.late_minutes) >= worklist.LATE

    @property
    def late_grows(self):
        return not any(step.state == StepState.IN_PROGRESS for step in self.row.steps)

    @property
    def late_what(self):
        """X-ray, V or Q where that is what is late and the first column shows the time of another step."""
        waited_for = next((step for step in self._open_steps if step.planned_start_at), self.on_day)
        return "" if waited_for == self.on_day else LETTERS[waited_for.kind]

    @property
    def late_words(self):
        return f"{window.duration_words(self.row.late_minutes)} late" if self.row.late_minutes else ""

    # what

    @cached_property
    def examination(self):
        """V then Q, Q only: the lung steps in the protocol's order."""
        letters = [LETTERS[step.kind] for step in self.lungs]
        return " then ".join(letters) if len(letters) > 1 else f"{letters[0]} only"

    @property
    def protocol(self):
        return self.row.appointment.procedure.protocol

    @property
    def variant(self):
        """Technegas; what is breathed in."""
        return AGENTS.get(self.protocol.agent, "")

    @cached_property
    def lungs(self):
        return [step for step in self.row.steps if step.kind != StepKind.XRAY]

    @cached_property
    def xray(self):
        return next((step for step in self.row.steps if step.kind == StepKind.XRAY), None)

    @property
    def tracer(self):
        return self.moment.tracer if self.is_live else None

    @property
    def xray_words(self):
        """When it was done, or when it is planned."""
        step = self.xray
        if step is None or step.state == StepState.CANCELLED:
            return "none"
        if step.performed_end_at:
            kind = "CT " if step.modality == "CT" else ""
            return f"{kind}{self.clock(step.performed_end_at)}"
        return f"plan {self.clock(step.planned_start_at)}" if step.planned_start_at else "to confirm"

    @cached_property
    def opens_at(self):
        """When the X-ray window opens; None when it is open, over or not asked for."""
        if self.row.window_minutes is None or self.row.verdict is None or not self.moment.is_too_early:
            return None
        return self.xray.performed_end_at + self.row.appointment.site.xray_shortest

    @property
    def opens(self):
        """The clock time at which the X-ray window opens, while it is still closed."""
        opens_at = self.opens_at
        if opens_at is None:
            return ""
        # Rounded up, as the refusal's sentence is: a start at the minute shown must pass.
        return self.clock(opens_at + timedelta(seconds=59) if opens_at.second else opens_at)

    @property
    def left_words(self):
        left = self.row.window_minutes
        if left is None:
            return ""
        if left >= FAR:  # minutes would only be noise
            return f"{left // 60} h left"
        words = window.duration_words(abs(left))
        return f"{words} left" if left >= 0 else f"over by {words}"

    @property
    def is_closing(self):
        left = self.row.window_minutes
        return left is not None and timedelta(minutes=left) < worklist.CLOSING

    @cached_property
    def steps(self):
        return [self.step_shown(step) for step in self.row.steps]

    def step_shown(self, step):
        begun = step.performed_start_at or step.performed_end_at
        ended = step.performed_end_at if step.performed_start_at else None
        times = self.clock(begun or step.planned_start_at)
        until = f" to {self.clock(ended)}" if ended else ""
        state = STEP_WORDS[StepState(step.state)]
        place = ", elsewhere" if step.elsewhere else ""
        words = f"{KINDS[step.kind]}: {state} {times}{until}{place}."
        return StepShown(step.kind, LETTERS[step.kind], step.state, self._brief(step, begun), words)

    def _brief(self, step, begun):
        """The clock time, without its weekday where the step before it has just said that."""
        first, moment = self.lungs[0], begun or step.planned_start_at
        said = first.performed_start_at or first.planned_start_at
        if step == first or not (moment and said):
            return self.clock(moment)
        same = clock.local(said, self.zone).date() == clock.local(moment, self.zone).date()
        return clock.time_at(moment, self.zone) if same else self.clock(moment)

    # where

    @cached_property
    def current(self):
        """The step that is running or comes next; the last one when all are over."""
        return next(iter(self._open_steps), self.row.steps[-1])

    @cached_property
    def _open_steps(self):
        cleared = self.row.appointment.dose_cleared_at
        return [
            step
            for step in self.row.steps
            if step.state in (StepState.SCHEDULED, StepState.IN_PROGRESS)
            and not (cleared and step.kind == StepKind.XRAY)
        ]

    @cached_property
    def room(self):
        return worklist.room_of(self.current)

    @property
    def technologist(self):
        """Dinh P.: the given name is what people call out."""
        person = worklist.technologist_of(self.current)
        if person is None:
            return ""
        given, *others = person.name.split()
        return f"{given} {others[-1][0]}." if others else given

    # what holds it back, and what can be done

    @property
    def pending(self):
        """The problems that somebody has reported and nobody has closed."""
        return self.moment.pending if self.is_live else ()

    @cached_property
    def problems(self):
        """What holds this examination back, now or later: nothing once it is over."""
        return line_problems.found(self.row, waits_as_planned=self.waits_as_planned) if self.is_live else []

    @property
    def waits_as_planned(self):
        """The X-ray window opens before the planned scan: nobody has to do anything about it."""
        return self.opens_at is not None and self.opens_at <= self.planned_at

    @cached_property
    def waiting(self):
        """What a wait as planned would take to end sooner: a list of one, or empty."""
        found = line_problems.window_problem(self.row) if self.is_live and self.waits_as_planned else None
        return [found] if found else []

    @cached_property
    def button(self):
        return line_menu.button(self.row, self.user)

    @cached_property
    def menu(self):
        is_running = self.shown_state == AppointmentState.IN_PROGRESS
        return line_menu.menu(
            self.row,
            self.user,
            is_live=self.is_live,
            is_running=is_running,
            is_missed=self.moment.is_missed,
        )

    def clock(self, moment):
        """10:40; with its weekday, or its date, when it is not on the list's day."""
        if moment is None:
            return ""
        local = clock.local(moment, self.zone)
        on, text = local.date(), clock.clock_time(local, named=False)
        if on == self.day:
            return text
        near = abs(on - self.day) < timedelta(days=7)
        return f"{on:%a} {text}" if near else f"{clock.day(local)} {text}"
