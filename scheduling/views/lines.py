"""One row of the worklist as it is shown: words, times and addresses, computed once for page and print."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from scheduling import worklist
from scheduling.engine import window
from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.examinations import XRAY_RULES, is_here
from scheduling.models import PatientClass, StepKind
from scheduling.services import visits
from scheduling.templatetags import clock
from vqflow import policy

GROUPS = {
    AppointmentState.BOOKED: "to-come",
    AppointmentState.ARRIVED: "here",
    AppointmentState.IN_PROGRESS: "running",
    AppointmentState.FULFILLED: "done",
    AppointmentState.NO_SHOW: "done",
}
CHIPS = {
    AppointmentState.BOOKED: ("booked", "To come"),
    AppointmentState.ARRIVED: ("arrived", "Here"),
    AppointmentState.IN_PROGRESS: ("in_progress", "Running"),
    AppointmentState.FULFILLED: ("completed", "Done"),
    AppointmentState.NO_SHOW: ("no_show", "No show"),
}
LETTERS = {StepKind.XRAY: "X-ray", StepKind.VENTILATION: "V", StepKind.PERFUSION: "Q"}
STEP_WORDS = {
    StepState.SCHEDULED: "planned",
    StepState.IN_PROGRESS: "running",
    StepState.COMPLETED: "done",
    StepState.DISCONTINUED: "stopped",
    StepState.CANCELLED: "cancelled",
}
SEXES = {"female": "F", "male": "M", "other": "other", "unknown": "sex unknown"}
RULE_WORDS = {
    "CXR-1": "No X-ray",
    "CXR-2": "X-ray too old",
    "CXR-3": "X-ray too recent",
    "PREG-1": "Pregnancy possible",
    "PREG-2": "Ask: pregnancy",
    "PH-1": "Severe PH",
    "PH-1-ASK": "Ask: PH",
    "SHUNT-1": "Right-to-left shunt",
    "SHUNT-1-ASK": "Ask: shunt",
    "ALB-1": "Albumin reaction",
    "ALB-1-ASK": "Ask: albumin",
    "TC-1": "Recent technetium",
    "INF-1": "Isolation",
    "UNST-1": "Unstable",
}
FAR = 180
POSTED = {"clear-dose", "start", "end"}  # done by one press; check-in and X-ray ask for something first
UNDO_CHECK_IN, UNDO_DOSE, UNDO_STEP = (
    "scheduling:undo-check-in",
    "scheduling:undo-clear-dose",
    "scheduling:undo",
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an examination cannot go on. `rule`: what a physician may override, or empty."""

    label: str
    sentence: str
    rule: str = ""
    by_authorised_user: bool = False
    is_question: bool = False

    @property
    def is_xray(self):
        return self.rule in XRAY_RULES


@dataclass(frozen=True, slots=True)
class StepShown:
    kind: str
    letter: str
    state: str
    brief: str
    words: str


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


@dataclass(frozen=True, slots=True)
class Line:
    """A row and how it is worded for one person, at one instant, on one day's list."""

    row: worklist.Row
    user: object
    now: datetime
    day: object

    @property
    def key(self):
        return str(self.row.appointment.pk)

    @property
    def zone(self):
        return self.row.appointment.site.time_zone

    @property
    def shown_state(self):
        """The appointment's state; who was here for an X-ray on another day is to come again."""
        state = AppointmentState(self.row.appointment.state)
        is_away = state == AppointmentState.ARRIVED and not is_here(self.row.appointment, self.now)
        return AppointmentState.BOOKED if is_away else state

    @property
    def group(self):
        return GROUPS[self.shown_state]

    @property
    def chip(self):
        return CHIPS[self.shown_state]

    @property
    def is_live(self):
        return self.group != "done"

    @property
    def planned_at(self):
        return self.row.appointment.lungs_start_at

    @property
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
    def stands(self):
        """10:40; "X-ray 11:45" where the scan is on another day."""
        when = self.clock(self.stands_at)
        return when if self.on_day == self.lungs[0] else f"{LETTERS[self.on_day.kind]} {when}"

    @property
    def scan_words(self):
        return "" if self.on_day == self.lungs[0] else f"scan {self.clock(self.planned_at)}"

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
        waited_for = next((step for step in self._open_steps() if step.planned_start_at), self.on_day)
        return "" if waited_for == self.on_day else LETTERS[waited_for.kind]

    @property
    def late_words(self):
        return f"{window.duration_words(self.row.late_minutes)} late" if self.row.late_minutes else ""

    @property
    def age_and_sex(self):
        patient = self.row.patient
        age = patient.age_on(self.day)
        return f"{'age unknown' if age is None else f'{age} y'}, {SEXES[patient.sex]}"

    @property
    def place(self):
        order = self.row.order
        if order.ward:
            return order.ward
        return (
            "Emergency"
            if order.patient_class == PatientClass.EMERGENCY
            else order.get_patient_class_display()
        )

    @property
    def examination(self):
        """V then Q, Q only: the lung steps in the protocol's order."""
        letters = [LETTERS[step.kind] for step in self.lungs]
        return " then ".join(letters) if len(letters) > 1 else f"{letters[0]} only"

    @property
    def lungs(self):
        return [step for step in self.row.steps if step.kind != StepKind.XRAY]

    @property
    def xray(self):
        return next((step for step in self.row.steps if step.kind == StepKind.XRAY), None)

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

    @property
    def opens_at(self):
        """When the X-ray window opens; None when it is open, over or not asked for."""
        if self.row.window_minutes is None or self.row.verdict is None:
            return None
        opens_at = self.xray.performed_end_at + self.row.appointment.site.xray_shortest
        return opens_at if self.now < opens_at else None

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

    @property
    def steps(self):
        return [self.step_shown(step) for step in self.row.steps]

    def step_shown(self, step):
        begun = step.performed_start_at or step.performed_end_at
        ended = step.performed_end_at if step.performed_start_at else None
        times = self.clock(begun or step.planned_start_at)
        until = f" to {self.clock(ended)}" if ended else ""
        state = STEP_WORDS[StepState(step.state)]
        place = ", elsewhere" if step.elsewhere else ""
        words = f"{step.get_kind_display()}: {state} {times}{until}{place}."
        return StepShown(step.kind, LETTERS[step.kind], step.state, self._brief(step, begun), words)

    def _brief(self, step, begun):
        """The clock time, without its weekday where the step before it has just said that."""
        first, moment = self.lungs[0], begun or step.planned_start_at
        said = first.performed_start_at or first.planned_start_at
        if step == first or not (moment and said):
            return self.clock(moment)
        same = clock.local(said, self.zone).date() == clock.local(moment, self.zone).date()
        return clock.time_at(moment, self.zone) if same else self.clock(moment)

    @property
    def current(self):
        """The step that is running or comes next; the last one when all are over."""
        return next(iter(self._open_steps()), self.row.steps[-1])

    def _open_steps(self):
        cleared = self.row.appointment.dose_cleared_at
        return [
            step
            for step in self.row.steps
            if step.state in (StepState.SCHEDULED, StepState.IN_PROGRESS)
            and not (cleared and step.kind == StepKind.XRAY)
        ]

    @property
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

    @property
    def problems(self):
        """What holds this examination back, now or later: nothing once it is over."""
        if not self.is_live:
            return []
        found = [self.problem_of(effect) for effect in self.row.blockers]
        if not self.row.vetted:
            sentence = "A nuclear physician has to vet the order first. A STAT order can be vetted by phone."
            found.insert(0, Problem("Not vetted", sentence))
        lacking = [step.get_kind_display() for step in self.row.steps if step.lacks_dose]
        if lacking:
            sentence = (
                f"{' and '.join(lacking)}: no dose is left at the planned time. Move it, or enter a batch."
            )
            found.insert(0, Problem("No dose", sentence))
        window_problem = self._window_problem()
        if window_problem and not self.waits_as_planned:
            found.insert(0, window_problem)
        return found

    @property
    def waits_as_planned(self):
        """The X-ray window opens before the planned scan: nobody has to do anything about it."""
        return self.opens_at is not None and self.opens_at <= self.planned_at

    @property
    def waiting(self):
        """What a wait as planned would take to end sooner: a list of one, or empty."""
        found = self._window_problem() if self.is_live and self.waits_as_planned else None
        return [found] if found else []

    def _window_problem(self):
        verdict, action = self.row.verdict, self.row.action
        holds = verdict and not verdict.ok and action and action.refusal == verdict.sentence
        return Problem(RULE_WORDS[verdict.rule], verdict.sentence, verdict.rule) if holds else None

    def problem_of(self, effect):
        by_authorised_user = effect.override == "authorised_user"
        label = RULE_WORDS.get(effect.rule_id, effect.rule_id)
        return Problem(
            label, effect.sentence, effect.rule_id if effect.override else "", by_authorised_user, effect.open
        )

    @property
    def is_problem(self):
        return self.is_live and bool(self.is_late or self.is_closing or self.problems)

    @property
    def button(self):
        action = self.row.action
        if action is None:
            return None
        target = action.step.pk if action.name in ("start", "end") else self.row.appointment.pk
        needed = "visit.check_in" if action.name == "check-in" else "visit.perform"
        return Button(
            label=action.label,
            url=reverse(f"scheduling:{action.name}", args=[target]),
            is_post=action.name in POSTED,
            refusal=action.refusal,
            may=policy.allows(self.user, needed),
        )

    @property
    def menu(self):
        appointment, order = self.row.appointment, self.row.order
        entries = [*self._step_entries()]
        if undo := self._undo():
            entries.append(undo)
        if self._may_be_no_show():
            url = reverse("scheduling:no-show", args=[appointment.pk])
            entries.append(Entry("No-show…", url, "no_show", is_danger=True))
        url = reverse("scheduling:appointment", args=[appointment.pk])
        entries.append(Entry("Open the appointment", url, "booked"))
        entries.append(Entry("Open the order", reverse("scheduling:order", args=[order.pk]), "external"))
        return entries

    def _step_entries(self):
        if not policy.allows(self.user, "visit.perform") or not self.is_live:
            return
        xray, action = self.xray, self.row.action
        offered = action and action.name == "xray" and not action.refusal
        if xray and xray.state == StepState.SCHEDULED and not offered:
            url = reverse("scheduling:xray", args=[self.row.appointment.pk])
            yield Entry("Confirm X-ray…", url, "xray")
        running = next((step for step in self.row.steps if step.state == StepState.IN_PROGRESS), None)
        if running:
            url = reverse("scheduling:discontinue", args=[running.pk])
            noun = "X-ray" if running.kind == StepKind.XRAY else running.get_kind_display().lower()
            yield Entry(f"Stop {noun}…", url, "discontinued", is_danger=True)
        elif self.group == "running" and action and action.name == "start":
            url = reverse("scheduling:leave-out", args=[action.step.pk])
            noun = action.step.get_kind_display().lower()
            yield Entry(f"Leave out {noun}…", url, "cancelled", is_danger=True)

    def _may_be_no_show(self):
        appointment = self.row.appointment
        is_waited_for = appointment.state in (AppointmentState.BOOKED, AppointmentState.ARRIVED)
        away = is_waited_for and visits.why_not_no_show(appointment, self.now) is None
        return away and policy.allows(self.user, "appointment.no_show")

    def _undo(self):
        name, pk, label = undo_of(self.row)
        needed = "visit.check_in" if name == UNDO_CHECK_IN else "visit.perform"
        if name is None or not policy.allows(self.user, needed):
            return None
        return Entry(label, reverse(name, args=[pk]), "undo", is_post=True)

    def clock(self, moment):
        """10:40; with its weekday, or its date, when it is not on the list's day."""
        if moment is None:
            return ""
        on, text = clock.local(moment, self.zone).date(), clock.time_at(moment, self.zone)
        if on == self.day:
            return text
        near = abs(on - self.day) < timedelta(days=7)
        return f"{on:%a} {text}" if near else f"{clock.date_at(moment, self.zone)} {text}"


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
