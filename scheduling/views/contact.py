"""The page on which the desk corrects how a patient can be reached, and what was agreed to."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone

from scheduling.forms.contact import ContactForm
from scheduling.services import access
from scheduling.services.patients import contact
from scheduling.templatetags import clock
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page


@page("patient.contact", methods=("GET", "POST"))
def change(request, pk):
    patient = access.patient(pk, by=request.user, action="patient.contact")
    form = ContactForm(request.POST if request.method == "POST" else None, patient=patient)
    status = 200
    if form.is_bound:
        status = _saved(request, patient, form)
        if status == 302:
            messages.success(request, "Saved.")
            return redirect("scheduling:patient", patient.pk)
    today = clock.local(timezone.now(), patient.site.time_zone).date()
    context = {"form": form, "patient": patient, "age": patient.age_on(today), "zone": patient.site.time_zone}
    return render(request, "scheduling/patient_contact.html", context, status=status)


def _saved(request, patient, form):
    """302 when it was saved, or else the status of the page that says why not."""
    if not form.is_valid():
        return 422
    try:
        contact.change(patient, by=request.user, now=timezone.now(), **form.cleaned_data)
    except Invalid as refusal:
        form.refuse(refusal)
        return 422
    except Conflict as refusal:
        form.add_error(None, refusal.sentence)
        return 409
    return 302
