"""What changes from minute to minute, read in one statement: occupied times, the order's answers and overrides.

The versions of the calendar and of the occupied times come with them, so all that a search knows is of one moment.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from scheduling.engine.calendars import to_minute
from scheduling.engine.doses import Batch
from scheduling.models import Decision
from scheduling.models.appointments import LONGEST_MINUTES
from scheduling.models.versions import BLOCK_MINUTES
from scheduling.services.blocks import PACKED, Rows
from scheduling.services.tracers import stock
from vqflow.pipelines import several

OCCUPIES = """status IN ('held', 'booked', 'overbooked') AND (status <> 'held' OR expires_at > %(now)s)"""
# Both bounds are on `end_minute`, so that the scan of the index ends soon after the last day that is asked for.
WITHIN = "end_minute > {begins} AND end_minute <= {ends} + %(longest)s AND start_minute < {ends}"
# It begins with SELECT: before anything else pghistory puts a command of its own, which a prepared statement cannot
# hold. OFFSET 0 keeps the versions from being worked out twice.
STATEMENT = f"""SELECT
    {{batches}},
    (SELECT version FROM scheduling_calendarversion WHERE site_id = %(site)s),
    (SELECT json_object_agg(question, answer) FROM scheduling_screeninganswer WHERE order_id = %(order)s),
    (SELECT array_agg(rule) FROM scheduling_decision
        WHERE order_id = %(order)s AND kind = %(override)s AND lapsed_at IS NULL),
    (SELECT array_agg(ARRAY[start_minute, end_minute]) FROM scheduling_reservation
        WHERE resource_id = %(patient)s AND {WITHIN.format(begins="%(earliest)s", ends="%(latest)s")}
        AND {{occupies}}),
    array_agg(block), array_agg(asked.version), array_agg(packed), array_agg(until)
FROM (
    SELECT block, known, block::bigint * {BLOCK_MINUTES} AS begins, (
        SELECT coalesce(bit_xor(hashint8extended(c.id, 0)), 0) FROM scheduling_occupancychange c
        WHERE c.site_id = %(site)s AND c.block = a.block
    ) AS version
    FROM unnest(%(blocks)s::int[], %(known)s::bigint[]) AS a(block, known)
    OFFSET 0
) AS asked LEFT JOIN LATERAL (
    SELECT {PACKED} AS packed, min(expires_at) FILTER (WHERE status = 'held') AS until
    FROM scheduling_reservation
    WHERE asked.version IS DISTINCT FROM asked.known AND resource_id = ANY(%(resources)s)
        AND {WITHIN.format(begins="asked.begins", ends=f"asked.begins + {BLOCK_MINUTES}")}
        AND start_minute >= asked.begins AND {{occupies}}
) rows ON true
"""  # noqa: S608  (made of constants)
ANOTHERS_HOLD = " AND (token IS NULL OR token IS DISTINCT FROM %(hold)s)"
OWN_HOLD = "own"
OF_THE_ORDER = "(SELECT id FROM scheduling_hold WHERE order_id = %(order)s AND outcome = 'live')"
ANOTHERS_STEP = """
    AND (step_id IS NULL OR step_id NOT IN
        (SELECT id FROM scheduling_scheduledprocedurestep WHERE appointment_id = %(free_of)s))
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is so at one moment. `rows`: by number of block, what is occupied (blocks.py unpacks it)."""

    version: UUID | None
    answers: dict[str, str]
    overridden: frozenset[str]
    of_patient: list[tuple[int, int]]
    rows: dict[int, Rows]
    batches: tuple[Batch, ...] = ()
    single: tuple[Batch, ...] = ()
    """Those of the batches that no weekly plan laid out."""


def at_this_moment(
    order,
    resource_ids,
    known,
    *,
    now,
    free_of=None,
    hold=None,
    tracers=(),
    tracers_within=(),
    under=several,
):
    """The Moment, with what occupies these resources and the patient. One query.

    `known`: by number of each block that is asked for, the Rows that are at hand, or None; those that are still
    so come back as they are. A hold that has expired occupies nothing, nor does the hold with the token `hold`
    (OWN_HOLD is whatever is held for the order), nor the appointment `free_of`. `tracers`: products whose batches
    are read too, for the minutes from, until of `tracers_within`. `under`: carries out the statement, as `several`,
    once it holds what it locks.
    """
    occupies, batches = OCCUPIES, "NULL::json"
    values = {
        "site": order.site_id,
        "order": order.pk,
        "override": Decision.Kind.OVERRIDE.value,
        "patient": order.patient.resource_id,
        "resources": resource_ids,
        "blocks": list(known),
        "known": [rows and rows.version for rows in known.values()],
        "earliest": min(known) * BLOCK_MINUTES,
        "latest": (max(known) + 1) * BLOCK_MINUTES,
        "longest": LONGEST_MINUTES,
        "now": now,
    }
    if tracers:
        batches = stock.batches_sql(free_of=free_of, hold=hold)
        begins, ends = tracers_within
        values |= {"products": list(tracers), "tracers_from": begins, "tracers_until": ends}
        values["shelf"] = stock.LONGEST_MINUTES
    if hold is not None:
        occupies, values["hold"] = occupies + ANOTHERS_HOLD, hold
    if free_of is not None:
        occupies, values["free_of"] = occupies + ANOTHERS_STEP, free_of.pk
    sql = STATEMENT.format(batches=batches, occupies=occupies)
    if hold == OWN_HOLD:
        sql = sql.replace("%(hold)s", OF_THE_ORDER)
    [answer] = under([(sql, values)], binary={0})
    batches, version, answers, overridden, of_patient, *blocks = answer.fetchone()
    rows = {
        block: known[block]
        if known[block] and known[block].version == at_version
        else Rows(at_version, now, until, packed or b"")
        for block, at_version, packed, until in zip(*blocks, strict=True)
    }
    return Moment(
        version,
        answers or {},
        frozenset(overridden or ()),
        [tuple(span) for span in of_patient or ()],
        rows,
        *stock.batches_of(batches),
    )


MANY_CHANGES = 50
_FORGET = """
WITH gone AS (
    DELETE FROM scheduling_occupancychange c USING (
        SELECT site_id, block FROM scheduling_occupancychange GROUP BY 1, 2
        HAVING count(*) > CASE WHEN block < %s THEN 1 ELSE %s END
    ) AS over WHERE c.site_id = over.site_id AND c.block = over.block
    RETURNING c.site_id, c.block
)
INSERT INTO scheduling_occupancychange (site_id, block) SELECT DISTINCT site_id, block FROM gone
"""


def forget_changes(*, now):
    """Make one change of all those of each block of days that is over, or has many; returns for how many blocks.

    Every search adds up the changes of the blocks that it looks at. One that is made of many is new: each process
    reads its block once more. A change that is being made meanwhile stays beside it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [to_minute(now) // BLOCK_MINUTES - 1, MANY_CHANGES])
        return cursor.rowcount
