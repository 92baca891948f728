"""Batches as they come: entered, measured, late, failed. Whoever has a dose of one keeps it if anything can serve."""

from datetime import timedelta

from django.db import transaction

from scheduling.engine.doses import PRODUCTS
from scheduling.models import DoseClaim, TracerBatch
from scheduling.models.tracers import LONGEST_SHELF_LIFE
from scheduling.services.tracers import claims, sharing
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

MOST_MBQ = 500_000
"""More is a slip of the keyboard: the largest generators give about 100 GBq."""

MOST_LATE = timedelta(days=1)
"""Or early; farther away it is another batch."""


@transaction.atomic
def add(site, *, by, now, product, activity_mbq, usable_from, calibrated_at=None, expires_at=None, **fields):
    """Enter one preparation, elution, vial or unit dose; returns the TracerBatch.

    `calibrated_at` is by default when it becomes usable, `expires_at` after the product's usual shelf life.
    `fields`: particles (needed for MAA, and for nothing else), is_unit_dose, lot. Steps that wait for a dose get
    theirs from it. Raises Invalid.
    """
    policy.permit(by, "tracer.manage")
    usable_from = whole_minute(usable_from)
    calibrated_at = whole_minute(calibrated_at or usable_from)
    expires_at = whole_minute(expires_at or usable_from + shelf_life(product))
    check_figures(product, activity_mbq, fields.get("particles"))
    check_times(usable_from, expires_at)
    batch = TracerBatch.objects.create(
        site=site,
        product=product,
        calibrated_at=calibrated_at,
        activity_mbq=activity_mbq,
        usable_from=usable_from,
        expires_at=expires_at,
        **fields,
    )
    sharing.serve_waiting(site, product, usable_from, expires_at, now=now)
    _record("tracer.added", batch, by)
    return batch


@transaction.atomic
def measured(batch, *, by, now, calibrated_at, activity_mbq, expires_at, particles=None, lot=""):
    """The batch is here and was measured; returns the claims that it, and every other batch, can no longer serve."""
    policy.permit(by, "tracer.manage")
    check_figures(batch.product, activity_mbq, particles)
    check_times(batch.usable_from, expires_at)
    return _change(
        batch,
        "tracer.measured",
        by=by,
        now=now,
        state=TracerBatch.State.READY,
        failed_reason="",
        calibrated_at=whole_minute(calibrated_at),
        activity_mbq=activity_mbq,
        expires_at=whole_minute(expires_at),
        particles=particles,
        lot=lot,
    )


@transaction.atomic
def delay(batch, *, usable_from, by, now):
    """The batch comes at another time, with the same activity and shelf life; returns the claims this strands."""
    policy.permit(by, "tracer.manage")
    around = {"usable_from": batch.usable_from - MOST_LATE, "expires_at": batch.expires_at + MOST_LATE}
    rows = claims.lock({batch.pk, *sharing.near(batch, around)})
    batch = rows[batch.pk]  # as it is now: somebody may have measured it meanwhile
    if batch.state == TracerBatch.State.FAILED:
        raise Conflict("This batch has failed. Enter the new one as a batch of its own.")
    later = whole_minute(usable_from) - batch.usable_from
    if abs(later) > MOST_LATE:
        sentence = "This is more than a day from the planned time. Enter it as a batch of its own."
        raise Invalid(sentence, fields={"usable_from": [sentence]})
    return _change(
        batch,
        "tracer.delayed",
        by=by,
        now=now,
        rows=rows,
        usable_from=batch.usable_from + later,
        calibrated_at=batch.calibrated_at + later,
        expires_at=batch.expires_at + later,
    )


@transaction.atomic
def fail(batch, *, reason, by, now):
    """The batch will not come, or may not be used; returns the claims that no other batch can serve."""
    policy.permit(by, "tracer.manage")
    if not reason.strip():
        raise Invalid("Say what is wrong with it.", fields={"reason": ["Say what is wrong with it."]})
    return _change(
        batch,
        "tracer.failed",
        by=by,
        now=now,
        state=TracerBatch.State.FAILED,
        failed_reason=reason.strip(),
    )


@transaction.atomic
def restore(batch, *, state, by, now):
    """It had been failed by mistake: it is what it was, and serves those who wait for a dose."""
    policy.permit(by, "tracer.manage")
    return _change(batch, "tracer.restored", by=by, now=now, state=state, failed_reason="")


def stranded(batch, *, now):
    """The claims of steps still to come that this batch was to serve and nothing serves now, by time."""
    return list(
        DoseClaim.objects.stranded()
        .filter(batch=batch, needed_at__gt=now - timedelta(days=1))
        .select_related("step__appointment__procedure__order__patient")
        .order_by("needed_at", "pk")
    )


def _change(batch, action, *, by, now, rows=None, **facts):
    """Change a batch under its lock and share out the doses anew; returns those that are stranded.

    `rows`: it and its neighbours by id, where the caller has locked them.
    """
    rows = rows or claims.lock({batch.pk, *sharing.near(batch, facts)})
    batch = rows[batch.pk]
    before = {name: str(getattr(batch, name)) for name in facts}
    for name, value in facts.items():
        setattr(batch, name, value)
    sharing.share_out(batch, rows, now=now)
    lost = stranded(batch, now=now)
    patients = sorted({row.step.appointment.procedure.order.patient_id for row in lost})
    _record(action, batch, by, patients=patients, before=before, stranded=len(lost))
    return lost


def shelf_life(product):
    """How long it is usually good for."""
    return timedelta(minutes=PRODUCTS[product].shelf_life_minutes)


def check_figures(product, activity_mbq, particles):
    """Raise Invalid unless these can be a batch of this product."""
    faults = {}
    if not 0 < activity_mbq <= MOST_MBQ:
        faults["activity_mbq"] = [f"The activity is more than 0 and at most {MOST_MBQ:,} MBq."]
    if product == "maa" and not particles:
        faults["particles"] = ["Enter the number of particles in the vial; MAA doses are checked against it."]
    if product != "maa" and particles:
        faults["particles"] = [f"{PRODUCTS[product].name} has no particles. Leave this empty."]
    if faults:
        raise Invalid("This batch cannot be right.", fields=faults)


def check_times(usable_from, expires_at):
    if not timedelta(0) < expires_at - usable_from <= LONGEST_SHELF_LIFE:
        sentence = f"It expires after it becomes usable, and within {LONGEST_SHELF_LIFE.days} days."
        raise Invalid(sentence, fields={"expires_at": [sentence]})


def whole_minute(moment):
    return moment.replace(second=0, microsecond=0)


def _record(action, batch, by, *, patients=(), **data):
    audit.record(
        action,
        batch,
        by=by,
        patients=patients,
        product=batch.product,
        usable_from=batch.usable_from.isoformat(),
        activity_mbq=str(batch.activity_mbq),
        **data,
    )
