"""The examination itself, step by step: what is refused and why, what is recorded, and what is taken back."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from scheduling.engine.states import AppointmentState, OrderState, StepState
from scheduling.models import Appointment, Order, Reservation, ScheduledProcedureStep, StepKind, Task
from scheduling.services import booking, screening, vetting, visits
from tests import department
from tests.department import NOW, SAFE_ANSWERS
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NO_XRAY = (
    "No chest X-ray or chest CT is recorded. One is needed that ended between 1 h and 24 h "
    "before the first lung acquisition."
)
TOO_OLD = "The chest X-ray ended 24 h 1 min before; at most 24 h is allowed. A new chest X-ray is needed."


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def technologist(site):
    return department.technologist(site)


@pytest.fixture
def physician(site):
    return department.attending(site)


@pytest.fixture
def appointment(site):
    return department.booked(site)


@pytest.fixture
def lungs_at(appointment):
    return appointment.lungs_start_at


def step(appointment, kind):
    return appointment.steps.get(kind=kind)


def states(appointment):
    """(order, appointment, X-ray, ventilation, perfusion) as they stand in the database."""
    stored = Appointment.objects.select_related("procedure__order").get(pk=appointment.pk)
    return (
        stored.procedure.order.state,
        stored.state,
        *stored.steps.order_by("ordinal").values_list("state", flat=True),
    )


def arrive(appointment, technologist, xray_ended_at, now=None):
    """Checked in, and an X-ray recorded that ended then (None: not done)."""
    now = now or appointment.lungs_start_at
    visits.check_in(appointment, identifiers_checked=True, by=technologist, now=now)
    if xray_ended_at:
        visits.record_xray(appointment, ended_at=xray_ended_at, by=technologist, now=xray_ended_at)
    return appointment


def override(appointment, rule, by, now, **fields):
    order = Order.objects.get(pk=appointment.procedure.order_id)
    return vetting.override(order, rule=rule, reason=vetting.PRESET_REASONS[0], by=by, now=now, **fields)


def refused(call, *args, **kwargs):
    with pytest.raises(Conflict) as refusal:
        call(*args, **kwargs)
    return refusal.value.sentence


# The whole examination


def test_the_whole_examination_in_its_states(appointment, technologist, lungs_at):
    seen = [states(appointment)]

    def then(call, *args, **kwargs):
        call(*args, by=technologist, **kwargs)
        seen.append(states(appointment))

    ended_at = appointment.xray_ends_at
    then(visits.check_in, appointment, identifiers_checked=True, now=ended_at)
    then(visits.start, step(appointment, StepKind.XRAY), now=ended_at - 10 * MINUTE)
    then(visits.end, step(appointment, StepKind.XRAY), now=ended_at)
    then(visits.clear_dose, appointment, now=lungs_at)
    then(visits.start, step(appointment, StepKind.VENTILATION), now=lungs_at)
    then(visits.end, step(appointment, StepKind.VENTILATION), now=lungs_at + 15 * MINUTE)
    then(visits.start, step(appointment, StepKind.PERFUSION), now=lungs_at + 20 * MINUTE)
    then(visits.end, step(appointment, StepKind.PERFUSION), now=lungs_at + 40 * MINUTE)
    assert seen == [
        ("scheduled", "booked", "scheduled", "scheduled", "scheduled"),
        ("scheduled", "arrived", "scheduled", "scheduled", "scheduled"),
        ("scheduled", "arrived", "in_progress", "scheduled", "scheduled"),
        ("scheduled", "arrived", "completed", "scheduled", "scheduled"),
        ("scheduled", "arrived", "completed", "scheduled", "scheduled"),
        ("in_progress", "in_progress", "completed", "in_progress", "scheduled"),
        ("in_progress", "in_progress", "completed", "completed", "scheduled"),
        ("in_progress", "in_progress", "completed", "completed", "in_progress"),
        ("performed", "fulfilled", "completed", "completed", "completed"),
    ]


def test_every_act_of_the_examination_is_audited_in_order(site):
    order = department.performed(site)
    appointment = order.procedure.appointments.get()
    events = AuditEvent.objects.filter(subject_id=str(appointment.pk)).order_by("pk")
    assert [event.action for event in events] == [
        "appointment.booked",
        "visit.checked_in",
        "xray.confirmed",
        "dose.cleared",
        "step.started",
        "step.ended",
        "step.started",
        "step.ended",
        "visit.fulfilled",
    ]
    assert {tuple(event.patient_ids) for event in events} == {(order.patient_id,)}


def test_who_did_it_and_when_is_on_the_rows(appointment, technologist, lungs_at):
    department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=lungs_at)
    stored, begun = (
        Appointment.objects.get(pk=appointment.pk),
        step(appointment, StepKind.VENTILATION),
    )
    assert (stored.arrived_at, stored.arrived_by) == (lungs_at, technologist)
    assert (stored.dose_cleared_at, stored.dose_cleared_by) == (lungs_at, technologist)
    assert (begun.performed_start_at, begun.performed_end_at, begun.performed_by) == (
        lungs_at,
        None,
        technologist,
    )


# Check-in


def test_check_in_needs_two_identifiers(appointment, technologist):
    sentence = "Check two identifiers first: the full name, and the date of birth or the wristband."
    with pytest.raises(Invalid) as refusal:
        visits.check_in(appointment, identifiers_checked=False, by=technologist, now=NOW)
    assert (refusal.value.sentence, refusal.value.fields) == (
        sentence,
        {"identifiers_checked": [sentence]},
    )
    assert states(appointment)[1] == AppointmentState.BOOKED


def test_a_patient_is_checked_in_once(appointment, technologist):
    arrive(appointment, technologist, None, now=NOW)
    again = refused(visits.check_in, appointment, identifiers_checked=True, by=technologist, now=NOW)
    assert again == "The patient is already checked in."


def test_a_cancelled_appointment_is_not_checked_in(appointment, site, technologist):
    booking.cancel(appointment, reason="Patient asked", by=department.scheduler(site), now=NOW)
    sentence = refused(visits.check_in, appointment, identifiers_checked=True, by=technologist, now=NOW)
    assert sentence == "This appointment is cancelled; it cannot become arrived."


def test_a_reader_performs_nothing(appointment, physician):
    acts = [
        lambda: visits.check_in(appointment, identifiers_checked=True, by=physician, now=NOW),
        lambda: visits.record_xray(appointment, ended_at=NOW, by=physician, now=NOW),
        lambda: visits.clear_dose(appointment, by=physician, now=NOW),
        lambda: visits.start(step(appointment, StepKind.VENTILATION), by=physician, now=NOW),
        lambda: visits.no_show(appointment, by=physician, now=NOW),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


# The order of the steps


def test_nothing_starts_before_check_in(appointment, technologist, lungs_at):
    for kind in StepKind:
        sentence = refused(visits.start, step(appointment, kind), by=technologist, now=lungs_at)
        assert sentence == "Check the patient in first."
    assert refused(visits.clear_dose, appointment, by=technologist, now=lungs_at) == (
        "Check the patient in first."
    )


def test_ventilation_waits_for_the_dose(appointment, technologist, lungs_at):
    arrive(appointment, technologist, appointment.xray_ends_at)
    sentence = refused(visits.start, step(appointment, StepKind.VENTILATION), by=technologist, now=lungs_at)
    assert sentence == "Clear the dose first."


def test_the_dose_is_cleared_once(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == "The dose is already cleared."


def test_perfusion_waits_for_ventilation(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    perfusion = step(appointment, StepKind.PERFUSION)
    waits = "Ventilation comes first; it has not ended."
    assert refused(visits.start, perfusion, by=technologist, now=at) == waits
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    assert refused(visits.start, perfusion, by=technologist, now=at) == waits


def test_a_lung_step_waits_for_an_xray_that_is_being_taken(appointment, technologist, lungs_at):
    arrive(appointment, technologist, None)
    visits.start(step(appointment, StepKind.XRAY), by=technologist, now=lungs_at)
    sentence = refused(visits.start, step(appointment, StepKind.VENTILATION), by=technologist, now=lungs_at)
    assert sentence == "The X-ray comes first; it has not ended."


def test_a_step_is_started_and_ended_once(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation = step(appointment, StepKind.VENTILATION)
    assert refused(visits.end, ventilation, by=technologist, now=at) == "Ventilation has not started."
    visits.start(ventilation, by=technologist, now=at)
    assert refused(visits.start, ventilation, by=technologist, now=at) == "Ventilation has already started."
    visits.end(ventilation, by=technologist, now=at)
    assert refused(visits.start, ventilation, by=technologist, now=at) == "Ventilation has already ended."
    assert refused(visits.end, ventilation, by=technologist, now=at) == "Ventilation has already ended."


def test_without_vetting_neither_xray_nor_dose(site, technologist, physician):
    stat = department.booked(site, vetted=False, priority="stat")
    order, at = stat.procedure.order, stat.lungs_start_at
    sentence = "A nuclear physician has to vet the order first. A STAT order can be vetted by phone."
    arrive(stat, technologist, None)
    assert refused(visits.start, step(stat, StepKind.XRAY), by=technologist, now=at) == sentence
    visits.record_xray(stat, ended_at=stat.xray_ends_at, by=technologist, now=at)
    assert refused(visits.clear_dose, stat, by=technologist, now=at) == sentence
    protocol = order.procedure.protocol
    vetting.vet(order, protocol=protocol, by=technologist, physician=physician, now=at)
    assert visits.clear_dose(stat, by=technologist, now=at).dose_cleared_by == technologist


def test_perfusion_only_starts_with_perfusion(site, technologist, physician):
    order = department.order(site, vetted=False)
    vetting.vet(order, protocol=site.protocols.get(key="Q_ONLY"), by=physician, now=NOW)
    by = department.scheduler(site)
    appointment = booking.book(order, starts=department.proposal(order).starts, by=by, now=NOW)
    _, at = department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.PERFUSION), by=technologist, now=at)
    visits.end(step(appointment, StepKind.PERFUSION), by=technologist, now=at + 20 * MINUTE)
    assert states(appointment) == ("performed", "fulfilled", "completed", "completed")


# The chest X-ray


def test_an_xray_in_the_future_is_not_confirmed(appointment, technologist, lungs_at):
    sentence = "This time lies in the future. Enter the time at which the X-ray ended."
    with pytest.raises(Invalid) as refusal:
        visits.record_xray(appointment, ended_at=lungs_at + SECOND, by=technologist, now=lungs_at)
    assert (refusal.value.sentence, refusal.value.fields) == (sentence, {"ended_at": [sentence]})
    assert states(appointment)[2] == StepState.SCHEDULED


def test_an_xray_done_elsewhere_is_confirmed_with_its_place_and_kind(appointment, technologist, lungs_at):
    ended_at = lungs_at - 3 * HOUR
    done = visits.record_xray(
        appointment, ended_at=ended_at, elsewhere="Eastside", modality="CT", by=technologist, now=lungs_at
    )
    event = AuditEvent.objects.get(action="xray.confirmed")
    assert (done.state, done.elsewhere, done.modality, done.performed_end_at, done.performed_by) == (
        "completed",
        "Eastside",
        "CT",
        ended_at,
        technologist,
    )
    assert event.data == {"ended_at": ended_at.isoformat(), "elsewhere": "Eastside"}


def test_an_xray_is_confirmed_once(appointment, technologist, lungs_at):
    arrive(appointment, technologist, appointment.xray_ends_at)
    sentence = refused(visits.record_xray, appointment, ended_at=lungs_at, by=technologist, now=lungs_at)
    assert sentence == "The X-ray is completed already. Undo it to correct its time."


def test_an_examination_planned_without_an_xray_has_none_to_confirm(site, technologist, physician):
    order = department.order(site)
    vetting.override(order, rule="CXR-1", reason="CT seen on screen", by=physician, now=NOW)
    starts = department.proposal(order).starts
    appointment = booking.book(order, starts=starts, by=department.scheduler(site), now=NOW)
    assert set(starts) == {"ventilation", "perfusion"}
    sentence = refused(visits.record_xray, appointment, ended_at=NOW, by=technologist, now=NOW)
    assert sentence == "This examination was planned without a chest X-ray, by a physician's override."


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
    datetime(2027, 11, 7, 5, 30, tzinfo=UTC): "01:30",
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
    visits.clear_dose(appointment, by=technologist, now=at)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    assert states(appointment)[3] == StepState.IN_PROGRESS


@pytest.mark.parametrize("xray_ended_at", XRAY_ENDS)
def test_one_second_too_soon_is_refused_at_dose(xray_ended_at, appointment, technologist):
    arrive(appointment, technologist, xray_ended_at)
    at = xray_ended_at + HOUR - SECOND
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == too_soon(xray_ended_at)


@pytest.mark.parametrize("xray_ended_at", XRAY_ENDS)
def test_one_second_too_late_is_refused_at_dose(xray_ended_at, appointment, technologist):
    arrive(appointment, technologist, xray_ended_at)
    at = xray_ended_at + 24 * HOUR + SECOND
    assert refused(visits.clear_dose, appointment, by=technologist, now=at) == TOO_OLD


@pytest.mark.parametrize("xray_ended_at", XRAY_ENDS)
def test_the_window_is_judged_again_at_the_first_lung_acquisition(xray_ended_at, appointment, technologist):
    arrive(appointment, technologist, xray_ended_at)
    visits.clear_dose(appointment, by=technologist, now=xray_ended_at + 24 * HOUR)
    ventilation = step(appointment, StepKind.VENTILATION)
    late, soon = xray_ended_at + 24 * HOUR + SECOND, xray_ended_at + HOUR - SECOND
    assert refused(visits.start, ventilation, by=technologist, now=late) == TOO_OLD
    assert refused(visits.start, ventilation, by=technologist, now=soon) == too_soon(xray_ended_at)
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
    department.ready(appointment, by=technologist)
    last_minute = appointment.xray_ends_at + 24 * HOUR
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=last_minute)
    visits.end(step(appointment, StepKind.VENTILATION), by=technologist, now=last_minute + 15 * MINUTE)
    visits.start(step(appointment, StepKind.PERFUSION), by=technologist, now=last_minute + 9 * HOUR)
    assert states(appointment)[4] == StepState.IN_PROGRESS


def test_perfusion_is_not_blocked_after_a_ventilation_that_was_broken_off(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation, next_day = step(appointment, StepKind.VENTILATION), at + 30 * HOUR
    visits.start(ventilation, by=technologist, now=at)
    visits.discontinue(ventilation, reason="Coughing", by=technologist, now=at + MINUTE)
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


# Undo


def test_check_in_is_undone(appointment, technologist):
    arrive(appointment, technologist, None, now=NOW)
    visits.undo_check_in(appointment, by=technologist, now=NOW)
    stored = Appointment.objects.get(pk=appointment.pk)
    assert (stored.state, stored.arrived_at, stored.arrived_by) == (AppointmentState.BOOKED, None, None)
    arrive(appointment, technologist, None, now=NOW)


def test_check_in_is_not_undone_after_the_dose(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    sentence = refused(visits.undo_check_in, appointment, by=technologist, now=at)
    assert sentence == "The dose is cleared already; undo that first."


def test_the_dose_clearance_is_undone_and_given_again(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    visits.undo_clear_dose(appointment, by=technologist, now=at)
    stored = Appointment.objects.get(pk=appointment.pk)
    assert (stored.dose_cleared_at, stored.dose_cleared_by) == (None, None)
    assert refused(visits.undo_clear_dose, appointment, by=technologist, now=at) == (
        "There is no dose clearance to undo."
    )
    assert visits.clear_dose(appointment, by=technologist, now=at).dose_cleared_at == at


def test_the_dose_clearance_is_not_undone_once_the_lungs_have_begun(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    assert refused(visits.undo_clear_dose, appointment, by=technologist, now=at) == (
        "There is no dose clearance to undo."
    )


def test_each_step_is_undone_back_to_the_beginning(site, technologist):
    """The last end first: the order goes back with it, and nothing performed is left on the rows."""
    appointment = department.performed(site).procedure.appointments.get()
    at, seen = appointment.ends_at, []
    for kind in ("perfusion", "perfusion", "ventilation", "ventilation", "xray"):
        visits.undo(step(appointment, kind), by=technologist, now=at)
        seen.append(states(appointment))
    assert seen == [
        ("in_progress", "in_progress", "completed", "completed", "in_progress"),
        ("in_progress", "in_progress", "completed", "completed", "scheduled"),
        ("in_progress", "in_progress", "completed", "in_progress", "scheduled"),
        ("scheduled", "arrived", "completed", "scheduled", "scheduled"),
        ("scheduled", "arrived", "scheduled", "scheduled", "scheduled"),
    ]
    left = appointment.steps.values_list("performed_start_at", "performed_end_at", "performed_by")
    assert set(left) == {(None, None, None)}
    assert AuditEvent.objects.filter(action="step.undone").count() == 5


def test_a_later_step_is_undone_first(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    sentence = refused(visits.undo, step(appointment, StepKind.XRAY), by=technologist, now=at)
    assert sentence == "A later step has begun. Undo that one first."


def test_what_has_not_begun_is_not_undone(appointment, technologist):
    sentence = refused(visits.undo, step(appointment, StepKind.PERFUSION), by=technologist, now=NOW)
    assert sentence == "There is nothing to undo here."


def test_a_discontinued_step_goes_on_after_undo(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation = step(appointment, StepKind.VENTILATION)
    visits.start(ventilation, by=technologist, now=at)
    visits.discontinue(ventilation, reason="Coughing", by=technologist, now=at + MINUTE)
    undone = visits.undo(ventilation, by=technologist, now=at + 2 * MINUTE)
    assert (undone.state, undone.discontinued_reason, undone.performed_start_at, undone.performed_end_at) == (
        StepState.IN_PROGRESS,
        "",
        at,
        None,
    )


def test_an_xray_recorded_elsewhere_by_mistake_is_planned_here_again(appointment, technologist, lungs_at):
    xray = visits.record_xray(
        appointment, ended_at=NOW, elsewhere="Eastside", modality="CT", by=technologist, now=lungs_at
    )
    undone = visits.undo(xray, by=technologist, now=lungs_at)
    assert (undone.state, undone.elsewhere, undone.modality, undone.performed_end_at) == (
        StepState.SCHEDULED,
        "",
        "DX",
        None,
    )


def test_a_mistyped_time_of_an_xray_booked_as_done_elsewhere_is_corrected(site, technologist):
    order, by = department.order(site), department.scheduler(site)
    xray = booking.XrayElsewhere(ended_at=NOW - 3 * HOUR, place="Eastside")
    starts = department.proposal(order, xray_ended_at=xray.ended_at).starts
    appointment = booking.book(order, starts=starts, by=by, now=NOW, xray=xray)
    undone = visits.undo(step(appointment, StepKind.XRAY), by=technologist, now=NOW)
    assert (undone.state, undone.elsewhere) == (StepState.SCHEDULED, "Eastside")
    ended_at = NOW - 2 * HOUR
    again = visits.record_xray(appointment, ended_at=ended_at, elsewhere="Eastside", by=technologist, now=NOW)
    assert (again.state, again.performed_end_at) == (StepState.COMPLETED, ended_at)


def test_after_the_report_nothing_is_undone(site, technologist, physician):
    order = department.performed(site)
    appointment = order.procedure.appointments.get()
    visits.mark_reported(order=order, by=physician, now=appointment.ends_at)
    perfusion = step(appointment, StepKind.PERFUSION)
    sentence = refused(visits.undo, perfusion, by=technologist, now=appointment.ends_at)
    assert sentence == "This order is reported; it cannot become in progress."
    assert states(appointment) == ("reported", "fulfilled", "completed", "completed", "completed")


def test_what_is_not_performed_is_not_reported(appointment, physician):
    sentence = refused(visits.mark_reported, order=appointment.procedure.order, by=physician, now=NOW)
    assert sentence == "This order is scheduled; it cannot become reported."


# What happened is recorded as it happened


def test_a_discontinued_last_step_ends_the_visit_with_its_reason(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation, perfusion = step(appointment, StepKind.VENTILATION), step(appointment, StepKind.PERFUSION)
    visits.start(ventilation, by=technologist, now=at)
    visits.end(ventilation, by=technologist, now=at + 15 * MINUTE)
    visits.start(perfusion, by=technologist, now=at + 20 * MINUTE)
    done = visits.discontinue(perfusion, reason=" Patient left ", by=technologist, now=at + 25 * MINUTE)
    event = AuditEvent.objects.get(action="step.discontinued")
    assert (done.state, done.discontinued_reason, done.performed_end_at) == (
        StepState.DISCONTINUED,
        "Patient left",
        at + 25 * MINUTE,
    )
    assert event.data == {"step": "perfusion", "reason": "Patient left"}
    assert states(appointment)[:2] == (OrderState.PERFORMED, AppointmentState.FULFILLED)


def test_a_step_is_not_discontinued_without_a_reason_or_before_it_began(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    ventilation = step(appointment, StepKind.VENTILATION)
    with pytest.raises(Invalid) as refusal:
        visits.discontinue(ventilation, reason=" ", by=technologist, now=at)
    assert refusal.value.fields == {"reason": ["Say why it was stopped."]}
    sentence = refused(visits.discontinue, ventilation, reason="Coughing", by=technologist, now=at)
    assert sentence == "Ventilation has not started."


def test_late_and_overlapping_times_are_recorded(site, technologist):
    """Two patients on one camera at one time, two hours after the plan: it happened, so it is written down."""
    first, second = department.booked(site), department.booked(site)
    at = second.ends_at + 2 * HOUR
    for appointment in (first, second):
        arrive(appointment, technologist, at - 2 * HOUR)
        visits.clear_dose(appointment, by=technologist, now=at)
        visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    performed = ScheduledProcedureStep.objects.filter(kind="ventilation")
    assert set(performed.values_list("state", "performed_start_at")) == {(StepState.IN_PROGRESS, at)}


def test_a_clock_that_is_set_back_does_not_stop_the_work(appointment, technologist):
    _, at = department.ready(appointment, by=technologist)
    visits.start(step(appointment, StepKind.VENTILATION), by=technologist, now=at)
    ended = visits.end(step(appointment, StepKind.VENTILATION), by=technologist, now=at - MINUTE)
    assert (ended.state, ended.performed_end_at) == (StepState.COMPLETED, at - MINUTE)


# No-show


def test_a_no_show_frees_the_time_and_the_order_is_to_be_booked_again(site, appointment, technologist):
    at = appointment.starts_at
    visits.no_show(appointment, by=technologist, now=at)
    assert states(appointment)[:2] == (OrderState.VETTED, AppointmentState.NO_SHOW)
    assert not Reservation.objects.occupying().exists()
    event = AuditEvent.objects.get(action="appointment.no_show")
    assert (event.subject_id, event.agent_id) == (str(appointment.pk), str(technologist.pk))
    order, by = Order.objects.with_people().get(), department.scheduler(site)
    starts = department.proposal(order, by=by, now=at).starts
    assert booking.book(order, starts=starts, by=by, now=at).state == AppointmentState.BOOKED


def test_an_unvetted_stat_order_goes_back_to_vetting_after_a_no_show(site, technologist):
    stat = department.booked(site, vetted=False, priority="stat")
    visits.no_show(stat, by=technologist, now=stat.starts_at)
    assert states(stat)[0] == OrderState.REQUESTED


def test_nobody_is_a_no_show_before_the_time_or_after_check_in(appointment, technologist):
    early = appointment.starts_at - SECOND
    assert refused(visits.no_show, appointment, by=technologist, now=early) == (
        "The patient is not expected yet."
    )
    arrive(appointment, technologist, None)
    late = appointment.starts_at + HOUR
    assert refused(visits.no_show, appointment, by=technologist, now=late) == (
        "This appointment is arrived; it cannot become marked as no-show."
    )


# Two technologists at once


@pytest.mark.django_db(transaction=True)
def test_of_two_who_start_at_once_one_does_it_and_the_other_is_told():
    site = department.site()
    appointment, at = department.ready(department.booked(site))
    ventilation = step(appointment, StepKind.VENTILATION)
    people = [department.technologist(site), department.technologist(site)]
    barrier, told = threading.Barrier(2), []

    def press(by):
        barrier.wait()
        try:
            visits.start(ventilation, by=by, now=at)
        except Conflict as refusal:
            told.append(refusal.sentence)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[by]) for by in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == ["Ventilation has already started."]
    assert AuditEvent.objects.filter(action="step.started").count() == 1
