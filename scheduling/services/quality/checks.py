"""A check as it was done. What failed is not used: a batch gives no more doses at once, and the day is planned anew."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import transaction

from scheduling.engine import quality as engine
from scheduling.models import (
    CheckPlan,
    Disruption,
    DisruptionKind,
    DoseClaim,
    QualityCheck,
    Room,
    TracerBatch,
)
from scheduling.services import disruptions, tracers
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

OLDEST = timedelta(days=400)
UNDONE = "Undone"


@dataclass(frozen=True, slots=True)
class Recorded:
    """`disruption`: the plan of the day that a failed batch asked for. The camera's is reported by the user."""

    check: QualityCheck
    disruption: Disruption | None = None


@transaction.atomic
def record(plan, *, by, now, passed=None, value=None, note="", batch=None, done_at=None):
    """Write down one check; returns Recorded. A value outside the limits has failed, whatever `passed` says.

    `passed` is needed where no value and limits decide it; a failed check needs a `note`. A batch that failed is
    marked so, and whoever had a dose of it is planned anew. An exhaust that was measured is the room's from now on.
    Raises Invalid and Conflict.
    """
    policy.permit(by, "quality.record")
    plan = (
        CheckPlan.objects.select_for_update(of=("self",), no_key=True)
        .select_related("site", "room")
        .get(pk=plan.pk)
    )
    if not plan.is_active:
        raise Conflict("This is not checked any more. Look at the Morning page again.")
    done_at, note = done_at or now, note.strip()
    passed = _verdict(plan, passed, value)
    _check(plan, passed, value, note, done_at, now)
    batch = _batch(plan, batch)
    check = QualityCheck.objects.create(
        site=plan.site,
        plan=plan,
        kind=plan.kind,
        room=plan.room,
        batch=batch,
        value=value,
        passed=passed,
        note=note[:200],
        done_at=done_at,
        batch_was=batch.state if batch and not passed else "",
        recorded_at=now,
        recorded_by=by,
    )
    about = plan.room.name if plan.room_id else plan.product
    audit.record(
        "quality.checked", check, by=by, kind=plan.kind, about=about, passed=passed, value=str(value or "")
    )
    if plan.kind == engine.Kind.EXHAUST and passed:
        _measured(plan, value, done_at)
    return Recorded(check, None if passed or batch is None else _fail(batch, note, by=by, now=now))


def _verdict(plan, passed, value):
    by_limits = engine.passes(value, plan.lowest, plan.highest)
    return passed if by_limits is None else by_limits and passed is not False


def _check(plan, passed, value, note, done_at, now):
    usual, faults = engine.STANDARDS[plan.kind], {}
    if value is None and (usual.needs_value or (passed is None and plan.lowest is not None)):
        faults["value"] = ["Enter the value that was found."]
    elif sentence := engine.why_not_possible(engine.Kind(plan.kind), value):
        faults["value"] = [sentence]
    elif passed is None:
        faults["passed"] = ["Say whether it passed."]
    elif not passed and not note:
        faults["note"] = ["Say what was found, and what is done about it."]
    if not now - OLDEST <= done_at <= now:
        faults["done_at"] = ["Enter a time that has passed, of this year."]
    if faults:
        raise Invalid(next(iter(faults.values()))[0], fields=faults)


def _batch(plan, batch):
    """The batch that was checked, locked; None for a check of something else."""
    if not plan.product:
        return None
    row = batch and TracerBatch.objects.filter(pk=batch.pk, site=plan.site, product=plan.product).first()
    if row is None:
        sentence = f"Choose a {plan.get_product_display()} of today."
        raise Invalid(sentence, fields={"batch": [sentence]})
    if row.state == TracerBatch.State.FAILED:
        raise Conflict("This batch has failed already. Enter the new one as a batch of its own.")
    return row


def _measured(plan, value, done_at):
    """The posted time after a spill, and until when gas may be planned, follow from it."""
    day = done_at.astimezone(ZoneInfo(plan.site.time_zone)).date()
    Room.objects.get_or_create(resource=plan.room)
    room = Room.objects.get(pk=plan.room_id)
    if room.exhaust_measured_on is None or room.exhaust_measured_on <= day:
        room.exhaust_m3_per_h, room.exhaust_measured_on = value, day
        room.save(update_fields=["exhaust_m3_per_h", "exhaust_measured_on"])


def _fail(batch, note, *, by, now):
    """No more doses from it; the Disruption with the plan for those who had one, or None where nobody had."""
    reason = f"Quality control failed: {note}"[:100]
    claimed = DoseClaim.objects.live().filter(batch=batch, needed_at__gt=now)
    if batch.expires_at <= now or not claimed.exists():
        tracers.fail(batch, reason=reason, by=by, now=now)
        return None
    kind = DisruptionKind.TRACER_FAILED
    return disruptions.report(batch.site, kind=kind, batch=batch, reason=reason, by=by, now=now)


@transaction.atomic
def take_back(check, *, by, now, reason=UNDONE):
    """The check was written down by mistake: the one before counts again, and so does the exhaust from before it.

    A batch that failed by it is what it was before, unless another check of it has failed too.
    """
    policy.permit(by, "quality.record")
    check = QualityCheck.objects.select_for_update(of=("self",), no_key=True).get(pk=check.pk)
    if check.voided_at:
        raise Conflict("This was taken back already.")
    check.voided_at, check.voided_by, check.void_reason = now, by, reason.strip()[:200] or UNDONE
    check.save(update_fields=["voided_at", "voided_by", "void_reason"])
    if check.kind == engine.Kind.EXHAUST and check.passed:
        _unmeasured(check)
    if check.batch_was:
        _unfail(check, by=by, now=now)
    audit.record("quality.taken_back", check, by=by, kind=check.kind, reason=check.void_reason)
    return check


def _unfail(check, *, by, now):
    """The batch gives doses again, first to those who wait for one; what was planned for its failure is put aside."""
    others = QualityCheck.objects.standing().filter(batch=check.batch_id, passed=False)
    if others.exists() or check.batch.state != TracerBatch.State.FAILED:
        return
    tracers.restore(check.batch, state=check.batch_was, by=by, now=now)
    about = Disruption.objects.filter(batch=check.batch_id, kind=DisruptionKind.TRACER_FAILED, closed_at=None)
    for each in about:
        disruptions.close(each, by=by, now=now)


def _unmeasured(check):
    """The room has the exhaust again that it had before, unless somebody has entered another since.

    By a wrong one the time after a spill would be wrong. What was not taken back stands in the room's history.
    """
    room = Room.objects.select_for_update().get(pk=check.room_id)
    zone = ZoneInfo(check.site.time_zone)
    wrong = {
        (each.value, each.done_at.astimezone(zone).date())
        for each in QualityCheck.objects.filter(
            room=check.room_id, kind=engine.Kind.EXHAUST, voided_at__isnull=False
        )
    }
    if (room.exhaust_m3_per_h, room.exhaust_measured_on) not in wrong:
        return
    history = apps.get_model("scheduling", "RoomEvent").objects.filter(pgh_obj=room.pk).order_by("-pgh_id")
    before = ((each.exhaust_m3_per_h, each.exhaust_measured_on) for each in history)
    room.exhaust_m3_per_h, room.exhaust_measured_on = next(
        (each for each in before if each not in wrong), (None, None)
    )
    room.save(update_fields=["exhaust_m3_per_h", "exhaust_measured_on"])
