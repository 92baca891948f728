"""The screen of the waiting room: who is examined now, who is next, and about when the others are called in.

It shows initials and three digits, so it stays readable while the session is locked (vqflow/middleware.py).
"""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from scheduling import boards, worklist
from scheduling.services import access, projections
from scheduling.views.site import site_of
from vqflow.pages import page

ACTION = "front_desk.view"


@page(ACTION, while_locked=True)
def front_desk(request):
    """The whole screen."""
    return render(request, "scheduling/front_desk.html", _shown(request, timezone.now()))


@page(ACTION, while_locked=True)
def rows(request):
    """The lines alone; 204, without an audit row, while the version that the browser shows is current."""
    now = timezone.now()
    if request.GET.get("version") == _version(site_of(request.user), now):
        return HttpResponse(status=204)
    return render(request, "scheduling/_front_desk_rows.html", _shown(request, now))


def _shown(request, now):
    site = site_of(request.user)
    # Before the lines: what changes in between is brought by the next poll.
    version = _version(site, now)
    lines = projections.waiting(site, worklist.today(site, now), now)
    access.listed("front_desk", [line.patient for line in lines], by=request.user, action=ACTION)
    groups = [("now", "Now"), ("next", "Next"), ("later", "Then"), ("ask", "Please ask at the desk")]
    return {
        "site": site,
        "now": now,
        "version": version,
        "groups": [(key, label, [line for line in lines if line.when == key]) for key, label in groups],
        "is_empty": not lines,
    }


def _version(site, now):
    """The board's, and the minute: what is expected moves with the clock."""
    return f"{boards.version(site, worklist.today(site, now), 1, now=now)}-{now:%H%M}"
