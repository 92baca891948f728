"""Tracers for tests: steps that need them, weekly plans and batches, at the usual department."""

from datetime import time, timedelta
from decimal import Decimal

from scheduling.models import DoseClaim, ProtocolStep, TracerBatch
from scheduling.services import tracers
from tests import department
from tests.department import NOW, TODAY

HOUR = timedelta(hours=1)


def needed(site, *, perfusion=148, ventilation=0):
    """The site's steps need so many MBq of MAA and of eluate; 0 for none."""
    steps = ProtocolStep.objects.filter(protocol__site=site)
    steps.filter(kind="perfusion").update(tracer="maa", activity_mbq=perfusion, least_activity_mbq=None)
    if ventilation:
        steps.filter(kind="ventilation").update(tracer="pertechnetate", activity_mbq=ventilation)


def supply(site, *, by=None, now=NOW, **fields):
    """A weekly plan: an MAA kit at 07:30 on weekdays with 1,850 MBq, good for six hours."""
    values = {
        "product": "maa",
        "weekdays": [0, 1, 2, 3, 4],
        "usable_time": time(7, 30),
        "activity_mbq": Decimal(1850),
        "shelf_life_minutes": 360,
        "starts_on": TODAY,
    } | fields
    if values["product"] == "maa":
        values.setdefault("particles", 4_000_000)
    return tracers.add_supply(site, by=by or department.lead(site), now=now, **values)


def batch(site, *, by=None, now=NOW, starts_at=NOW, **fields):
    """An MAA kit that is usable from `starts_at` for ten hours with 1,850 MBq."""
    values = {
        "product": "maa",
        "calibrated_at": starts_at,
        "activity_mbq": Decimal(1850),
        "usable_from": starts_at,
        "expires_at": starts_at + 10 * HOUR,
    } | fields
    if values["product"] == "maa":
        values.setdefault("particles", 4_000_000)
    return tracers.add(site, by=by or department.lead(site), now=now, **values)


def live(**which):
    return DoseClaim.objects.live().filter(**which)


def balanced():
    """Whether each batch counts exactly what its live claims take."""
    return all(
        row.claimed_mbq == sum((each.reference_mbq for each in row.claims.live()), Decimal(0))
        for row in TracerBatch.objects.all()
    )
