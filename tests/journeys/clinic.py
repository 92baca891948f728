"""A department of the journeys' own in the stack's database, in which it is always nine in the morning.

The functions run inside the stack, by `manage.py shell`, because the tests' own process has another database.
"""

import sys
from datetime import date, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from scheduling.engine.scancodes import Code, Sort
from scheduling.models import Administration, Patient, PhaseRecord, Protocol, Resource, Room, Site
from scheduling.services import booking, protocols, vetting
from scheduling.services.availability import public_holidays
from scheduling.services.examination import arrivals, xrays
from tests import department, zones
from vqflow.models import Grade, Role, User

CODE, PASSWORD = "harbour", "a-boat-in-the-harbour"
ZONE = zones.kept("VQFLOW_HARBOUR_ZONE", 9)
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
    site = department.site(CODE, zone=ZONE, equipped=False)
    site.name, site.country = "Harbour Clinic", country_at_work()
    site.save()
    equip(site)
    air = {"volume_m3": 40, "exhaust_m3_per_h": 900, "exhaust_measured_on": today() - timedelta(days=30)}
    Room.objects.filter(resource__site=site, resource__name="Ventilation 1").update(**air)
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


def equip(site):
    """Rooms and people; for the lungs so many that all journeys of one run find a time today."""
    from_yesterday = {"first_day": today() - timedelta(days=1), "days": 12}
    department.equip(site, **from_yesterday)
    lungs = {name: wing_can(can) for name, can in department.ROOMS.items() if can != ["xray"]}
    for wing in "NESW":
        department.equip(
            site,
            **from_yesterday,
            rooms={f"{name} {wing}": can for name, can in lungs.items()},
            people={f"{name} {wing}": can for name, can in department.PEOPLE.items()},
        )


def wing_can(capabilities):
    """A wing's room has no negative pressure: for xenon there is one room, which two patients may want at once."""
    return [each for each in capabilities if each != "negative_pressure"]


def today():
    """The department's day: not always that of Greenwich."""
    return timezone.now().astimezone(ZoneInfo(ZONE)).date()


def country_at_work():
    """A country without a public holiday about now, on which its rooms would be closed."""
    days = {today() + timedelta(days=n) for n in range(-1, 3)}
    years = min(days).year, max(days).year
    return next(code for code in ("US", "JP", "SA") if not days & public_holidays(code, "", *years))


def waiting(*patients, agent="dtpa"):
    """Patients, each with a vetted order that waits to be booked; writes out the orders' numbers."""
    site, now = Site.objects.get(code=CODE), timezone.now()
    scheduler, physician = (
        User.objects.get(username=f"{CODE}-{name}") for name in ("scheduler", "physician")
    )
    protocol = Protocol.objects.get(site=site, key="V_THEN_Q", agent=agent)
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


def arrived(key, agent, *, is_pregnant=False, **fields):
    """A patient who is here now for a scan by this protocol, with an X-ray of two hours ago; writes out its number."""
    site, now = Site.objects.get(code=CODE), timezone.now()
    scheduler, physician, technologist = (
        User.objects.get(username=f"{CODE}-{name}") for name in ("scheduler", "physician", "technologist")
    )
    answers = department.SAFE_ANSWERS | ({"pregnancy": "yes"} if is_pregnant else {})
    sex = {"sex": "female", "born_on": date(1996, 5, 17)} if is_pregnant else {}
    patient = department.patient(site, by=scheduler, now=now, **sex, **fields)
    order = department.order(site, by=scheduler, now=now, of=patient, vetted=False, answers=answers)
    protocol = Protocol.objects.get(site=site, key=key, agent=agent)
    vetting.vet(order, reason="Agreed.", protocol=protocol, by=physician, now=now)
    if is_pregnant:
        vetting.override(order, rule="PREG-1", reason="Talked about with her.", by=physician, now=now)
    best = department.proposal(order, by=scheduler, now=now, first_day=today())
    appointment = booking.book(order, starts=best.starts, by=scheduler, now=now)
    department.planned_at(appointment, now)
    arrivals.check_in(appointment, **department.HERE, by=technologist, now=now)
    xrays.record(
        appointment, ended_at=now - timedelta(hours=2), by=technologist, now=now, elsewhere="Emergency"
    )
    sys.stdout.write(f"{appointment.pk}\n")


def recorded(appointment, key):
    """Writes out how often this small step was begun, and how many seconds ago."""
    rows = PhaseRecord.objects.standing().filter(appointment=appointment, key=key)
    ages = [round((timezone.now() - row.started_at).total_seconds()) for row in rows]
    sys.stdout.write(f"{len(ages)} {max(ages, default=0)}\n")


def codes(appointment):
    """Writes out what is on a patient's wristband, on the label of the dose that waits, and on another wristband."""
    dose = Administration.objects.standing().get(step__appointment=appointment, given_at=None)
    patient = dose.step.appointment.procedure.order.patient
    other = Patient.objects.filter(site=patient.site_id).live().exclude(pk=patient.pk).first()
    found = (Code(Sort.PATIENT, patient.pk), Code(Sort.DOSE, dose.pk), Code(Sort.PATIENT, other.pk))
    sys.stdout.write(" ".join(map(str, found)))
