"""Move one step of an appointment, the others staying where they are."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone

from scheduling.forms.booking import BookingForm
from scheduling.services import access, booking
from scheduling.views.appointments import chosen
from scheduling.views.search_page import period_of, render_search
from scheduling.views.searches import other_start
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page


@page("appointment.move", methods=("GET", "POST"))
def move(request, pk):
    """GET proposes other starts of the step, POST takes one."""
    step = access.step(pk, by=request.user, action="appointment.move")
    site = step.appointment.site
    if request.method != "POST":
        return render_search(request, other_start(request, step), period=period_of(request, site))
    try:
        wanted = _wanted(BookingForm(request.POST), step)
        booking.move(step.appointment, **wanted, by=request.user, now=timezone.now())
    except (Conflict, Invalid) as refusal:
        step = access.step(pk, by=request.user, action="appointment.move")
        page = other_start(request, step)
        return render_search(request, page, period=period_of(request, site), refusal=refusal)
    messages.success(request, f"{step.get_kind_display()} moved.")
    return redirect("scheduling:appointment", step.appointment_id)


def _wanted(form, step):
    """Only this step's start, whatever else the form says."""
    times = chosen(form)
    if step.kind not in times["starts"]:
        raise Invalid("Choose a time from the list.")
    return times | {"starts": {step.kind: times["starts"][step.kind]}}
