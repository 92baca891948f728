"""Reads of the lead's pages: rooms, people and protocols with what holds today, and the changes to come."""

from collections import defaultdict
from datetime import timedelta

from django.db.models import Q

from scheduling import department_words as words
from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.models import (
    Capability,
    ChangeState,
    OpeningHours,
    PlannedChange,
    Protocol,
    Resource,
    ResourceKind,
    Shift,
)
from scheduling.templatetags import clock

WEEK = timedelta(days=7)


def rooms(site, today):
    """(room, what it can do, lines of its week, lines on call, whether other hours are to come)."""
    rows = Resource.objects.filter(site=site, kind=ResourceKind.ROOM).select_related("room")
    open_, on_call, later = defaultdict(list), defaultdict(list), set()
    hours = OpeningHours.objects.filter(resource__site=site).filter(Q(ends_on=None) | Q(ends_on__gte=today))
    for row in hours:
        if row.starts_on and row.starts_on > today:
            later.add(row.resource_id)
        else:
            (on_call if row.on_call else open_)[row.resource_id].append((row.weekday, row.opens, row.closes))
            if row.ends_on:
                later.add(row.resource_id)
    return [
        (room, can(room), words.week(open_[room.pk]), words.week(on_call[room.pk]), room.pk in later)
        for room in rows.order_by("-is_active", "name")
    ]


def people(site, today, zone):
    """(person, what they are qualified for, shifts of the next seven days, the last shift planned or None)."""
    rows = Resource.objects.filter(site=site, kind=ResourceKind.TECHNOLOGIST).select_related("user")
    begins = to_datetime(local_day_bounds(today, zone)[0])
    soon, last = defaultdict(int), {}
    spans = Shift.objects.filter(resource__site=site, on_call=False, span__endswith__gt=begins)
    for who, span in spans.order_by("span").values_list("resource_id", "span"):
        soon[who] += span.lower < begins + WEEK
        last[who] = span.lower
    return [
        (person, can(person), soon[person.pk], last.get(person.pk))
        for person in rows.order_by("-is_active", "name")
    ]


def protocols(site):
    """(protocol, its steps with their minutes in words)."""
    rows = (
        Protocol.objects.filter(site=site)
        .prefetch_related("steps")
        .order_by("-is_active", "-is_bookable", "pk")
    )
    return [(row, [_step(step) for step in row.steps.all()]) for row in rows]


def _step(step):
    taken = step.prep_bay_minutes + step.setup_minutes + step.acquisition_minutes + step.clearance_minutes
    return step.get_kind_display(), step.acquisition_minutes, taken


def can(resource):
    return "; ".join(Capability(each).label for each in resource.capabilities)


def planned(site, subject=None, subject_id=None, *, now):
    """(change, its lines in words) of changes to come and of those that failed lately, the first first."""
    lately = now - WEEK
    rows = PlannedChange.objects.filter(site=site).filter(
        Q(state=ChangeState.PLANNED) | Q(state=ChangeState.FAILED, ended_at__gt=lately)
    )
    if subject:
        rows = rows.filter(subject=subject, subject_id=subject_id)
    found = list(rows.select_related("planned_by"))
    return list(zip(found, words.lines_of([row.values for row in found]), strict=True))


def subjects(site, changes):
    """Names of what changes are about, by (subject, id)."""
    resources = Resource.objects.filter(site=site, pk__in=[each.subject_id for each in changes])
    protocols_ = Protocol.objects.filter(site=site, pk__in=[each.subject_id for each in changes])
    names = {("room", row.pk): row.name for row in resources} | {
        ("person", row.pk): row.name for row in resources
    }
    return names | {("protocol", row.pk): row.name for row in protocols_}


def periods(resource, model, begins, ends, today):
    """(period in words, lines of the week) of a room's weekly rows that hold today or later, in order."""
    rows = model.objects.filter(Q(ends_on=None) | Q(ends_on__gte=today), resource=resource)
    found = {}
    for row in rows:
        key = (row.starts_on, row.ends_on, getattr(row, "on_call", False))
        found.setdefault(key, []).append((row.weekday, getattr(row, begins), getattr(row, ends)))
    ordered = sorted(found, key=lambda key: (str(key[0] or ""), key[2], str(key[1] or "9")))
    return [
        (words.period(first, last) or "always", on_call, words.week(found[first, last, on_call]))
        for first, last, on_call in ordered
    ]


def shifts(person, rows):
    """(day in words, begin and end in words, on call) of shifts."""
    zone = person.site.time_zone
    return [
        (
            clock.day_at(row.span.lower, zone),
            f"{clock.time_at(row.span.lower, zone)}-{clock.time_at(row.span.upper, zone)}",
            row.on_call,
        )
        for row in rows
    ]
