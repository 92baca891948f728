"""The day's list: the whole page, and the part of it that is asked for every four seconds."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from scheduling import worklist
from scheduling.forms.orders import physicians
from scheduling.models import Site
from scheduling.services import access
from scheduling.services.vetting import PRESET_REASONS
from scheduling.views.lines import Line
from vqflow import policy
from vqflow.errors import NotFound
from vqflow.pages import page

ACTION = "worklist.view"
TABS = {
    "": "All",
    "to-come": "To come",
    "here": "Here",
    "running": "Running",
    "problems": "Problems",
    "done": "Done",
}
EMPTY = {
    "": "Nobody is booked on this day",
    "to-come": "Nobody is still to come",
    "here": "Nobody is waiting",
    "running": "No examination is running",
    "problems": "No problems",
    "done": "Nothing is done yet",
}


@dataclass(frozen=True, slots=True)
class View:
    """What one person chose to see: a day, one room or all, one tab."""

    site: Site
    day: date
    room: int | None
    state: str

    def url(self, name="scheduling:worklist", **changed):
        chosen = {"day": self.day.isoformat(), "room": self.room, "state": self.state, **changed}
        return f"{reverse(name)}?{urlencode({key: value for key, value in chosen.items() if value})}"


@page(ACTION)
def day(request):
    """The worklist of one local day of the person's site."""
    context = shown(request, view_of(request, request.GET), timezone.now())
    context["done"] = _announcement(request, context)
    return render(request, "scheduling/worklist.html", context)


@page(ACTION)
def rows(request):
    """The list alone; 204, without an audit row, while the version that the browser shows is current."""
    now, view = timezone.now(), view_of(request, request.GET)
    version = worklist.version(view.site, view.day, now)
    if request.GET.get("version") == version:
        return HttpResponse(status=204)
    return render(request, "scheduling/_worklist.html", shown(request, view, now, version))


def view_of(request, parameters):
    """The chosen view; what cannot be read falls back to today, every room, every state."""
    site = Site.objects.for_user(request.user).first()
    if site is None:
        raise NotFound("Your account belongs to no site. Ask the system administrator.")
    try:
        chosen = date.fromisoformat(parameters.get("day", ""))
        known = 2000 <= chosen.year <= 2100
    except ValueError:
        known = False
    room, state = parameters.get("room", ""), parameters.get("state", "")
    return View(
        site=site,
        day=chosen if known else worklist.today(site, timezone.now()),
        room=int(room) if room.isdecimal() and len(room) < 10 else None,
        state=state if state in TABS else "",
    )


def shown(request, view, now, version=None):
    """The context of the list, after the audit row that says whom it showed."""
    user = request.user
    version = version or worklist.version(view.site, view.day, now)
    rows_of_day = worklist.day(view.site, view.day, by=user, now=now)
    lines = [Line(row, user, now, view.day) for row in rows_of_day]
    lines.sort(key=lambda line: not line.is_live)  # stable: both parts stay in the order of time
    in_room = [line for line in lines if view.room in (None, *_room_ids(line))]
    chosen = [line for line in in_room if _is_in(line, view.state)]
    patient_ids = [line.row.order.patient_id for line in chosen]
    access.listed("worklist", patient_ids, by=user, action=ACTION, day=view.day.isoformat())
    return {
        "view": view,
        "lines": chosen,
        "surnames": {line.key: line.row.patient.family_name for line in lines},
        "version": version,
        "now": now,
        "tabs": _tabs(view, in_room),
        "empty": EMPTY[view.state],
        "rooms": _rooms(lines),
        "is_today": view.day == worklist.today(view.site, now),
        "today_url": view.url(day=None),
        "before_url": view.url(day=view.day - timedelta(days=1)),
        "after_url": view.url(day=view.day + timedelta(days=1)),
        "here_url": view.url(),
        "rows_url": view.url("scheduling:worklist-rows"),
        "may_report": policy.allows(user, "disruption.report"),
        **override_context(user, [problem for line in chosen for problem in (*line.problems, *line.waiting)]),
    }


def override_context(user, problems):
    """Who may override, and for a decision by phone the physicians who can have given it."""
    in_person = policy.allows(user, "override.clinical")
    by_phone = not in_person and policy.allows(user, "override.clinical_by_phone")
    asked = any(problem.rule for problem in problems)
    return {
        "overrides": "in person" if in_person else "by phone" if by_phone else "",
        "is_authorised_user": policy.allows(user, "override.authorised_user"),
        "physicians": list(physicians(user)) if by_phone and asked else [],
        "preset_reasons": PRESET_REASONS,
    }


def _is_in(line, state):
    return line.is_problem if state == "problems" else state in ("", line.group)


def _tabs(view, lines):
    return [
        {
            "label": label,
            "url": view.url(state=state),
            "current": state == view.state,
            "count": (count := sum(_is_in(line, state) for line in lines)),
            "alert": state == "problems" and count,
        }
        for state, label in TABS.items()
    ]


def _room_ids(line):
    return {room.pk for step in line.row.steps for room in worklist.rooms_of(step)}


def _rooms(lines):
    """The rooms that this day's examinations use, by name."""
    found = {room for line in lines for step in line.row.steps for room in worklist.rooms_of(step)}
    return sorted(found, key=lambda room: room.name)


def _announcement(request, context):
    """What the person has just done, for the toast of the page that follows it without JavaScript."""
    done = request.session.pop("done", None)
    if done is None:
        return None
    return {**done, "surname": context["surnames"].get(done["appointment"], "")}
