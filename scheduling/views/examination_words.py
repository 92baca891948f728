"""How the small steps and the pictures of one examination are worded, computed once for page and poll."""

from dataclasses import dataclass
from datetime import datetime

from scheduling import phases
from scheduling.engine import pictures as engine
from scheduling.engine.phases import Part, Role, Timer
from scheduling.engine.sequence import State
from scheduling.models import PictureRecord
from scheduling.templatetags import clock

PARTS = {
    Part.PREPARATION: "Preparation",
    Part.VENTILATION: "Ventilation",
    Part.CHANGEOVER: "Changeover",
    Part.PERFUSION: "Perfusion",
    Part.AFTER: "After the scan",
}
SHORT = {
    engine.View.SPECT_CT: "CT",
    engine.View.SINGLE_BREATH: "Breath",
    engine.View.EQUILIBRIUM: "Equil.",
    engine.View.WASHOUT: "Wash",
}
STATE_CHIPS = {
    State.RUNNING: ("in_progress", "Running"),
    State.DONE: ("completed", "Done"),
    State.SKIPPED: ("cancelled", "Skipped"),
    State.DROPPED: ("cancelled", "Falls away"),
}
# Where the values of these are entered: a panel of the same page.
PANELS = {Role.DOSE: "doses", Role.RESIDUAL: "doses", Role.COUNTS: "counts"}


def stopwatch(seconds):
    """3:20; 1:02:05 from an hour on."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def length(seconds):
    """30 s, 5 min, 1 h 5 min."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds % 60 and seconds < 600:
        return f"{seconds // 60} min {seconds % 60} s"
    minutes = seconds // 60
    hours, rest = divmod(minutes, 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (rest, "min")) if n)


@dataclass(frozen=True, slots=True)
class Timing:
    """A running step's clock. `label` names the room and the step, never the patient: it is shown on the lock."""

    key: str
    label: str
    name: str
    elapsed: int
    typical: int
    most: int
    counts_down: bool

    @property
    def level(self):
        """ "": in time; "due": the typical time is reached; "over": the most is passed."""
        if self.elapsed >= self.most:
            return "over"
        return "due" if self.elapsed >= self.typical else ""

    @property
    def shown(self):
        if self.counts_down and self.elapsed < self.typical:
            return f"{stopwatch(self.typical - self.elapsed)} left of {stopwatch(self.typical)}"
        return f"{stopwatch(self.elapsed)} of {stopwatch(self.typical)}"

    @property
    def said(self):
        """The level in words."""
        if self.level == "over":
            return f"Past the longest usual time, {stopwatch(self.most)}"
        return "Time reached" if self.level == "due" else ""


@dataclass(frozen=True, slots=True)
class ViewShown:
    """One planned view and the newest take of it."""

    view: str
    picture: PictureRecord | None
    zone: str

    @property
    def name(self):
        return engine.NAMES[engine.View(self.view)]

    @property
    def short(self):
        return SHORT.get(engine.View(self.view), self.view.upper())

    @property
    def state(self):
        return self.picture.outcome if self.picture else "waiting"

    @property
    def is_settled(self):
        return self.state in (engine.Outcome.ACCEPTED, engine.Outcome.SKIPPED)

    @property
    def said(self):
        """ "accepted 10:31", "repeat: the patient moved"; nothing before the first take."""
        picture = self.picture
        if picture is None:
            return ""
        if picture.outcome == engine.Outcome.ACCEPTED:
            counts = f", {picture.counts_k} k" if picture.counts_k else ""
            return f"{clock.time_at(picture.acquired_at, self.zone)}{counts}"
        return f"{'repeat' if picture.outcome == engine.Outcome.REPEATED else 'skipped'}: {picture.reason}"

    @property
    def takes(self):
        return self.picture.take if self.picture else 0


@dataclass(frozen=True, slots=True)
class PhaseShown:
    """One small step, with why each press is not possible now (None: it is)."""

    line: phases.Line
    appointment_pk: object
    zone: str
    now: datetime
    is_next: bool
    room: str
    why_not_begin: str | None
    why_not_end: str | None
    why_not_skip: str | None
    why_not_repeat: str | None

    @property
    def key(self):
        return self.line.phase.key

    @property
    def name(self):
        return self.line.phase.name

    @property
    def short_name(self):
        """The name up to its first comma or semicolon: what stands on a button."""
        return self.name.replace(";", ",").split(",")[0]

    @property
    def state(self):
        return str(self.line.state)

    @property
    def chip(self):
        return STATE_CHIPS.get(self.line.state)

    @property
    def is_timed(self):
        """Without a timer a step is ticked off with one press; one that starts an acquisition is begun and ended."""
        phase = self.line.phase
        return phase.timer != Timer.NONE or bool(phase.views) or phase.role in (Role.BEGINS, Role.BOTH)

    @property
    def is_running(self):
        return self.line.state == State.RUNNING

    @property
    def is_waiting(self):
        return self.line.state == State.WAITING

    @property
    def panel(self):
        return PANELS.get(self.line.phase.role, "")

    @property
    def planned(self):
        return length(self.line.phase.typical_seconds)

    @property
    def timing(self):
        if not self.is_running:
            return None
        phase, record = self.line.phase, self.line.record
        return Timing(
            key=f"{phase.key}-{record.pk}",
            label=f"{self.room}: {self.short_name}" if self.room else self.short_name,
            name=self.name,
            elapsed=max(0, int((self.now - record.started_at).total_seconds())),
            typical=phase.typical_seconds,
            most=phase.most_seconds,
            counts_down=phase.timer == Timer.DOWN,
        )

    @property
    def said(self):
        """When it was, and how long; why it was skipped."""
        record = self.line.record
        if record is None:
            return ""
        if record.skipped_reason:
            return record.skipped_reason
        begun = clock.time_at(record.started_at, self.zone)
        if record.ended_at is None:
            return f"since {begun}"
        lasted = int((record.ended_at - record.started_at).total_seconds())
        return f"{begun}, {stopwatch(lasted)} min" if lasted else begun

    @property
    def take(self):
        return len(self.line.takes)

    @property
    def views(self):
        return [ViewShown(view, picture, self.zone) for view, picture in self.line.pictures.items()]

    @property
    def step(self):
        return self.line.step

    @property
    def next_view(self):
        return next((each for each in self.views if not each.is_settled), None)

    @property
    def left_over(self):
        """How many views are neither accepted nor skipped."""
        return sum(not each.is_settled for each in self.views)

    @property
    def shows_views(self):
        """While they are taken, and afterwards, when a reader may ask for more."""
        return bool(self.views) and (
            self.is_running or self.line.state == State.DONE or any(each.picture for each in self.views)
        )


@dataclass(frozen=True, slots=True)
class PartShown:
    key: str
    phases: list[PhaseShown]

    @property
    def title(self):
        return PARTS[Part(self.key)]

    @property
    def is_current(self):
        return any(each.is_running or each.is_next for each in self.phases)

    @property
    def summary(self):
        done = sum(each.state in ("done", "skipped", "dropped") for each in self.phases)
        return f"{done} of {len(self.phases)} done"
