"""Which small step may begin or end: what belongs to the tracer and the acquisition is held, the rest is free."""

import pytest

from scheduling.engine import sequence
from scheduling.engine.gates import Examination
from scheduling.engine.phases import Part, Role
from scheduling.engine.sequence import Place, State
from scheduling.engine.states import StepState

HERE = Examination(
    vetted=True,
    checked_in=True,
    dose_cleared=True,
    steps=(("xray", "completed"), ("ventilation", "scheduled"), ("perfusion", "scheduled")),
)
GOWN = Place("gown", "Gown", Part.PREPARATION, State.WAITING)
DOSE = Place("v_dose", "Dose", Part.VENTILATION, State.WAITING, Role.DOSE, "ventilation", StepState.SCHEDULED)
INHALE = Place(
    "inhalation",
    "Inhalation",
    Part.VENTILATION,
    State.WAITING,
    Role.BEGINS,
    "ventilation",
    StepState.SCHEDULED,
)
VIEWS = Place(
    "v_pictures",
    "Views",
    Part.VENTILATION,
    State.WAITING,
    Role.PICTURES,
    "ventilation",
    StepState.SCHEDULED,
    after_begin=True,
)


def changed(row, **values):
    return type(row)(**{name: getattr(row, name) for name in row.__slots__} | values)


@pytest.mark.parametrize(
    ("place", "facts", "sentence"),
    [
        (GOWN, {}, None),
        (GOWN, {"checked_in": False}, "Check the patient in first."),
        (GOWN, {"checked_in": False, "over": True}, None),
        (DOSE, {}, None),
        (DOSE, {"dose_cleared": False}, "Clear the dose first."),
        (INHALE, {}, None),
        (INHALE, {"dose_cleared": False}, "Clear the dose first."),
        (INHALE, {"here_for_scan": False}, "Check the patient in at the scan first."),
        (
            INHALE,
            {"vetted": False},
            "A nuclear physician has to vet the order first. A STAT order can be vetted by phone.",
        ),
        (VIEWS, {}, "Ventilation has not started."),
        (changed(VIEWS, step=StepState.IN_PROGRESS), {}, None),
        (
            changed(GOWN, state=State.DONE),
            {},
            "Gown: this is done already. Repeat it if it has to be done again.",
        ),
        (changed(GOWN, state=State.RUNNING), {}, "Gown: this is running already."),
        (changed(GOWN, state=State.SKIPPED), {}, None),
        (
            changed(VIEWS, state=State.DROPPED),
            {},
            "Views: this is not done any more, because its acquisition falls away.",
        ),
    ],
)
def test_what_may_begin(place, facts, sentence):
    assert sequence.why_not_begin(place, [place], changed(HERE, **facts)) == sentence


def test_another_that_runs_in_the_same_part_is_ended_first():
    running = changed(DOSE, state=State.RUNNING)
    assert (
        sequence.why_not_begin(INHALE, [running, INHALE], HERE)
        == "Dose: this is still running. End it first."
    )
    assert sequence.why_not_begin(GOWN, [running, GOWN], HERE) is None


def test_only_what_was_done_or_skipped_is_repeated():
    sentence = "Gown: this has not been done yet. Begin it."
    for state, said in (
        (State.WAITING, sentence),
        (State.RUNNING, sentence),
        (State.DONE, None),
        (State.SKIPPED, None),
    ):
        assert sequence.why_not_repeat(changed(GOWN, state=state), [], HERE) == said


def test_only_what_runs_is_ended():
    assert sequence.why_not_end(GOWN, HERE) == "Gown: this is not running."
    assert sequence.why_not_end(changed(GOWN, state=State.RUNNING), HERE) is None


def test_the_acquisition_is_left_out_or_stopped_and_not_skipped():
    begun = StepState.IN_PROGRESS
    assert sequence.why_not_skip(GOWN) is None
    assert sequence.why_not_skip(INHALE) == "Ventilation begins with this. Leave the acquisition out instead."
    assert sequence.why_not_skip(changed(VIEWS, step=begun)) == (
        "Ventilation ends with this. Stop the acquisition instead."
    )
    assert sequence.why_not_skip(changed(GOWN, state=State.SKIPPED)) == "Gown: this is skipped already."


def test_next_is_the_first_that_waits_after_the_last_that_was_touched():
    def named(places):
        found = sequence.next_place(places)
        return found and found.key

    done, dropped = changed(INHALE, state=State.DONE), changed(VIEWS, state=State.DROPPED)
    assert named([GOWN, INHALE, VIEWS]) == "gown"
    assert named([GOWN, done, VIEWS]) == VIEWS.key
    # What was passed over still waits when nothing comes after.
    assert named([GOWN, done, dropped]) == "gown"
    assert named([changed(GOWN, state=State.SKIPPED), done, dropped]) is None


def test_a_dose_measured_ahead_passes_over_nothing():
    measured = changed(DOSE, state=State.DONE)
    assert sequence.next_place([GOWN, measured, INHALE]) == GOWN
    assert sequence.next_place([changed(GOWN, state=State.DONE), measured, INHALE]) == INHALE
