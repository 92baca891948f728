"""What an order waits for: as conditions for lists, and for one order in words with the action that comes next."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from scheduling.engine.screening import Action, Stage
from scheduling.engine.states import OrderState
from scheduling.examinations import assess, is_vetted, resolved_rules
from scheduling.models import Decision, OrderQuestion, Priority, Task

UNBOOKED = (OrderState.REQUESTED, OrderState.VETTED)


def _of_order(model, **which):
    return Exists(model.objects.filter(order=OuterRef("pk"), **which))


FACTS = {
    "vetted": _of_order(Decision, kind=Decision.Kind.VETTING),
    "asked_back": _of_order(OrderQuestion, answered_at=None),
    "to_decide": _of_order(Task, closed_at=None, kind=Task.Kind.CONSULT),
    "to_ask": _of_order(Task, closed_at=None, kind=Task.Kind.ASK, stage__in=list(Stage)),
}
# STAT is booked and vetted in parallel, so it stands in both lists; decisions and questions outlast the booking.
LISTS = {
    "unbooked": Q(state__in=UNBOOKED),
    "screen": Q(to_ask=True),
    "asked": Q(asked_back=True, vetted=False),
    "vet": Q(asked_back=False, vetted=False),
    "consult": Q(to_decide=True),
    "book": Q(state=OrderState.VETTED) | Q(state=OrderState.REQUESTED, priority=Priority.STAT),
    "booked": Q(state=OrderState.SCHEDULED),
    "all": Q(),
}

# What can come next, and the action of the policy behind it; the first that an order needs stands on its button.
ACTIONS = {
    "question": ("Answer the question", "order.answer_question"),
    "phone": ("Phone the patient", "task.close"),
    "search": ("Find a time", "appointment.book"),
    "screen": ("Answer screening", "screening.answer"),
    "vet": ("Vet", "order.vet"),
    "consult": ("Answer the consult", "override.clinical"),
}
OF_PHYSICIANS = ("vet", "consult")


@dataclass(frozen=True, slots=True)
class Block:
    """One thing that holds an order back: `label` in a word or two, `sentence` in full."""

    label: str
    sentence: str


def needs(order):
    """What the order needs next, the first thing first; its open tasks, questions and decisions are prefetched."""
    kinds = {(task.kind, bool(task.stage)) for task in order.open_tasks}
    vetted, asked_back = is_vetted(order), bool(open_questions(order))
    unbooked = order.state in UNBOOKED
    wanted = {
        "question": asked_back and not vetted,
        "phone": any(kind == Task.Kind.PHONE for kind, _ in kinds),
        "search": unbooked and order.is_stat,
        "screen": (Task.Kind.ASK, True) in kinds,
        "vet": not vetted and not asked_back,
        "consult": any(kind == Task.Kind.CONSULT for kind, _ in kinds),
    }
    found = [name for name in ACTIONS if wanted[name]]
    return [*found, "search"] if order.state == OrderState.VETTED and not order.is_stat else found


def blocks(order, now):
    """What holds the order back, in words, the first thing first."""
    return (*_waits_for_people(order), *_waits_for_answers(order, now))


def _waits_for_people(order):
    if not is_vetted(order):
        yield from (
            Block("an answer", f"{each.asked_by.name} asks {each.get_to_display().lower()}: {each.text}")
            for each in open_questions(order)
        )
        if not open_questions(order):
            yield Block("vetting", "A nuclear physician has to vet it.")
    calls = [task for task in order.open_tasks if task.kind == Task.Kind.PHONE]
    yield from (Block("a call", task.sentence) for task in calls)


def _waits_for_answers(order, now):
    """Blocks and consults first, then the questions that hold a stage back, as one where they are several."""
    resolved = resolved_rules(order)
    gating = [e for e in assess(order, now) if e.stages and e.rule_id not in resolved]
    for effect in gating:
        if effect.action in (Action.BLOCK, Action.CONSULT):
            yield Block(effect.question.replace("_", " "), effect.sentence)
    asks = [effect for effect in gating if effect.action == Action.TASK]
    names = ", ".join(effect.question.replace("_", " ") for effect in asks)
    if asks:
        yield Block(names, asks[0].sentence if len(asks) == 1 else f"{len(asks)} safety questions: {names}.")


def open_questions(order):
    return [each for each in order.questions.all() if each.answered_at is None]
