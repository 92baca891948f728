"""What every page about one order says of it."""

from django.utils.functional import SimpleLazyObject

from reporting import critical_list
from scheduling.templatetags import clock


def order_context(order, now):
    patient = order.patient
    age = patient.age_on(clock.local(now, order.site.time_zone).date())
    return {
        "order": order,
        "patient": patient,
        "age": "age unknown" if age is None else f"{age} y",
        "zone": order.site.time_zone,
        "now": now,
        "critical_lines": SimpleLazyObject(lambda: critical_list.of_order(order, now=now)),
    }
