"""The page of one order: what it shows, and which buttons it offers to whom."""

from dataclasses import dataclass

from django.shortcuts import render
from django.utils import timezone

from scheduling import history
from scheduling.engine.screening import Action, Effect, Stage, questions_for
from scheduling.engine.states import OPEN_ORDER, UNFINISHED_ORDER, OrderState
from scheduling.examinations import XRAY_RULES, assess, facts, is_vetted, resolved_rules
from scheduling.forms.orders import OverrideForm, ReasonForm, ScreeningForm, VetForm, XrayOverrideForm
from scheduling.models import Appointment, Task
from scheduling.services import intake, search, vetting
from scheduling.services.waitlist.filling import OFFERS_GO_OUT
from scheduling.templatetags import clock
from scheduling.views.plan import chain_of_plan
from vqflow import policy

ACTIONS = {
    Action.BLOCK: ("Blocked until an authorised user decides", "chip--red"),
    Action.CONSULT: ("A physician decides", "chip--amber"),
    Action.TASK: ("To be asked", "chip--amber"),
    Action.PROTOCOL: ("Changes the examination", "chip--violet"),
    Action.WARN: ("Take care", "chip--blue"),
    Action.INFO: ("Good to know", ""),
}
STAGES = {
    Stage.BOOK: "booking",
    Stage.XRAY: "the chest X-ray",
    Stage.DOSE: "the dose",
    Stage.START: "the start",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One effect on screen. `gates` names the stages that wait for it; `override` is its form, where there is one."""

    effect: Effect
    label: str
    tone: str
    gates: str
    is_resolved: bool = False
    override: OverrideForm | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Effects of one kind; `minor` are open questions that hold nothing back."""

    label: str
    tone: str
    entries: list[Shown]
    minor: list[Shown]


def shown(effects, resolved=frozenset(), override_for=lambda effect: None):
    """The effects as they are shown, the gravest first."""
    order = list(ACTIONS)
    return [
        Shown(
            effect,
            ACTIONS[effect.action][0],
            "" if effect.action == Action.TASK and not gates(effect) else ACTIONS[effect.action][1],
            gates(effect),
            effect.rule_id in resolved,
            None if effect.rule_id in resolved else override_for(effect),
        )
        for effect in sorted(effects, key=lambda each: order.index(each.action))
    ]


def gates(effect):
    """ "the dose and the start": what waits; nothing for an effect that only informs."""
    if effect.action not in (Action.BLOCK, Action.CONSULT, Action.TASK):
        return ""
    return " and ".join(STAGES[stage] for stage in Stage if stage in effect.stages)


def beside(form, effects):
    """[(question's field, its effects)]: what stands beside each question of a ScreeningForm."""
    items = shown(effects)
    return [
        (form[question.key], [each for each in items if each.effect.question == question.key])
        for question in form.questions
    ]


def grouped(items):
    """The effects by what they do, the gravest group first."""
    groups = {}
    for each in items:
        entries, minor = groups.setdefault(each.effect.action, ([], []))
        is_minor = each.effect.action == Action.TASK and not each.gates
        (minor if is_minor else entries).append(each)
    return [Group(*ACTIONS[action], entries, minor) for action, (entries, minor) in groups.items()]


def render_order(request, order, *, status=200, refusal=None, **bound):
    """The page; `bound` are forms that come back with what was typed, by their name in the template."""
    return render(
        request,
        "scheduling/order.html",
        {**context(request, order, bound), "refusal": refusal},
        status=status,
    )


def context(request, order, bound):
    user, now = request.user, timezone.now()
    live, past = _appointments(order)
    tasks = list(order.tasks.filter(closed_at=None).order_by("due_at", "opened_at", "pk"))
    local_day = clock.local(now, order.site.time_zone).date()
    return {
        "order": order,
        "patient": order.patient,
        "zone": order.site.time_zone,
        "age": order.patient.age_on(local_day),
        "now": now,
        "due_at": order.ordered_at + order.site.start_target(order.priority),
        "is_changeable": order.state in UNFINISHED_ORDER,
        "appointment": live,
        "past": past,
        "chain": chain_of_plan(live) if live else (),
        "may_close": policy.allows(user, "task.close"),
        "tasks": [task for task in tasks if task.stage or task.kind != Task.Kind.ASK],
        "minor_tasks": [task for task in tasks if not task.stage and task.kind == Task.Kind.ASK],
        "decisions": order.decisions.select_related("physician", "recorded_by").order_by("decided_at"),
        "history": history.of_order(order),
        **waits(user, order, live),
        **_actions(user, order),
        **_forms(user, order, now, bound),
    }


def _appointments(order):
    """(the one that counts, those that were cancelled or missed)"""
    found = list(
        Appointment.objects.filter(procedure__order=order)
        .select_related("site")
        .prefetch_related("steps__reservations__resource")
        .order_by("-booked_at")
    )
    ended = ("cancelled", "noshow")
    return next((each for each in found if each.state not in ended), None), [
        each for each in found if each.state in ended
    ]


def waits(user, order, appointment):
    """What _waits.html shows: whether this patient is on the waitlist, can be put on it, or why not."""
    is_open = order.state in OPEN_ORDER and (appointment is None or appointment.state == "booked")
    return {
        "may_wait": is_open and policy.allows(user, "waitlist.manage"),
        "waits": order.waitlist_entries.live().first(),
        "why_not_wait": search.why_not_book(order) if appointment is None else None,
        "offers_go_out": OFFERS_GO_OUT,
        "wanted": "an earlier time" if appointment else "a time",
    }


def _actions(user, order):
    """Which buttons there are, and the sentence why one of them is shut."""
    is_open = order.state in OPEN_ORDER
    return {
        "may_vet": policy.allows(user, "order.vet") and vetting.why_not_vet(order) is None,
        "may_vet_by_phone": policy.allows(user, "order.vet_by_phone")
        and order.is_stat
        and vetting.why_not_vet(order) is None,
        "may_change_protocol": policy.allows(user, "order.vet")
        and vetting.why_not_change_protocol(order) is None,
        "may_decline": policy.allows(user, "order.vet")
        and order.state in (OrderState.REQUESTED, OrderState.VETTED),
        "may_cancel": policy.allows(user, "order.cancel") and is_open,
        "why_not_cancel": intake.why_not_cancel(order),
        "may_search": policy.allows(user, "itinerary.search")
        and order.state in (OrderState.REQUESTED, OrderState.VETTED),
        "may_book": policy.allows(user, "appointment.book"),
        "why_not_search": search.why_not_book(order),
        "may_answer": policy.allows(user, "screening.answer") and order.state in UNFINISHED_ORDER,
        "may_countersign": policy.allows(user, "decision.countersign"),
        "is_vetted": is_vetted(order),
    }


def _forms(user, order, now, bound):
    effects, resolved = assess(order, now), resolved_rules(order)
    answers = {row.question: row.answer for row in order.answers.all()}
    by_phone = _overrides_by_phone(user)
    chosen = {"protocol": order.procedure.protocol_id}
    items = shown(effects, resolved, _override_forms(user, order, bound))
    screening = bound.get("screening") or ScreeningForm(
        questions=questions_for(facts(order, now)), answers=answers
    )
    return {
        "effects": grouped(items),
        "by_phone": by_phone,
        "presets": vetting.PRESET_REASONS,
        "screening": screening,
        "questions": beside(screening, effects),
        "vet_form": bound.get("vet_form") or VetForm(user=user, initial=chosen),
        "protocol_form": bound.get("protocol_form")
        or VetForm(user=user, initial=chosen, auto_id="id_protocol_%s"),
        "phone_form": bound.get("phone_form")
        or VetForm(user=user, by_phone=True, initial=chosen, auto_id="id_phone_%s"),
        "decline_form": bound.get("decline_form") or ReasonForm(auto_id="id_decline_%s"),
        "cancel_form": bound.get("cancel_form") or ReasonForm(auto_id="id_cancel_%s"),
        "xray_override": _xray_override(user, order, resolved, bound),
        "bound": set(bound),
        "faulty": next(iter(bound.values()), None),
    }


def _overrides_by_phone(user):
    """True for those who write down what a physician says, False for physicians, None for all others."""
    if policy.allows(user, "override.clinical"):
        return False
    return True if policy.allows(user, "override.clinical_by_phone") else None


def _override_forms(user, order, bound):
    """effect -> its override form for this user, or None."""
    by_phone = _overrides_by_phone(user)
    returned = bound.get("override_form")

    def form_for(effect):
        offered = (
            effect.override and gates(effect) and by_phone is not None and order.state in UNFINISHED_ORDER
        )
        if not offered or (effect.override == "authorised_user" and not _authorised(user, by_phone)):
            return None
        if returned is not None and returned["rule"].value() == effect.rule_id:
            return returned
        rule = {"rule": effect.rule_id}
        return OverrideForm(user=user, by_phone=by_phone, initial=rule, auto_id=f"id_{effect.rule_id}_%s")

    return form_for


def _authorised(user, by_phone):
    return by_phone or policy.allows(user, "override.authorised_user")


def _xray_override(user, order, resolved, bound):
    """The form that overrides the chest X-ray window, for an order that is not over and has none yet."""
    by_phone = _overrides_by_phone(user)
    if by_phone is None or order.state not in UNFINISHED_ORDER or resolved & XRAY_RULES:
        return None
    returned = bound.get("override_form")
    if isinstance(returned, XrayOverrideForm):
        return returned
    return XrayOverrideForm(user=user, by_phone=by_phone, auto_id="id_xray_%s")
