"""After the visit: the aftercare sheet, and never a result."""

from django.utils import translation

from scheduling.engine.states import AppointmentState
from scheduling.paper import aftercare
from scheduling.views.patient.frame import show


def page(request, link, now):
    """The sheet in the language of the page. It tells what was really given, so there is none before the end."""
    appointment = link.appointment
    if appointment.state != AppointmentState.FULFILLED:
        return show(request, "patient/aftercare_not_yet.html")
    sheet = aftercare.data(appointment, now=now, language=translation.get_language())
    context = {"sheet": sheet, "referrer": appointment.procedure.order.referrer}
    return show(request, "patient/aftercare.html", context)
