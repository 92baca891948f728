"""What the demonstration's first department keeps of tracers: a weekly plan, and what on-call needs tonight."""

from datetime import timedelta
from decimal import Decimal

from scheduling.demo import clinic
from scheduling.engine.calendars import to_datetime
from scheduling.services import tracers


def plan(department, *, now, on_call=None):
    """Write the weekly plans, with the doses of everybody who is booked from now on.

    `on_call`: (from, to) in UTC minutes of an extra shift, whose tracers are entered one by one.
    """
    by, today = department.accounts["lead"], now.astimezone(department.zone).date()
    for supply in clinic.TRACERS:
        tracers.add_supply(department.site, by=by, now=now, starts_on=today, **_weekly(supply))
    for supply in clinic.TRACERS if on_call else ():
        usable_from = to_datetime(on_call[0])
        while usable_from < to_datetime(on_call[1]):
            unit = {"is_unit_dose": bool(supply.unit_doses)}
            tracers.add(department.site, by=by, now=now, usable_from=usable_from, **unit, **_made(supply))
            usable_from += timedelta(hours=supply.hours)


def _weekly(supply):
    return {
        **_made(supply),
        "weekdays": list(supply.weekdays),
        "usable_time": supply.usable_time,
        "shelf_life_minutes": supply.hours * 60,
        "unit_doses": supply.unit_doses,
        "supplier": supply.supplier,
        "order_by_time": supply.order_by,
    }


def _made(supply):
    return {
        "product": supply.product,
        "activity_mbq": Decimal(supply.activity_mbq),
        "particles": supply.particles,
    }
