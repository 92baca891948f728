"""Why not at this time? The question is asked, and answered, on the page that looks for a time."""

from django.shortcuts import redirect

from scheduling.services import access
from scheduling.views.appointments import new_visit, other_time
from scheduling.views.search_page import period_of, render_search, why_not_of, xray_of
from vqflow.pages import page


@page("itinerary.search", methods=("GET", "POST"))
def of_order(request, pk):
    """The wanted time comes by POST, like all that is known of the patient. It changes nothing."""
    order = access.order(pk, by=request.user, action="itinerary.search")
    if request.method != "POST":
        return redirect("scheduling:search", pk)
    return render_search(
        request,
        new_visit(request, order),
        period=period_of(request, order.site),
        xray_form=xray_of(request, order.site),
        why_not_form=why_not_of(request, order.site),
    )


@page("appointment.move", methods=("GET", "POST"))
def of_appointment(request, pk):
    """The same for another time of an appointment."""
    found = access.appointment(pk, by=request.user, action="appointment.move")
    if request.method != "POST":
        return redirect("scheduling:move", pk)
    site = found.procedure.order.site
    return render_search(
        request,
        other_time(request, found),
        period=period_of(request, site),
        why_not_form=why_not_of(request, site),
    )
