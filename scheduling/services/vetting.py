"""What physicians decide about an order: the protocol, overrides, answers to consults; by phone too."""

from django.db import IntegrityError, transaction

from scheduling.engine import gas
from scheduling.engine import screening as rules
from scheduling.engine.states import UNFINISHED_ORDER, OrderState
from scheduling.examinations import OVERRIDABLE, XRAY_RULES, is_vetted, resolved_rules
from scheduling.models import Decision, Order, RequestedProcedure, Task
from scheduling.services import protocols, screening, transitions
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid, NotAllowed
from vqflow.models import Role

# A rule may have several effects under one id; only its gating one can be overridden.
OVERRIDE_BY = {rule.id: rule.override for rule in rules.RULES if rule.override}
WORDS = {Decision.Kind.OVERRIDE: "override of", Decision.Kind.HOLD: "answer to"}
PRESET_REASONS = (
    "STAT: waiting would harm the patient.",
    "Symptoms changed since the X-ray.",
)


def why_not_vet(order):
    """A sentence why this order cannot be vetted, or None."""
    if is_vetted(order):
        return "This order has been vetted."
    if order.state in (OrderState.DECLINED, OrderState.CANCELLED):
        return f"This order is {order.state}."
    return None


@transaction.atomic
def vet(order, *, protocol, by, now, note="", reason="", read_at=None, physician=None):
    """Approve the order with a protocol. With `physician` it was done by phone, which only a STAT order may be.

    A protocol that is not the suggested one needs `reason`, which is kept. Raises Conflict when the order has
    been vetted or has ended, and when an answer was changed since `read_at`; Invalid for a protocol that is not
    the site's or cannot be booked.
    """
    by_phone = physician is not None
    policy.permit(by, "order.vet_by_phone" if by_phone else "order.vet")
    if by_phone and not order.is_stat:
        raise Conflict("Only a STAT order can be vetted by phone.")
    read_again(order)
    if refusal := why_not_vet(order):
        raise Conflict(refusal)
    protocols.refuse_unfit(protocol, order)
    if order.state == OrderState.SCHEDULED:
        # It may have followed an answer before it was booked.
        order.procedure.refresh_from_db(fields=["protocol"])
    if order.state == OrderState.SCHEDULED and protocol.pk != order.procedure.protocol_id:
        raise Conflict(
            f"This order is booked as “{order.procedure.protocol}”. Choose that protocol, or cancel the "
            "appointment first and book it again."
        )
    decision = _choose(order, protocol, note, reason, read_at, physician, by=by, now=now)
    if order.state == OrderState.REQUESTED:
        transitions.move(order, OrderState.VETTED)
    screening.close_tasks(order, by=by, now=now, kind=Task.Kind.QUESTION)
    audit.record(
        "order.vetted", order, by=by, patients=[order.patient_id], by_phone=by_phone, **_chosen(decision)
    )
    return decision


def read_again(order):
    """Lock the order and read its state, answers and decisions as they are now."""
    order.state = (
        Order.objects.select_for_update(no_key=True).values_list("state", flat=True).get(pk=order.pk)
    )
    order._prefetched_objects_cache = {}


def _choose(order, protocol, note, reason, read_at, physician, *, by, now):
    """Write down the protocol and the decision for it; Invalid where a reason for another one is missing."""
    if read_at:
        screening.refuse_if_answered_since(order, read_at)
    found = protocols.suggested(order, now=now)
    suggested = found.protocol if found else None
    deviates = suggested is not None and suggested.pk != protocol.pk
    if deviates and not reason.strip():
        sentence = f"“{suggested}” is suggested. Say why another protocol is chosen."
        raise Invalid(sentence, fields={"reason": [sentence]})
    RequestedProcedure.objects.filter(order=order).update(protocol=protocol, protocol_note=note)
    order.procedure.protocol, order.procedure.protocol_note = protocol, note
    chosen = {"protocol": protocol, "suggested": suggested, "deviation": reason.strip() if deviates else ""}
    return decide(
        order, Decision.Kind.VETTING, "", note or protocol.name, physician, by=by, now=now, **chosen
    )


def _chosen(decision):
    """What the audit trail says of a protocol that was chosen."""
    about = {"protocol": str(decision.protocol)}
    if decision.deviation:
        about |= {"suggested": str(decision.suggested), "reason": decision.deviation}
    return about


def why_not_change_protocol(order):
    """A sentence why a vetted order cannot be given another protocol, or None."""
    if order.state == OrderState.SCHEDULED:
        return "This order is booked. Cancel the appointment before the protocol is changed."
    if order.state != OrderState.VETTED:
        return f"This order is {transitions.words(order.state)}; its protocol stays."
    return None


@transaction.atomic
def change_protocol(order, *, protocol, by, now, note="", reason="", read_at=None):
    """Give a vetted order that is not booked another protocol: what is known of the patient has changed.

    The earlier decision lapses and stays. `reason` and `read_at` as for `vet`. Raises Conflict once the order is
    booked or over.
    """
    policy.permit(by, "order.vet")
    read_again(order)
    if refusal := why_not_change_protocol(order):
        raise Conflict(refusal)
    protocols.refuse_unfit(protocol, order)
    order.decisions.filter(kind=Decision.Kind.VETTING, lapsed_at=None).update(lapsed_at=now)
    decision = _choose(order, protocol, note, reason, read_at, None, by=by, now=now)
    audit.record("order.protocol_changed", order, by=by, patients=[order.patient_id], **_chosen(decision))
    return decision


@transaction.atomic
def decline(order, *, reason, by, now):
    """Refuse the examination, with the reason that the referrer will read."""
    policy.permit(by, "order.vet")
    if not reason.strip():
        raise Invalid("Say why the order is declined.", fields={"reason": ["Say why the order is declined."]})
    transitions.move(order, OrderState.DECLINED, closed_reason=reason.strip())
    screening.close_tasks(order, by=by, now=now, kind__in=screening.MOOT_WITHOUT_ORDER)
    audit.record("order.declined", order, by=by, patients=[order.patient_id], reason=reason.strip())
    return order


@transaction.atomic
def override(order, *, rule, reason, by, now, physician=None):
    """Let the examination go on against a rule. With `physician`, who said so by phone.

    An earlier "not yet" about the same rule lapses and stays. Raises NotAllowed where the rule asks for an
    authorised user, Conflict where it is not to be overridden.
    """
    permit_override(rule, by, physician)
    if not reason.strip():
        raise Invalid("Say why.", fields={"reason": ["An override needs a reason."]})
    read_again(order)
    if order.state not in UNFINISHED_ORDER:
        raise Conflict(f"This order is {transitions.words(order.state)}; nothing is left to override.")
    if rule in resolved_rules(order):
        raise Conflict("A physician has already decided on this.")
    order.decisions.filter(kind=Decision.Kind.HOLD, rule=rule, lapsed_at=None).update(lapsed_at=now)
    decision = decide(order, Decision.Kind.OVERRIDE, rule, reason.strip(), physician, by=by, now=now)
    screening.sync_tasks(order, by=by, now=now)
    audit.record(
        "rule.overridden",
        order,
        by=by,
        patients=[order.patient_id],
        rule=rule,
        reason=reason.strip(),
        physician=decision.physician.username,
    )
    return decision


def permit_override(rule, by, physician):
    """Raise Conflict for a rule that nobody decides on, NotAllowed for somebody who may not decide on this one."""
    if rule not in OVERRIDABLE and OVERRIDE_BY.get(rule) is None:
        raise Conflict("This cannot be overridden: answer the question instead.")
    policy.permit(by, "override.clinical_by_phone" if physician else "override.clinical")
    if OVERRIDE_BY.get(rule) == "authorised_user":
        policy.permit(physician or by, "override.authorised_user")


def _is_physician_of(site, user):
    return user.is_active and user.role == Role.READER and user.site_code == site.code


def decide(order, kind, rule, reason, physician, *, by, now, **about):
    """Write down one decision; by phone it names the physician, who is asked to countersign."""
    if physician and not _is_physician_of(order.site, physician):
        raise Invalid("Name a physician of this site.", fields={"physician": ["Choose from the list."]})
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                order=order,
                kind=kind,
                rule=rule,
                reason=reason,
                physician=physician or by,
                decided_at=now,
                recorded_by=by,
                by_phone=physician is not None,
                **about,
            )
    except IntegrityError as error:
        if error.__cause__.diag.constraint_name != "decision_one_vetting_per_order":
            raise
        raise Conflict("Somebody was faster: this order has been vetted.") from error
    order._prefetched_objects_cache = {}
    if physician:
        _ask_for_countersignature(decision, now)
    return decision


def _ask_for_countersignature(decision, now):
    what = f"the {WORDS[decision.kind]} {decision.rule}" if decision.rule else "the vetting"
    Task.objects.create(
        order=decision.order,
        kind=Task.Kind.COUNTERSIGN,
        about=f"decision {decision.pk}",
        sentence=f"{decision.physician.name}: countersign {what} that was given by phone.",
        opened_at=now,
        due_at=now + decision.order.site.countersign_within,
    )


def lapse_window_overrides(order, *, now):
    """An override of the chest X-ray window was given for an appointment that is no more."""
    order.decisions.filter(rule__in=XRAY_RULES, lapsed_at=None).update(lapsed_at=now)


def lapse_gas_override(order, *, now):
    """It was given for gas that has been made anew since."""
    order.decisions.filter(rule=gas.RULE, lapsed_at=None).update(lapsed_at=now)


@transaction.atomic
def countersign(decision, *, by, now):
    """The named physician confirms what was written down for a decision by phone."""
    policy.permit(by, "decision.countersign")
    if decision.physician_id != by.pk:
        raise NotAllowed(f"Only {decision.physician.name} can countersign this decision.")
    changed = Decision.objects.filter(pk=decision.pk, by_phone=True, countersigned_at=None).update(
        countersigned_at=now, countersigned_by=by
    )
    if not changed:
        raise Conflict("There is nothing to countersign.")
    screening.close_tasks(
        decision.order, by=by, now=now, kind=Task.Kind.COUNTERSIGN, about=f"decision {decision.pk}"
    )
    audit.record("decision.countersigned", decision, by=by, patients=[decision.order.patient_id])
