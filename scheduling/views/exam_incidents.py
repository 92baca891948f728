"""The incidents of one examination, for its page."""

from urllib.parse import urlencode

from django.urls import reverse

from scheduling.models import Incident
from vqflow import policy


def incidents_panel(appointment, user, now):
    """The context of templates/scheduling/_exam_incidents.html. One query."""
    page = reverse("scheduling:examination", args=[appointment.pk])
    rows = Incident.objects.standing().filter(appointment=appointment).select_related("step", "recorded_by")
    new = reverse("scheduling:incident-of-appointment", args=[appointment.pk])
    return {
        "incidents": list(rows),
        "incidents_page": page,
        "incidents_zone": appointment.site.time_zone,
        "may_report_incident": policy.allows(user, "incident.record"),
        "incident_new_url": f"{new}?{urlencode({'next': page})}",
    }
