"""The forms of all that is decided about an order, for one person, on the order's page and on the vetting page."""

from scheduling.engine import comparison
from scheduling.engine.screening import Action, questions_for
from scheduling.engine.states import UNFINISHED_ORDER, OrderState
from scheduling.examinations import XRAY_RULES, assess, facts, resolved_rules
from scheduling.forms.orders import ReasonForm, ScreeningForm
from scheduling.forms.vetting import (
    WHY_ANOTHER,
    AnswerForm,
    AskForm,
    ConsultForm,
    OverrideForm,
    VetForm,
    XrayOverrideForm,
)
from scheduling.models import Decision
from scheduling.services import protocols, vetting
from scheduling.views.consequences import beside, gates, grouped, shown
from vqflow import policy


def forms(user, order, now, bound):
    """What the answers do and speak for, and the forms for all that this person may decide about the order."""
    effects, resolved = assess(order, now), resolved_rules(order)
    answers = {row.question: row.answer for row in order.answers.all()}
    items = shown(effects, resolved, _decision_forms(user, order, bound), _held(order))
    screening = bound.get("screening") or ScreeningForm(
        questions=questions_for(facts(order, now)), answers=answers
    )
    questions = list(order.questions.select_related("asked_by", "answered_by"))
    return {
        "effects": grouped(items),
        "by_phone": _by_phone(user),
        "presets": vetting.PRESET_REASONS,
        "screening": screening,
        "questions": beside(screening, effects),
        "must_ask": any(each.gates and each.effect.action == Action.TASK for each in items),
        "topics": comparison.relevant(answers, order.indication_code),
        "enquiries": questions,
        "open_question": next((each for each in questions if each.answered_at is None), None),
        "ask_form": bound.get("ask_form") or AskForm(auto_id="id_ask_%s"),
        "answer_form": bound.get("answer_form") or AnswerForm(auto_id="id_answer_%s"),
        "decline_form": bound.get("decline_form") or ReasonForm(auto_id="id_decline_%s"),
        "cancel_form": bound.get("cancel_form") or ReasonForm(auto_id="id_cancel_%s"),
        "xray_override": _xray_override(user, order, resolved, bound),
        **vet_forms(user, order, now, bound),
        "bound": set(bound),
        "faulty": next(iter(bound.values()), None),
    }


def vet_forms(user, order, now, bound):
    """The suggestion, and the forms in which a protocol is chosen: it is chosen already unless the time is booked."""
    suggested = protocols.suggested(order, now=now)
    asked = {"user": user, "suggested": suggested.protocol.pk if suggested else None}
    is_booked = order.state == OrderState.SCHEDULED
    chosen = order.procedure.protocol_id if is_booked or not suggested else suggested.protocol.pk
    initial = {"protocol": chosen, "note": order.procedure.protocol_note, "read_at": now.isoformat()}
    return {
        "suggested": suggested,
        "why_another": WHY_ANOTHER,
        "vet_form": bound.get("vet_form") or VetForm(**asked, initial=initial),
        "protocol_form": bound.get("protocol_form")
        or VetForm(**asked, initial=initial, auto_id="id_protocol_%s"),
        "phone_form": bound.get("phone_form")
        or VetForm(**asked, by_phone=True, initial=initial, auto_id="id_phone_%s"),
    }


def _held(order):
    """{rule: the physician's "not yet" that stands}"""
    standing = order.decisions.filter(kind=Decision.Kind.HOLD, lapsed_at=None).select_related("physician")
    return {decision.rule: decision for decision in standing}


def _by_phone(user):
    """True for those who write down what a physician says, False for physicians, None for all others."""
    if policy.allows(user, "override.clinical"):
        return False
    return True if policy.allows(user, "override.clinical_by_phone") else None


def _decision_forms(user, order, bound):
    """effect -> the form in which this user decides on it, or None: an answer to a consult, else an override."""
    by_phone = _by_phone(user)

    def form_for(effect):
        offered = (
            effect.override and gates(effect) and by_phone is not None and order.state in UNFINISHED_ORDER
        )
        if not offered or (effect.override == "authorised_user" and not _authorised(user, by_phone)):
            return None
        is_consult = effect.action == Action.CONSULT
        returned = bound.get("consult_form" if is_consult else "override_form")
        if returned is not None and returned["rule"].value() == effect.rule_id:
            return returned
        kind, rule = (ConsultForm if is_consult else OverrideForm), {"rule": effect.rule_id}
        return kind(user=user, by_phone=by_phone, initial=rule, auto_id=f"id_{effect.rule_id}_%s")

    return form_for


def _authorised(user, by_phone):
    return by_phone or policy.allows(user, "override.authorised_user")


def _xray_override(user, order, resolved, bound):
    """The form that overrides the chest X-ray window, for an order that is not over and has none yet."""
    by_phone = _by_phone(user)
    if by_phone is None or order.state not in UNFINISHED_ORDER or resolved & XRAY_RULES:
        return None
    returned = bound.get("override_form")
    if isinstance(returned, XrayOverrideForm):
        return returned
    return XrayOverrideForm(user=user, by_phone=by_phone, auto_id="id_xray_%s")
