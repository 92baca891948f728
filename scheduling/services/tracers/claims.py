"""Take doses, give them back: part of booking's, moving's and holding's own transactions.

Batches are always locked in the order of their ids, once in a transaction (`free`), so that two bookings never
wait for each other in a circle. What a claim takes is counted on its batch, whose check refuses more than it has.
"""

from contextlib import contextmanager
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q

from scheduling.engine import tracers as engine
from scheduling.engine.calendars import to_datetime
from scheduling.engine.intervals import contains
from scheduling.models import DoseClaim, TracerBatch
from scheduling.models.tracers import LONGEST_SHELF_LIFE
from vqflow import writes
from vqflow.errors import Conflict
from vqflow.statements import insert

LAST_DOSE_GONE = "The last dose for this time has just been taken. Choose another time."

# Both bounds are on `expires_at`, so that the scan of the index ends soon after the last day that is asked for.
_LOCK = """
SELECT id FROM scheduling_tracerbatch WHERE id = ANY(ARRAY(
    SELECT b.id FROM scheduling_tracerbatch b, unnest(%s::timestamptz[], %s::timestamptz[]) AS w(begins, ends)
    WHERE b.site_id = %s AND b.usable_from < w.ends
        AND b.expires_at >= w.begins AND b.expires_at < w.ends + %s::interval
    UNION SELECT batch_id FROM scheduling_doseclaim
    WHERE status = 'live' AND (token = ANY(%s::uuid[]) OR step_id = ANY(%s::bigint[]))
)) ORDER BY id FOR NO KEY UPDATE
"""
_ANY_OVER = "SELECT EXISTS (SELECT 1 FROM scheduling_doseclaim WHERE status = 'live' AND expires_at <= %s)"
_GIVE_BACK = """
WITH gone AS (
    UPDATE scheduling_doseclaim c SET status = 'released' FROM scheduling_doseclaim was
    WHERE c.id = was.id AND was.id = ANY(%s) AND c.status <> 'released'
    RETURNING c.batch_id, CASE was.status WHEN 'live' THEN c.reference_mbq ELSE 0 END AS mbq
)
UPDATE scheduling_tracerbatch b SET claimed_mbq = claimed_mbq - taken.mbq
FROM (SELECT batch_id, sum(mbq) AS mbq FROM gone GROUP BY batch_id) taken WHERE b.id = taken.batch_id
"""
_TAKE = """
UPDATE scheduling_tracerbatch b SET claimed_mbq = claimed_mbq + taken.mbq
FROM (SELECT id, sum(mbq) AS mbq FROM unnest(%s::bigint[], %s::numeric[]) AS t(id, mbq) GROUP BY id) taken
WHERE b.id = taken.id AND b.state <> 'failed'
"""


def locking(site, *, around, now, tokens=(), steps=()):
    """Statements that lock what could serve these times and what these holds and steps have: `free` reads the answers.

    `around`: pairs of minutes. Send them within `locks.in_time`.
    """
    begins, ends = ([to_datetime(at) for at in each] for each in zip(*around, strict=True))
    known = [begins, ends, site.pk, LONGEST_SHELF_LIFE, list(tokens), list(steps)]
    # What is over is looked for in a statement of its own: it sees what was committed while we waited.
    return [(_LOCK, known), (_ANY_OVER, [now])]


def free(locked, any_over, *, now, tokens=(), steps=()):
    """Give back what is expired of what `locking` has locked, and all of these holds and steps.

    `locked`, `any_over`: what its statements answered. `steps`: ids; the doses of those that have begun stay theirs.
    """
    batches, [has_expired] = [pk for (pk,) in locked], any_over[0]
    if batches and (has_expired or tokens or steps):
        over = Q(batch__in=batches, status=DoseClaim.Status.LIVE, expires_at__lte=now)
        _give_back(over | _of(tokens, steps))


def claim(steps, found, question):
    """Take the dose of each placed step that needs one. `steps`: rows by kind.

    Raises Conflict when it is gone; what the database refuses is one within `refused`.
    """
    _take(_draws(found, question), lambda kind: {"step": steps[kind]})


def keep(hold, found, question, *, own=None):
    """Take the doses that a hold keeps: what is beyond those of the appointment `own` that it is to move."""
    owned = _owned(own)
    draws = {
        kind: (draw, minute, _beyond(draw, owned.get(kind)))
        for kind, (draw, minute, _) in _draws(found, question).items()
    }
    with refused(), writes.together():
        _take(draws, lambda kind: {"token": hold.pk, "expires_at": hold.expires_at})


def _draws(found, question):
    """{kind: (draw, minute, kBq taken at the calibration)}; a tracer that is not kept on that day draws nothing."""
    batches, draws = {batch.id: batch for batch in question.batches}, {}
    needs = {step.key: step for step in question.steps if step.dose}
    for placed in found.steps:
        step = needs.get(placed.step_key)
        if step is None:
            continue
        draw = engine.choose(batches.values(), step.dose, placed.start)
        if draw is None:
            if step.allowed is None or contains(step.allowed, placed.start):
                continue
            raise Conflict(LAST_DOSE_GONE)
        batches[draw.batch.id] = engine.without(draw)
        draws[placed.step_key] = (draw, placed.start, draw.reference_kbq)
    return draws


def _owned(appointment):
    rows = DoseClaim.objects.live().filter(step__appointment=appointment, extra=None) if appointment else ()
    return {row.kind: row for row in rows}


def _beyond(draw, own):
    """What a draw takes beyond the claim that is there for the same step already."""
    if own is None or own.batch_id != draw.batch.id:
        return draw.reference_kbq
    return max(0, draw.reference_kbq - int(own.reference_mbq * 1000))


def _take(draws, holder):
    if not draws:
        return
    rows = [
        DoseClaim(
            batch_id=draw.batch.id,
            kind=kind,
            needed_at=to_datetime(minute),
            activity_mbq=mbq(draw.activity_kbq),
            reference_mbq=mbq(taken),
            takes_all=draw.batch.is_unit_dose and taken == draw.reference_kbq,
            **holder(kind),
        )
        for kind, (draw, minute, taken) in draws.items()
    ]
    batches = {row.batch_id for row in rows}

    def all_taken(cursor):
        if cursor.rowcount != len(batches):
            raise Conflict(LAST_DOSE_GONE)

    taken = [[row.batch_id for row in rows], [row.reference_mbq for row in rows]]
    writes.write(_TAKE, taken, then=all_taken)
    insert(rows)


@contextmanager
def refused():
    """A dose that the database refuses is gone. It ends the transaction: let the Conflict go through."""
    try:
        yield
    except IntegrityError as error:
        if error.__cause__.diag.table_name not in _TABLES:
            raise
        raise Conflict(LAST_DOSE_GONE) from error


_TABLES = {TracerBatch._meta.db_table, DoseClaim._meta.db_table}


@contextmanager
def giving_back(*, steps=(), tokens=()):
    """Inside, the time of these steps (ids) and holds is freed; then their doses, but not of steps that have begun.

    Their batches are locked before any time: whoever books has them in this order too, and may wait for the time of
    a hold that is over.
    """
    which = lock_of(steps=steps, tokens=tokens)
    yield
    _give_back(which)


def lock_of(*, steps=(), tokens=()):
    """Lock all batches that these steps and holds have doses of, before any of their time is freed."""
    which = _of(tokens, steps)
    batches = set(DoseClaim.objects.filter(which).values_list("batch", flat=True))
    if batches:
        lock(batches)
    return which


def lock_drawn(step, batch):
    """The batch that a step's dose is drawn from, as it is now, locked in one go with the one that was planned."""
    planned = DoseClaim.objects.exclude(status=DoseClaim.Status.RELEASED).filter(step=step, extra=None)
    return lock({batch.pk, *planned.values_list("batch", flat=True)})[batch.pk]


def drawn(step, batch, *, activity_kbq, reference_kbq, at):
    """A step's dose was really drawn from this batch: where another was planned, its claim follows, as far as there
    is anything left. Part of the caller's transaction."""
    planned = DoseClaim.objects.exclude(status=DoseClaim.Status.RELEASED).filter(step=step, extra=None)
    batches = set(planned.values_list("batch", flat=True))
    live = planned.filter(status=DoseClaim.Status.LIVE, batch=batch)
    if live.exists():
        return
    row = lock(batches | {batch.pk})[batch.pk]
    _give_back(~Q(status=DoseClaim.Status.RELEASED) & Q(step=step, extra=None))
    row.refresh_from_db(fields=["claimed_mbq"])
    left = row.activity_mbq - row.claimed_mbq
    taken = left if row.is_unit_dose else min(mbq(reference_kbq), left)
    TracerBatch.objects.filter(pk=row.pk).update(claimed_mbq=F("claimed_mbq") + taken)
    DoseClaim.objects.create(
        batch=row,
        step=step,
        kind=step.kind,
        needed_at=at,
        activity_mbq=mbq(activity_kbq),
        reference_mbq=taken,
        takes_all=row.is_unit_dose,
    )


def drawn_extra(dose, *, activity_kbq, reference_kbq):
    """An extra injection was drawn from its batch, beside the planned dose of its step; part of the caller's
    transaction. Returns None; or, with nothing written, the MBq at the calibration that are left where it is less.
    """
    row = lock({dose.batch_id})[dose.batch_id]
    left = row.activity_mbq - row.claimed_mbq
    taken = row.activity_mbq if row.is_unit_dose else mbq(reference_kbq)
    if taken > left:
        return left
    _count_beside(row, dose, activity_kbq, taken)
    return None


def thrown_away(dose, *, activity_kbq, reference_kbq):
    """A step's first dose was drawn from this vial and is gone: the step's claim is for the next, and this counts
    beside it, as far as there is anything left. Part of the caller's transaction."""
    row = lock({dose.batch_id})[dose.batch_id]
    _count_beside(row, dose, activity_kbq, min(mbq(reference_kbq), row.activity_mbq - row.claimed_mbq))


def _count_beside(row, dose, activity_kbq, taken):
    """What this dose took, `taken` MBq at the calibration, beside the claim of its step."""
    TracerBatch.objects.filter(pk=row.pk).update(claimed_mbq=F("claimed_mbq") + taken)
    DoseClaim.objects.create(
        batch=row,
        step=dose.step,
        extra=dose,
        kind=dose.step.kind,
        needed_at=dose.measured_at,
        activity_mbq=mbq(activity_kbq),
        reference_mbq=taken,
        takes_all=row.is_unit_dose,
    )


def not_drawn(dose):
    """An extra injection was recorded by mistake: its batch has it still."""
    lock({dose.batch_id})
    _give_back(Q(extra=dose))


def lock(batch_ids):
    """Lock these batches to the end of the transaction, in the order that everybody takes them."""
    rows = TracerBatch.objects.filter(pk__in=batch_ids).order_by("pk")
    rows = rows.select_for_update(of=("self",), no_key=True)  # the site between two batches breaks the order
    return {row.pk: row for row in rows.select_related("site")}


def _of(tokens, steps):
    live = ~Q(status=DoseClaim.Status.RELEASED)
    return live & (
        Q(token__in=list(tokens))
        | Q(step__in=list(steps), step__state__in=("scheduled", "cancelled"), extra=None)
    )


def _give_back(which):
    ids = list(DoseClaim.objects.filter(which).order_by("pk").values_list("pk", flat=True))
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, [ids])


def extend(hold, *, expires_at):
    """Keep a hold's doses as long as its time."""
    DoseClaim.objects.live().filter(token=hold.pk).update(expires_at=expires_at)


@transaction.atomic
def release_expired(*, now):
    """Give back the doses of holds whose time is over; what a booking has locked is left to it."""
    over = DoseClaim.objects.live().filter(expires_at__lte=now)
    rows = TracerBatch.objects.filter(pk__in=over.values("batch")).order_by("pk")
    batches = list(rows.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
    if batches:
        _give_back(Q(batch__in=batches, status=DoseClaim.Status.LIVE, expires_at__lte=now))
    return len(batches)


def mbq(kbq):
    """MBq with three decimals, as they are stored."""
    return Decimal(kbq) / 1000
