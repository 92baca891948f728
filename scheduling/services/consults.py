"""Answers to consults: a physician lets the examination go on, or says that it has to wait and for what."""

from django.db import transaction

from scheduling.engine.screening import Action
from scheduling.engine.states import UNFINISHED_ORDER
from scheduling.examinations import assess
from scheduling.models import Decision
from scheduling.services import screening, transitions, vetting
from vqflow import audit
from vqflow.errors import Conflict, Invalid

GO_ON, NOT_YET = "go_on", "not_yet"
DECISIONS = ((GO_ON, "Go on"), (NOT_YET, "Not yet"))


@transaction.atomic
def answer(order, *, rule, decision, text, by, now, physician=None):
    """Answer a consult in words, with the decision GO_ON or NOT_YET; by phone with `physician`.

    GO_ON takes the block away; NOT_YET keeps it, and withdraws a GO_ON that was given before. Both stay with the
    order. Raises Conflict where no answer of the order asks for this consult, Invalid without words,
    NotAllowed as `vetting.override`.
    """
    vetting.permit_override(rule, by, physician)
    if not text.strip():
        raise Invalid("Say why.", fields={"text": ["Say what is decided, and why."]})
    vetting.read_again(order)  # a "go on" and a "not yet" of two people follow one another
    if order.state not in UNFINISHED_ORDER:
        raise Conflict(f"This order is {transitions.words(order.state)}; nothing is left to decide.")
    if rule not in asked(order, now):
        raise Conflict("No answer of this order asks for this decision. Read the answers again.")
    if decision == GO_ON:
        return vetting.override(order, rule=rule, reason=text, by=by, now=now, physician=physician)
    return _hold(order, rule, text.strip(), physician, by=by, now=now)


def asked(order, now):
    """The rules on which a physician is consulted, by the answers as they are now."""
    return frozenset(e.rule_id for e in assess(order, now) if e.action == Action.CONSULT)


def _hold(order, rule, text, physician, *, by, now):
    order.decisions.filter(rule=rule, lapsed_at=None).update(lapsed_at=now)
    decision = vetting.decide(order, Decision.Kind.HOLD, rule, text, physician, by=by, now=now)
    screening.sync_tasks(order, by=by, now=now)
    named = {"rule": rule, "reason": text, "physician": decision.physician.username}
    audit.record("consult.held", order, by=by, patients=[order.patient_id], **named)
    return decision
