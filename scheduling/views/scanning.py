"""The one scan field: it goes to the examination, the patient, the vial or the room that was scanned."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling.engine.scancodes import Sort
from scheduling.forms.doses import ScanForm
from scheduling.services import scanning
from scheduling.templatetags import clock
from vqflow import policy
from vqflow.errors import Invalid, NotFound
from vqflow.pages import page


@page("code.scan", methods=("GET", "POST"))
def scan(request):
    """GET shows the field alone; POST goes where the code leads."""
    form = ScanForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            found = scanning.find(form.cleaned_data["code"], by=request.user, now=timezone.now())
        except Invalid as refusal:
            form.refuse(refusal)
        except NotFound as refusal:
            form.add_error("code", refusal.sentence)
        else:
            return redirect(_url(found, request.user))
    return render(request, "scheduling/scan.html", {"form": form}, status=422 if form.is_bound else 200)


def _url(found, user):
    if found.appointment is not None and policy.allows(user, "worklist.view"):
        url = reverse("scheduling:examination", args=[found.appointment.pk])
        return f"{url}#doses" if found.sort is Sort.DOSE else url
    if found.sort is Sort.PATIENT:
        return reverse("scheduling:patient", args=[found.subject.pk])
    if found.sort is Sort.VIAL:
        day = clock.local(found.subject.usable_from, found.subject.site.time_zone).date()
        return f"{reverse('scheduling:tracers')}?day={day.isoformat()}"
    return f"{reverse('scheduling:worklist')}?room={found.subject.pk}"
