"""Who gets a dose of what: when a batch changes, and when a batch comes for steps that have none."""

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q

from scheduling.engine import tracers as engine
from scheduling.engine.calendars import to_minute
from scheduling.engine.states import LIVE_APPOINTMENT, StepState
from scheduling.models import DoseClaim, ProtocolStep, ScheduledProcedureStep, TracerBatch
from scheduling.services.tracers import claims, needs, stock

MINUTE = timedelta(minutes=1)
CHANGEABLE = [
    "state",
    "failed_reason",
    "lot",
    "calibrated_at",
    "activity_mbq",
    "usable_from",
    "expires_at",
    "particles",
]


def near(batch, facts):
    """Ids of the batches that may serve in its place, as it is and with the changed `facts`."""
    begins = min(batch.usable_from, facts.get("usable_from", batch.usable_from))
    ends = max(batch.expires_at, facts.get("expires_at", batch.expires_at))
    others = TracerBatch.objects.filter(site=batch.site_id, product=batch.product)
    return list(others.within(begins, ends).values_list("pk", flat=True))


def share_out(batch, rows, *, now):
    """Give those who have a dose of this changed batch one of it or of another; the rest is stranded.

    Then those who wait get theirs. Doses that were given already stay with the batch, whatever it is found to
    hold. `rows`: the batches by id, locked.
    """
    ours = list(_claims_on(batch))
    needed = needs.of_claims(ours, now)
    free = {pk: stock.batch_of(row) for pk, row in rows.items()}
    free[batch.pk] = stock.batch_of(batch, left_kbq=stock.kbq(batch.activity_mbq))
    taken = {}
    for row in ours:  # first what is given, or thrown away, already
        if row.extra_id or (row.step_id and row.step.state != StepState.SCHEDULED):
            taken[row.pk] = _given(row, free)
    for row in ours:
        if row.pk not in taken:
            taken[row.pk] = _served(row, needed[row.pk], free)
    _write(batch, rows, ours, taken, free)
    serve_waiting(batch.site, batch.product, batch.usable_from, batch.expires_at, now=now)


def _served(row, need, free):
    """The dose for a claim, from its own batch if that can, else from any other; None if nothing can."""
    minute = to_minute(row.needed_at)
    draw = need and (
        engine.choose([free[row.batch_id]], need, minute) or engine.choose(free.values(), need, minute)
    )
    if draw:
        free[draw.batch.id] = engine.without(draw)
    return draw


def _claims_on(batch):
    """Its live claims, by time."""
    found = DoseClaim.objects.live().filter(batch=batch).select_related("step__appointment__procedure")
    return found.order_by("needed_at", "pk")


def _given(row, free):
    """A dose that was given: it takes what it took, or all that there is."""
    batch = free[row.batch_id]
    cost = min(stock.kbq(row.reference_mbq), batch.left_kbq)
    draw = engine.Draw(batch, stock.kbq(row.activity_mbq), cost)
    free[row.batch_id] = engine.without(draw)
    return draw


def _write(batch, rows, ours, taken, free):
    """First the claims, then what they take of each batch: no constraint sees a state in between."""
    # Stranded first: a unit dose has one live claim, and it may go to another patient now.
    for row in sorted(ours, key=lambda row: taken[row.pk] is not None):
        draw = taken[row.pk]
        if draw is None:
            row.status = DoseClaim.Status.STRANDED if row.step_id else DoseClaim.Status.RELEASED
        else:
            row.status, row.batch_id = DoseClaim.Status.LIVE, draw.batch.id
            row.activity_mbq, row.reference_mbq = (
                claims.mbq(draw.activity_kbq),
                claims.mbq(draw.reference_kbq),
            )
            row.takes_all = draw.batch.is_unit_dose
        row.save(update_fields=["status", "batch", "activity_mbq", "reference_mbq", "takes_all"])
    for pk, row in rows.items():
        row.claimed_mbq = row.activity_mbq - claims.mbq(free[pk].left_kbq)
        fields = ["claimed_mbq"]
        if pk == batch.pk:
            fields += CHANGEABLE
        row.save(update_fields=fields)


def serve_waiting(site, product, begins, ends, *, now):
    """Give the booked steps from `begins` to `ends` that have no dose of this product one; returns how many got it.

    They were booked before the department kept the tracer on that day, or their batch has failed.
    """
    waiting = _waiting(site, product, max(begins, now), ends)
    steps = list(waiting)
    if not steps:
        return 0
    around = TracerBatch.objects.usable().filter(site=site, product=product)
    around = around.within(steps[0].planned_start_at, steps[-1].planned_start_at + MINUTE)
    rows = claims.lock(list(around.values_list("pk", flat=True)))
    steps = _still(waiting)
    free = {pk: stock.batch_of(row) for pk, row in rows.items()}
    needed = needs.of_orders([needs.order_id(step) for step in steps], now)
    draws = {}
    for step in steps:
        need = needed[needs.order_id(step)].get(step.kind)
        draw = need and engine.choose(free.values(), need, to_minute(step.planned_start_at))
        if draw:
            free[draw.batch.id] = engine.without(draw)
            draws[step] = draw
    _hand_out(draws, rows, free)
    return len(draws)


def _waiting(site, product, begins, ends):
    """Steps of live appointments whose protocol asks for the product and that have no live claim, by time."""
    asks = ProtocolStep.objects.filter(
        protocol=OuterRef("appointment__procedure__protocol"), kind=OuterRef("kind"), tracer=product
    )
    return (
        ScheduledProcedureStep.objects.filter(
            appointment__site=site,
            appointment__state__in=LIVE_APPOINTMENT,
            state=StepState.SCHEDULED,
            planned_start_at__range=(begins, ends),
        )
        .filter(Exists(asks), ~Exists(DoseClaim.objects.live().filter(step=OuterRef("pk"), extra=None)))
        .select_related("appointment__procedure")
        .order_by("planned_start_at", "pk")
    )


def _still(waiting):
    """Those who wait now, locked; whom somebody is cancelling, moving or serving at this moment is left to them.

    The appointment too: a patient who did not come leaves the steps as they are. Skipped, not waited for: others
    lock the appointment first and the batches then. Two queries: the lock does not look at the claims anew.
    """
    rows = waiting.select_for_update(of=("self", "appointment"), skip_locked=True, no_key=True)
    return list(waiting.filter(pk__in=[step.pk for step in rows]))


def _hand_out(draws, rows, free):
    stranded = Q(step__in=list(draws), status=DoseClaim.Status.STRANDED)
    DoseClaim.objects.filter(stranded).update(status=DoseClaim.Status.RELEASED)
    DoseClaim.objects.bulk_create(
        DoseClaim(
            batch_id=draw.batch.id,
            step=step,
            kind=step.kind,
            needed_at=step.planned_start_at,
            activity_mbq=claims.mbq(draw.activity_kbq),
            reference_mbq=claims.mbq(draw.reference_kbq),
            takes_all=draw.batch.is_unit_dose,
        )
        for step, draw in draws.items()
    )
    changed = [rows[pk] for pk in {draw.batch.id for draw in draws.values()}]
    for row in changed:
        row.claimed_mbq = row.activity_mbq - claims.mbq(free[row.pk].left_kbq)
    TracerBatch.objects.bulk_update(changed, ["claimed_mbq"])
