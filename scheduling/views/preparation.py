"""Tomorrow's preparation: each patient of a coming day with what is still missing."""

from datetime import timedelta
from functools import cached_property

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from scheduling import preparation, worklist
from scheduling.services import access
from scheduling.views import line_moments
from scheduling.views.lines import Line
from scheduling.views.list_views import view_of
from vqflow.pages import page


class Coming(Line):
    """A row of a coming day: its room and person are those of the step whose time stands first."""

    @cached_property
    def current(self):
        return self.on_day

    @property
    def tracer_until(self):
        """06:45; with its weekday when that is not on the list's day."""
        return self.clock(self.tracer.until)


@page("worklist.view")
def day(request):
    """The coming day's patients; tomorrow unless told otherwise."""
    user, now, asked = request.user, timezone.now(), request.GET.copy()
    view = view_of(request, asked)
    today = worklist.today(view.site, now)
    on = view.day if asked.get("day") else today + timedelta(days=1)
    found = preparation.day(view.site, on, by=user, now=now)
    access.listed(
        "preparation",
        [each.row.order.patient_id for each in found],
        by=user,
        action="worklist.view",
        day=on.isoformat(),
    )
    only = asked.get("show") == "missing"
    context = {
        "view": view,
        "on": on,
        "is_tomorrow": on == today + timedelta(days=1),
        "before_url": _url(on - timedelta(days=1), only),
        "after_url": _url(on + timedelta(days=1), only),
        "tomorrow_url": _url(None, only),
        "here_url": _url(on, only),
        "worklist_url": reverse("scheduling:worklist"),
        "tabs": _tabs(found, on, only),
        "rows": [
            {"line": Coming(each.row, user, line_moments.of(each.row, now), on), "prepared": each}
            for each in found
            if each.lacks or not only
        ],
        "only": only,
    }
    return render(request, "scheduling/preparation.html", context)


def _tabs(found, on, only):
    missing = sum(bool(each.lacks) for each in found)
    return [
        {"label": "All", "url": _url(on, False), "current": not only, "count": len(found)},
        {
            "label": "Something is missing",
            "url": _url(on, True),
            "current": only,
            "count": missing,
            "alert": missing,
        },
    ]


def _url(on, only):
    chosen = {"day": on.isoformat() if on else "", "show": "missing" if only else ""}
    query = "&".join(f"{name}={value}" for name, value in chosen.items() if value)
    return f"{reverse('scheduling:preparation')}{f'?{query}' if query else ''}"
