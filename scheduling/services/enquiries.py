"""What a physician asks back before vetting an order, and the answer of the desk or the referrer."""

from django.db import transaction

from scheduling.engine.states import OPEN_ORDER
from scheduling.examinations import is_vetted
from scheduling.models import OrderQuestion, Task
from scheduling.services import screening, transitions, vetting
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

LONGEST_SENTENCE = Task._meta.get_field("sentence").max_length


def why_not_ask(order):
    """A sentence why nothing can be asked about this order now, or None."""
    if is_vetted(order):
        return "This order has been vetted."
    if order.state not in OPEN_ORDER:
        return f"This order is {transitions.words(order.state)}."
    if open_question(order):
        return "A question about this order is open. Wait for its answer."
    return None


def open_question(order):
    """The question that waits for an answer, or None; questions may come prefetched."""
    return next((each for each in order.questions.all() if each.answered_at is None), None)


@transaction.atomic
def ask(order, *, text, to, by, now):
    """Ask the desk or the referrer; the order waits with them until it is answered. Conflict as `why_not_ask`."""
    policy.permit(by, "order.ask_back")
    if not text.strip():
        raise Invalid("Write the question.", fields={"text": ["Write the question."]})
    vetting.read_again(order)
    if refusal := why_not_ask(order):
        raise Conflict(refusal)
    question = OrderQuestion.objects.create(order=order, text=text.strip(), to=to, asked_at=now, asked_by=by)
    order._prefetched_objects_cache = {}
    Task.objects.create(
        order=order,
        kind=Task.Kind.QUESTION,
        about=_about(question),
        sentence=f"{by.name} asks {question.get_to_display().lower()}: {question.text}"[:LONGEST_SENTENCE],
        opened_at=now,
    )
    audit.record("order.asked_back", order, by=by, patients=[order.patient_id], to=to, question=question.text)
    return question


def why_not_answer(question):
    """A sentence why this question needs no answer any more, or None."""
    if question.answered_at:
        return f"{question.answered_by.name} has answered this question."
    if is_vetted(question.order):
        return "The order has been vetted meanwhile; no answer is needed."
    if question.order.state not in OPEN_ORDER:
        return f"This order is {transitions.words(question.order.state)}; no answer is needed."
    return None


@transaction.atomic
def answer(question, *, text, by, now):
    """Answer it; the order returns to the physician's list. Conflict where somebody was faster, or it is moot."""
    policy.permit(by, "order.answer_question")
    if not text.strip():
        raise Invalid("Write the answer.", fields={"answer": ["Write the answer."]})
    if refusal := why_not_answer(question):
        raise Conflict(refusal)
    said = {"answer": text.strip(), "answered_at": now, "answered_by": by}
    if not OrderQuestion.objects.filter(pk=question.pk, answered_at=None).update(**said):
        raise Conflict("Somebody was faster: this question has been answered.")
    for name, value in said.items():
        setattr(question, name, value)
    screening.close_tasks(question.order, by=by, now=now, kind=Task.Kind.QUESTION, about=_about(question))
    audit.record(
        "order.question_answered",
        question.order,
        by=by,
        patients=[question.order.patient_id],
        answer=question.answer,
    )
    return question


def _about(question):
    return f"question {question.pk}"
