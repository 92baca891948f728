"""A small department for tests: one site, its rooms and people, and the usual objects in the usual states.

Its clock stands at NOW, a Monday morning in New York, unless a test says otherwise.
"""

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from scheduling.engine.states import OrderState
from scheduling.models import (
    Appointment,
    OpeningHours,
    Patient,
    PatientClass,
    Priority,
    Protocol,
    ProtocolStep,
    Referrer,
    Resource,
    ResourceKind,
    Room,
    Shift,
    Site,
    StepKind,
)
from scheduling.services import booking, intake, search, vetting, visits
from scheduling.services.examination import arrivals, xrays
from vqflow.models import Grade, Role, User

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2027, 3, 8, 12, 0, tzinfo=UTC)  # Monday 07:00 in New York
TODAY = date(2027, 3, 8)
HERE = {"identifiers": ["name", "birth_date"], "pregnancy_asked": True, "at": "scan"}
"""What a check-in says of a patient who comes once; at the X-ray first, `at` is another."""
SAFE_ANSWERS = {
    "pregnancy": "no",
    "breastfeeding": "no",
    "pulmonary_hypertension": "none",
    "right_to_left_shunt": "no",
    "albumin_allergy": "no",
}
_numbers = count(1)

ROOMS = {
    "X-ray 1": ["xray"],
    "X-ray 2": ["xray"],
    "Bay 1": ["prep_bay"],
    "Bay 2": ["prep_bay"],
    "Ventilation 1": ["ventilation", "negative_pressure"],
    "Ventilation 2": ["ventilation"],
    "Camera 1": ["gamma_camera_planar", "gamma_camera_spect", "gamma_camera_spect_ct"],
    "Camera 2": ["gamma_camera_planar", "gamma_camera_spect"],
}
PEOPLE = {
    "Ana Ruiz": ["technologist_nm", "technologist_xray"],
    "Ben Okafor": ["technologist_nm"],
    "Carl Jensen": ["technologist_nm"],
}


def site(code="riverside", *, zone="America/New_York", equipped=True):
    made = Site.objects.create(
        code=code,
        name=f"{code.capitalize()} Clinic",
        place="Entrance B, level 2",
        phone="+1 212 555 0100",
        time_zone=zone,
        country="US",
    )
    if equipped:
        equip(made)
    protocol(made)
    protocol(made, key="Q_ONLY", name="Perfusion only", kinds=(StepKind.XRAY, StepKind.PERFUSION))
    protocol(made, key="V_ONLY", name="Ventilation only", kinds=(StepKind.XRAY, StepKind.VENTILATION))
    return made


def equip(of_site, *, days=21, first_day=TODAY, rooms=ROOMS, people=PEOPLE):
    """Rooms open 07:00-18:00 on every day, technologists on shift 07:00-18:00."""
    for name, capabilities in rooms.items():
        room = Resource.objects.create(
            site=of_site, kind=ResourceKind.ROOM, name=name, capabilities=capabilities
        )
        Room.objects.create(resource=room)
        OpeningHours.objects.bulk_create(
            OpeningHours(resource=room, weekday=day, opens=time(7), closes=time(18)) for day in range(7)
        )
    for name, capabilities in people.items():
        person = Resource.objects.create(
            site=of_site, kind=ResourceKind.TECHNOLOGIST, name=name, capabilities=capabilities
        )
        Shift.objects.bulk_create(_shift(person, first_day + timedelta(days=n), of_site) for n in range(days))


def _shift(person, day, of_site):
    zone = ZoneInfo(of_site.time_zone)
    return Shift(
        resource=person,
        span=(datetime.combine(day, time(7), zone), datetime.combine(day, time(18), zone)),
    )


STEPS = {
    StepKind.XRAY: {
        "room_capabilities": ["xray"],
        "qualification": "technologist_xray",
        "acquisition_minutes": 10,
    },
    StepKind.VENTILATION: {
        "room_capabilities": ["ventilation"],
        "qualification": "technologist_nm",
        "prep_bay_minutes": 15,
        "setup_minutes": 5,
        "acquisition_minutes": 15,
        "clearance_minutes": 10,
    },
    StepKind.PERFUSION: {
        "room_capabilities": ["gamma_camera_planar"],
        "qualification": "technologist_nm",
        "setup_minutes": 5,
        "acquisition_minutes": 20,
        "clearance_minutes": 5,
        "lag_min_minutes": 5,
        "lag_max_minutes": 20,
    },
}


def protocol(of_site, *, key="V_THEN_Q", name="Ventilation then perfusion", kinds=tuple(STEPS)):
    made = Protocol.objects.create(site=of_site, key=key, name=name, is_bookable=True)
    ProtocolStep.objects.bulk_create(
        ProtocolStep(protocol=made, ordinal=ordinal, kind=kind, **STEPS[kind])
        for ordinal, kind in enumerate(kinds, 1)
    )
    return made


def user(role, of_site, *, username=None, **fields):
    name = username or f"{role}{next(_numbers)}"
    made = User(username=name, role=role, site_code=of_site.code, **fields)
    made.set_unusable_password()
    made.save()
    return made


def scheduler(of_site, **fields):
    return user(Role.SCHEDULER, of_site, **fields)


def technologist(of_site, **fields):
    return user(Role.TECHNOLOGIST, of_site, **fields)


def attending(of_site, **fields):
    return user(Role.READER, of_site, grade=Grade.ATTENDING, **{"is_authorised_user": True, **fields})


def resident(of_site, **fields):
    return user(Role.READER, of_site, grade=Grade.RESIDENT, **fields)


def lead(of_site, **fields):
    return user(Role.LEAD, of_site, **fields)


def referrer(of_site, **fields):
    return Referrer.objects.create(
        site=of_site,
        **{"name": "Dr Rita Moss", "email": "moss@ward.example", "phone": "+1 212 555 0177", **fields},
    )


def patient(of_site, *, by=None, now=NOW, **fields):
    number = next(_numbers)
    values = {
        "mrn": f"M{number:05d}",
        "mrn_issuer": "riverside",
        "family_name": "Moreno",
        "given_name": f"Pat {number}",
        "born_on": date(1960, 5, 17),
        "sex": "male",
        "email": f"pat{number}@mail.example",
        "email_consent": True,
    }
    # All are called Moreno and born on one day, and each is somebody else unless a test asks.
    everybody = list(Patient.objects.filter(site=of_site).values_list("pk", flat=True))
    values = {"confirmed_different": everybody, **values, **fields}
    return intake.register_patient(site=of_site, by=by or scheduler(of_site), now=now, **values)


def order(of_site, *, by=None, now=NOW, of=None, vetted=True, answers=SAFE_ANSWERS, **fields):
    """An order of a patient who may be scanned; vetted with the site's standard protocol unless told not to."""
    by = by or scheduler(of_site)
    values = {
        "referrer": Referrer.objects.filter(site=of_site).first() or referrer(of_site),
        "priority": Priority.ROUTINE,
        "patient_class": PatientClass.OUTPATIENT,
        "clinical_question": "Acute pulmonary embolism?",
        "answers": answers,
    }
    request = intake.Request(**values | fields)
    made = intake.place_order(of or patient(of_site, by=by, now=now), request, by=by, now=now)
    if vetted:
        vetting.vet(made, protocol=made.procedure.protocol, by=attending(of_site), now=now)
    return made


def proposal(for_order, *, by=None, now=NOW, first_day=TODAY, **known):
    """The best proposal for an order."""
    by = by or scheduler(for_order.site)
    found, why = search.proposals(for_order, first_day=first_day, days=7, by=by, now=now, limit=1, **known)
    assert found, why
    return found[0]


def proposal_of_move(of_appointment, *, by=None, now=NOW, days=21):
    """The first proposal of another local day for an appointment."""
    zone = ZoneInfo(of_appointment.site.time_zone)
    first_day = of_appointment.ends_at.astimezone(zone).date() + timedelta(days=1)
    by = by or scheduler(of_appointment.site)
    found, why = search.moves(of_appointment, first_day=first_day, days=days, by=by, now=now, limit=1)
    assert found, why
    return found[0]


def booked(of_site, *, by=None, now=NOW, first_day=TODAY, **fields):
    """A booked appointment: the best proposal of a vetted order."""
    by = by or scheduler(of_site)
    made = order(of_site, by=by, now=now, **fields)
    best = proposal(made, by=by, now=now, first_day=first_day)
    return booking.book(made, starts=best.starts, by=by, now=now)


def planned_at(appointment, now):
    """As if the visit had been planned for this moment: nobody is checked in on a day of another visit."""
    Appointment.objects.filter(pk=appointment.pk).update(starts_at=now, ends_at=now + timedelta(hours=3))
    appointment.refresh_from_db()
    return appointment


def ready(appointment, *, by=None):
    """Checked in, X-ray confirmed at its planned end, dose cleared when the lungs are to start.

    Returns (appointment, the instant at which the first lung acquisition is planned).
    """
    by = by or technologist(appointment.site)
    at = appointment.lungs_start_at
    arrivals.check_in(appointment, **HERE, by=by, now=at)
    xrays.record(appointment, ended_at=appointment.xray_ends_at, by=by, now=at)
    return visits.clear_dose(appointment, by=by, now=at), at


def performed(of_site, *, now=NOW, **fields):
    """An order whose examination is over: all lung acquisitions done, nothing reported."""
    appointment = booked(of_site, now=now, **fields)
    by = technologist(of_site)
    appointment, at = ready(appointment, by=by)
    for step in appointment.steps.exclude(kind=StepKind.XRAY).order_by("ordinal"):
        visits.start(step, by=by, now=at)
        at += timedelta(minutes=15)
        visits.end(step, by=by, now=at)
        at += timedelta(minutes=5)
    done = appointment.procedure.order
    done.refresh_from_db()
    assert done.state == OrderState.PERFORMED
    return done
