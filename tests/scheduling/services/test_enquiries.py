"""Asking back before vetting, and the answer. One test per exit."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from scheduling import order_list
from scheduling.models import Order, OrderQuestion, Task
from scheduling.services import enquiries, intake, vetting
from tests import department
from tests.department import NOW
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import AuditEvent

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def site():
    return department.site(equipped=False)


@pytest.fixture
def scheduler(site):
    return department.scheduler(site)


@pytest.fixture
def physician(site):
    return department.attending(site, first_name="Ada", last_name="Lund")


@pytest.fixture
def order(site, scheduler):
    return department.order(site, by=scheduler, vetted=False)


def ask(order, by, text="Is the D-dimer known?", to="desk", now=NOW):
    return enquiries.ask(order, text=text, to=to, by=by, now=now)


def listed(what, by):
    return [order.pk for order in order_list.waiting_for(what, by=by, now=NOW)]


def test_a_question_takes_the_order_off_the_list_until_it_is_answered(order, physician, scheduler):
    question = ask(order, physician)
    assert (listed("vet", physician), listed("asked", physician)) == ([], [order.pk])
    enquiries.answer(question, text="Yes, 900 ng/mL", by=scheduler, now=LATER)
    assert (listed("vet", physician), listed("asked", physician)) == ([order.pk], [])
    kept = OrderQuestion.objects.get()
    assert (kept.text, kept.answer, kept.answered_by, kept.answered_at) == (
        "Is the D-dimer known?",
        "Yes, 900 ng/mL",
        scheduler,
        LATER,
    )


def test_the_desk_gets_a_task_which_the_answer_closes(order, physician, scheduler):
    question = ask(order, physician, to="referrer")
    task = order.tasks.get(kind=Task.Kind.QUESTION)
    assert task.sentence == "Ada Lund asks the referrer: Is the D-dimer known?"
    enquiries.answer(question, text="No", by=scheduler, now=LATER)
    task.refresh_from_db()
    assert (task.closed_at, task.closed_by) == (LATER, scheduler)


def test_question_and_answer_are_audited(order, physician, scheduler):
    question = ask(order, physician)
    enquiries.answer(question, text="No", by=scheduler, now=LATER)
    asked, answered = (
        AuditEvent.objects.get(action=f"order.{what}") for what in ("asked_back", "question_answered")
    )
    assert (asked.data, asked.patient_ids) == (
        {"to": "desk", "question": "Is the D-dimer known?"},
        [order.patient_id],
    )
    assert (answered.data, answered.patient_ids) == ({"answer": "No"}, [order.patient_id])


def test_one_question_at_a_time(order, physician):
    ask(order, physician)
    with pytest.raises(Conflict) as refusal:
        ask(Order.objects.get(pk=order.pk), physician, "And the Wells score?")
    assert refusal.value.sentence == "A question about this order is open. Wait for its answer."
    with pytest.raises(IntegrityError, match="order_question_one_open"), transaction.atomic():
        OrderQuestion.objects.create(order=order, to="desk", text="x", asked_at=NOW, asked_by=physician)


def test_a_vetted_order_is_not_asked_about_and_vetting_makes_a_question_moot(order, physician, scheduler):
    question = ask(order, physician)
    vetting.vet(order, protocol=order.procedure.protocol, by=physician, now=LATER)
    assert not order.tasks.filter(kind=Task.Kind.QUESTION, closed_at=None).exists()
    with pytest.raises(Conflict) as refusal:
        enquiries.answer(question, text="No", by=scheduler, now=LATER)
    assert refusal.value.sentence == "The order has been vetted meanwhile; no answer is needed."
    with pytest.raises(Conflict) as refusal:
        ask(order, physician)
    assert refusal.value.sentence == "This order has been vetted."


def test_a_cancelled_order_needs_no_answer(order, physician, scheduler):
    question = ask(order, physician)
    intake.cancel_order(order, reason="Sent to CT", by=scheduler, now=LATER)
    assert not order.tasks.filter(kind=Task.Kind.QUESTION, closed_at=None).exists()
    question.order.refresh_from_db()
    with pytest.raises(Conflict) as refusal:
        enquiries.answer(question, text="No", by=scheduler, now=LATER)
    assert refusal.value.sentence == "This order is cancelled; no answer is needed."


def test_a_question_is_answered_once(order, physician, scheduler):
    question = ask(order, physician)
    seen_by_another = OrderQuestion.objects.select_related("order").get(pk=question.pk)
    enquiries.answer(question, text="No", by=scheduler, now=LATER)
    with pytest.raises(Conflict) as refusal:
        enquiries.answer(seen_by_another, text="Yes", by=scheduler, now=LATER)
    assert refusal.value.sentence == "Somebody was faster: this question has been answered."
    assert OrderQuestion.objects.get().answer == "No"


def test_only_physicians_ask_and_only_the_desk_answers(order, site, physician, scheduler):
    for by in (scheduler, department.lead(site)):
        with pytest.raises(NotAllowed):
            ask(order, by)
    question = ask(order, physician)
    for by in (physician, department.lead(site)):
        with pytest.raises(NotAllowed):
            enquiries.answer(question, text="No", by=by, now=LATER)
    enquiries.answer(question, text="No", by=department.technologist(site), now=LATER)


def test_words_are_needed(order, physician, scheduler):
    with pytest.raises(Invalid) as refusal:
        ask(order, physician, "  ")
    assert refusal.value.fields == {"text": ["Write the question."]}
    question = ask(order, physician)
    with pytest.raises(Invalid) as refusal:
        enquiries.answer(question, text="", by=scheduler, now=LATER)
    assert refusal.value.fields == {"answer": ["Write the answer."]}
