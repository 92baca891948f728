"""What steps need, worked out anew from their orders."""

from scheduling.engine import tracers as engine
from scheduling.examinations import circumstances, facts
from scheduling.models import Hold, Order
from scheduling.services import chains


def of_claims(claims, now):
    """{id of the claim: DoseNeed}; a fixed number of queries. The claims come with their steps' procedures."""
    holds = dict(
        Hold.objects.filter(pk__in={row.token for row in claims if row.token}).values_list("pk", "order_id")
    )
    order_of = {row.pk: order_id(row.step) if row.step_id else holds.get(row.token) for row in claims}
    known = of_orders(order_of.values(), now)
    return {row.pk: known.get(order_of[row.pk], {}).get(row.kind) for row in claims}


def order_id(step):
    return step.appointment.procedure.order_id


def of_orders(order_ids, now):
    """{id of the order: {kind of step: DoseNeed}}; a fixed number of queries."""
    orders = (
        Order.objects.filter(pk__in=set(order_ids) - {None})
        .select_related("patient", "procedure__protocol")
        .prefetch_related("answers", "procedure__protocol__steps")
    )
    return {order.pk: _of_order(order, now) for order in orders}


def _of_order(order, now):
    found, age = circumstances(order, now), facts(order, now).age_years
    needs = {
        template.kind: engine.need_of(template, found, age)
        for template in chains.templates(order.procedure.protocol)
    }
    return {kind: need for kind, need in needs.items() if need}
