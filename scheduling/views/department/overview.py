"""The department at a glance: its parts, and what is going to change."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling.services.department import changes, found
from scheduling.views.department import frame
from vqflow.errors import Conflict
from vqflow.pages import page


@page("department.view")
def overview(request):
    return _overview(request)


def _overview(request, *, refusal=None, status=200):
    context = frame.about(request, refusal=refusal)
    context["planned"] = frame.planned(context)
    return render(request, "department/overview.html", context, status=status)


@page("department.manage", methods=("POST",))
def withdraw(request, pk):
    """Take back a change whose day has not come."""
    change = found.change(pk, by=request.user)
    try:
        changes.withdraw(change, by=request.user, now=timezone.now())
    except Conflict as refusal:
        return _overview(request, refusal=refusal, status=409)
    messages.success(request, "Withdrawn. What holds today stays.")
    return redirect("scheduling:department")
