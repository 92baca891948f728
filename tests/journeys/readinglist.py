"""Examinations that wait for a reader in the journeys' department. Run inside the stack, as clinic.py."""

import json
import sys
from datetime import timedelta

from django.utils import timezone

from reporting.models import Report
from scheduling.models import Protocol, Site, StepKind
from scheduling.services import booking, vetting, visits
from tests import department
from tests.journeys.clinic import CODE, today
from vqflow.models import User


def to_read(key, agent, **fields):
    """One examination by this protocol, done as planned; writes out the order's number."""
    site, now = Site.objects.get(code=CODE), timezone.now()
    scheduler, physician, technologist = (
        User.objects.get(username=f"{CODE}-{name}") for name in ("scheduler", "physician", "technologist")
    )
    patient = department.patient(site, by=scheduler, now=now, **fields)
    order = department.order(site, by=scheduler, now=now, of=patient, vetted=False)
    protocol = Protocol.objects.get(site=site, key=key, agent=agent)
    vetting.vet(order, reason="Agreed.", protocol=protocol, by=physician, now=now)
    best = department.proposal(order, by=scheduler, now=now, first_day=today())
    appointment, at = department.ready(
        booking.book(order, starts=best.starts, by=scheduler, now=now), by=technologist
    )
    for step in appointment.steps.exclude(kind=StepKind.XRAY).order_by("ordinal"):
        visits.start(step, by=technologist, now=at)
        at += timedelta(minutes=15)
        visits.end(step, by=technologist, now=at)
        at += timedelta(minutes=5)
    sys.stdout.write(f"{order.pk}\n")


def kept(order):
    """Writes out what the draft of this order says."""
    report = Report.objects.get(order=order)
    fields = ("scheme", "category", "suggested", "suggested_by", "reading", "findings")
    sys.stdout.write(json.dumps({name: getattr(report, name) for name in fields}))
