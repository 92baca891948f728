"""The physician's lists, and one order after the other to vet; what is decided goes through views/decisions.py."""

from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling import order_list
from scheduling.models import Decision
from scheduling.services import access
from scheduling.views.vetting_page import render_case, rows_for
from scheduling.views.waiting import PER_PAGE, page_of
from vqflow.pages import page

TABS = {
    "vet": "To vet",
    "asked": "Asked back",
    "consult": "To decide",
    "countersign": "To countersign",
}


@page("vetting.list")
def listing(request):
    """What waits for a physician: orders to vet, questions that are out, decisions, countersignatures."""
    asked = request.GET.get("tab")
    tab = asked if asked in TABS else "vet"
    now, mine = timezone.now(), _to_countersign(request.user)
    counts = {**order_list.counts(request.user), "countersign": mine.count()}
    context = {"tab": tab, "query": f"tab={tab}", "now": now, "tabs": _tabs(tab, counts)}
    if tab == "countersign":
        context |= _countersign_page(request, mine)
    else:
        context |= page_of(
            request,
            order_list.waiting_for(tab, by=request.user, now=now),
            f"vetting.{tab}",
            "vetting.list",
            now,
        )
        context["rows"] = rows_for(context["rows"], now)
    return render(request, "scheduling/vetting.html", context)


def _to_countersign(user):
    """What was written down for this physician by phone, the oldest first."""
    return (
        Decision.objects.for_user(user)
        .filter(by_phone=True, countersigned_at=None, physician=user)
        .select_related("order__patient", "order__site", "recorded_by", "protocol")
        .order_by("decided_at", "pk")
    )


def _countersign_page(request, mine):
    asked = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
    ids = [each.order.patient_id for each in asked]
    access.listed("vetting.countersign", ids, by=request.user, action="vetting.list")
    return {"page": asked, "decisions": asked}


def _tabs(current, counts):
    url = reverse("scheduling:vetting")
    return [
        {"label": label, "url": f"{url}?tab={tab}", "current": tab == current, "count": counts[tab]}
        for tab, label in TABS.items()
    ]


@page("vetting.list")
def case(request, pk):
    return render_case(request, access.order(pk, by=request.user, action="vetting.list"))


@page("vetting.list")
def following(request, pk):
    """On to the order that stands after this one, or to the first; to the list when no other is left."""
    order = access.unseen_order(pk, by=request.user, action="vetting.list")
    queue = order_list.queue(order.pk, by=request.user, now=timezone.now())
    at = queue.index(order.pk)
    others = [*queue[at + 1 :], *queue[:at]]
    if not others:
        return redirect("scheduling:vetting")
    return redirect(f"{reverse('scheduling:vetting-case', args=[others[0]])}?after={order.pk}")
