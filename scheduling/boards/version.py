"""Whether a board has changed, found out of the data: bookings wait for no row of it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from scheduling.engine.calendars import local_day_bounds, to_datetime, to_minute
from scheduling.engine.states import OPEN_REPLAN
from scheduling.models.appointments import LONGEST_MINUTES, NOT_DONE_BEFORE, PLANNED_ON_DAY
from vqflow.statements import selected

SEEN_BY_CLOCK_MINUTES = 5


def version(site, first_day, days, *, now):
    """A short text that changes whenever the Board of these days would: one query, nothing of a patient to read in it.

    What changes by the clock alone, such as how late somebody is, is seen every five minutes.
    """
    zone, minute = ZoneInfo(site.time_zone), to_minute(now)
    low = local_day_bounds(first_day, zone)[0]
    high = local_day_bounds(first_day + timedelta(days=days - 1), zone)[1]
    known = {"site": site.pk, "low": low, "high": high, "longest": LONGEST_MINUTES, "now": now}
    known |= {"starts": to_datetime(low), "ends": to_datetime(high)}
    known["not_done_before"] = to_datetime(low) if low <= minute < high and days == 1 else None
    known["open"] = [str(state) for state in OPEN_REPLAN]
    [(digest,)] = selected(_VERSION, known)
    return f"{digest[:16]}-{minute // SEEN_BY_CLOCK_MINUTES}"


_VERSION = f"""SELECT md5(concat_ws('|',
    (SELECT version FROM scheduling_calendarversion WHERE site_id = %(site)s),
    (SELECT string_agg(concat_ws(' ', r.id, r.status, r.expires_at), ',' ORDER BY r.id)
        FROM scheduling_reservation r JOIN scheduling_resource w ON w.id = r.resource_id
        WHERE w.site_id = %(site)s AND w.kind <> 'patient' AND r.status IN ('held', 'booked', 'overbooked')
            AND r.end_minute > %(low)s AND r.end_minute <= %(high)s + %(longest)s AND r.start_minute < %(high)s
            AND (r.status <> 'held' OR r.expires_at > %(now)s)),
    (SELECT string_agg(concat_ws(' ', s.id, s.state, s.planned_start_at, s.planned_end_at, s.performed_start_at,
            s.performed_end_at, s.elsewhere, a.state, a.revision, a.dose_cleared_at, o.priority,
            p.mrn, p.family_name, p.given_name), ',' ORDER BY s.id)
        FROM scheduling_scheduledprocedurestep s JOIN scheduling_appointment a ON a.id = s.appointment_id
        JOIN scheduling_requestedprocedure q ON q.id = a.procedure_id
        JOIN scheduling_order o ON o.id = q.order_id JOIN scheduling_patient p ON p.id = o.patient_id
        WHERE {PLANNED_ON_DAY}),
    (SELECT string_agg(concat_ws(' ', s.id, s.state, s.performed_start_at, s.performed_end_at, a.state, a.arrived_at,
            a.dose_cleared_at, p.family_name, p.given_name), ',' ORDER BY s.id)
        FROM scheduling_scheduledprocedurestep s JOIN scheduling_appointment a ON a.id = s.appointment_id
        JOIN scheduling_requestedprocedure q ON q.id = a.procedure_id
        JOIN scheduling_order o ON o.id = q.order_id JOIN scheduling_patient p ON p.id = o.patient_id
        WHERE {NOT_DONE_BEFORE}),
    (SELECT string_agg(concat_ws(' ', b.id, b.state, b.usable_from, b.expires_at), ',' ORDER BY b.id)
        FROM scheduling_tracerbatch b WHERE b.site_id = %(site)s
            AND b.expires_at >= to_timestamp(%(low)s * 60.0) AND b.usable_from < to_timestamp(%(high)s * 60.0)),
    (SELECT string_agg(c.id::text, ',' ORDER BY c.id)
        FROM scheduling_replanchange c JOIN scheduling_replan n ON n.id = c.replan_id
        JOIN scheduling_disruption d ON d.id = n.disruption_id
        WHERE d.site_id = %(site)s AND d.closed_at IS NULL AND n.state = ANY(%(open)s)),
    (SELECT string_agg(concat_ws(' ', u.order_id, u.due_at), ',' ORDER BY u.order_id)
        FROM scheduling_untoldresult u JOIN scheduling_order o ON o.id = u.order_id
        WHERE o.site_id = %(site)s)
))"""  # noqa: S608  (constants)
