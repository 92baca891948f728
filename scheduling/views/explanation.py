"""Why not at this time? The question is asked, and answered, on the page that looks for a time."""

from django.shortcuts import redirect

from scheduling.services import access
from scheduling.views.search_page import period_of, render_search, why_not_of, xray_of
from scheduling.views.searches import new_visit, other_start, other_time
from vqflow.pages import page


@page("itinerary.search", methods=("GET", "POST"))
def of_order(request, pk):
    """The wanted time comes by POST, like all that is known of the patient. It changes nothing."""
    order = access.order(pk, by=request.user, action="itinerary.search")
    if request.method != "POST":
        return redirect("scheduling:search", pk)
    xray_form = xray_of(request, order.site)
    return _answered(request, new_visit(request, order), xray_form=xray_form)


@page("appointment.move", methods=("GET", "POST"))
def of_appointment(request, pk):
    """The same for another time of an appointment."""
    found = access.appointment(pk, by=request.user, action="appointment.move")
    if request.method != "POST":
        return redirect("scheduling:move", pk)
    return _answered(request, other_time(request, found))


@page("appointment.move", methods=("GET", "POST"))
def of_step(request, pk):
    """The same for one step, the others fixed."""
    step = access.step(pk, by=request.user, action="appointment.move")
    if request.method != "POST":
        return redirect("scheduling:step-move", pk)
    return _answered(request, other_start(request, step))


def _answered(request, page, **known):
    period = period_of(request, page.order.site)
    return render_search(request, page, period=period, why_not_form=why_not_of(request, page), **known)
