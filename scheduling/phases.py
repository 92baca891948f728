"""The small steps of one examination as they stand: the plan of its protocol beside what was recorded.

Nothing is written here. `appointment.phases`, `step.pictures` and the protocol's phases may come prefetched.
"""

from dataclasses import dataclass, field

from scheduling.engine import sequence
from scheduling.engine.phases import Part, Role
from scheduling.engine.sequence import BEGINS, Place, State
from scheduling.engine.states import StepState
from scheduling.models import PhaseRecord, PictureRecord, ProtocolPhase, ScheduledProcedureStep


@dataclass(frozen=True, slots=True)
class Line:
    """One small step. `record`: the newest that stands; `pictures`: the newest of each planned view, or None."""

    phase: ProtocolPhase
    step: ScheduledProcedureStep | None
    takes: tuple[PhaseRecord, ...]
    state: State
    after_begin: bool
    pictures: dict[str, PictureRecord | None] = field(default_factory=dict)

    @property
    def record(self):
        return self.takes[-1] if self.takes else None

    @property
    def place(self):
        step, phase = self.step, self.phase
        return Place(
            key=phase.key,
            name=phase.name,
            part=Part(phase.part),
            state=self.state,
            role=Role(phase.role) if phase.role else None,
            kind=step.kind if step else None,
            step=StepState(step.state) if step else None,
            after_begin=self.after_begin,
        )


def plan(appointment):
    """Every small step of this examination, in the protocol's order."""
    steps = {step.kind: step for step in appointment.steps.all()}
    taken = {}
    for record in sorted(appointment.phases.all(), key=lambda row: (row.take, row.pk)):
        if record.voided_at is None:
            taken.setdefault(record.key, []).append(record)
    lines, begun = [], set()
    for phase in sorted(appointment.procedure.protocol.phases.all(), key=lambda row: row.ordinal):
        step, takes = steps.get(phase.part), tuple(taken.get(phase.key, ()))
        pictures = _newest(step, phase.views) if step and phase.views else {}
        lines.append(Line(phase, step, takes, _state(takes, step), phase.part in begun, pictures))
        if phase.role in BEGINS:
            begun.add(phase.part)
    return lines


def _state(takes, step):
    if not takes:
        # An acquisition that was stopped or left out leaves nothing to be done of it.
        gone = step is not None and step.state in (StepState.CANCELLED, StepState.DISCONTINUED)
        return State.DROPPED if gone else State.WAITING
    last = takes[-1]
    if last.skipped_reason:
        return State.SKIPPED
    return State.DONE if last.ended_at else State.RUNNING


def _newest(step, views):
    standing = sorted(
        (row for row in step.pictures.all() if row.voided_at is None), key=lambda r: (r.take, r.pk)
    )
    newest = {row.view: row for row in standing}
    return {view: newest.get(view) for view in views}


def next_line(lines):
    """What comes next, or None when nothing waits."""
    found = sequence.next_place([line.place for line in lines])
    return next((line for line in lines if found and line.phase.key == found.key), None)


def running(lines):
    return [line for line in lines if line.state == State.RUNNING]


def why_not_begin(line, lines, facts):
    """`facts`: examinations.examination(appointment, now)."""
    return sequence.why_not_begin(line.place, [each.place for each in lines], facts)


def why_not_repeat(line, lines, facts):
    return sequence.why_not_repeat(line.place, [each.place for each in lines], facts)


def why_not_end(line, facts):
    return sequence.why_not_end(line.place, facts)


def why_not_skip(line):
    return sequence.why_not_skip(line.place)
