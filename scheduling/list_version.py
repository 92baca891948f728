"""What has changed on a day's list, found out of the data in one query: bookings wait for no row of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from scheduling.engine.calendars import local_day_bounds, to_datetime
from scheduling.models import Appointment, Order, ScheduledProcedureStep, WorkedOn
from scheduling.models.appointments import ON_DAYS_LIST, of_days_list
from scheduling.related_rows import NAMED, RELATIONS
from scheduling.services.working import GONE_AFTER
from vqflow.statements import selected

DIGITS = 16


@dataclass(frozen=True, slots=True)
class Seen:
    """`version`: a short text that changes whenever a row of the list would; no patient data can be read from it.

    `stamps`: {appointment id: what is another as soon as any row is that the examination is made of}.
    """

    version: str
    stamps: Mapping[UUID, tuple]


def seen(site, on, now=None):
    """The Seen of one local day: one query. Who was planned before today and is not done is on the list of today.

    With `now` the version changes also when a time passes that a row shows otherwise afterwards: a planned start;
    the opening, the last hour and the end of an X-ray window; the last use of a tracer; when a problem is due; when
    gas has left a room.
    """
    starts, ends = (to_datetime(minute) for minute in local_day_bounds(on, ZoneInfo(site.time_zone)))
    known = of_days_list(site, starts, ends, now) | {"now": now, "gone_after": GONE_AFTER}
    known |= {"shortest": site.xray_shortest, "longest": site.xray_longest}
    visits, of_site = {}, None
    for pk, of_version, of_reading in selected(_sql(), known):
        if pk is None:
            of_site = of_version, of_reading
        else:
            visits[pk] = of_version, of_reading
    said = repr((of_site, sorted((str(pk), mark) for pk, (mark, _) in visits.items())))
    return Seen(
        version=hashlib.sha256(said.encode()).hexdigest()[:DIGITS],
        stamps={pk: (of_site[0], *marks) for pk, marks in visits.items()},
    )


def version(site, on, now=None):
    """The version of `seen`."""
    return seen(site, on, now).version


def _mark(*aliases):
    """Each version of a row has a place and a transaction of its own: no column can be forgotten."""
    columns = ", ".join(f"{alias}.ctid, {alias}.xmin" for alias in aliases)
    return f"concat_ws(' ', {columns})"


# Where a row is found by what it belongs to.
_OWNER = {
    Appointment: ("v.id", "visits v ON v.id = x.appointment_id"),
    Order: ("v.id", "visits v ON v.order_id = x.order_id"),
    ScheduledProcedureStep: ("s.appointment_id", "steps s ON s.id = x.step_id"),
}


def _part(relation):
    owner, join = _OWNER[relation.parent]
    return f"""SELECT {owner}, concat('{relation.accessor} ', string_agg({_mark("x")}, ',' ORDER BY x.id))
        FROM "{relation.model._meta.db_table}" x JOIN {join} WHERE {relation.only} GROUP BY 1"""  # noqa: S608  (our own names)


def of_rooms():
    """Columns of SQL: the checks of a site, gas in its rooms, and what is broken.

    Takes `site`, `now` and the day from `starts` to `ends`.
    """
    return f"""(SELECT string_agg(concat_ws(' ', {_mark("x")}, (SELECT q.id FROM scheduling_qualitycheck q
            WHERE q.plan_id = x.id AND q.voided_at IS NULL ORDER BY q.done_at DESC, q.id DESC LIMIT 1)),
            ',' ORDER BY x.id)
        FROM scheduling_checkplan x WHERE x.site_id = %(site)s::bigint),
    (SELECT concat_ws(' ', count(*), max(x.id), max(x.voided_at)) FROM scheduling_qualitycheck x
        WHERE x.site_id = %(site)s::bigint AND x.done_at >= %(starts)s AND x.done_at < %(ends)s),
    (SELECT string_agg(concat_ws(' ', {_mark("x")}, (%(now)s::timestamptz >= x.clears_at)::int), ',' ORDER BY x.id)
        FROM scheduling_spill x
        WHERE x.site_id = %(site)s::bigint AND x.ended_at IS NULL),
    (SELECT string_agg({_mark("x")}, ',' ORDER BY x.id) FROM scheduling_disruption x
        WHERE x.site_id = %(site)s::bigint AND x.closed_at IS NULL)"""  # noqa: S608  (our own names)


@cache
def _sql():
    # The limit keeps PostgreSQL from reading every batch that there ever was.
    # That somebody's page is still open is written once a minute: whoever reads needs it, the list shows it not.
    parts = "\n    UNION ALL ".join(_part(each) for each in RELATIONS if each.model is not WorkedOn)
    names = ", ".join(f"x.{each}" for each in NAMED)
    # pghistory puts a command of its own before what does not begin with SELECT.
    return f"""SELECT * FROM (WITH visits AS MATERIALIZED (
        SELECT a.id, q.order_id, {_mark("a", "q", "o", "p", "f", "l", "t")} AS mark, {_mark("w")} AS seen,
            concat_ws(' ', w.user_id, w.since, (%(now)s::timestamptz > w.seen_at + %(gone_after)s)::int) AS worked_on
        FROM {ON_DAYS_LIST} JOIN scheduling_site t ON t.id = a.site_id
        JOIN scheduling_requestedprocedure q ON q.id = a.procedure_id
        JOIN scheduling_order o ON o.id = q.order_id JOIN scheduling_patient p ON p.id = o.patient_id
        LEFT JOIN scheduling_referrer f ON f.id = o.referrer_id LEFT JOIN scheduling_protocol l ON l.id = q.protocol_id
        LEFT JOIN scheduling_workedon w ON w.appointment_id = a.id),
    steps AS MATERIALIZED (
        SELECT s.id, s.appointment_id, concat_ws(' ', {_mark("s")},
            (%(now)s::timestamptz > s.gas_made_at + interval '10 min')::int,
            (s.state = 'scheduled' AND %(now)s::timestamptz > s.planned_start_at + interval '1 min')::int
            + (s.state = 'scheduled' AND %(now)s::timestamptz > s.planned_start_at + interval '10 min')::int,
            (%(now)s::timestamptz > s.performed_end_at + %(shortest)s)::int
            + (%(now)s::timestamptz > s.performed_end_at + %(longest)s - interval '1 hour')::int
            + (%(now)s::timestamptz > s.performed_end_at + %(longest)s)::int) AS mark
        FROM scheduling_scheduledprocedurestep s JOIN visits v ON v.id = s.appointment_id),
    given AS (
        SELECT x.step_id, x.batch_id FROM scheduling_doseclaim x JOIN steps s ON s.id = x.step_id
            WHERE x.status <> 'released'
        UNION SELECT x.step_id, x.batch_id FROM scheduling_administration x JOIN steps s ON s.id = x.step_id),
    parts (visit, part) AS (
        SELECT id, concat(mark, ' ', worked_on) FROM visits
    UNION ALL SELECT appointment_id, concat('steps ', string_agg(mark, ',' ORDER BY id)) FROM steps GROUP BY 1
    UNION ALL SELECT s.appointment_id, concat('batches ', string_agg(concat_ws(' ', {_mark("b")},
            (%(now)s::timestamptz > b.expires_at)::int
            + (%(now)s::timestamptz > b.expires_at - interval '30 min')::int), ',' ORDER BY b.id, s.id))
        FROM given x JOIN steps s ON s.id = x.step_id
        CROSS JOIN LATERAL (
            SELECT id, ctid, xmin, expires_at FROM scheduling_tracerbatch WHERE id = x.batch_id LIMIT 1) b GROUP BY 1
    UNION ALL SELECT v.id, concat('due ', count(*)) FROM scheduling_problem x JOIN visits v ON v.id = x.appointment_id
        WHERE x.closed_at IS NULL AND %(now)s::timestamptz > x.due_at GROUP BY 1
    UNION ALL SELECT v.id, concat('phases ', string_agg({_mark("x")}, ',' ORDER BY x.id))
        FROM scheduling_phaserecord x JOIN visits v ON v.id = x.appointment_id GROUP BY 1
    UNION ALL {parts})
SELECT NULL::uuid, concat_ws(' ', pg_postmaster_start_time(),
    (SELECT string_agg({_mark("x")}, ',' ORDER BY x.id) FROM scheduling_resource x
        WHERE x.site_id = %(site)s::bigint AND x.kind <> 'patient'),
    (SELECT string_agg(concat_ws(' ', {names}), ',' ORDER BY x.id) FROM vqflow_user x
        WHERE x.site_code = (SELECT code FROM scheduling_site WHERE id = %(site)s::bigint))), concat_ws('|',
{of_rooms()})
UNION ALL SELECT v.id, md5(string_agg(x.part, '|' ORDER BY x.part)), v.seen
    FROM visits v JOIN parts x ON x.visit = v.id GROUP BY v.id, v.seen
) found"""  # noqa: S608  (made of constants)
