"""A department in the running stack with one visit less than it needs: made inside it by `manage.py shell`."""

import sys
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from scheduling.demo.clinic import PASSWORD
from scheduling.models import Closure, Resource
from scheduling.services import booking, vetting
from scheduling.services.waitlist import entries, filling
from tests import department
from tests.journeys.clinic import ZONE, country_at_work, today
from vqflow.models import User

SECOND_ROOMS = ["X-ray 2", "Bay 2", "Ventilation 2", "Camera 2"]


def opened(code):
    """One appointment tomorrow, all other time closed, one patient who waits; writes the appointment's id.

    It is nine in the morning there. The patient's address is CODE@waits.example, the scheduler is called CODE.
    """
    now, tomorrow = timezone.now(), today() + timedelta(days=1)
    site = department.site(code, zone=ZONE, equipped=False)
    site.country = country_at_work()
    site.save(update_fields=["country"])
    department.equip(site, first_day=today() - timedelta(days=1), days=12)
    Resource.objects.filter(site=site, name__in=SECOND_ROOMS).delete()
    scheduler = department.scheduler(site, username=code)
    User.objects.filter(pk=scheduler.pk).update(password=make_password(PASSWORD))
    physician = department.attending(site, username=f"{code}-physician")
    holds, waits = (
        _order(site, f"{code}-{number}", f"{code}@{name}.example", scheduler, physician, now)
        for number, name in enumerate(["holds", "waits"])
    )
    best = department.proposal(holds, by=scheduler, now=now, first_day=tomorrow)
    taken = booking.book(holds, starts=best.starts, by=scheduler, now=now)
    for span in [(now, taken.starts_at), (taken.ends_at + timedelta(minutes=5), now + timedelta(days=12))]:
        Closure.objects.create(site=site, span=span, reason="Nothing else is free")
    wishes = entries.Wishes(today() - timedelta(days=1), today() + timedelta(days=5))
    entries.join(waits, wishes=wishes, by=scheduler, now=now)
    filling.fill(now=now)
    sys.stdout.write(str(taken.pk))


def _order(site, mrn, email, scheduler, physician, now):
    patient = department.patient(site, by=scheduler, now=now, mrn=mrn, email=email)
    order = department.order(site, by=scheduler, now=now, of=patient, vetted=False)
    vetting.vet(order, protocol=order.procedure.protocol, by=physician, now=now)
    return order
