"""What may be done next, step by step through an examination."""

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduling.engine import gates, screening
from scheduling.engine.gates import Examination
from scheduling.engine.screening import Facts, Stage
from scheduling.engine.window import Verdict

IN_TIME = Verdict(True, None, timedelta(hours=2), None)
TOO_SOON = Verdict(False, "The chest X-ray ended 42 min before; at least 1 h is needed.", None, "CXR-3")


def steps(xray="completed", ventilation="scheduled", perfusion="scheduled"):
    return ("xray", xray), ("ventilation", ventilation), ("perfusion", perfusion)


READY = Examination(
    vetted=True, checked_in=True, steps=steps(), blockers={}, verdict=IN_TIME, dose_cleared=True
)
VET = "A nuclear physician has to vet the order first. A STAT order can be vetted by phone."
CHECK_IN = "Check the patient in first."


def blocked(stage: Stage, **answers: str):
    effects = screening.evaluate(answers, Facts("female", 30))
    return {stage: screening.stage_blockers(effects, stage)}


def test_a_ready_examination_goes_through_all_its_steps():
    coming = replace(READY, checked_in=False, dose_cleared=False, verdict=TOO_SOON, steps=steps("scheduled"))
    assert gates.why_not_check_in(coming) is None
    arrived = replace(coming, checked_in=True)
    assert gates.why_not_start(arrived, "xray") is None
    assert gates.why_not_end(replace(arrived, steps=steps("in_progress")), "xray") is None
    waited = replace(arrived, steps=steps(), verdict=IN_TIME)
    assert gates.why_not_clear_dose(waited) is None
    assert gates.why_not_start(READY, "ventilation") is None
    assert gates.why_not_end(replace(READY, steps=steps(ventilation="in_progress")), "ventilation") is None
    assert gates.why_not_start(replace(READY, steps=steps(ventilation="completed")), "perfusion") is None


@pytest.mark.parametrize(
    ("examination", "kind", "sentence"),
    [
        (READY, "perfusion", "Ventilation comes first; it has not ended."),
        (
            replace(READY, steps=steps(ventilation="in_progress")),
            "perfusion",
            "Ventilation comes first; it has not ended.",
        ),
        (
            replace(READY, steps=steps("in_progress")),
            "ventilation",
            "The X-ray comes first; it has not ended.",
        ),
        (
            replace(READY, steps=steps("scheduled", "in_progress")),
            "xray",
            "Ventilation comes first; it has not ended.",
        ),
        (replace(READY, checked_in=False), "ventilation", CHECK_IN),
        (replace(READY, checked_in=False, steps=steps("scheduled")), "xray", CHECK_IN),
        (replace(READY, vetted=False), "ventilation", VET),
        (replace(READY, vetted=False, steps=steps("scheduled")), "xray", VET),
        (replace(READY, dose_cleared=False), "ventilation", "Clear the dose first."),
        (replace(READY, verdict=TOO_SOON), "ventilation", TOO_SOON.sentence),
        (
            replace(READY, steps=steps(ventilation="in_progress")),
            "ventilation",
            "Ventilation has already started.",
        ),
        (
            replace(READY, steps=steps(ventilation="completed")),
            "ventilation",
            "Ventilation has already ended.",
        ),
        (replace(READY, steps=steps(ventilation="cancelled")), "ventilation", "Ventilation is cancelled."),
        (
            replace(READY, steps=steps()[::2]),
            "ventilation",
            "Ventilation is not part of this examination.",
        ),
    ],
)
def test_a_step_that_may_not_start_says_why(examination, kind, sentence):
    assert gates.why_not_start(examination, kind) == sentence


def test_perfusion_after_a_performed_ventilation_is_never_blocked_by_the_window():
    for state in ("completed", "discontinued"):
        late = replace(READY, verdict=TOO_SOON, steps=steps(ventilation=state))
        assert gates.why_not_start(late, "perfusion") is None


def test_perfusion_as_the_first_lung_step_is_judged_by_the_window():
    for state in ("cancelled", None):
        lungs = steps() if state is None else steps(ventilation=state)
        examination = replace(READY, verdict=TOO_SOON, steps=lungs if state else lungs[::2])
        assert gates.why_not_start(examination, "perfusion") == TOO_SOON.sentence


def test_an_allergy_learnt_after_ventilation_still_stops_perfusion():
    examination = replace(
        READY, steps=steps(ventilation="completed"), blockers=blocked(Stage.START, albumin_allergy="yes")
    )
    assert "albumin" in gates.why_not_start(examination, "perfusion")


def test_an_overridden_window_blocks_nothing():
    without_xray = replace(READY, verdict=None, steps=steps("scheduled"), dose_cleared=False)
    assert gates.why_not_clear_dose(without_xray) is None
    assert gates.why_not_start(replace(without_xray, dose_cleared=True), "ventilation") is None


def test_a_missing_xray_is_told_by_the_window():
    missing = Verdict(False, "No chest X-ray or chest CT is recorded.", None, "CXR-1")
    examination = replace(READY, verdict=missing, steps=steps("scheduled"))
    assert gates.why_not_start(examination, "ventilation") == missing.sentence


@pytest.mark.parametrize(
    ("examination", "sentence"),
    [
        (READY, "The dose is already cleared."),
        (replace(READY, dose_cleared=False, checked_in=False), CHECK_IN),
        (replace(READY, dose_cleared=False, vetted=False), VET),
        (replace(READY, dose_cleared=False, verdict=TOO_SOON), TOO_SOON.sentence),
        (
            replace(READY, dose_cleared=False, blockers=blocked(Stage.DOSE)),
            "Ask about pregnancy before the chest X-ray and before the dose. "
            "Cannot answer counts as possible.",
        ),
    ],
)
def test_a_dose_that_may_not_be_cleared_says_why(examination, sentence):
    assert gates.why_not_clear_dose(examination) == sentence


def test_an_unanswered_pregnancy_question_stops_the_xray():
    examination = replace(READY, steps=steps("scheduled"), blockers=blocked(Stage.XRAY))
    assert gates.why_not_start_xray(examination).startswith("Ask about pregnancy")


def test_a_patient_is_checked_in_once():
    assert gates.why_not_check_in(READY) == "The patient is already checked in."


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("scheduled", "Ventilation has not started."),
        ("completed", "Ventilation has already ended."),
        ("discontinued", "Ventilation has already ended."),
        ("cancelled", "Ventilation is cancelled."),
        ("in_progress", None),
    ],
)
def test_only_a_running_step_ends(state, sentence):
    assert gates.why_not_end(replace(READY, steps=steps(ventilation=state)), "ventilation") == sentence


def test_a_step_of_another_protocol_does_not_end():
    perfusion_only = replace(READY, steps=steps()[::2])
    assert gates.why_not_end(perfusion_only, "ventilation") == "Ventilation is not part of this examination."


# Two arrivals


def test_the_scan_has_a_check_in_of_its_own():
    at_xray = replace(READY, here_for_scan=False, dose_cleared=False)
    assert gates.why_not_check_in(at_xray) is None
    assert gates.why_not_clear_dose(at_xray) == "Check the patient in at the scan first."
    assert gates.why_not_start(at_xray, "ventilation") == "Check the patient in at the scan first."
    assert gates.why_not_check_in(READY) == "The patient is already checked in."


def test_nobody_is_checked_in_on_a_day_of_no_visit():
    coming = replace(READY, checked_in=False, here_for_scan=False, planned_for="9 Mar 2027")
    assert gates.why_not_check_in(coming) == (
        "This visit is planned for 9 Mar 2027. Move it to today first, then check the patient in."
    )


def test_the_window_is_not_judged_again_once_an_acquisition_has_begun():
    begun = (("xray", "completed"), ("ventilation", "completed"), ("perfusion", "scheduled"))
    late = replace(READY, steps=begun, dose_cleared=False, verdict=Verdict(False, "Too old.", None, "CXR-2"))
    assert gates.why_not_clear_dose(late) is None
    assert gates.why_not_start(replace(late, dose_cleared=True), "perfusion") is None
