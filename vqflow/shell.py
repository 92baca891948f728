"""What every page shows around its own content: navigation by role, the banner, the chosen theme."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from vqflow import policy
from vqflow.housekeeping import quiet_jobs

NAVIGATION = [
    ("worklist.view", "Worklist", "scheduling:worklist"),
    ("board.view", "Board", "scheduling:board"),
    ("quality.view", "Morning", "scheduling:morning"),
    ("vetting.list", "Vetting", "scheduling:vetting"),
    ("order.list", "Orders", "scheduling:orders"),
    ("waitlist.view", "Waitlist", "scheduling:waitlist"),
    ("patient.find", "Patients", "scheduling:patients"),
    ("task.list", "Tasks", "scheduling:tasks"),
    ("tracer.view", "Tracers", "scheduling:tracers"),
    ("disruption.view", "Disruptions", "scheduling:disruptions"),
    ("performed.list", "Cameras", "scheduling:performed"),
    ("report.list", "Reports", "reporting:reports"),
    ("numbers.view", "Numbers", "reporting:numbers"),
    ("report.view_own_patients", "My patients' results", "reporting:results"),
    ("message.list", "Messages", "scheduling:messages"),
    ("department.manage", "Department", "scheduling:department"),
    ("audit.view", "Audit", "vqflow:audit"),
    ("system.status", "System", "vqflow:status"),
]


def shell(request):
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    return {
        "banner": settings.BANNER,
        "theme": user.theme if signed_in else "",
        "idle_seconds": int(settings.IDLE_LOCK.total_seconds()),
        "nav": navigation(user, request.path) if signed_in else [],
        "waits_to_be_told": signed_in and policy.allows(user, "critical.list"),
        "quiet": SimpleLazyObject(lambda: _quiet(user)) if signed_in else [],
    }


def _quiet(user):
    """Background jobs that have gone quiet, for who can do something about it. Asked by whole pages only."""
    return quiet_jobs(timezone.now()) if policy.allows(user, "system.status") else []


def navigation(user, path):
    """Entries that this role may open; the one whose address begins the path is current."""
    entries = []
    for action, label, name in NAVIGATION:
        if policy.allows(user, action):
            url = reverse(name)
            entries.append({"label": label, "url": url, "current": path.startswith(url)})
    return entries
