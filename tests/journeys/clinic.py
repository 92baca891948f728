"""A department of the journeys' own in the stack's database, in which it is always nine in the morning.

The functions run inside the stack, by `manage.py shell`, because the tests' own process has another database.
"""

import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from scheduling.models import Protocol, Resource, Site
from scheduling.services import protocols, vetting
from scheduling.services.availability import public_holidays
from tests import department
from vqflow.models import Grade, Role, User

CODE, PASSWORD = "harbour", "a-boat-in-the-harbour"
REFERRER, REFERRER_MAIL = "Dr Rita Moss", "moss@practice.example"
ATTENDING = {"grade": Grade.ATTENDING, "is_authorised_user": True}
PEOPLE = (
    ("scheduler", Role.SCHEDULER, "Sam", "Keel", {}),
    ("scheduler2", Role.SCHEDULER, "Mina", "Rudder", {}),
    ("technologist", Role.TECHNOLOGIST, "Ana", "Ruiz", {}),
    ("lead", Role.LEAD, "Lou", "Helm", {}),
    ("physician", Role.READER, "Ada", "Lund", ATTENDING),
)


def opened():
    """Make the department: rooms and shifts from 07:00 to 18:00 on every day, and people who can sign in."""
    site = department.site(CODE, zone=zone_where_it_is(9), equipped=False)
    site.name, site.country = "Harbour Clinic", country_at_work()
    site.save()
    department.equip(site, first_day=today() - timedelta(days=1), days=12)
    Protocol.objects.filter(site=site).delete()
    protocols.install(site)
    department.referrer(site, name=REFERRER, email=REFERRER_MAIL)
    password = make_password(PASSWORD)
    for name, role, given, family, standing in PEOPLE:
        User.objects.create(
            username=f"{CODE}-{name}",
            password=password,
            role=role,
            first_name=given,
            last_name=family,
            site_code=CODE,
            **standing,
        )
    ana = User.objects.get(username=f"{CODE}-technologist")
    Resource.objects.filter(site=site, name=ana.name).update(user=ana)


def zone_where_it_is(hour):
    """The time zone of whole hours whose clock shows `hour` now: no journey depends on when it is run."""
    ahead = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"  # POSIX signs: east is minus


def today():
    return timezone.now().date()


def country_at_work():
    """A country without a public holiday about now, on which its rooms would be closed."""
    days = {today() + timedelta(days=n) for n in range(-1, 3)}
    years = min(days).year, max(days).year
    return next(code for code in ("US", "JP", "SA") if not days & public_holidays(code, "", *years))


def waiting(*patients):
    """Patients, each with a vetted order that waits to be booked; writes out the orders' numbers."""
    site, now = Site.objects.get(code=CODE), timezone.now()
    scheduler, physician = (
        User.objects.get(username=f"{CODE}-{name}") for name in ("scheduler", "physician")
    )
    protocol = Protocol.objects.get(site=site, key="V_THEN_Q", agent="dtpa")
    for each in patients:
        patient = department.patient(site, by=scheduler, now=now, **each)
        order = department.order(site, by=scheduler, now=now, of=patient, vetted=False)
        vetting.vet(order, reason="Agreed.", protocol=protocol, by=physician, now=now)
        sys.stdout.write(f"{order.pk}\n")


def idle_for(session_key, seconds):
    """As if the person of this session had done nothing for so long."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    session["seen_at"] = timezone.now().timestamp() - seconds
    session.save()
