"""What may be done next in one examination: None, or the sentence why not.

The service raises the sentence, the page shows it on the disabled button. "Next" is by the protocol's order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile

from scheduling.engine import problems
from scheduling.engine.screening import Effect, Stage
from scheduling.engine.states import StepState
from scheduling.engine.window import Verdict

XRAY = "xray"
NOT_CLEARED = "Clear the dose first."
NOT_HERE = "Check the patient in first."

_WORDS = {XRAY: "The X-ray"}
_OVER = frozenset({StepState.COMPLETED, StepState.DISCONTINUED, StepState.CANCELLED})
_PERFORMED = frozenset({StepState.COMPLETED, StepState.DISCONTINUED})


@dataclass(frozen=True, slots=True)
class Examination:
    """The facts a gate judges. `steps`: (kind, state) in the protocol's order.

    `blockers`: per stage what still gates it (`screening.stage_blockers`). `verdict`: the chest X-ray window
    judged for a start now; None when a physician has overridden it, or when the protocol needs no X-ray.
    `awaits_reading`: steps held until a physician has read the one before. `together`: steps that are acquired
    with the one before. `refused`: kind of step to the sentence why its room or kit is not used now (quality.py).
    `pending`: reasons of the problems that are open (problems.py). `here_for_scan`: the arrival at the scan, not
    only the one at the X-ray, is recorded. `arrival_due`: "xray" or "scan", the arrival that comes next.
    `planned_for`: the days of a visit not begun, in words, where now is none of them. `over`: the last acquisition
    has ended. `doses`: kind of step to the sentence why it waits for its dose (administrations.py). `gas`: the same
    where its gas has become too old (gas.py). `ends`: kind of step to the sentence why it is not completed as it is.
    """

    vetted: bool
    checked_in: bool
    steps: tuple[tuple[str, str], ...]
    blockers: Mapping[Stage, tuple[Effect, ...]] = field(default_factory=dict)
    verdict: Verdict | None = None
    dose_cleared: bool = False
    awaits_reading: frozenset[str] = frozenset()
    together: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    here_for_scan: bool = True
    arrival_due: str | None = None
    planned_for: str = ""
    over: bool = False
    doses: Mapping[str, str] = field(default_factory=dict)
    gas: Mapping[str, str] = field(default_factory=dict)
    ends: Mapping[str, str] = field(default_factory=dict)


def why_not_check_in(examination: Examination) -> str | None:
    """An arrival at the scan may be recorded as soon as the patient is there, X-ray or not."""
    if examination.checked_in and examination.here_for_scan:
        return "The patient is already checked in."
    if examination.planned_for:
        return (
            f"This visit is planned for {examination.planned_for}. "
            "Move it to today first, then check the patient in."
        )
    return None


def why_not_start_xray(examination: Examination) -> str | None:
    refused = (
        _why_not_begin(examination, XRAY) or _vetted(examination) or _first_blocker(examination, Stage.XRAY)
    )
    return refused or problems.why_held(examination.pending, problems.HOLDS_EVERYTHING)


def why_not_clear_dose(examination: Examination) -> str | None:
    """The window is judged here a first time, before a dose is prepared that could not be given."""
    if examination.dose_cleared:
        return "The dose is already cleared."
    refused = _here_for_scan(examination) or _vetted(examination) or _first_blocker(examination, Stage.DOSE)
    refused = refused or _window_once(examination)
    return refused or problems.why_held(examination.pending, problems.HOLDS_EVERYTHING)


def why_not_start(examination: Examination, kind: str) -> str | None:
    """The window is judged again at the first lung acquisition; later parts are never blocked by it."""
    if kind == XRAY:
        return why_not_start_xray(examination)
    refused = _why_not_begin(examination, kind) or _held(examination, kind) or _here_for_scan(examination)
    if refused is not None:
        return refused
    if not examination.dose_cleared:
        return NOT_CLEARED
    refused = _vetted(examination) or _first_blocker(examination, Stage.START)
    refused = refused or _of_all(examination, kind, examination.refused) or _window_once(examination)
    refused = refused or _of_all(examination, kind, examination.doses)
    refused = refused or _of_all(examination, kind, examination.gas)
    return refused or problems.why_held(examination.pending, problems.HOLDS_LUNGS)


def why_not_make_gas(examination: Examination, kind: str) -> str | None:
    """Gas that could not be breathed in is not made: as for the start, but what was made before may be too old."""
    return why_not_start(replace(examination, gas={}), kind)


def _of_all(examination: Examination, kind: str, sentences: Mapping[str, str]) -> str | None:
    """The first sentence about this acquisition or one that begins together with it."""
    kinds = [each for each, _ in examination.steps]
    after = takewhile(lambda each: each in examination.together, kinds[kinds.index(kind) + 1 :])
    return next((sentences[each] for each in (kind, *after) if each in sentences), None)


def why_not_measure(examination: Examination, kind: str) -> str | None:
    """A dose is measured once it is cleared; while its acquisition runs, an extra one."""
    state = _state(examination, kind)
    if state is None:
        return _not_part(kind)
    if state == StepState.CANCELLED:
        return f"{_words(kind)} is cancelled."
    if state in _PERFORMED:
        return f"{_words(kind)} has already ended. Undo its end first."
    if state == StepState.IN_PROGRESS:
        return None
    return _here_for_scan(examination) or (None if examination.dose_cleared else NOT_CLEARED)


def why_not_leave_out(examination: Examination, kind: str) -> str | None:
    """A lung acquisition may be left out once another has begun; before that the appointment is cancelled."""
    state = _state(examination, kind)
    if state is None or kind == XRAY:
        return _not_part(kind)
    if state != StepState.SCHEDULED:
        return f"{_words(kind)} has already {'started' if state == StepState.IN_PROGRESS else 'ended'}."
    if not _lungs_begun(examination):
        return "Nothing has begun yet. Cancel the appointment instead."
    if any(each == StepState.IN_PROGRESS for _, each in examination.steps):
        return "An acquisition is running. End or stop it first."
    return None


def why_not_end(examination: Examination, kind: str) -> str | None:
    """Why it is not complete; to stop it, or to complete it as limited, asks for less."""
    return why_not_stop(examination, kind) or _of_all(examination, kind, examination.ends)


def why_not_stop(examination: Examination, kind: str) -> str | None:
    state = _state(examination, kind)
    if state is None:
        return _not_part(kind)
    if state == StepState.IN_PROGRESS:
        return (
            None
            if kind not in examination.together
            else f"{_words(kind)} ends with {_before(examination, kind)}."
        )
    if state == StepState.CANCELLED:
        return f"{_words(kind)} is cancelled."
    return f"{_words(kind)} has already ended." if state in _PERFORMED else f"{_words(kind)} has not started."


def _why_not_begin(examination: Examination, kind: str) -> str | None:
    state = _state(examination, kind)
    if state is None:
        return _not_part(kind)
    if not examination.checked_in:
        return NOT_HERE
    if state == StepState.CANCELLED:
        return f"{_words(kind)} is cancelled."
    if state != StepState.SCHEDULED:
        return f"{_words(kind)} has already {'started' if state == StepState.IN_PROGRESS else 'ended'}."
    return _together(examination, kind) or _busy(examination) or _out_of_order(examination, kind)


def _together(examination: Examination, kind: str) -> str | None:
    if kind not in examination.together:
        return None
    before = _before(examination, kind)
    return f"{_words(kind)} is acquired together with {before}. Start {before}."


def _busy(examination: Examination) -> str | None:
    running = next((kind for kind, state in examination.steps if state == StepState.IN_PROGRESS), None)
    return None if running is None else f"{_words(running)} comes first; it has not ended."


def _out_of_order(examination: Examination, kind: str) -> str | None:
    for earlier, state in examination.steps:
        if earlier == kind:
            break
        # A chest X-ray that was not done is the window's business: a physician may override it.
        if state not in _OVER and earlier != XRAY:
            return f"{_words(earlier)} comes first; it has not ended."
    return None


def _held(examination: Examination, kind: str) -> str | None:
    if kind not in examination.awaits_reading:
        return None
    before = _before(examination, kind)
    return f"A physician reads {before} first: {kind} is done only if that is abnormal."


def why_not_read(examination: Examination) -> str | None:
    """Whether a physician can say now if the held acquisition is needed."""
    held = next((kind for kind, _ in examination.steps if kind in examination.awaits_reading), None)
    if held is None:
        return "No acquisition waits for a reading."
    state = _state(examination, held)
    if state == StepState.CANCELLED:
        return f"{_words(held)} has been given up. Undo that on the worklist first."
    before = _before(examination, held)
    if _state(examination, before) not in _PERFORMED:
        return f"{_words(before)} has not ended."
    return None


def _before(examination: Examination, kind: str) -> str:
    kinds = [each for each, _ in examination.steps]
    return kinds[kinds.index(kind) - 1]


def _lungs_begun(examination: Examination) -> bool:
    begun = (*_PERFORMED, StepState.IN_PROGRESS)
    return any(state in begun for kind, state in examination.steps if kind != XRAY)


def _here_for_scan(examination: Examination) -> str | None:
    """Identity and pregnancy are asked at the X-ray and once more at the scan."""
    if not examination.checked_in:
        return NOT_HERE
    return None if examination.here_for_scan else "Check the patient in at the scan first."


def _vetted(examination: Examination) -> str | None:
    if examination.vetted:
        return None
    return "A nuclear physician has to vet the order first. A STAT order can be vetted by phone."


def _first_blocker(examination: Examination, stage: Stage) -> str | None:
    effects = examination.blockers.get(stage, ())
    return effects[0].sentence if effects else None


def _window_once(examination: Examination) -> str | None:
    """Once a lung acquisition has begun, the window has been judged for the whole examination."""
    if _lungs_begun(examination):
        return None
    verdict = examination.verdict
    return None if verdict is None or verdict.ok else verdict.sentence


def _state(examination: Examination, kind: str) -> str | None:
    return next((state for each, state in examination.steps if each == kind), None)


def _words(kind: str) -> str:
    return _WORDS.get(kind, kind.capitalize())


def _not_part(kind: str) -> str:
    return f"{_words(kind)} is not part of this examination."
