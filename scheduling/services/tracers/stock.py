"""What is there of each tracer, as the engine's batches: read within the search's one statement.

A department keeps a tracer on the days that a weekly plan of it covers, and on those for which a batch is
entered. On other days the tracer limits nothing, so a department that keeps none books as without this module.
"""

from collections import defaultdict
from zoneinfo import ZoneInfo

from scheduling.engine import tracers as engine
from scheduling.engine.calendars import local_day_bounds, to_datetime, to_minute
from scheduling.engine.doses import PRODUCTS, Batch
from scheduling.engine.intervals import clip, normal
from scheduling.models.tracers import LONGEST_SHELF_LIFE

LONGEST_MINUTES = LONGEST_SHELF_LIFE.days * 24 * 60

_EXPIRED = """
    SELECT batch_id, reference_mbq FROM scheduling_doseclaim
    WHERE status = 'live' AND expires_at <= %(now)s"""
_HELD = """
    UNION ALL SELECT batch_id, reference_mbq FROM scheduling_doseclaim
    WHERE status = 'live' AND token = %(hold)s AND expires_at > %(now)s"""
_OWN = """
    UNION ALL SELECT c.batch_id, c.reference_mbq FROM scheduling_doseclaim c
    JOIN scheduling_scheduledprocedurestep s ON s.id = c.step_id
    WHERE c.status = 'live' AND c.extra_id IS NULL AND s.appointment_id = %(free_of)s
        AND s.state = 'scheduled'"""
# Both bounds are on `expires_at`, so that the scan of the index ends soon after the last day that is asked for.
_BATCHES = """(
SELECT json_agg(json_build_array(
    b.id, b.product, extract(epoch FROM b.calibrated_at)::bigint / 60, (b.activity_mbq * 1000)::bigint,
    ((b.activity_mbq - b.claimed_mbq + coalesce(back.mbq, 0)) * 1000)::bigint,
    (extract(epoch FROM b.usable_from)::bigint + 59) / 60, extract(epoch FROM b.expires_at)::bigint / 60,
    b.particles, b.is_unit_dose, b.state = 'failed', b.supply_id IS NULL
) ORDER BY b.id)
FROM scheduling_tracerbatch b
LEFT JOIN (SELECT batch_id, sum(reference_mbq) AS mbq FROM ({given_back}) c GROUP BY batch_id) back
    ON back.batch_id = b.id
WHERE b.site_id = %(site)s AND b.product = ANY(%(products)s)
    AND b.expires_at >= to_timestamp(%(tracers_from)s * 60.0)
    AND b.expires_at < to_timestamp((%(tracers_until)s + %(shelf)s) * 60.0)
    AND b.usable_from < to_timestamp(%(tracers_until)s * 60.0)
)"""


def batches_sql(*, free_of=None, hold=None):
    """A scalar subquery for the batches of a period, for `batches_of`.

    Its parameters: site, products, tracers_from and tracers_until (minutes), shelf (LONGEST_MINUTES), now, and
    free_of (an appointment) and hold (a token), whose own claims count as given back. So do claims of holds that
    have expired.
    """
    given_back = _EXPIRED + (_HELD if hold else "") + (_OWN if free_of else "")
    return _BATCHES.format(given_back=given_back)


def batches_of(rows):
    """(the engine's batches, those of them that no weekly plan laid out) from what the subquery answers."""
    found, single = [], []
    for *fields, entered in rows or ():
        batch = Batch(*fields)
        found.append(batch)
        if entered:
            single.append(batch)
    return tuple(found), tuple(single)


def kept(supplies, single, zone, earliest, latest):
    """Per product, the minutes of [earliest, latest) whose days the department keeps it on.

    `supplies`: (product, first minute, end or None); `single`: batches that no weekly plan laid out.
    """
    spans = defaultdict(list)
    for product, begins, ends in supplies:
        spans[product].append((begins, latest if ends is None else ends))
    for batch in single:
        spans[batch.product].append(days_of(batch, zone))
    return {product: clip(normal(each), earliest, latest) for product, each in spans.items()}


def days_of(batch, zone):
    """The local days, as minutes, on which a batch is usable."""
    first, last = (to_datetime(at).astimezone(zone).date() for at in (batch.usable_from, batch.expires_at))
    return local_day_bounds(first, zone)[0], local_day_bounds(last, zone)[1]


def supply_spans(rows, zone):
    """What `kept` takes, from TracerSupply rows."""
    return tuple(
        (
            row.product,
            local_day_bounds(row.starts_on, zone)[0],
            local_day_bounds(row.ends_on, zone)[1] if row.ends_on else None,
        )
        for row in rows
    )


def batch_of(row, *, left_kbq=None):
    """The engine's batch of a TracerBatch; `left_kbq` where the claims on it do not count."""
    activity = kbq(row.activity_mbq)
    return Batch(
        id=row.pk,
        product=row.product,
        calibrated_at=to_minute(row.calibrated_at),
        activity_kbq=activity,
        left_kbq=activity - kbq(row.claimed_mbq) if left_kbq is None else left_kbq,
        usable_from=to_minute(row.usable_from),
        expires_at=to_minute(row.expires_at),
        particles=row.particles,
        is_unit_dose=row.is_unit_dose,
        failed=row.state == row.State.FAILED,
    )


def kbq(activity_mbq):
    """Whole kBq of a stored activity, which has three decimals."""
    return int(activity_mbq * 1000)


def name_of(row):
    """MAA kit 07:30: a batch as people call it, in the time of its site."""
    return name_in(batch_of(row), ZoneInfo(row.site.time_zone))


def name_in(batch, zone):
    """The same of the engine's batch."""
    return f"{batch.name} {to_datetime(batch.usable_from).astimezone(zone):%H:%M}"


def left_mbq(row, at):
    """MBq that can still be planned from this batch, as they are at a moment; 0 outside its time."""
    return engine.left_at(batch_of(row), to_minute(at)) / 1000


def regrows(product):
    """Whether it is a generator, from which a dose takes nothing."""
    return PRODUCTS[product].regrows
