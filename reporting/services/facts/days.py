"""Days that are over, of rooms and people and of tracers: what there was, and what was taken of it."""

from collections import defaultdict
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from reporting.models import ResourceDay, TracerDay
from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.engine.doses import PRODUCTS
from scheduling.engine.intervals import clip, intersect, normal
from scheduling.models import Reservation, Resource
from scheduling.models.appointments import LONGEST_MINUTES
from scheduling.services import calendars
from scheduling.services.doses.choosing import UNDONE

_BATCHES = """
SELECT
    (b.expires_at AT TIME ZONE %(zone)s)::date AS day, b.product,
    count(*) AS batches,
    (1000 * sum(b.activity_mbq))::bigint AS supplied_kbq,
    (1000 * coalesce(sum(b.activity_mbq - b.claimed_mbq)
        FILTER (WHERE b.state <> 'failed' AND NOT b.product = ANY(%(regrow)s)), 0))::bigint AS unused_kbq,
    (1000 * coalesce(sum(b.activity_mbq - b.claimed_mbq) FILTER (WHERE b.state = 'failed'), 0))::bigint AS failed_kbq,
    count(*) FILTER (WHERE b.is_unit_dose) AS unit_doses,
    count(*) FILTER (WHERE b.is_unit_dose AND b.claimed_mbq = 0) AS unused_unit_doses,
    coalesce(sum(dose.given), 0)::int AS given,
    (1000 * coalesce(sum(dose.given_mbq), 0))::bigint AS given_kbq,
    coalesce(sum(dose.discarded), 0)::int AS discarded,
    (1000 * coalesce(sum(dose.discarded_mbq), 0))::bigint AS discarded_kbq,
    (1000 * coalesce(sum(dose.residual_mbq), 0))::bigint AS residual_kbq
FROM scheduling_tracerbatch b
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE d.voided_at IS NULL AND d.given_at IS NOT NULL) AS given,
        sum(d.administered_mbq) FILTER (WHERE d.voided_at IS NULL AND d.given_at IS NOT NULL) AS given_mbq,
        sum(d.residual_mbq) FILTER (WHERE d.voided_at IS NULL) AS residual_mbq,
        count(*) FILTER (WHERE d.voided_at IS NOT NULL AND d.given_at IS NULL AND d.void_reason <> %(undone)s)
            AS discarded,
        sum(d.measured_mbq)
            FILTER (WHERE d.voided_at IS NOT NULL AND d.given_at IS NULL AND d.void_reason <> %(undone)s)
            AS discarded_mbq
    FROM scheduling_administration d WHERE d.batch_id = b.id
) dose ON true
WHERE b.site_id = %(site)s AND b.expires_at >= %(from)s AND b.expires_at < %(until)s
GROUP BY 1, 2
"""
_REGROW = [key for key, product in PRODUCTS.items() if product.regrows]


def keep(site, first, last):
    """Make the rows of these local days anew; returns how many there are. The caller sees that they are over."""
    return _resource_days(site, first, last) + _tracer_days(site, first, last)


def resource_rows(site, first, last):
    """ResourceDay of every room and person that was there or was taken, not saved."""
    zone, days = ZoneInfo(site.time_zone), _days(first, last)
    bounds = {day: local_day_bounds(day, zone) for day in days}
    calendar = calendars.read(site.pk, bounds[first][0])
    kinds = dict(Resource.objects.filter(pk__in=calendar.resource_ids).values_list("pk", "kind"))
    taken = _taken(calendar.resource_ids, bounds[first][0], bounds[last][1])
    rows = []
    for day, (low, high) in bounds.items():
        for each, there in zip(calendar.bookables, calendar.open_in(low, high), strict=True):
            there, used = clip(there, low, high), clip(taken[each.id], low, high)
            if there or used:
                rows.append(_row(site, each, kinds[each.id], day, there, used))
    return rows


def _row(site, bookable, kind, day, there, used):
    inside = _minutes(intersect(there, used))
    return ResourceDay(
        site=site,
        resource_id=bookable.id,
        day=day,
        kind=kind,
        open_minutes=_minutes(there),
        taken_minutes=inside,
        beyond_minutes=_minutes(used) - inside,
    )


def _taken(resource_ids, low, high):
    """Minutes that were booked and not given back, by resource."""
    rows = Reservation.objects.filter(
        resource__in=resource_ids,
        status__in=["booked", "overbooked"],
        end_minute__gt=low,
        end_minute__lte=high + LONGEST_MINUTES,
        start_minute__lt=high,
    )
    found = defaultdict(list)
    for resource_id, start, end in rows.values_list("resource_id", "start_minute", "end_minute"):
        found[resource_id].append((start, end))
    return defaultdict(tuple, {key: normal(pairs) for key, pairs in found.items()})


def _minutes(intervals):
    return sum(end - start for start, end in intervals)


def _resource_days(site, first, last):
    rows = resource_rows(site, first, last)
    ResourceDay.objects.filter(site=site, day__range=(first, last)).delete()
    ResourceDay.objects.bulk_create(rows, batch_size=5000)
    return len(rows)


def tracer_rows(site, first, last):
    """TracerDay of every tracer that expired on these days, not saved."""
    zone = ZoneInfo(site.time_zone)
    low, high = (local_day_bounds(day, zone)[end] for end, day in ((0, first), (1, last)))
    about = {
        "site": site.pk,
        "zone": site.time_zone,
        "from": to_datetime(low),
        "until": to_datetime(high),
        "undone": UNDONE,
        "regrow": _REGROW,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BATCHES, about)
        names = [column.name for column in cursor.description]
        return [TracerDay(site=site, **dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _tracer_days(site, first, last):
    rows = tracer_rows(site, first, last)
    TracerDay.objects.filter(site=site, day__range=(first, last)).delete()
    TracerDay.objects.bulk_create(rows, batch_size=5000)
    return len(rows)


def _days(first, last):
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
