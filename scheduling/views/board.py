"""The board: the rooms and people of a day or a week, and the part of it that is asked for every four seconds."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from scheduling import boards, worklist
from scheduling.engine.calendars import to_minute
from scheduling.models import Site
from scheduling.services import access, untold
from scheduling.views import board_ahead, board_drawing, board_words
from scheduling.views.site import site_of
from vqflow import policy
from vqflow.pages import page

ACTION = "board.view"
WEEK = "week"


@dataclass(frozen=True, slots=True)
class View:
    """What one person chose to see: a day, or the week that it lies in."""

    site: Site
    day: date
    is_week: bool

    @property
    def first_day(self):
        return boards.of_week(self.day) if self.is_week else self.day

    @property
    def days(self):
        return boards.DAYS_OF_WEEK if self.is_week else 1

    def url(self, name="scheduling:board", **changed):
        chosen = {"day": self.day.isoformat(), "view": WEEK if self.is_week else None, **changed}
        return f"{reverse(name)}?{urlencode({key: value for key, value in chosen.items() if value})}"


@page(ACTION)
def board(request):
    """The board of a day or a week of the person's site, and below it the same as a table."""
    return render(
        request, "scheduling/board.html", shown(request, view_of(request, request.GET), timezone.now())
    )


@page(ACTION)
def rows(request):
    """The board alone; 204, without an audit row, while the version that the browser shows is current."""
    now, view = timezone.now(), view_of(request, request.GET)
    version = boards.version(view.site, view.first_day, view.days, now=now)
    if request.GET.get("version") == version:
        return HttpResponse(status=204)
    return render(request, "scheduling/_board_rows.html", shown(request, view, now, version))


def view_of(request, parameters):
    """The chosen view; what cannot be read falls back to today."""
    site = site_of(request.user)
    try:
        chosen = date.fromisoformat(parameters.get("day", ""))
        known = 2000 <= chosen.year < 2100
    except ValueError:
        known = False
    day = chosen if known else worklist.today(site, timezone.now())
    return View(site, day, parameters.get("view") == WEEK)


def shown(request, view, now, version=None):
    """The context of the board, after the audit row that says whom it showed."""
    user, minute = request.user, to_minute(now)
    # Before the rows: what changes in between is brought by the next poll.
    version = version or boards.version(view.site, view.first_day, view.days, now=now)
    found = boards.board(view.site, view.first_day, view.days, now=now)
    waiting = list(untold.of_site(user))
    shown_patients = found.patients | {each.order.patient_id for each in waiting}
    access.listed("board", shown_patients, by=user, action=ACTION)
    may_move = policy.allows(user, "appointment.move")
    drawing = board_drawing.draw(
        found, now=minute, may_move=may_move, day_url=lambda day: view.url(day=day.isoformat(), view=None)
    )
    step, today = timedelta(days=view.days), worklist.today(view.site, now)
    return {
        "view": view,
        "version": version,
        "now": now,
        "minute": minute,
        "drawing": drawing,
        "visits": _table(found, may_move),
        "ahead": board_ahead.lines(found),
        "untold": waiting,
        "is_today": view.first_day <= today < view.first_day + step,
        "last_day": view.first_day + step - timedelta(days=1),
        "today_url": view.url(day=None),
        "before_url": view.url(day=view.day - step),
        "after_url": view.url(day=view.day + step),
        "day_url": view.url(view=None),
        "week_url": view.url(view=WEEK),
        "rows_url": view.url("scheduling:board-rows"),
        "here": view.url(),
        "may_move": may_move,
        "may_report": policy.allows(user, "disruption.report"),
        "may_see_waiting": policy.allows(user, "waitlist.view"),
    }


def _table(found, may_move):
    times, span = board_words.Times(found.zone), (found.days[0][1], found.days[-1][2])
    return [board_words.visit_words(visit, times, span, may_move=may_move) for visit in found.visits]
