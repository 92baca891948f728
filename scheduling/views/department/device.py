"""One device: what it asked lately, whether it answers, what it would be answered, why it does not show a patient."""

from django.shortcuts import render
from django.urls import reverse

from scheduling import patient_search
from scheduling.dicom import calls, diagnosis
from scheduling.forms.department.missing import MissingForm
from scheduling.services import access
from scheduling.services.department import found
from scheduling.views.department import frame
from vqflow.pages import page

ACTION = "device.diagnose"
LATEST = 20
MOST_PATIENTS = 8
NOBODY = "Nobody at your site fits this. Check the number."


@page(ACTION)
def device(request, pk):
    return _page(request, found.device(pk, by=request.user, action=ACTION))


@page(ACTION, methods=("POST",))
def echo(request, pk):
    """A test call to the device."""
    one = found.device(pk, by=request.user, action=ACTION)
    return _page(request, one, called=calls.echo(one))


@page(ACTION, methods=("POST",))
def ask(request, pk):
    """What the worklist answers this device for today, by a real call."""
    one = found.device(pk, by=request.user, action=ACTION)
    context = frame.about(request)
    called = calls.ask_as(one, context["today"])
    items = [_line(item) for item in called.items]
    access.listed("device.asked", _patients_of(items, request.user), by=request.user, action=ACTION)
    return _page(request, one, called=called, items=items)


@page(ACTION, methods=("POST",))
def why(request, pk):
    """Why this device does not show this patient; where several fit what was typed, which one is asked first."""
    one = found.device(pk, by=request.user, action=ACTION)
    form = MissingForm(request.POST)
    if not form.is_valid():
        return _page(request, one, form=form, status=422)
    context = frame.about(request)
    found_people = patient_search.find(form.cleaned_data["typed"], by=request.user)
    coming = diagnosis.coming(found_people, one.site, context["now"])
    people = sorted(found_people, key=lambda each: each.pk not in coming)[:MOST_PATIENTS]
    chosen = [each for each in people if each.pk == form.cleaned_data["patient"]] or people
    access.listed("device.why", [each.pk for each in people], by=request.user, action=ACTION)
    if not chosen:
        form.add_error("typed", NOBODY)
        return _page(request, one, form=form, status=422)
    if len(chosen) > 1:
        more = len(found_people) - len(people)
        return _page(request, one, form=form, people=chosen, coming=coming, more_people=more)
    findings = diagnosis.why(one, chosen[0], now=context["now"])
    return _page(request, one, form=form, findings=findings, missing=chosen[0])


def _page(request, one, *, form=None, status=200, **more):
    queries = [(query, _keys(query)) for query in one.queries.all()[:LATEST]]
    context = frame.about(
        request,
        device=one,
        queries=queries,
        form=form or MissingForm(),
        back=reverse("scheduling:department-devices"),
        **more,
    )
    return render(request, "department/device.html", context, status=status)


def _keys(query):
    return sorted((keyword, value) for keyword, value in query.keys.items() if value)


def _line(item):
    """(time, step, name, number, status) of one answer."""
    step = item.ScheduledProcedureStepSequence[0]
    at = str(step.get("ScheduledProcedureStepStartTime", ""))
    return {
        "at": f"{at[:2]}:{at[2:4]}",
        "step": step.get("ScheduledProcedureStepDescription", ""),
        "name": str(item.get("PatientName", "")),
        "mrn": item.get("PatientID", ""),
        "status": step.get("ScheduledProcedureStepStatus", ""),
    }


def _patients_of(items, user):
    return access.patients_numbered([item["mrn"] for item in items], by=user)
