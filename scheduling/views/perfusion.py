"""The first reading of perfusion, on the page of the appointment."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone

from scheduling.forms.perfusion import PerfusionForm
from scheduling.services import access, perfusion
from scheduling.views.appointment_page import render_appointment
from vqflow.errors import Conflict
from vqflow.pages import page


@page("perfusion.read", methods=("GET", "POST"))
def read(request, pk):
    """Whether the held ventilation is needed."""
    appointment = access.appointment(pk, by=request.user, action="perfusion.read")
    if request.method != "POST":
        return redirect("scheduling:appointment", pk)
    form = PerfusionForm(request.POST)
    if not form.is_valid():
        return render_appointment(request, appointment, status=422, faulty=form, reading_form=form)
    try:
        perfusion.read(appointment, **form.cleaned_data, by=request.user, now=timezone.now())
    except Conflict as refusal:
        again = access.appointment(pk, by=request.user)
        return render_appointment(request, again, status=409, refusal=refusal)
    messages.success(request, "The reading of perfusion is recorded.")
    return redirect("scheduling:appointment", pk)
