"""What is free: opening hours, shifts, closures, holidays and reservations as the engine's integers."""

from collections import defaultdict
from datetime import timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from django.db.models import Q

from scheduling.engine import window
from scheduling.engine.calendars import (
    WeeklyHours,
    day_number,
    local_day_bounds,
    open_minutes,
    to_datetime,
    to_minute,
)
from scheduling.engine.intervals import normal, subtract
from scheduling.engine.itinerary import ResourceFree, Search, planned_step
from scheduling.models import Closure, OpeningHours, Reservation, Resource, ResourceKind, Shift, StepKind
from scheduling.models.appointments import EpochMinute

GRID_MINUTES = 5


def search_for(order, *, first_day, days, now, xray_ended_at=None, free_of=None, skip=(), waived=frozenset()):
    """The engine's question for one order: `days` local days from `first_day` on, nothing before `now`.

    `xray_ended_at`: an X-ray that is done already. `waived`: rules of the X-ray window that a physician has
    overridden: without CXR-1 no X-ray is planned, without CXR-2 or CXR-3 that end of the window falls.
    `free_of`: an appointment whose own reservations do not count; `skip`: kinds of steps that are performed
    already. A fixed number of queries.
    """
    zone = ZoneInfo(order.site.time_zone)
    earliest = max(local_day_bounds(first_day, zone)[0], to_minute(now) + 1)
    latest = max(earliest, local_day_bounds(first_day + timedelta(days=days - 1), zone)[1])
    no_xray = bool(xray_ended_at) or "CXR-1" in waived
    return Search(
        steps=_steps(order, skip={*skip, *([StepKind.XRAY] if no_xray else [])}, waived=waived),
        resources=tuple(_resources(order, zone, earliest, latest, now, free_of)),
        earliest=earliest,
        latest=latest,
        known_end=_ceil_minute(xray_ended_at) if xray_ended_at else None,
        day_of=day_number(zone),
        grid_minutes=GRID_MINUTES,
    )


def _ceil_minute(moment):
    return to_minute(moment + timedelta(seconds=59, microseconds=999999))


def _steps(order, *, skip, waived):
    """The protocol's steps as the engine takes them. The first lung acquisition's lag is the X-ray window."""
    site, before, steps = order.site, None, []
    for row in order.procedure.protocol.steps.all():
        if row.kind in skip:
            continue
        lag_min, lag_max = row.lag_min_minutes, row.lag_max_minutes
        follows_lungs = before is not None and before.kind != StepKind.XRAY
        if row.kind != StepKind.XRAY and not follows_lungs:
            lag_min, lag_max = _xray_lag(site, waived)
        steps.append(_step(row, before if follows_lungs else None, lag_min, lag_max))
        before = row
    return tuple(steps)


def _xray_lag(site, waived):
    """The X-ray window as least and greatest minutes from the end of the X-ray to the lungs, as far as it binds."""
    least, most = window.planned_lag(site.xray_shortest, site.xray_longest, site.plan_margin)
    unbound = "CXR-1" in waived
    return (
        0 if unbound or "CXR-3" in waived else least,
        None if unbound or "CXR-2" in waived else most,
    )


def _step(row, lungs_before, lag_min, lag_max):
    return planned_step(
        row.kind,
        room=frozenset(row.room_capabilities),
        setup_minutes=row.setup_minutes,
        acquisition_minutes=row.acquisition_minutes,
        clearance_minutes=row.clearance_minutes,
        technologist=row.qualification,
        prep_minutes=row.prep_bay_minutes,
        lag_min=lag_min,
        lag_max=lag_max,
        same_room_as=lungs_before.kind if lungs_before and row.same_room_as_before else None,
        same_day=lungs_before is not None,
    )


def _resources(order, zone, earliest, latest, now, free_of):
    """Every room and technologist of the site, and the patient, with what is free in [earliest, latest)."""
    site = order.site
    rows = list(
        Resource.objects.filter(Q(site=site, is_active=True) & ~Q(kind=ResourceKind.PATIENT))
        .select_related("room")
        .order_by("pk")
    )
    patient = order.patient.resource
    taken = _taken([row.pk for row in rows] + [patient.pk], earliest, latest, now, free_of)
    closed = _closures(site, earliest, latest)
    open_in = _opening(rows, zone, earliest, latest, site) | _shifts(rows, earliest, latest)
    for row in rows:
        free = subtract(open_in.get(row.pk, ()), normal(taken[row.pk] + closed[row.pk] + closed[None]))
        yield ResourceFree(
            row.pk, row.name, frozenset(row.capabilities), _cleared(free, clearance_minutes(row))
        )
    always = ((earliest, latest),)
    free = subtract(always, normal(taken[patient.pk]))
    yield ResourceFree(patient.pk, "patient", frozenset({"patient"}), free)


def clearance_minutes(resource):
    """Minutes that this room needs after every examination, beyond the protocol's."""
    return resource.room.clearance_minutes if resource.kind == ResourceKind.ROOM and has_room(resource) else 0


def has_room(resource):
    return hasattr(resource, "room")


def _cleared(free, minutes):
    """Free time shortened at its end: what is left of a gap when the room must be cleared before the next."""
    return tuple((start, end - minutes) for start, end in free if end - minutes > start) if minutes else free


def _taken(resource_ids, earliest, latest, now, free_of):
    """Occupied spans per resource, in minutes. A hold that has expired occupies nothing."""
    rows = Reservation.objects.occupying().filter(
        resource_id__in=resource_ids, end_minute__gt=earliest, start_minute__lt=latest
    )
    rows = rows.exclude(status=Reservation.Status.HELD, expires_at__lte=now)
    if free_of is not None:
        rows = rows.exclude(step__appointment=free_of)
    taken = defaultdict(list)
    for resource_id, start, end in rows.values_list("resource_id", "start_minute", "end_minute"):
        taken[resource_id].append((start, end))
    return taken


def _closures(site, earliest, latest):
    closed = defaultdict(list)
    span = (to_datetime(earliest), to_datetime(latest))
    for row in Closure.objects.filter(site=site, span__overlap=span):
        closed[row.resource_id].append((to_minute(row.span.lower), _ceil_minute(row.span.upper)))
    return closed


def _opening(rows, zone, earliest, latest, site):
    """Minutes in which each room is open: weekly local hours without public holidays."""
    first, last = (
        to_datetime(earliest).astimezone(zone).date(),
        to_datetime(latest - 1).astimezone(zone).date(),
    )
    hours = defaultdict(list)
    for row in OpeningHours.objects.filter(resource__in=[row.pk for row in rows]):
        hours[row.resource_id].append(WeeklyHours(row.weekday, row.opens, row.closes))
    free_days = public_holidays(site.country, site.subdivision, first.year, last.year)
    return {
        resource_id: open_minutes(weekly, zone=zone, first_day=first, last_day=last, closed_days=free_days)
        for resource_id, weekly in hours.items()
    }


def _shifts(rows, earliest, latest):
    """Minutes in which each technologist works."""
    spans = defaultdict(list)
    people = [row.pk for row in rows if row.kind == ResourceKind.TECHNOLOGIST]
    overlapping = (to_datetime(earliest), to_datetime(latest))
    rows = Shift.objects.filter(resource__in=people, span__overlap=overlapping).annotate(
        start_minute=EpochMinute("lower", "floor"), end_minute=EpochMinute("upper", "ceil")
    )
    for resource_id, start, end in rows.values_list("resource_id", "start_minute", "end_minute"):
        spans[resource_id].append((start, end))
    return {resource_id: normal(pairs) for resource_id, pairs in spans.items()}


@lru_cache(maxsize=64)
def public_holidays(country, subdivision, first_year, last_year):
    """The public holidays of a country as a frozenset of dates."""
    years = range(first_year, last_year + 1)
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=years))
