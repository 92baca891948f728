"""A morning with patients in the journeys' department; run inside the stack, as clinic.py is."""

import sys

from django.utils import timezone

from scheduling.engine.states import AppointmentState
from scheduling.models import Appointment, Disruption, Order, Protocol, Reservation, Site
from scheduling.services import booking, disruptions, search, vetting
from tests import department
from tests.journeys.clinic import CODE, today
from vqflow.models import User


def booked(*patients):
    """An appointment today for each, as early as it can be; writes out a camera that some of them have."""
    site, now = Site.objects.get(code=CODE), timezone.now()
    scheduler, physician = (
        User.objects.get(username=f"{CODE}-{name}") for name in ("scheduler", "physician")
    )
    protocol = Protocol.objects.get(site=site, key="V_THEN_Q", agent="dtpa")
    for each in patients:
        patient = department.patient(site, by=scheduler, now=now, **each)
        order = department.order(site, by=scheduler, now=now, of=patient, vetted=False)
        vetting.vet(order, reason="Agreed.", protocol=protocol, by=physician, now=now)
        order = Order.objects.with_people().get(pk=order.pk)
        [best] = search.proposals(order, first_day=today(), days=1, by=scheduler, now=now, limit=1)[0]
        booking.book(order, starts=best.starts, by=scheduler, now=now)
    cameras = Reservation.objects.occupying().filter(
        resource__site=site, resource__name__startswith="Camera", span__startswith__gt=now
    )
    sys.stdout.write(cameras.earliest("span").resource.name)


def over():
    """Everything works again, and the morning's patients have gone: others find the day as it was."""
    site, now = Site.objects.get(code=CODE), timezone.now()
    lead, scheduler = (User.objects.get(username=f"{CODE}-{name}") for name in ("technologist", "scheduler"))
    for broken in Disruption.objects.filter(site=site, closed_at=None):
        disruptions.close(broken, by=lead, now=now)
    for appointment in Appointment.objects.live().filter(site=site, state=AppointmentState.BOOKED):
        booking.cancel(appointment, reason="The morning is over", by=scheduler, now=now)
