"""The department's own durations beside the planned ones, adopted with one press."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling.forms.department.durations import AdoptForm
from scheduling.services import durations
from scheduling.services.department import days, found
from scheduling.services.department import durations as adoption
from scheduling.views.department import frame
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page


@page("department.view")
def table(request):
    return _page(request)


@page("department.manage", methods=("POST",))
def adopt(request, pk):
    """Plan one protocol with its measured times."""
    protocol, now = found.protocol(pk, by=request.user, action=frame.MANAGE), timezone.now()
    lines = next((lines for each, lines in durations.table(protocol.site, now=now) if each == protocol), [])
    form = AdoptForm(
        request.POST, protocol=protocol, lines=lines, starts_on=days.tomorrow(protocol.site, now)
    )
    if not form.is_valid():
        return _page(request, protocol, form, status=422)
    try:
        adoption.change(protocol, **form.values(), by=request.user, now=now)
    except Invalid as refusal:
        form.refuse(refusal)
        return _page(request, protocol, form, status=422)
    except Conflict as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, protocol, form, status=409)
    today = days.today(protocol.site, now)
    told = frame.from_day(form.cleaned_data["starts_on"], today)
    messages.success(request, f"{protocol.name}: saved. {told} What is booked keeps its times.")
    return redirect("scheduling:department-durations")


def _page(request, refused=None, form=None, *, status=200):
    context = frame.about(request)
    site, now = context["site"], context["now"]
    starts_on = days.tomorrow(site, now)
    table = list(durations.table(site, now=now))
    context["rows"] = [
        _row(protocol, lines, form if protocol == refused else None, starts_on)
        for protocol, lines in table
        if protocol == refused or any(line.measured for line in lines)
    ]
    context["unmeasured"] = [
        protocol for protocol, lines in table if not any(each.measured for each in lines)
    ]
    context["days"] = durations.LOOKS_BACK.days
    return render(request, "department/durations.html", context, status=status)


def _row(protocol, lines, form, starts_on):
    """(protocol, its form, pairs of a line and the field of its choice or None)."""
    form = form or AdoptForm(protocol=protocol, lines=lines, starts_on=starts_on)
    return protocol, form, [(line, form[line.step.kind] if line.may_adopt else None) for line in lines]
