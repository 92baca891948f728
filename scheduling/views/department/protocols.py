"""Protocols and the times of their steps."""

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling import department_history, department_list, department_words
from scheduling.forms.department.protocols import ProtocolForm
from scheduling.models import ChangeSubject, Protocol, ProtocolStep
from scheduling.services.department import affected, days, found, protocols
from scheduling.views.department import frame
from vqflow.pages import page


@page("department.view")
def listing(request):
    context = frame.about(request)
    context["rows"] = department_list.protocols(context["site"])
    return render(request, "department/protocols.html", context)


@page("department.view")
def protocol(request, pk):
    """One protocol: its steps, what is going to change, who was booked with other times, and the history."""
    one = found.protocol(pk, by=request.user)
    context = frame.about(request, protocol=one, steps=list(one.steps.all()))
    context |= {
        "planned": frame.planned(context, ChangeSubject.PROTOCOL, one.pk),
        "history": department_history.of_values(
            (Protocol, [one.pk]), (ProtocolStep, [step.pk for step in context["steps"]])
        ),
    }
    if context["may_manage"]:
        context["affected"] = affected.with_other_times(one, now=context["now"])
        frame.audited(request, "department.other_times", context["affected"])
    return render(request, "department/protocol.html", context)


@page("department.manage", methods=frame.BOTH)
def change(request, pk):
    one, now = found.protocol(pk, by=request.user, action="department.manage"), timezone.now()
    after = reverse("scheduling:department-protocol", args=[one.pk])
    context = frame.about(request, protocol=one, back=after)
    form = ProtocolForm(frame.data_of(request), protocol=one, starts_on=days.tomorrow(one.site, now))

    def values():
        return {**form.values(), "starts_on": form.cleaned_data["starts_on"], "now": now}

    def preview():
        differences, booked = protocols.preview(one, **values())
        stays = "booked with it already. Nothing of that changes unless you move it"
        return frame.Preview(lines=department_words.lines(differences), affected=booked, stays=stays)

    def save():
        protocols.change(one, **values(), by=request.user)

    def said():
        return f"Saved. {frame.from_day(form.cleaned_data['starts_on'], context['today'])}"

    template = "department/protocol_change.html"
    return frame.two_steps(
        request, form, template, context, preview=preview, save=save, said=said, after=after
    )
