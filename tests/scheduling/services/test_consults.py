"""Answers to consults: go on, or not yet; both kept, by phone too. One test per exit."""

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction

from scheduling.engine.screening import Stage, stage_blockers
from scheduling.examinations import assess, resolved_rules
from scheduling.models import Order, Task
from scheduling.services import consults, screening, vetting
from tests import department
from tests.department import NOW, SAFE_ANSWERS
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)
SHUNT = SAFE_ANSWERS | {"right_to_left_shunt": "yes"}
GO, WAIT = consults.GO_ON, consults.NOT_YET


@pytest.fixture
def site():
    return department.site(equipped=False)


@pytest.fixture
def physician(site):
    return department.attending(site, username="ada", first_name="Ada", last_name="Lund")


@pytest.fixture
def order(site):
    return department.order(site, answers=SHUNT)


def answer(order, by, decision=GO, text="Small shunt, half the particles", now=NOW, **named):
    return consults.answer(order, rule="SHUNT-1", decision=decision, text=text, by=by, now=now, **named)


def consult_task(order):
    return order.tasks.filter(kind=Task.Kind.CONSULT, about="SHUNT-1", closed_at=None)


def is_blocked(order):
    order = Order.objects.get(pk=order.pk)
    return bool(stage_blockers(assess(order, NOW), Stage.DOSE, resolved_rules(order)))


def test_go_on_takes_the_block_away_and_keeps_words_and_decision(order, physician):
    assert is_blocked(order)
    decision = answer(order, physician)
    assert (decision.kind, decision.rule, decision.reason, decision.physician) == (
        "override",
        "SHUNT-1",
        "Small shunt, half the particles",
        physician,
    )
    assert not is_blocked(order)
    assert not consult_task(order).exists()
    assert AuditEvent.objects.get(action="rule.overridden").data["reason"] == decision.reason


def test_not_yet_keeps_the_block_and_the_task_and_is_kept_itself(order, physician):
    decision = answer(order, physician, WAIT, "Wait for the echocardiogram")
    assert (decision.kind, decision.reason) == ("hold", "Wait for the echocardiogram")
    assert is_blocked(order)
    assert consult_task(order).count() == 1
    assert AuditEvent.objects.get(action="consult.held").data == {
        "rule": "SHUNT-1",
        "reason": "Wait for the echocardiogram",
        "physician": "ada",
    }


def test_go_on_after_not_yet_lapses_that_and_keeps_both(order, physician):
    answer(order, physician, WAIT)
    answer(order, physician, GO, now=LATER)
    kept = order.decisions.filter(rule="SHUNT-1").order_by("pk").values_list("kind", "lapsed_at")
    assert list(kept) == [("hold", LATER), ("override", None)]
    assert not is_blocked(order)


def test_not_yet_after_go_on_blocks_again(order, physician):
    answer(order, physician, GO)
    answer(order, physician, WAIT, "New symptoms", now=LATER)
    assert is_blocked(order)
    assert consult_task(order).count() == 1


def test_a_changed_answer_asks_again(order, physician, site):
    answer(order, physician)
    by = department.scheduler(site)
    for value in ("no", "yes"):
        screening.answer(order, {"right_to_left_shunt": value}, by=by, now=LATER)
    assert is_blocked(order)


def test_by_phone_it_names_the_physician_who_countersigns(order, physician, site):
    nurse = department.technologist(site)
    decision = answer(order, nurse, WAIT, physician=physician)
    assert (decision.physician, decision.recorded_by, decision.by_phone) == (physician, nurse, True)
    task = order.tasks.get(kind=Task.Kind.COUNTERSIGN)
    assert task.sentence == "Ada Lund: countersign the answer to SHUNT-1 that was given by phone."
    vetting.countersign(decision, by=physician, now=LATER)
    assert not order.tasks.filter(kind=Task.Kind.COUNTERSIGN, closed_at=None).exists()


def test_a_scheduler_or_lead_answers_no_consult(order, site, physician):
    for by in (department.scheduler(site), department.lead(site)):
        with pytest.raises(NotAllowed):
            answer(order, by)
        with pytest.raises(NotAllowed):
            answer(order, by, physician=physician)


@pytest.mark.parametrize("decision", [GO, WAIT])
def test_words_are_needed(order, physician, decision):
    with pytest.raises(Invalid) as refusal:
        answer(order, physician, decision, "  ")
    assert refusal.value.fields == {"text": ["Say what is decided, and why."]}
    assert not order.decisions.exclude(kind="vetting").exists()


@pytest.mark.parametrize("rule", ["INF-1", "ALB-1", "CXR-3"])
def test_what_no_answer_asks_for_is_not_decided(order, physician, rule):
    with pytest.raises(Conflict) as refusal:
        consults.answer(order, rule=rule, decision=WAIT, text="x", by=physician, now=NOW)
    assert refusal.value.sentence == (
        "No answer of this order asks for this decision. Read the answers again."
    )


def test_go_on_twice_is_a_conflict(order, physician):
    answer(order, physician)
    with pytest.raises(Conflict) as refusal:
        answer(order, physician)
    assert refusal.value.sentence == "A physician has already decided on this."


def test_an_order_that_is_over_is_not_decided_on(site, physician):
    order = department.order(site, answers=SHUNT, vetted=False)
    vetting.decline(order, reason="CT", by=physician, now=NOW)
    with pytest.raises(Conflict):
        answer(order, physician, WAIT)


@pytest.mark.django_db(transaction=True)
def test_not_yet_that_comes_while_go_on_is_being_saved_withdraws_it():
    site = department.site(equipped=False)
    first, second = department.attending(site), department.attending(site)
    order = department.order(site, answers=SHUNT)

    def say_not_yet():
        try:
            answer(Order.objects.get(pk=order.pk), second, WAIT)
        finally:
            connections.close_all()

    other = threading.Thread(target=say_not_yet)
    with transaction.atomic():
        answer(order, first)
        other.start()
        other.join(timeout=1)
        assert other.is_alive()  # it waits for the order
    other.join()
    standing = Order.objects.get(pk=order.pk).decisions.filter(rule="SHUNT-1", lapsed_at=None)
    assert [each.kind for each in standing] == ["hold"]
    assert is_blocked(order)
