"""What is to be ordered for one day: per weekly plan the doses that are claimed, and the supplier's cut-off.

A plan without a cut-off is made here: it is listed, and not ordered.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from scheduling.engine.calendars import local_day_bounds, local_minute, to_datetime
from scheduling.models import DoseClaim, DoseOrder, TracerBatch, TracerSupply
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

MOST_DOSES = 200
MOST_DAYS_BEFORE = 14
UNDONE = "Ordered by mistake"
TWICE = "This is ordered already. Take that order back to change it."


@dataclass(frozen=True, slots=True)
class Line:
    """One weekly plan on one day. `claims`: the doses that are taken, by time. `needed`: unit doses, or vials."""

    supply: TracerSupply
    day: date
    usable_from: datetime
    calibrated_at: datetime
    cut_off_at: datetime | None
    claims: tuple[DoseClaim, ...]
    needed: int
    planned: int
    waiting: int
    order: DoseOrder | None
    now: datetime

    @property
    def is_late(self):
        """The cut-off has passed, something is needed, and nothing is ordered."""
        return bool(self.cut_off_at and self.needed and not self.order and self.cut_off_at <= self.now)

    @property
    def is_short(self):
        return bool(self.order and self.order.doses < self.needed)

    @property
    def left(self):
        """timedelta until the cut-off, or None."""
        return self.cut_off_at - self.now if self.cut_off_at and self.cut_off_at > self.now else None


def cut_off(supply, day):
    """Until when the supplier takes an order for this local day, or None where it is made here."""
    if supply.order_by_time is None:
        return None
    on = day - timedelta(days=supply.order_days_before)
    return to_datetime(local_minute(on, supply.order_by_time, ZoneInfo(supply.site.time_zone)))


def lines(site, day, *, now):
    """The Lines of one local day of a site, by supplier and time. Four queries."""
    supplies = TracerSupply.objects.filter(site=site, starts_on__lte=day, weekdays__contains=[day.weekday()])
    supplies = [
        each for each in supplies.order_by("supplier", "usable_time", "pk") if not _is_over(each, day)
    ]
    claims, waiting = _claims(supplies, day), _waiting(site, day)
    orders = DoseOrder.objects.standing().filter(supply__in=supplies, day=day).select_related("recorded_by")
    orders = {each.supply_id: each for each in orders}
    for supply in supplies:
        supply.site = site
    return [
        _line(each, day, claims[each.pk], waiting[each.product], orders.get(each.pk), now)
        for each in supplies
    ]


def _is_over(supply, day):
    return supply.ends_on is not None and supply.ends_on < day


def _claims(supplies, day):
    rows = DoseClaim.objects.live().filter(batch__supply__in=supplies, batch__planned_on=day)
    rows = (
        rows.exclude(batch__state=TracerBatch.State.FAILED)
        .select_related("batch")
        .order_by("needed_at", "pk")
    )
    found = defaultdict(list)
    for row in rows:
        found[row.batch.supply_id].append(row)
    return found


def _waiting(site, day):
    """How many steps have lost their dose on this day, by product."""
    starts_at, ends_at = (to_datetime(each) for each in local_day_bounds(day, ZoneInfo(site.time_zone)))
    rows = DoseClaim.objects.stranded().filter(
        batch__site=site, needed_at__gte=starts_at, needed_at__lt=ends_at
    )
    found = defaultdict(int)
    for product in rows.values_list("batch__product", flat=True):
        found[product] += 1
    return found


def _line(supply, day, claims, waiting, order, now):
    usable_from = to_datetime(local_minute(day, supply.usable_time, ZoneInfo(supply.site.time_zone)))
    return Line(
        supply=supply,
        day=day,
        usable_from=usable_from,
        calibrated_at=usable_from + timedelta(minutes=supply.calibrated_after_minutes),
        cut_off_at=cut_off(supply, day),
        claims=tuple(claims),
        needed=len({claim.batch_id for claim in claims}),
        planned=max(1, supply.unit_doses),
        waiting=waiting,
        order=order,
        now=now,
    )


@transaction.atomic
def order(supply, *, day, doses, by, now, activity_mbq=None, reference=""):
    """It was ordered from the supplier; returns the DoseOrder. `activity_mbq`: by default as planned.

    An order after the cut-off is written down too. Raises Invalid, and Conflict where it is ordered already.
    """
    policy.permit(by, "tracer.manage")
    _check(supply, day, doses, now)
    try:
        with transaction.atomic():
            made = DoseOrder.objects.create(
                supply=supply,
                day=day,
                doses=doses,
                activity_mbq=Decimal(activity_mbq or supply.activity_mbq),
                reference=reference.strip()[:40],
                recorded_at=now,
                recorded_by=by,
            )
    except IntegrityError as error:
        raise Conflict(TWICE) from error
    _record("tracer.ordered", made, by)
    return made


def _check(supply, day, doses, now):
    today, faults = now.astimezone(ZoneInfo(supply.site.time_zone)).date(), {}
    if supply.order_by_time is None:
        faults["day"] = ["This is made here. Enter the supplier and its cut-off in the weekly plan first."]
    elif (
        day < today or day.weekday() not in supply.weekdays or day < supply.starts_on or _is_over(supply, day)
    ):
        faults["day"] = ["The weekly plan has nothing on this day. Choose another."]
    if not 0 < doses <= MOST_DOSES:
        faults["doses"] = [f"From 1 to {MOST_DOSES}."]
    if faults:
        raise Invalid(next(iter(faults.values()))[0], fields=faults)


@transaction.atomic
def take_back(order, *, by, now, reason=UNDONE):
    """It was not ordered, or is ordered anew."""
    policy.permit(by, "tracer.manage")
    order = (
        DoseOrder.objects.select_for_update(of=("self",), no_key=True)
        .select_related("supply")
        .get(pk=order.pk)
    )
    if order.voided_at:
        raise Conflict("This order was taken back already.")
    order.voided_at, order.voided_by, order.void_reason = now, by, reason.strip()[:200] or UNDONE
    order.save(update_fields=["voided_at", "voided_by", "void_reason"])
    _record("tracer.order_taken_back", order, by)
    return order


@transaction.atomic
def set_supplier(supply, *, supplier, order_by_time, order_days_before, by, now):
    """Who delivers a weekly plan, and when its cut-off is; without a time it is made here. Raises Invalid."""
    policy.permit(by, "tracer.manage")
    faults = {}
    if order_by_time is not None and not supplier.strip():
        faults["supplier"] = ["Name the supplier."]
    if not 0 <= order_days_before <= MOST_DAYS_BEFORE:
        faults["order_days_before"] = [f"From 0 to {MOST_DAYS_BEFORE} days before."]
    if faults:
        raise Invalid(next(iter(faults.values()))[0], fields=faults)
    supply.supplier, supply.order_by_time = supplier.strip()[:60], order_by_time
    supply.order_days_before = order_days_before
    supply.save(update_fields=["supplier", "order_by_time", "order_days_before"])
    audit.record(
        "tracer.supplier_set", supply, by=by, supplier=supply.supplier, order_by_time=str(order_by_time or "")
    )
    return supply


def _record(action, row, by):
    about = {"product": row.supply.product, "day": row.day.isoformat(), "doses": row.doses}
    audit.record(action, row, by=by, **about, activity_mbq=str(row.activity_mbq))
