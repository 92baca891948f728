"""What one person chose to see of the worklist: a day, one room or all, one tab, and the order of the rows."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from scheduling import worklist
from scheduling.models import SavedView, Site
from scheduling.services import access
from scheduling.views.days import day_of
from scheduling.views.line_words import RELEASE
from vqflow.errors import NotFound
from vqflow.statements import Compiled

MINE, PROBLEMS = "mine", "problems"
TABS = {
    "": "All",
    MINE: "Mine",
    "to-come": "To come",
    "here": "Here",
    "running": "Running",
    RELEASE: "Awaiting release",
    PROBLEMS: "Problems",
    "done": "Done",
}
EMPTY = {
    "": "Nobody is booked on this day",
    MINE: "No step of this day is given to you",
    "to-come": "Nobody is still to come",
    "here": "Nobody is waiting",
    "running": "No examination is running",
    RELEASE: "Nobody waits to be released",
    PROBLEMS: "No problems",
    "done": "Nothing is done yet",
}
BY_ROOM = "room"
NO_ROOM = "No room"  # the last group: who has gone, or has not come
FIELDS = ("pk", "name", "days_ahead", "room_id", "state", "by_room")


@dataclass(frozen=True, slots=True)
class View:
    """`saved`: the person's named views, as dictionaries of FIELDS."""

    site: Site
    day: date
    room: int | None
    state: str
    by_room: bool = False
    saved: tuple = ()

    def url(self, name="scheduling:worklist", **changed):
        order = BY_ROOM if self.by_room else ""
        chosen = {
            "day": self.day.isoformat(),
            "room": self.room,
            "state": self.state,
            "order": order,
            **changed,
        }
        return f"{_path(name)}?{urlencode({key: value for key, value in chosen.items() if value})}"


_path = cache(reverse)  # a list asks for a dozen of the same


def view_of(request, parameters, *, with_saved=False):
    """The chosen view; what cannot be read falls back to today, every room, every state. One query."""
    code = request.user.site_code
    site = _with_saved(request.user) if with_saved else _SITE.first(code=code)
    if site is None:
        raise NotFound(access.NO_SITE)
    room, state = parameters.get("room", ""), parameters.get("state", "")
    return View(
        site=site,
        day=day_of(parameters.get("day", "")) or worklist.today(site, timezone.now()),
        room=int(room) if room.isdecimal() and len(room) < 10 else None,
        state=state if state in TABS else "",
        by_room=parameters.get("order") == BY_ROOM,
        saved=tuple(site.saved) if with_saved else (),
    )


# Asked for every four seconds by every open list.
_SITE = Compiled(lambda code: Site.objects.filter(code=code), code="a site")


def _with_saved(user):
    saved = SavedView.objects.filter(user=user).order_by("name")
    fields = JSONObject(**{name: name for name in FIELDS})
    return Site.objects.for_user(user).annotate(saved=ArraySubquery(saved.values(view=fields))).first()


def saved_views(view, today):
    """The person's named views with the address that each opens."""
    for each in view.saved:
        day = today + timedelta(days=each["days_ahead"]) if each["days_ahead"] else None
        chosen = View(view.site, view.day, each["room_id"], each["state"], each["by_room"])
        yield {"pk": each["pk"], "name": each["name"], "url": chosen.url(day=day)}


def is_in(line, state, user=None):
    """Whether a line belongs to a tab; Mine is that of `user`, or of whom the line was made for."""
    if state == PROBLEMS:
        return line.is_problem
    return line.is_of(user or line.user) if state == MINE else state in ("", line.group)


def tabs(view, lines, user):
    """The tabs with their counts; Awaiting release only where patients are released."""
    return [
        {
            "label": label,
            "url": view.url(state=state),
            "current": state == view.state,
            "count": (count := sum(is_in(line, state, user) for line in lines)),
            "alert": state == PROBLEMS and count,
        }
        for state, label in TABS.items()
        if state != RELEASE or view.site.releases_patients or state == view.state
    ]


def grouped(view, lines):
    """[(room's name or "", lines)]: one group, or one for each room in which somebody is now or next."""
    if not view.by_room:
        return [("", lines)] if lines else []
    groups = {}
    for line in lines:
        groups.setdefault(line.room.name if line.room else NO_ROOM, []).append(line)
    return sorted(groups.items(), key=lambda group: (group[0] == NO_ROOM, group[0]))
