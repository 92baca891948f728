"""What the page of one examination shows: what runs, what comes next, how long it has taken, who works on it."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from django.db.models import Prefetch

from scheduling import namesakes, phases, worklist
from scheduling.engine.sequence import BEGINS
from scheduling.engine.states import AppointmentState, StepState
from scheduling.examinations import examination
from scheduling.models import PhaseRecord, PictureRecord, StepKind
from scheduling.services import quality, working
from scheduling.services.examination import pictures
from scheduling.templatetags import clock
from scheduling.views import exam_rooms
from scheduling.views.examination_next import Next, presses
from scheduling.views.examination_words import PartShown, PhaseShown, length
from scheduling.views.line_problems import Problem
from scheduling.views.line_words import RULE_WORDS
from scheduling.views.list_drawing import override_context
from vqflow import policy

USUAL_MINUTES = 60  # 30 to 60 minutes of scanning in all (Cleveland Clinic, 2023)
FAR_MINUTES = 180  # above, whole hours: minutes would only be noise
# Nothing of these is to be done, or was.
NEVER_BEGAN = {
    AppointmentState.NO_SHOW: "The patient did not come. The order waits to be booked again.",
    AppointmentState.CANCELLED: "This appointment was cancelled.",
}
SKIP_REASONS = (
    "Not needed for this patient.",
    "Done before the patient came here.",
    "The patient could not.",
)


def loaded(pk, user):
    """The appointment with all that its page looks at, in a fixed number of queries."""
    return (
        worklist.examinations()
        .for_user(user)
        .prefetch_related(
            Prefetch("phases", PhaseRecord.objects.standing()),
            Prefetch("steps__pictures", PictureRecord.objects.standing()),
            "procedure__protocol__phases",
        )
        .get(pk=pk)
    )


def context(appointment, *, user, now, here_url):
    """The context of scheduling/_examination.html."""
    checks = quality.of_visit(appointment, now)
    row, facts = worklist.row(appointment, now, checks=checks), examination(appointment, now, quality=checks)
    room = worklist.room_of(_current(row.steps))
    shown = _phases(appointment, phases.plan(appointment), facts, now, room)
    held_by = working.holder(appointment, now)
    may = policy.allows(user, working.ACTION)
    is_others = held_by is not None and held_by.user_id != user.pk
    coming = presses(row, shown, facts, user, here_url)
    held = _held(coming, facts)
    never = NEVER_BEGAN.get(appointment.state, "")
    return {
        "appointment": appointment,
        "order": row.order,
        "patient": row.patient,
        "age": row.patient.age_on(clock.local(now, appointment.site.time_zone).date()),
        "zone": appointment.site.time_zone,
        "now": now,
        "here_url": here_url,
        "never_began": never,
        "name_alert": "" if never else namesakes.of_visit(appointment),
        "parts": [] if never else _parts(shown),
        "rooms_said": [] if never else exam_rooms.said(row, checks, now),
        "running": [each for each in shown if each.is_running],
        "next": Next() if never else coming,
        "held_problem": None if never else held,
        **(override_context(user, [held]) if held else {}),
        "total": _total(shown, row.steps, now),
        "window_left": row.window_minutes,
        "window_seconds": (row.window_minutes or 0) * 60,
        "window_words": _left(row.window_minutes),
        "window_opens": _opens(row, now),
        "state": _state(appointment),
        "late_minutes": row.late_minutes,
        "late_words": length(row.late_minutes * 60),
        "room": room,
        "held_by": held_by,
        "is_others": is_others,
        "may_perform": may and not is_others,
        "may_take_over": may and is_others,
        "has_phases": bool(shown),
        "skip_reasons": SKIP_REASONS,
        "repeat_reasons": pictures.REPEAT_REASONS,
        "view_skip_reasons": pictures.SKIP_REASONS,
    }


def _held(coming, facts):
    """The refusal of what comes next that a physician may override, or None."""
    said = [press.refusal for press in (coming.main, coming.other) if press and press.refusal]
    found = ((worklist.rule_among(sentence, facts), sentence) for sentence in said)
    return next((Problem(RULE_WORDS.get(rule, rule), said, rule) for rule, said in found if rule), None)


def _phases(appointment, lines, facts, now, room):
    """`room`: where the patient is now, for the small steps that are no part of an acquisition."""
    after = phases.next_line(lines)
    coming = after.phase.key if after else None
    return [
        PhaseShown(
            line=line,
            appointment_pk=appointment.pk,
            zone=appointment.site.time_zone,
            now=now,
            is_next=line.phase.key == coming,
            room=getattr(worklist.room_of(line.step) if line.step else room, "name", ""),
            why_not_begin=phases.why_not_begin(line, lines, facts),
            why_not_end=phases.why_not_end(line, facts),
            why_not_skip=phases.why_not_skip(line),
            why_not_repeat=phases.why_not_repeat(line, lines, facts),
        )
        for line in lines
    ]


def _parts(shown):
    return [PartShown(part, list(found)) for part, found in groupby(shown, lambda each: each.line.phase.part)]


@dataclass(frozen=True, slots=True)
class Total:
    """Seconds from the first inhalation or injection to the last picture, or until now; beside what is planned."""

    elapsed: int
    planned: int
    runs: bool

    @property
    def planned_words(self):
        return length(self.planned // 60 * 60)

    @property
    def words(self):
        return length(self.elapsed // 60 * 60) if self.elapsed >= 60 else "0 min"

    @property
    def most(self):
        return max(self.planned, USUAL_MINUTES * 60)

    @property
    def level(self):
        if self.elapsed > self.most:
            return "over"
        return "due" if self.elapsed > self.planned else ""

    @property
    def said(self):
        if self.level == "over":
            return "longer than usual"
        return "longer than planned" if self.level == "due" else ""


def _total(shown, steps, now):
    """The Total of an examination; None before its scan has begun and without small steps."""
    firsts = [at for at, each in enumerate(shown) if each.line.phase.role in BEGINS]
    lungs = [step for step in steps if step.kind != StepKind.XRAY]
    begun = [step.performed_start_at for step in lungs if step.performed_start_at]
    if not (firsts and begun):
        return None
    scan = [each for each in shown[firsts[0] :] if each.line.phase.part != "after"]
    planned = sum(
        each.line.phase.typical_seconds for each in scan if each.state not in ("skipped", "dropped")
    )
    over = all(step.state not in (StepState.SCHEDULED, StepState.IN_PROGRESS) for step in lungs)
    ends = [step.performed_end_at for step in lungs if step.performed_end_at]
    until = max(ends) if over and ends else now
    return Total(max(0, int((until - min(begun)).total_seconds())), planned, not over)


def _left(minutes):
    """22 h; 134 min below three hours."""
    if minutes is None:
        return ""
    return f"{minutes // 60} h" if minutes >= FAR_MINUTES else length(minutes * 60)


def _opens(row, now):
    """When the X-ray window opens; None once it is open, or where none is asked for."""
    if row.window_minutes is None or row.verdict is None:
        return None
    xray = next(step for step in row.steps if step.kind == StepKind.XRAY)
    opens_at = xray.performed_end_at + row.appointment.site.xray_shortest
    # Rounded up, as the refusal's sentence is: a start at the minute shown must pass.
    return opens_at + timedelta(seconds=59) if now < opens_at else None


def _current(steps):
    open_ = (step for step in steps if step.state in (StepState.IN_PROGRESS, StepState.SCHEDULED))
    return next(open_, steps[-1])


def _state(appointment):
    chips = {
        AppointmentState.BOOKED: ("booked", "To come"),
        AppointmentState.ARRIVED: ("arrived", "Here"),
        AppointmentState.IN_PROGRESS: ("in_progress", "Running"),
        AppointmentState.FULFILLED: ("completed", "Done"),
        AppointmentState.NO_SHOW: ("no_show", "No show"),
        AppointmentState.CANCELLED: ("cancelled", "Cancelled"),
    }
    if appointment.awaits_release:
        return ("waiting", "Awaiting release")
    return chips[AppointmentState(appointment.state)]
