"""From rows to the engine's facts: what the gates judge, read once and never written."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduling import worklist
from scheduling.engine.screening import Action, Stage
from scheduling.examinations import assess, examination, facts, judge_window, resolved_rules
from scheduling.models import Decision, Order, StepKind
from scheduling.services import booking, screening, vetting, visits
from scheduling.services.examination import arrivals
from tests import department
from tests.department import NOW, SAFE_ANSWERS

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)
HOUR = timedelta(hours=1)


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def physician(site):
    return department.attending(site)


def override(order, rule, by, now=NOW):
    return vetting.override(order, rule=rule, reason="Decided at the bedside", by=by, now=now)


def answer(order, by, now, **answers):
    screening.answer(order, answers, by=by, now=now)


def judged(appointment, now):
    return examination(worklist.examinations().get(pk=appointment.pk), now)


def test_the_rules_know_sex_age_class_and_priority(site):
    patient = department.patient(site, sex="female", born_on=datetime(1990, 3, 9, tzinfo=UTC).date())
    order = department.order(site, of=patient, priority="stat", patient_class="I")
    found = facts(order, NOW)  # the day before her birthday
    assert (found.sex, found.age_years, found.patient_class, found.priority) == ("female", 36, "I", "stat")


def test_an_answer_that_was_never_given_is_unknown(site):
    order = department.order(site, answers={})
    asked = {effect.question for effect in assess(order, NOW) if effect.action == Action.TASK}
    assert {"albumin_allergy", "right_to_left_shunt", "pulmonary_hypertension"} <= asked


def test_safe_answers_gate_nothing(site):
    appointment = department.booked(site)
    assert set(judged(appointment, NOW).blockers.values()) == {()}


def test_a_decision_counts_for_its_own_order_only(site, physician):
    first, second = department.order(site), department.order(site)
    override(first, "CXR-3", physician)
    assert (resolved_rules(first), resolved_rules(second)) == ({"CXR-3"}, frozenset())


def test_vetting_resolves_no_rule(site):
    order = department.order(site)
    assert order.decisions.get().kind == Decision.Kind.VETTING
    assert resolved_rules(order) == frozenset()


def test_a_decision_lapses_when_its_answer_changes_and_not_when_another_does(site, physician):
    order = department.order(site, answers=SAFE_ANSWERS | {"albumin_allergy": "yes"})
    override(order, "ALB-1", physician, LATER)
    answer(order, physician, LATER + HOUR, smoker="yes")
    assert resolved_rules(order) == {"ALB-1"}
    answer(order, physician, LATER + HOUR, albumin_allergy="unknown")
    assert resolved_rules(order) == frozenset()


def test_a_decision_on_the_xray_belongs_to_no_answer(site, physician):
    order = department.order(site)
    override(order, "CXR-2", physician)
    answer(order, physician, LATER, smoker="yes", albumin_allergy="unknown")
    assert resolved_rules(order) == {"CXR-2"}


def test_a_resolved_rule_blocks_no_stage(site, physician):
    appointment = department.booked(site, answers=SAFE_ANSWERS | {"unstable": "yes"})
    before = judged(appointment, NOW).blockers
    override(appointment.procedure.order, "UNST-1", physician)
    after = judged(appointment, NOW).blockers
    assert [effect.rule_id for effect in before[Stage.DOSE]] == ["UNST-1"]
    assert [effect.rule_id for effect in before[Stage.START]] == ["UNST-1"]
    assert set(after.values()) == {()}


def test_the_facts_follow_the_examination(site):
    appointment = department.booked(site)
    before = judged(appointment, NOW)
    ready, at = department.ready(appointment)
    after = judged(ready, at)
    assert (before.vetted, before.checked_in, before.dose_cleared) == (True, False, False)
    assert (after.vetted, after.checked_in, after.dose_cleared) == (True, True, True)
    assert before.steps == (
        ("xray", "scheduled"),
        ("ventilation", "scheduled"),
        ("perfusion", "scheduled"),
    )
    assert after.steps[0] == ("xray", "completed")


def test_only_an_xray_that_is_complete_counts(site):
    appointment = department.booked(site)
    by, at = department.technologist(site), appointment.lungs_start_at
    arrivals.check_in(appointment, **department.HERE, by=by, now=at)
    xray = appointment.steps.get(kind=StepKind.XRAY)
    visits.start(xray, by=by, now=at - 2 * HOUR)
    assert judged(appointment, at).verdict.rule == "CXR-1"
    visits.end(xray, by=by, now=at - HOUR)
    assert judged(appointment, at).verdict.ok
    assert judged(appointment, at - timedelta(seconds=1)).verdict.rule == "CXR-3"
    assert judged(appointment, at + 23 * HOUR + timedelta(seconds=1)).verdict.rule == "CXR-2"


def test_the_planned_end_of_an_xray_proves_nothing(site):
    appointment = department.booked(site)
    verdict = judge_window(appointment, list(appointment.steps.all()), appointment.lungs_start_at)
    assert (verdict.ok, verdict.rule) == (False, "CXR-1")


def test_an_xray_done_elsewhere_counts_like_one_of_ours(site):
    order, by = department.order(site), department.scheduler(site)
    xray = booking.XrayElsewhere(ended_at=NOW - 3 * HOUR, place="Eastside")
    starts = department.proposal(order, xray_ended_at=xray.ended_at).starts
    appointment = booking.book(order, starts=starts, by=by, now=NOW, xray=xray)
    verdict = judged(appointment, appointment.lungs_start_at).verdict
    assert (verdict.ok, verdict.gap) == (True, appointment.lungs_start_at - xray.ended_at)


GAPS = {"CXR-2": timedelta(hours=25), "CXR-3": timedelta(minutes=20)}


@pytest.mark.parametrize("overridden", ["CXR-1", "CXR-2", "CXR-3"])
@pytest.mark.parametrize("broken", ["CXR-1", "CXR-2", "CXR-3"])
def test_an_override_lifts_its_own_rule_and_that_of_a_missing_xray_all(overridden, broken, site, physician):
    appointment = department.booked(site)
    at = appointment.lungs_start_at
    if broken in GAPS:
        appointment.steps.filter(kind="xray").update(state="completed", performed_end_at=at - GAPS[broken])
    override(Order.objects.get(), overridden, physician)
    verdict = judged(appointment, at).verdict
    lifted = overridden in ("CXR-1", broken)
    assert (verdict is None) if lifted else (verdict.rule == broken)


def test_an_override_of_the_window_ends_with_its_appointment(site, physician):
    appointment = department.booked(site)
    override(Order.objects.get(), "CXR-1", physician)
    booking.cancel(appointment, reason="Patient asked", by=department.scheduler(site), now=department.NOW)
    order = Order.objects.get()
    assert resolved_rules(order) == frozenset()
    assert "xray" in department.proposal(order).starts


def test_rows_that_come_prefetched_are_not_read_again(site, django_assert_num_queries):
    appointment = worklist.examinations().get(pk=department.booked(site).pk)
    with django_assert_num_queries(0):
        examination(appointment, NOW)
