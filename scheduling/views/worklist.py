"""The day's list: the whole page, and the part of it that is asked for every four seconds."""

from dataclasses import replace
from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from scheduling import list_version, worklist
from scheduling.services import access, saved_views
from scheduling.views import list_drawing, list_views
from scheduling.views.list_views import view_of
from vqflow import policy
from vqflow.errors import Conflict, Invalid
from vqflow.pages import page

ACTION = "worklist.view"
SEEN_BY_CLOCK_MINUTES = 5


@page(ACTION)
def day(request):
    """The worklist of one local day of the person's site."""
    context = shown(request, view_of(request, request.GET, with_saved=True), timezone.now())
    context["done"] = _announcement(request, context)
    return render(request, "scheduling/worklist.html", context)


@page(ACTION)
def rows(request):
    """The list alone; 204, without an audit row, while the version that the browser shows is current.

    A list of today that is still open after midnight is told to load the whole page of the new day.
    """
    now, view, has = timezone.now(), view_of(request, request.GET), request.GET.get("version")
    if "today" in request.GET and view.day != worklist.today(view.site, now):
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    if has and has == list_drawing.recent(view):
        return HttpResponse(status=204)
    seen = _seen(view, now)
    list_drawing.note(view, seen.version)
    if has == seen.version:
        return HttpResponse(status=204)
    return render(request, "scheduling/_worklist.html", shown(request, view, now, seen))


@page(ACTION, methods=("POST",))
def save_view(request):
    """Keep what is shown now under a name of one's own."""
    view, now = view_of(request, request.POST), timezone.now()
    ahead = (view.day - worklist.today(view.site, now)).days
    try:
        saved_views.save(
            name=request.POST.get("name", ""),
            days_ahead=ahead if ahead == 1 else 0,
            room_id=view.room,
            state=view.state,
            by_room=view.by_room,
            by=request.user,
        )
    except (Invalid, Conflict) as refusal:
        return render(
            request, "scheduling/saved_view_refused.html", {"refusal": refusal, "view": view}, status=422
        )
    return redirect(view.url())


@page(ACTION, methods=("POST",))
def forget_view(request, pk):
    """Away with one of one's own named views."""
    saved_views.forget(pk, by=request.user)
    return redirect(view_of(request, request.POST).url())


def _seen(view, now):
    """What changes a little with each minute, as expected times do, is seen every five."""
    found, minute = list_version.seen(view.site, view.day, now), int(now.timestamp()) // 60
    return replace(found, version=f"{found.version}-{minute // SEEN_BY_CLOCK_MINUTES}")


def shown(request, view, now, seen=None):
    """The context of the list, after the audit row that says whom it showed. `seen`: asked by the caller already."""
    user = request.user
    seen, today = seen or _seen(view, now), worklist.today(view.site, now)
    found = list_drawing.drawn(view, user, now, seen)
    patient_ids = [line.row.order.patient_id for line in found.lines]
    access.listed("worklist", patient_ids, by=user, action=ACTION, day=view.day.isoformat())
    return {
        "view": view,
        "lines": found.lines,
        "table": list_drawing.table(found, request),
        "saved_views": list(list_views.saved_views(view, today)),
        "surnames": found.surnames,
        "version": seen.version,
        "now": now,
        "tabs": list_views.tabs(view, found.in_room, user),
        "empty": list_views.EMPTY[view.state],
        "rooms": found.rooms,
        "is_today": view.day == today,
        "today_url": view.url(day=None),
        "order_url": view.url(order="" if view.by_room else list_views.BY_ROOM),
        "preparation_url": f"{reverse('scheduling:preparation')}?day={today + timedelta(days=1)}",
        "before_url": view.url(day=view.day - timedelta(days=1)),
        "after_url": view.url(day=view.day + timedelta(days=1)),
        "here_url": view.url(),
        "rows_url": _rows_url(view, today),
        "may_report": policy.allows(user, "disruption.report"),
        "may_perform": policy.allows(user, "visit.perform"),
        **list_drawing.may(user),
        **found.overrides,
    }


def _rows_url(view, today):
    """Where the list asks for news; a list of today says that it is one."""
    return view.url("scheduling:worklist-rows", **({"today": 1} if view.day == today else {}))


def _announcement(request, context):
    """What the person has just done, for the toast of the page that follows it without JavaScript."""
    done = request.session.pop("done", None)
    if done is None:
        return None
    return {**done, "surname": context["surnames"].get(done["appointment"], "")}
