"""Lists of open orders by what they wait for: the desk's worklist of orders, and the physician's."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from scheduling import order_list
from scheduling.models import Priority
from scheduling.services import access
from vqflow import policy
from vqflow.models import Role
from vqflow.pages import page

PER_PAGE = 40
TABS = {
    "unbooked": "Not booked",
    "screen": "To ask",
    "asked": "Asked back",
    "vet": "To vet",
    "consult": "Physician decides",
    "book": "Find a time",
    "booked": "Booked",
    "all": "All open",
}
FIRST_TAB = {Role.READER: "vet"}


@page("order.list")
def listing(request):
    """Open orders by what they wait for."""
    now, chosen = timezone.now(), _filters(request)
    orders = order_list.waiting_for(
        chosen["tab"], by=request.user, priority=chosen["priority"], late_only=bool(chosen["late"]), now=now
    )
    context = {
        **chosen,
        **page_of(request, orders, f"orders.{chosen['tab']}", "order.list", now),
        "tabs": _tabs(chosen, order_list.counts(request.user)),
        "query": urlencode({key: value for key, value in chosen.items() if value}),
        "priorities": Priority.choices,
        "may_create": policy.allows(request.user, "order.create"),
        "may_create_stat": policy.allows(request.user, "order.create_stat"),
    }
    return render(request, "scheduling/orders.html", context)


def page_of(request, orders, name, action, now):
    """The asked page of orders as rows; that they were shown is audited."""
    asked = Paginator(orders, PER_PAGE).get_page(request.GET.get("page"))
    rows = order_list.rows(asked, by=request.user, now=now)
    access.listed(name, [row.order.patient_id for row in rows], by=request.user, action=action)
    return {"page": asked, "rows": rows, "now": now}


def _filters(request):
    """The list's filters from the address; what is unknown there falls back."""
    tab, priority = request.GET.get("tab"), request.GET.get("priority")
    return {
        "tab": tab if tab in TABS else FIRST_TAB.get(request.user.role, "unbooked"),
        "priority": priority if priority in Priority.values else "",
        "late": "yes" if request.GET.get("late") == "yes" else "",
    }


def _tabs(chosen, counts):
    """The tabs with their counts; the filters stay when the tab changes."""
    url = reverse("scheduling:orders")
    kept = {key: chosen[key] for key in ("priority", "late") if chosen[key]}
    return [
        {
            "label": label,
            "url": f"{url}?{urlencode({'tab': tab, **kept})}",
            "current": tab == chosen["tab"],
            "count": counts[tab],
        }
        for tab, label in TABS.items()
    ]
