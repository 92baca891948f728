"""What the first department checks, and this morning's checks, done before the first patient."""

from datetime import timedelta
from decimal import Decimal

from scheduling.demo import clinic
from scheduling.engine.calendars import local_day_bounds, local_minute, to_datetime
from scheduling.models import CheckPlan, QualityCheck, TracerBatch
from scheduling.models.quality import OF_BATCH


def write(department, *, now):
    """The plans, their newest check for each room and device, and one for each batch that is usable by now."""
    lead, by = department.accounts["lead"], department.technologists[0]
    plans = CheckPlan.objects.bulk_create(_plans(department))
    checks = []
    for plan in plans:
        if plan.kind in OF_BATCH:
            batches = TracerBatch.objects.filter(
                site=department.site, product=plan.product, usable_from__lte=now
            )
            checks += [_check(plan, batch.usable_from, by, batch=batch) for batch in batches]
        else:
            checks.append(
                _check(
                    plan, _last(department, plan, now), by if plan.every_days == 1 else lead, room=plan.room
                )
            )
    QualityCheck.objects.bulk_create(checks)


def _plans(department):
    rooms = department.rooms.items()
    for spec in clinic.CHECKS:
        limits = {"lowest": spec.lowest, "highest": spec.highest, "unit": spec.unit}
        common = {
            "site": department.site,
            "kind": spec.kind,
            "every_days": spec.every_days,
            "due_time": spec.due_time,
        }
        for product in spec.products:
            yield CheckPlan(**common, **limits, product=product)
        for pk in [pk for pk, room in rooms if spec.capability and spec.capability in room.capabilities]:
            yield CheckPlan(**common, **limits, room_id=pk)
        if not spec.products and not spec.capability:
            yield CheckPlan(**common, **limits)


def _last(department, plan, now):
    """This morning before the first patient, or the middle of its period."""
    if plan.every_days > 1:
        return now - timedelta(days=plan.every_days // 4)
    day = now.astimezone(department.zone).date()
    midnight = to_datetime(local_day_bounds(day, department.zone)[0])
    opened = to_datetime(local_minute(day, clinic.CHECKED_AT, department.zone))
    return min(opened, max(midnight, now - timedelta(hours=4)))


def _check(plan, at, by, **what):
    spec = next(each for each in clinic.CHECKS if each.kind == plan.kind)
    return QualityCheck(
        site=plan.site, plan=plan, kind=plan.kind, value=None if spec.usual is None else Decimal(spec.usual),
        passed=True, done_at=at, recorded_at=at, recorded_by=by, **what,
    )  # fmt: skip
