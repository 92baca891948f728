"""Closures: what is closed now and later, one more, and opening again."""

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling.forms.disruptions import ClosureForm
from scheduling.models import Closure
from scheduling.services import access, closures
from scheduling.views.site import site_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

SHOWN = 200


@page("closure.view")
def listing(request):
    return _listing(request)


def _listing(request, *, refusal=None, status=200):
    site, now = site_of(request.user), timezone.now()
    found = Closure.objects.filter(site=site).filter(Q(span__endswith__gt=now)).select_related("resource")
    rows = [(row, row.span.lower <= now) for row in found.order_by("span")[:SHOWN]]
    context = {
        "zone": site.time_zone,
        "rows": rows,
        "refusal": refusal,
        "may_manage": policy.allows(request.user, "closure.manage"),
        "may_report": policy.allows(request.user, "disruption.report"),
    }
    return render(request, "scheduling/closures.html", context, status=status)


@page("closure.manage", methods=("GET", "POST"))
def new(request):
    """Close a room, a person or the department; who is booked then stays booked, and their number is said."""
    site, now, user = site_of(request.user), timezone.now(), request.user
    form = ClosureForm(request.POST if request.method == "POST" else None, site=site, now=now)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = closures.add(site, **form.cleaned_data, by=user, now=now)
                _say(request, made, now)
                return redirect("scheduling:closures")
            except Invalid as refusal:
                form.refuse(refusal)
    context = {"form": form, "back": reverse("scheduling:closures")}
    return render(request, "scheduling/closure_new.html", context, status=status)


def _say(request, made, now):
    messages.success(request, "Closed. Nobody is booked in this time any more.")
    booked = closures.booked_within(made, now=now)
    if booked:
        messages.warning(
            request,
            f"{'1 appointment lies' if booked == 1 else f'{booked} appointments lie'} in it and stay booked. "
            "Move them, or report what broke to plan the day anew.",
        )


@page("closure.manage", methods=("POST",))
def end(request, pk):
    """Open again from now on."""
    found = access.closure(pk, by=request.user)
    try:
        closures.end(found, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _listing(request, refusal=refusal, status=409)
    messages.success(request, "Open again.")
    return redirect("scheduling:closures")
