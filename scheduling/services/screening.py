"""Answers to the safety questions, and the tasks and gates that follow from them."""

from django.db import transaction

from scheduling.engine import screening as engine
from scheduling.engine.states import UNFINISHED_ORDER
from scheduling.examinations import QUESTION_OF_RULE, QUESTIONS, assess, resolved_rules
from scheduling.models import Order, ScreeningAnswer, Task
from scheduling.services import protocols, transitions
from vqflow import audit
from vqflow.errors import Conflict, Invalid

# A decision by phone has to be countersigned, and a patient phoned, even when the order has ended.
MOOT_WITHOUT_ORDER = (Task.Kind.ASK, Task.Kind.CONSULT, Task.Kind.QUESTION)


@transaction.atomic
def answer(order, answers, *, by, now, read_at=None):
    """Save these answers ({question: answer}); a question that is not among them keeps its answer.

    Tasks follow: one for each question still to be asked, one for each decision that a physician still has to
    take. Raises Invalid, with the question as the field, for an unknown question or answer; Conflict once the
    examination is over or the order has ended, and where somebody has changed an answer since `read_at`.
    """
    _check(answers)
    order.state = (
        Order.objects.select_for_update(no_key=True).values_list("state", flat=True).get(pk=order.pk)
    )
    order._prefetched_objects_cache = {}
    if order.state not in UNFINISHED_ORDER:
        raise Conflict(f"This order is {transitions.words(order.state)}; its answers stay as they are.")
    rows = list(order.answers.select_related("answered_by"))
    before = {row.question: row.answer for row in rows}
    changed = {question: value for question, value in answers.items() if before.get(question) != value}
    _refuse_stale([row for row in rows if row.question in changed], read_at)
    for question, value in changed.items():
        ScreeningAnswer.objects.update_or_create(
            order=order,
            question=question,
            defaults={"answer": value, "answered_at": now, "answered_by": by},
        )
    order._prefetched_objects_cache = {}
    if changed:
        audit.record(
            "screening.answered", order, by=by, patients=[order.patient_id], answers=changed, before=before
        )
    sync_tasks(order, by=by, now=now)
    protocols.follow_answers(order, by=by, now=now)


def refuse_if_answered_since(order, read_at):
    """Raise Conflict where somebody has changed an answer since `read_at`: a decision must not rest on the old one."""
    _refuse_stale(order.answers.select_related("answered_by"), read_at)


def _refuse_stale(rows, read_at):
    """An answer that changed while the form stood open must not be put back unseen."""
    newer = next((row for row in rows if read_at and row.answered_at > read_at), None)
    if newer:
        raise Conflict(
            f"{newer.answered_by.name} has just answered “{QUESTIONS[newer.question].text}” otherwise. "
            "Nothing was saved. Read the answers again."
        )


def _check(answers):
    faults = {}
    for question, value in answers.items():
        known = QUESTIONS.get(question)
        if known is None:
            faults[question] = ["There is no such question."]
        elif value not in dict(known.choices):
            faults[question] = ["Choose one of the answers."]
    if faults:
        raise Invalid("Some answers cannot be right.", fields=faults)


def sync_tasks(order, *, by, now):
    """Open the tasks that the current answers call for, and close those that they no longer do."""
    wanted = {}
    for effect in assess(order, now):
        if effect.action == engine.Action.TASK:
            wanted[Task.Kind.ASK, effect.question] = effect
        elif effect.action == engine.Action.CONSULT and effect.rule_id not in resolved_rules(order):
            wanted[Task.Kind.CONSULT, effect.rule_id] = effect
    # A physician may also be asked to read perfusion now; no answer settles that.
    known = [*QUESTIONS, *QUESTION_OF_RULE]
    ours = order.tasks.filter(kind__in=[Task.Kind.ASK, Task.Kind.CONSULT], about__in=known, closed_at=None)
    still = set()
    for task in ours:
        if (task.kind, task.about) in wanted:
            still.add((task.kind, task.about))
        else:
            _close(task, by=by, now=now)
    Task.objects.bulk_create(
        _task(order, kind, about, effect, now)
        for (kind, about), effect in wanted.items()
        if (kind, about) not in still
    )


def _task(order, kind, about, effect, now):
    stages = sorted(effect.stages, key=list(engine.Stage).index)
    return Task(
        order=order,
        kind=kind,
        about=about,
        sentence=effect.sentence,
        stage=stages[0] if stages else "",
        opened_at=now,
    )


def close_tasks(order, *, by, now, **which):
    """Close the order's open tasks, or those that match `which`."""
    for task in order.tasks.filter(closed_at=None, **which):
        _close(task, by=by, now=now)


def _close(task, *, by, now):
    task.closed_at, task.closed_by = now, by
    task.save(update_fields=["closed_at", "closed_by"])
