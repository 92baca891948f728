"""What changes from minute to minute, read in one statement: occupied times, the order's answers and overrides.

The version of the calendar comes with them, so all that a search knows is of one moment.
"""

from dataclasses import dataclass
from uuid import UUID

from scheduling.engine.doses import Batch
from scheduling.models import Decision
from scheduling.models.appointments import LONGEST_MINUTES
from scheduling.services.blocks import BLOCK_MINUTES, PACKED
from scheduling.services.tracers import stock
from vqflow.statements import prepared_cursor

# Both bounds are on `end_minute`, so that the scan of the index ends soon after the last day that is asked for.
OCCUPIES = """status IN ('held', 'booked', 'overbooked')
    AND end_minute > %(earliest)s AND end_minute <= %(latest)s + %(longest)s AND start_minute < %(latest)s
    AND (status <> 'held' OR expires_at > %(now)s)"""
STATEMENT = """
SELECT
    {batches},
    (SELECT version FROM scheduling_calendarversion WHERE site_id = %(site)s),
    (SELECT json_object_agg(question, answer) FROM scheduling_screeninganswer WHERE order_id = %(order)s),
    (SELECT array_agg(rule) FROM scheduling_decision
        WHERE order_id = %(order)s AND kind = %(override)s AND lapsed_at IS NULL),
    (SELECT array_agg(ARRAY[start_minute, end_minute]) FROM scheduling_reservation
        WHERE resource_id = %(patient)s AND {occupies}),
    array_agg(block), array_agg(packed)
FROM (
    SELECT start_minute / %(block)s AS block, {packed} AS packed FROM scheduling_reservation
    WHERE resource_id = ANY(%(resources)s) AND {occupies}
    GROUP BY 1
) AS blocks
"""
ANOTHERS_HOLD = " AND (token IS NULL OR token IS DISTINCT FROM %(hold)s)"
OWN_HOLD = "own"
OF_THE_ORDER = "(SELECT id FROM scheduling_hold WHERE order_id = %(order)s AND outcome = 'live')"
ANOTHERS_STEP = """
    AND (step_id IS NULL OR step_id NOT IN
        (SELECT id FROM scheduling_scheduledprocedurestep WHERE appointment_id = %(free_of)s))
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is so at one moment. `packed`: by number of block, what is occupied (blocks.py unpacks it)."""

    version: UUID | None
    answers: dict[str, str]
    overridden: frozenset[str]
    of_patient: list[tuple[int, int]]
    packed: dict[int, bytes]
    batches: tuple[Batch, ...] = ()
    single: tuple[Batch, ...] = ()
    """Those of the batches that no weekly plan laid out."""


def at_this_moment(
    order, resource_ids, earliest, latest, *, now, free_of=None, hold=None, tracers=(), tracers_within=()
):
    """The Moment, with what occupies these resources and the patient within [earliest, latest). One query.

    A hold that has expired occupies nothing, nor does the hold with the token `hold` (OWN_HOLD is whatever is held
    for the order), nor the appointment `free_of`. `tracers`: products whose batches are read too, for the
    minutes from, until of `tracers_within`.
    """
    occupies, batches = OCCUPIES, "NULL::json"
    known = {
        "site": order.site_id,
        "order": order.pk,
        "override": Decision.Kind.OVERRIDE.value,
        "patient": order.patient.resource_id,
        "resources": resource_ids,
        "earliest": earliest,
        "latest": latest,
        "longest": LONGEST_MINUTES,
        "block": BLOCK_MINUTES,
        "now": now,
    }
    if tracers:
        batches = stock.batches_sql(free_of=free_of, hold=hold)
        begins, ends = tracers_within
        known |= {"products": list(tracers), "tracers_from": begins, "tracers_until": ends}
        known["shelf"] = stock.LONGEST_MINUTES
    if hold is not None:
        occupies, known["hold"] = occupies + ANOTHERS_HOLD, hold
    if free_of is not None:
        occupies, known["free_of"] = occupies + ANOTHERS_STEP, free_of.pk
    sql = STATEMENT.format(batches=batches, occupies=occupies, packed=PACKED)
    if hold == OWN_HOLD:
        sql = sql.replace("%(hold)s", OF_THE_ORDER)
    with prepared_cursor(binary=True) as cursor:
        cursor.execute(sql, known)
        batches, version, answers, overridden, of_patient, numbers, packed = cursor.fetchone()
    return Moment(
        version,
        answers or {},
        frozenset(overridden or ()),
        [tuple(span) for span in of_patient or ()],
        dict(zip(numbers or (), packed or (), strict=True)),
        *stock.batches_of(batches),
    )
