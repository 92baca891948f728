"""Physicians' decisions: vetting, declining, overriding, by phone too. One test per exit."""

import threading
from datetime import timedelta

import pytest
from django.db import connections

from scheduling.engine.rules import RULES
from scheduling.engine.states import OrderState
from scheduling.examinations import resolved_rules
from scheduling.models import Decision, Order, RequestedProcedure, Task
from scheduling.services import booking, intake, screening, vetting
from tests import department
from tests.department import NOW, SAFE_ANSWERS
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)
OVERRIDABLE = sorted({rule.id for rule in RULES if rule.override} | {"CXR-1", "CXR-2", "CXR-3"})
ALBUMIN = SAFE_ANSWERS | {"albumin_allergy": "yes"}


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


@pytest.fixture
def physician(site):
    return department.attending(site, username="ada", first_name="Ada", last_name="Lund")


@pytest.fixture
def nurse(site):
    return department.technologist(site)


@pytest.fixture
def order(site, scheduler):
    return department.order(site, by=scheduler, vetted=False)


@pytest.fixture
def stat(site, scheduler):
    return department.order(site, by=scheduler, vetted=False, priority="stat")


def vet(order, by, key="V_THEN_Q", **fields):
    protocol = order.site.protocols.get(key=key)
    return vetting.vet(order, protocol=protocol, by=by, now=NOW, **fields)


def test_vetting_sets_protocol_state_decision_and_audit(order, physician):
    vet(order, physician, "Q_ONLY", note="No gas: asthma", reason="Wheezing now")
    order.refresh_from_db()
    decision, event = order.decisions.get(), AuditEvent.objects.get(action="order.vetted")
    assert (order.state, order.procedure.protocol.key) == (OrderState.VETTED, "Q_ONLY")
    assert order.procedure.protocol_note == "No gas: asthma"
    assert (decision.kind, decision.rule, decision.reason) == ("vetting", "", "No gas: asthma")
    assert (decision.physician, decision.recorded_by, decision.by_phone) == (physician, physician, False)
    assert (event.patient_ids, event.data) == (
        [order.patient_id],
        {
            "protocol": "Perfusion only",
            "suggested": "Ventilation then perfusion",
            "reason": "Wheezing now",
            "by_phone": False,
        },
    )
    assert (decision.protocol.key, decision.suggested.key, decision.deviation) == (
        "Q_ONLY",
        "V_THEN_Q",
        "Wheezing now",
    )
    assert not order.tasks.filter(kind=Task.Kind.COUNTERSIGN).exists()


def test_an_order_is_vetted_once(order, physician):
    vet(order, physician)
    with pytest.raises(Conflict) as refusal:
        vet(order, physician, "Q_ONLY")
    order.refresh_from_db()
    assert refusal.value.sentence == "This order has been vetted."
    assert order.procedure.protocol.key == "V_THEN_Q"


def test_a_cancelled_order_is_not_vetted(order, scheduler, physician):
    intake.cancel_order(order, reason="Sent to CT", by=scheduler, now=NOW)
    with pytest.raises(Conflict) as refusal:
        vet(order, physician)
    assert refusal.value.sentence == "This order is cancelled."


def test_a_protocol_of_another_site_or_a_retired_one_is_refused(order, site, physician):
    elsewhere = department.site("hillside", equipped=False).protocols.first()
    retired = site.protocols.get(key="V_ONLY")
    retired.is_active = False
    retired.save(update_fields=["is_active"])
    for protocol in (elsewhere, retired):
        with pytest.raises(Invalid) as refusal:
            vetting.vet(order, protocol=protocol, by=physician, now=NOW)
        assert refusal.value.sentence == "This protocol is not in use here."
        assert refusal.value.fields == {"protocol": ["Choose from the list."]}
    assert order.decisions.count() == 0


def test_only_a_physician_vets(order, scheduler, nurse):
    for by in (scheduler, nurse):
        with pytest.raises(NotAllowed):
            vet(order, by)


def test_a_stat_order_that_is_booked_already_keeps_its_appointment_when_it_is_vetted(
    stat, scheduler, physician
):
    booking.book(stat, starts=department.proposal(stat, by=scheduler).starts, by=scheduler, now=NOW)
    stat.refresh_from_db()
    vet(stat, physician)
    stat.refresh_from_db()
    assert (stat.state, stat.procedure.appointments.get().state) == (OrderState.SCHEDULED, "booked")


def test_a_stat_order_is_vetted_by_phone_and_countersigned_within_a_day(stat, nurse, physician):
    decision = vet(stat, nurse, physician=physician)
    stat.refresh_from_db()
    task = stat.tasks.get(kind=Task.Kind.COUNTERSIGN)
    assert stat.state == OrderState.VETTED
    assert (decision.physician, decision.recorded_by, decision.by_phone) == (physician, nurse, True)
    assert (task.about, task.sentence) == (
        f"decision {decision.pk}",
        "Ada Lund: countersign the vetting that was given by phone.",
    )
    assert (task.opened_at, task.due_at, task.closed_at) == (NOW, NOW + timedelta(hours=24), None)


def test_an_order_that_is_not_stat_is_not_vetted_by_phone(order, nurse, physician):
    with pytest.raises(Conflict) as refusal:
        vet(order, nurse, physician=physician)
    assert refusal.value.sentence == "Only a STAT order can be vetted by phone."
    assert order.decisions.count() == 0


def test_the_physician_on_the_phone_is_one_of_this_site(stat, site, nurse, scheduler):
    stranger = department.attending(department.site("hillside", equipped=False))
    for named in (stranger, scheduler):
        with pytest.raises(Invalid) as refusal:
            vet(stat, nurse, physician=named)
        assert refusal.value.sentence == "Name a physician of this site."
        assert refusal.value.fields == {"physician": ["Choose from the list."]}
    stat.refresh_from_db()
    assert (stat.state, stat.decisions.count()) == (OrderState.REQUESTED, 0)


def test_a_physician_writes_down_no_phone_call_of_another(stat, site, physician):
    with pytest.raises(NotAllowed):
        vet(stat, department.attending(site), physician=physician)


def test_the_named_physician_countersigns_and_the_task_is_done(stat, nurse, physician):
    decision = vet(stat, nurse, physician=physician)
    vetting.countersign(decision, by=physician, now=LATER)
    decision.refresh_from_db()
    task = stat.tasks.get(kind=Task.Kind.COUNTERSIGN)
    event = AuditEvent.objects.get(action="decision.countersigned")
    assert (decision.countersigned_at, decision.countersigned_by) == (LATER, physician)
    assert (task.closed_at, task.closed_by) == (LATER, physician)
    assert (event.subject_id, event.patient_ids) == (str(decision.pk), [stat.patient_id])


def test_nobody_countersigns_for_another(stat, site, nurse, physician):
    decision = vet(stat, nurse, physician=physician)
    with pytest.raises(NotAllowed) as refusal:
        vetting.countersign(decision, by=department.attending(site), now=LATER)
    assert refusal.value.sentence == "Only Ada Lund can countersign this decision."
    assert stat.tasks.filter(kind=Task.Kind.COUNTERSIGN, closed_at=None).exists()


def test_a_decision_is_countersigned_once_and_an_own_one_never(stat, order, nurse, physician):
    by_phone, own = vet(stat, nurse, physician=physician), vet(order, physician)
    vetting.countersign(by_phone, by=physician, now=LATER)
    for decision in (by_phone, own):
        with pytest.raises(Conflict) as refusal:
            vetting.countersign(decision, by=physician, now=LATER)
        assert refusal.value.sentence == "There is nothing to countersign."


def test_a_declined_order_keeps_its_reason_and_closes_its_tasks(site, scheduler, physician):
    order = department.order(site, by=scheduler, vetted=False, answers={})
    vetting.decline(order, reason=" CT is better here ", by=physician, now=LATER)
    order.refresh_from_db()
    event = AuditEvent.objects.get(action="order.declined")
    assert (order.state, order.closed_reason) == (OrderState.DECLINED, "CT is better here")
    assert not order.tasks.filter(closed_at=None).exists()
    assert event.data == {"reason": "CT is better here"}
    with pytest.raises(Conflict) as refusal:
        vet(order, physician)
    assert refusal.value.sentence == "This order is declined."


def test_declining_needs_a_reason_and_a_physician(order, scheduler, physician):
    with pytest.raises(Invalid) as refusal:
        vetting.decline(order, reason=" ", by=physician, now=NOW)
    assert refusal.value.fields == {"reason": ["Say why the order is declined."]}
    with pytest.raises(NotAllowed):
        vetting.decline(order, reason="No", by=scheduler, now=NOW)


def test_a_booked_order_is_not_declined(site, scheduler, physician):
    order = department.booked(site, by=scheduler).procedure.order
    order.refresh_from_db()
    with pytest.raises(Conflict) as refusal:
        vetting.decline(order, reason="CT is better here", by=physician, now=NOW)
    assert refusal.value.sentence == "This order is scheduled; it cannot become declined."


def test_an_override_is_a_decision_with_its_reason_and_an_audit_row(order, physician):
    vetting.override(order, rule="CXR-2", reason=" Unchanged since ", by=physician, now=NOW)
    decision, event = order.decisions.get(), AuditEvent.objects.get(action="rule.overridden")
    assert (decision.kind, decision.rule, decision.reason) == ("override", "CXR-2", "Unchanged since")
    assert (event.patient_ids, event.data) == (
        [order.patient_id],
        {"rule": "CXR-2", "reason": "Unchanged since", "physician": "ada"},
    )
    assert resolved_rules(order) == {"CXR-2"}


@pytest.mark.parametrize("rule", OVERRIDABLE)
def test_every_rule_that_may_be_overridden_is(rule, order, physician):
    """Several effects share an id: only one of PREG-1's gates anything, and that one can be overridden."""
    vetting.override(order, rule=rule, reason="Decided at the bedside", by=physician, now=NOW)
    assert resolved_rules(order) == {rule}


@pytest.mark.parametrize("rule", ["PH-2", "BF-1-ASK", "no such rule"])
def test_what_gates_nothing_is_not_overridden(rule, order, physician):
    with pytest.raises(Conflict) as refusal:
        vetting.override(order, rule=rule, reason="Why not", by=physician, now=NOW)
    assert refusal.value.sentence == "This cannot be overridden: answer the question instead."


def test_an_override_needs_a_reason(order, physician):
    with pytest.raises(Invalid) as refusal:
        vetting.override(order, rule="CXR-3", reason=" ", by=physician, now=NOW)
    assert (refusal.value.sentence, refusal.value.fields) == (
        "Say why.",
        {"reason": ["An override needs a reason."]},
    )


def test_a_rule_is_overridden_once(order, physician):
    vetting.override(order, rule="CXR-3", reason=vetting.PRESET_REASONS[0], by=physician, now=NOW)
    with pytest.raises(Conflict) as refusal:
        vetting.override(order, rule="CXR-3", reason=vetting.PRESET_REASONS[1], by=physician, now=NOW)
    assert refusal.value.sentence == "A physician has already decided on this."
    assert order.decisions.count() == 1


def test_a_changed_answer_can_be_decided_on_again(site, scheduler, physician):
    order = department.order(site, by=scheduler, answers=ALBUMIN)
    vetting.override(order, rule="ALB-1", reason="Mild rash in 2001", by=physician, now=NOW)
    for value in ("no", "yes"):
        screening.answer(order, {"albumin_allergy": value}, by=scheduler, now=LATER)
    assert resolved_rules(order) == frozenset()
    vetting.override(order, rule="ALB-1", reason="Checked again", by=physician, now=LATER)
    assert resolved_rules(order) == {"ALB-1"}


def test_clinical_overrides_are_not_for_the_lead_or_a_technologist(order, site, nurse):
    for by in (department.lead(site), nurse):
        with pytest.raises(NotAllowed):
            vetting.override(order, rule="CXR-1", reason="Urgent", by=by, now=NOW)


@pytest.mark.parametrize(("rule", "priority"), [("PH-1", "routine"), ("ALB-1", "routine"), ("ALB-1", "stat")])
def test_a_block_on_a_tracer_needs_an_authorised_user_for_stat_too(rule, priority, site, scheduler):
    order = department.order(site, by=scheduler, priority=priority)
    plain = department.attending(site, is_authorised_user=False)
    with pytest.raises(NotAllowed) as refusal:
        vetting.override(order, rule=rule, reason=vetting.PRESET_REASONS[0], by=plain, now=NOW)
    assert refusal.value.sentence == "Only an authorised user may override this block."
    assert resolved_rules(order) == frozenset()


def test_an_override_by_phone_names_the_physician_and_is_countersigned_within_a_day(order, nurse, physician):
    decision = vetting.override(
        order, rule="CXR-3", reason=vetting.PRESET_REASONS[1], by=nurse, physician=physician, now=NOW
    )
    task = order.tasks.get(kind=Task.Kind.COUNTERSIGN)
    assert (decision.physician, decision.recorded_by, decision.by_phone) == (physician, nurse, True)
    assert (task.sentence, task.due_at) == (
        "Ada Lund: countersign the override of CXR-3 that was given by phone.",
        NOW + timedelta(hours=24),
    )
    vetting.countersign(decision, by=physician, now=LATER)
    assert not order.tasks.filter(kind=Task.Kind.COUNTERSIGN, closed_at=None).exists()


def test_on_the_phone_too_a_block_needs_an_authorised_user(order, site, nurse):
    plain = department.attending(site, is_authorised_user=False)
    with pytest.raises(NotAllowed) as refusal:
        vetting.override(order, rule="ALB-1", reason="Urgent", by=nurse, physician=plain, now=NOW)
    assert refusal.value.sentence == "Only an authorised user may override this block."


def test_a_scheduler_writes_down_no_override(order, scheduler, physician):
    with pytest.raises(NotAllowed):
        vetting.override(order, rule="CXR-3", reason="Urgent", by=scheduler, physician=physician, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_of_two_physicians_who_vet_at_once_one_does_it_and_the_other_is_told():
    site = department.site()
    order = department.order(site, vetted=False)
    barrier, told = threading.Barrier(2), []

    def press(by, protocol):
        # Read before either has decided: what both of them saw on their pages.
        copy = Order.objects.prefetch_related("decisions").get(pk=order.pk)
        barrier.wait()
        try:
            vetting.vet(copy, protocol=protocol, by=by, now=NOW, reason="Agreed.")
        except Conflict as refusal:
            told.append(refusal.sentence)
        finally:
            connections.close_all()

    two = zip([department.attending(site) for _ in range(2)], site.protocols.all(), strict=False)
    threads = [threading.Thread(target=press, args=pair) for pair in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    decision = Decision.objects.get()
    order.procedure.refresh_from_db()
    assert told == ["This order has been vetted."]
    assert order.procedure.protocol.name == decision.reason


def test_a_vetted_order_gets_another_protocol_and_keeps_both_decisions():
    """Known after the vetting: respiratory isolation, so perfusion only."""
    site = department.site()
    order, physician = department.order(site), department.attending(site)
    perfusion_only = site.protocols.get(key="Q_ONLY")
    vetting.change_protocol(
        order, protocol=perfusion_only, by=physician, now=NOW, note="Isolation", reason="Isolation"
    )
    first, second = order.decisions.filter(kind="vetting").order_by("pk")
    assert (first.lapsed_at, second.lapsed_at) == (NOW, None)
    assert set(department.proposal(Order.objects.get()).starts) == {"xray", "perfusion"}


def test_a_booked_order_keeps_its_protocol():
    site = department.site()
    order = department.booked(site).procedure.order
    with pytest.raises(Conflict) as refusal:
        vetting.change_protocol(
            order, protocol=site.protocols.get(key="Q_ONLY"), by=department.attending(site), now=NOW
        )
    assert refusal.value.sentence == (
        "This order is booked. Cancel the appointment before the protocol is changed."
    )


def test_a_stat_order_that_was_booked_meanwhile_keeps_the_protocol_it_was_booked_with(
    stat, scheduler, physician
):
    site = stat.site
    seen = Order.objects.select_related("procedure__protocol", "site", "patient").get(pk=stat.pk)
    perfusion_only = site.protocols.get(key="Q_ONLY")
    RequestedProcedure.objects.filter(order=stat).update(protocol=perfusion_only)
    stat = Order.objects.get(pk=stat.pk)
    booking.book(stat, starts=department.proposal(stat, by=scheduler).starts, by=scheduler, now=NOW)
    with pytest.raises(Conflict):
        vet(seen, physician, "V_THEN_Q")
    assert RequestedProcedure.objects.get(order=stat).protocol == perfusion_only
