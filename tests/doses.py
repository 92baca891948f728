"""Tracers for tests: steps that need them, weekly plans and batches, at the usual department."""

from datetime import time, timedelta
from decimal import Decimal

from scheduling.models import Administration, CountRate, DoseClaim, ProtocolStep, Site, StepKind, TracerBatch
from scheduling.services import booking, protocols, tracers, vetting
from scheduling.services.doses import measuring
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


def recorded(site):
    """The site records its doses: perfusion takes 148 MBq of MAA, at least 37."""
    Site.objects.filter(pk=site.pk).update(records_doses=True)
    site.refresh_from_db()
    needed(site)
    steps = ProtocolStep.objects.filter(protocol__site=site, kind=StepKind.PERFUSION)
    steps.update(least_activity_mbq=37)
    return site


def cleared(site, *, key="Q_ONLY", **fields):
    """(perfusion step, time): a patient whose dose is cleared, when the lungs are to start."""
    order = department.order(site, vetted=False, **fields)
    protocol, found = site.protocols.get(key=key), protocols.suggested(order, now=NOW)
    reason = "For this test." if found and found.protocol != protocol else ""
    vetting.vet(order, protocol=protocol, by=department.attending(site), now=NOW, reason=reason)
    starts = department.proposal(order).starts
    appointment = booking.book(order, starts=starts, by=department.scheduler(site), now=NOW)
    appointment, at = department.ready(appointment)
    return appointment.steps.get(kind=StepKind.PERFUSION), at


def measured(step, kit, *, by, now, mbq="148", **fields):
    """A dose as the calibrator shows it."""
    return measuring.measure(step, batch=kit, measured_mbq=Decimal(mbq), by=by, now=now, **fields)


def on_record(order, *, by, now=NOW):
    """(a dose that was given, a count rate) of a performed order's perfusion, as they stand in the tables."""
    step = order.procedure.appointments.get().steps.get(kind=StepKind.PERFUSION)
    about = {"step": step, "measured_at": now, "recorded_at": now, "recorded_by": by}
    activities = {"prescribed_mbq": 148, "lowest_mbq": 37, "highest_mbq": 185, "measured_mbq": 150}
    given = {"given_at": now, "given_by": by, "administered_mbq": 150}
    dose = Administration.objects.create(
        batch=batch(order.site), product="maa", **activities, **given, **about
    )
    return dose, CountRate.objects.create(of="total", counts_per_second=5_000, **about)
