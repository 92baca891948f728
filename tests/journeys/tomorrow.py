"""Somebody booked tomorrow in the journeys' department, and its rooms as before; inside the stack, as clinic.py."""

import sys
from datetime import timedelta

from django.utils import timezone

from scheduling.models import OpeningHours, Order, Protocol, Reservation, Site
from scheduling.services import booking, search, vetting
from tests import department
from tests.journeys.clinic import CODE, today
from vqflow.models import User


def booked(patient):
    """An appointment tomorrow; writes out the id of its appointment and the name of its camera."""
    site, now = Site.objects.get(code=CODE), timezone.now()
    scheduler, physician = (
        User.objects.get(username=f"{CODE}-{name}") for name in ("scheduler", "physician")
    )
    protocol = Protocol.objects.get(site=site, key="V_THEN_Q", agent="dtpa")
    patient = department.patient(site, by=scheduler, now=now, **patient)
    order = department.order(site, by=scheduler, now=now, of=patient, vetted=False)
    vetting.vet(order, reason="Agreed.", protocol=protocol, by=physician, now=now)
    order = Order.objects.with_people().get(pk=order.pk)
    day = today() + timedelta(days=1)
    [best] = search.proposals(order, first_day=day, days=1, by=scheduler, now=now, limit=1)[0]
    appointment = booking.book(order, starts=best.starts, by=scheduler, now=now)
    rows = Reservation.objects.occupying().filter(
        step__appointment=appointment, resource__name__startswith="Camera"
    )
    sys.stdout.write(f"{appointment.pk}\n{rows.first().resource.name}")


def over(pk, room):
    """The appointment is cancelled, and the room is open as it was."""
    site, now = Site.objects.get(code=CODE), timezone.now()
    scheduler = User.objects.get(username=f"{CODE}-scheduler")
    appointment = site.appointment_set.get(pk=pk)
    booking.cancel(appointment, reason="The journey is over", by=scheduler, now=now)
    hours = OpeningHours.objects.filter(resource__site=site, resource__name=room)
    hours.filter(starts_on__isnull=False).delete()
    hours.update(ends_on=None)
