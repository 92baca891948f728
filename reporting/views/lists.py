"""The reader's list, and who waits for a release."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from reporting import critical_list, worklist
from reporting.views.listed import listed
from scheduling import releases
from scheduling.services import access
from vqflow import policy
from vqflow.pages import page

TABS = {
    "unread": "To report",
    "mine": "My drafts",
    "others": "Others' drafts",
    "preliminary": "To sign",
    "final": "Final",
}
RELEASE, CRITICAL = "release", "critical"
TITLES = {
    "unread": "To report",
    "mine": "My drafts",
    "others": "Drafts of others",
    "preliminary": "Preliminary reports that wait for an attending",
    "final": "Signed in the last 7 days",
}


@page("report.list")
def reports(request):
    """The reader's list."""
    now, tab = timezone.now(), request.GET.get("tab", "unread")
    if tab == RELEASE:
        return _waiting_page(request, now)
    tab = tab if tab in TABS else "unread"
    context = _listed(request, tab, now)
    waiting = releases.count(request.user)
    context |= {
        "title": TITLES[tab],
        "tabs": tabs_of(request, tab, waiting),
        "query": f"tab={tab}",
        "waiting": waiting,
        "may_write": policy.allows(request.user, "report.write"),
    }
    return render(request, "reporting/reports.html", context)


@page("report.list")
def rows(request):
    """The rows of a tab alone; 204, without an audit row, while the browser shows the same."""
    now, tab = timezone.now(), request.GET.get("tab", "unread")
    tab = tab if tab in TABS else "unread"
    context = _listed(request, tab, now, seen=request.GET.get("version"))
    if context is None:
        return HttpResponse(status=204)
    return render(request, "reporting/_rows.html", context)


def _listed(request, tab, now, seen=None):
    orders, name = _orders(request.user, tab, now), f"reports.{tab}"
    context = listed(request, orders, name=name, action="report.list", now=now, seen=seen)
    return context and {**context, "tab": tab}


@page("report.write")
def read_next(request):
    """The report to write next: behind `after` in the list, free of other readers; without one, the list."""
    after = request.GET.get("after", "")
    behind = int(after) if after.isascii() and after.isdecimal() and len(after) < 19 else None
    found = worklist.next_unread(request.user, after=behind, now=timezone.now())
    if found is None:
        messages.info(request, "Nothing else waits for you to report.")
        return redirect("reporting:reports")
    return redirect("reporting:report", pk=found)


def _orders(user, tab, now):
    return {
        "unread": lambda: worklist.unread(user),
        "mine": lambda: worklist.mine(user),
        "others": lambda: worklist.others(user),
        "preliminary": lambda: worklist.preliminary(user),
        "final": lambda: worklist.final(user, now=now),
    }[tab]()


def tabs_of(request, current, waiting):
    """The tabs with the counts of what is to be done; who waits for a release only where patients are kept for one."""
    counts = {**worklist.counts(request.user), CRITICAL: critical_list.count(request.user)}
    labels = {**TABS, CRITICAL: "Critical"}
    if waiting is not None:
        labels, counts = {RELEASE: "Awaiting release", **labels}, {**counts, RELEASE: waiting}
    return [
        {
            "label": label,
            "url": _address(tab),
            "current": tab == current,
            "count": counts.get(tab),
            "alert": tab == CRITICAL and counts[tab] > 0,
        }
        for tab, label in labels.items()
    ]


def _address(tab):
    return reverse("reporting:critical") if tab == CRITICAL else f"{reverse('reporting:reports')}?tab={tab}"


def _waiting_page(request, now):
    """Who waits after the scan for what a reader says."""
    context = _waiting(request, now)
    tabs = tabs_of(request, RELEASE, releases.count(request.user) or 0)
    return render(request, "reporting/waiting.html", {**context, "tabs": tabs, "title": "Awaiting release"})


def _waiting(request, now, rows=None):
    rows = releases.waiting(request.user, now=now) if rows is None else rows
    ids = [row.appointment.procedure.order.patient_id for row in rows]
    access.listed("reports.release", ids, by=request.user, action="report.list")
    return {"rows": rows, "now": now, "version": releases.version(rows)}


@page("report.list")
def waiting(request):
    """The list of who waits alone; 204, without an audit row, while the browser shows the same."""
    now = timezone.now()
    rows = releases.waiting(request.user, now=now)
    if request.GET.get("version") == releases.version(rows):
        return HttpResponse(status=204)
    return render(request, "reporting/_waiting.html", _waiting(request, now, rows))


@page("report.list")
def waiting_count(request):
    """How many wait, for the other lists of reports; 204 while it is as many as the browser shows."""
    count = releases.count(request.user)
    if request.GET.get("version") == str(count):
        return HttpResponse(status=204)
    return render(request, "reporting/_waiting_count.html", {"waiting": count})
