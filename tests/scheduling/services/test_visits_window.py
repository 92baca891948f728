"""The chest X-ray window on performed times, and what a physician lets go on all the same."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduling import worklist
from scheduling.engine.states import StepState
from scheduling.models import Order, StepKind, Task
from scheduling.services import screening, vetting, visits
from scheduling.services.examination import xrays
from tests import department
from tests.department import SAFE_ANSWERS
from tests.scheduling.services.examination import (
    HOUR,
    MINUTE,
    NO_XRAY,
    SECOND,
    TOO_OLD,
    arrive,
    here,
    override,
    refused,
    states,
    step,
)

pytestmark = pytest.mark.django_db


# The window of the chest X-ray, on performed times; in New York, the clocks move on 14 March and 7 November 2027.

XRAY_ENDS = [
    pytest.param(datetime(2027, 3, 8, 15, 0, tzinfo=UTC), id="an ordinary day"),
    pytest.param(datetime(2027, 3, 14, 6, 30, tzinfo=UTC), id="the hour that is lost, 01:30 EST"),
    pytest.param(datetime(2027, 3, 13, 17, 0, tzinfo=UTC), id="the day that is 23 h long"),
    pytest.param(datetime(2027, 11, 7, 5, 30, tzinfo=UTC), id="the hour that comes twice, 01:30 EDT"),
    pytest.param(datetime(2027, 11, 6, 16, 0, tzinfo=UTC), id="the day that is 25 h long"),
]
EARLIEST = {
    datetime(2027, 3, 8, 15, 0, tzinfo=UTC): "11:00",
    datetime(2027, 3, 14, 6, 30, tzinfo=UTC): "03:30",
    datetime(2027, 3, 13, 17, 0, tzinfo=UTC): "13:00",
    datetime(2027, 11, 7, 5, 30, tzinfo=UTC): "01:30 EST",
    datetime(2027, 11, 6, 16, 0, tzinfo=UTC): "13:00",
}


def too_soon(xray_ended_at):
    return (
        "The chest X-ray ended 59 min before; at least 1 h is needed. "
        f"The earliest start is {EARLIEST[xray_ended_at]}."
    )


@pytest.mark.parametrize("xray_ended_at", XRAY_ENDS)
@pytest.mark.parametrize("gap", [HOUR, 24 * HOUR], ids=["1 h", "24 h"])
def test_both_ends_of_the_window_pass_at_dose_and_at_start(gap, xray_ended_at, appointment, technologist):
    arrive(appointment, technologist, xray_ended_at)
    at = xray_ended_at + gap
    here(appointment, technologist, at)
    visits.clear_dose(appointment, by=technologist, now=at)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    assert states(appointment)[3] == StepState.IN_PROGRESS


@pytest.mark.parametrize("xray_ended_at", XRAY_ENDS)
def test_one_second_too_soon_is_refused_at_dose(xray_ended_at, appointment, technologist):
    arrive(appointment, technologist, xray_ended_at)
    at = xray_ended_at + HOUR - SECOND
    here(appointment, technologist, at)
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == too_soon(xray_ended_at)


@pytest.mark.parametrize("xray_ended_at", XRAY_ENDS)
def test_one_second_too_late_is_refused_at_dose(xray_ended_at, appointment, technologist):
    arrive(appointment, technologist, xray_ended_at)
    at = xray_ended_at + 24 * HOUR + SECOND
    here(appointment, technologist, at)
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == TOO_OLD


@pytest.mark.parametrize("ended_at", XRAY_ENDS)
def test_a_chest_ct_counts_by_the_same_window_with_its_minutes_shown_from_check_in_on(
    ended_at, appointment, technologist
):
    last, ventilation = ended_at + 24 * HOUR, step(appointment, StepKind.VENTILATION)
    arrive(appointment, technologist, None, now=last - HOUR)
    xrays.record(appointment, ended_at=ended_at, modality="CT", by=technologist, now=last - HOUR)
    for now, left in ((last - HOUR, 60), (last, 0), (last + SECOND, -1)):
        shown = worklist.row(worklist.examinations().get(pk=appointment.pk), now)
        assert shown.window_minutes == left
    assert refused(visits.clear_dose, appointment, by=technologist, now=last + SECOND) == TOO_OLD
    visits.clear_dose(appointment, by=technologist, now=last)
    assert refused(visits.start, ventilation, by=technologist, now=last + SECOND) == TOO_OLD
    assert visits.start(ventilation, by=technologist, now=last).state == StepState.IN_PROGRESS


@pytest.mark.parametrize("xray_ended_at", XRAY_ENDS)
def test_the_window_is_judged_again_at_the_first_lung_acquisition(xray_ended_at, appointment, technologist):
    last, ventilation = xray_ended_at + 24 * HOUR, step(appointment, StepKind.VENTILATION)
    arrive(appointment, technologist, xray_ended_at)
    here(appointment, technologist, last)
    visits.clear_dose(appointment, by=technologist, now=last)
    assert refused(visits.start, ventilation, by=technologist, now=last + SECOND) == TOO_OLD
    assert states(appointment)[:2] == ("scheduled", "arrived")


def test_the_window_is_the_sites_own(site, appointment, technologist, lungs_at):
    site.xray_shortest, site.xray_longest = timedelta(hours=2), timedelta(hours=12)
    site.save(update_fields=["xray_shortest", "xray_longest"])
    arrive(appointment, technologist, lungs_at)
    at = lungs_at + 12 * HOUR + SECOND
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == (
        "The chest X-ray ended 12 h 1 min before; at most 12 h is allowed. A new chest X-ray is needed."
    )


def test_without_an_xray_there_is_no_dose(appointment, technologist, lungs_at):
    arrive(appointment, technologist, None)
    assert refused(visits.clear_dose, appointment, by=technologist, now=lungs_at) == NO_XRAY


def test_an_xray_that_was_broken_off_is_none(appointment, technologist, lungs_at):
    arrive(appointment, technologist, None)
    xray = step(appointment, StepKind.XRAY)
    visits.start(xray, by=technologist, now=lungs_at - 2 * HOUR)
    visits.discontinue(xray, reason="Patient unwell", by=technologist, now=lungs_at - HOUR)
    assert refused(visits.clear_dose, appointment, by=technologist, now=lungs_at) == NO_XRAY


def test_an_xray_that_is_taken_back_after_the_dose_stops_the_start(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    visits.undo(step(appointment, StepKind.XRAY), by=technologist, now=at)
    sentence = refused(visits.start, step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    assert sentence == NO_XRAY


def test_perfusion_is_never_blocked_by_the_window(appointment, technologist):
    """Ventilation began in the last minute of the window; perfusion follows nine hours later."""
    arrive(appointment, technologist, appointment.xray_ends_at)
    last_minute = appointment.xray_ends_at + 24 * HOUR
    here(appointment, technologist, last_minute)
    visits.clear_dose(appointment, by=technologist, now=last_minute)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=last_minute)
    visits.end(step(appointment, StepKind.VENTILATION), by=technologist, now=last_minute + 15 * MINUTE)
    visits.start(step(appointment, StepKind.PERFUSION), by=technologist, now=last_minute + 9 * HOUR)
    assert states(appointment)[4] == StepState.IN_PROGRESS


def test_perfusion_is_not_blocked_after_a_ventilation_that_was_broken_off(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation, next_day = step(appointment, StepKind.VENTILATION), at + 30 * HOUR
    visits.start(ventilation, by=technologist, now=at)
    visits.discontinue(ventilation, reason="Coughing", by=technologist, now=at + MINUTE)
    here(appointment, technologist, next_day)
    visits.clear_dose(appointment, by=technologist, now=next_day)
    visits.start(step(appointment, StepKind.PERFUSION), by=technologist, now=next_day)
    assert states(appointment)[3:] == (StepState.DISCONTINUED, StepState.IN_PROGRESS)


# Overrides


@pytest.mark.parametrize(
    ("rule", "gap", "sentence"),
    [
        ("CXR-1", None, NO_XRAY),
        ("CXR-2", 24 * HOUR + SECOND, TOO_OLD),
        (
            "CXR-3",
            HOUR - SECOND,
            "The chest X-ray ended 59 min before; at least 1 h is needed. The earliest start is 11:00.",
        ),
    ],
)
def test_a_physicians_override_lets_dose_and_start_go_on(
    rule, gap, sentence, appointment, technologist, physician
):
    at = datetime(2027, 3, 8, 16, 0, tzinfo=UTC) + ((gap or HOUR) - HOUR)
    arrive(appointment, technologist, gap and at - gap)
    here(appointment, technologist, at)
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == sentence
    override(appointment, rule, physician, at)
    visits.clear_dose(appointment, by=technologist, now=at)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    assert states(appointment)[3] == StepState.IN_PROGRESS


def test_an_xray_that_was_overridden_and_never_done_falls_away_at_the_end(
    appointment, technologist, physician, lungs_at
):
    arrive(appointment, technologist, None)
    override(appointment, "CXR-1", physician, lungs_at)
    visits.clear_dose(appointment, by=technologist, now=lungs_at)
    for kind in (StepKind.VENTILATION, StepKind.PERFUSION):
        visits.start(step(appointment, kind), by=technologist, now=lungs_at)
        visits.end(step(appointment, kind), by=technologist, now=lungs_at + 15 * MINUTE)
    assert states(appointment) == ("performed", "fulfilled", "cancelled", "completed", "completed")


def test_an_override_by_phone_lets_it_go_on_at_once_and_is_countersigned_later(
    appointment, technologist, physician, lungs_at
):
    arrive(appointment, technologist, lungs_at)
    order = Order.objects.get()
    vetting.override(
        order,
        rule="CXR-3",
        reason=vetting.PRESET_REASONS[1],
        by=technologist,
        physician=physician,
        now=lungs_at,
    )
    visits.clear_dose(appointment, by=technologist, now=lungs_at)
    task = order.tasks.get(kind=Task.Kind.COUNTERSIGN)
    assert (task.due_at, task.closed_at) == (lungs_at + 24 * HOUR, None)


@pytest.mark.parametrize("priority", ["routine", "stat"])
@pytest.mark.parametrize(
    ("rule", "answer", "sentence"),
    [
        (
            "ALB-1",
            {"albumin_allergy": "yes"},
            "Reaction to human albumin: the perfusion tracer needs an authorised user's decision.",
        ),
        (
            "PH-1",
            {"pulmonary_hypertension": "severe"},
            "Severe pulmonary hypertension: the perfusion tracer needs an authorised user's decision and the "
            "reduced number of particles.",
        ),
    ],
)
def test_a_block_holds_the_dose_until_an_authorised_user_decides(
    priority, rule, answer, sentence, site, technologist, physician
):
    appointment = department.booked(site, priority=priority, answers=SAFE_ANSWERS | answer)
    at = appointment.lungs_start_at
    arrive(appointment, technologist, appointment.xray_ends_at)
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == sentence
    override(appointment, rule, physician, at)
    assert visits.clear_dose(appointment, by=technologist, now=at).dose_cleared_at == at


@pytest.mark.parametrize(
    ("rule", "answer", "sentence"),
    [
        (
            "SHUNT-1",
            {"right_to_left_shunt": "yes"},
            "Right-to-left shunt: a physician decides before the perfusion tracer is given.",
        ),
        (
            "INF-1",
            {"respiratory_isolation": "yes"},
            "Respiratory isolation: a physician decides whether ventilation is done.",
        ),
        (
            "UNST-1",
            {"unstable": "yes"},
            "Unstable circulation: speak to a physician now; CT angiography or echocardiography may be faster.",
        ),
    ],
)
def test_a_consult_holds_the_dose_until_a_physician_decides(rule, answer, sentence, site, technologist):
    appointment = department.booked(site, answers=SAFE_ANSWERS | answer)
    at = appointment.lungs_start_at
    arrive(appointment, technologist, appointment.xray_ends_at)
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == sentence
    override(appointment, rule, department.attending(site, is_authorised_user=False), at)
    assert visits.clear_dose(appointment, by=technologist, now=at).dose_cleared_at == at


def test_an_answer_that_changes_after_the_dose_blocks_the_start(
    appointment, technologist, physician, lungs_at
):
    department.ready(appointment, by=technologist)
    order, ventilation = Order.objects.get(), step(appointment, StepKind.VENTILATION)
    screening.answer(order, {"albumin_allergy": "yes"}, by=technologist, now=lungs_at)
    sentence = "Reaction to human albumin: the perfusion tracer needs an authorised user's decision."
    assert refused(visits.start, ventilation, by=technologist, now=lungs_at) == sentence
    override(appointment, "ALB-1", physician, lungs_at + MINUTE)
    visits.start(ventilation, by=technologist, now=lungs_at + MINUTE)
    assert states(appointment)[3] == StepState.IN_PROGRESS


def test_an_override_belongs_to_the_answer_it_was_given_for(site, technologist, physician):
    appointment = department.booked(site, answers=SAFE_ANSWERS | {"albumin_allergy": "yes"})
    at = appointment.lungs_start_at
    arrive(appointment, technologist, appointment.xray_ends_at)
    override(appointment, "ALB-1", physician, at)
    order = Order.objects.get()
    screening.answer(order, {"albumin_allergy": "no"}, by=technologist, now=at + MINUTE)
    screening.answer(order, {"albumin_allergy": "yes"}, by=technologist, now=at + 2 * MINUTE)
    sentence = refused(visits.clear_dose, appointment, by=technologist, now=at + 3 * MINUTE)
    assert sentence == "Reaction to human albumin: the perfusion tracer needs an authorised user's decision."
