"""A patient of the journeys' department who has an appointment in some days; inside the stack, as clinic.py."""

import sys
from datetime import date, timedelta

from django.utils import timezone

from scheduling.models import Order, Protocol, Site
from scheduling.services import booking, search, vetting
from tests import department
from tests.journeys.clinic import CODE, today
from vqflow.models import User

DAYS_AHEAD = 5


def booked(patient, *, born_on="1960-05-17", answers=None):
    """An appointment in DAYS_AHEAD days, at a site that leaves its patients every choice; writes out its id."""
    site, now = Site.objects.get(code=CODE), timezone.now()
    choices = {"asks_at_home": True, "patients_cancel": True, "patients_move": True}
    Site.objects.filter(pk=site.pk).update(emergency_number="911", directions="Take lift B.", **choices)
    site.refresh_from_db()
    scheduler, physician = (
        User.objects.get(username=f"{CODE}-{name}") for name in ("scheduler", "physician")
    )
    protocol = Protocol.objects.get(site=site, key="V_THEN_Q", agent="dtpa")
    made = department.patient(
        site, by=scheduler, now=now, **{**patient, "born_on": date.fromisoformat(born_on)}
    )
    known = department.SAFE_ANSWERS if answers is None else answers
    order = department.order(site, by=scheduler, now=now, of=made, vetted=False, answers=known)
    vetting.vet(order, reason="Agreed.", protocol=protocol, by=physician, now=now)
    order = Order.objects.with_people().get(pk=order.pk)
    day = today() + timedelta(days=DAYS_AHEAD)
    [best] = search.proposals(order, first_day=day, days=2, by=scheduler, now=now, limit=1)[0]
    appointment = booking.book(order, starts=best.starts, by=scheduler, now=now)
    sys.stdout.write(f"{appointment.pk}")


def state(pk):
    """Writes out what has become of it: its state, and whether the patient has said that the time is good."""
    appointment = Site.objects.get(code=CODE).appointment_set.get(pk=pk)
    sys.stdout.write(f"{appointment.state} {'confirmed' if appointment.confirmed_at else 'open'}")
