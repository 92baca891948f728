"""The site itself: rooms, hours, people, protocols, referrers. Few rows, so plain ORM."""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from rest_framework.authtoken.models import Token

from scheduling.demo import clinic, rota
from scheduling.demo.planner import PlanProtocol, PlanStep
from scheduling.demo.tables import Table, copy, span
from scheduling.engine.calendars import local_day_bounds, local_minute
from scheduling.models import (
    ApplicationEntity,
    OpeningHours,
    Protocol,
    Referrer,
    Resource,
    ResourceKind,
    Room,
    Shift,
    Site,
)
from scheduling.services import availability, protocols, site_accounts
from vqflow.models import Role, User

_DAY_MINUTES = 24 * 60
TOKEN = sha256(b"vqflow demonstration, integration account").hexdigest()[:40]
# Simulated devices call from this machine (`manage.py camera CAMERA1`).
HERE = ["127.0.0.1"]


# Every department of a large load opens at the same hours.
_minute = cache(local_minute)


@dataclass(slots=True)
class Department:
    """A site's ids, as the planner and the writers need them."""

    spec: clinic.SiteSpec
    site: Site
    zone: ZoneInfo
    holidays: frozenset[date]
    rooms: dict = field(default_factory=dict)
    people: dict = field(default_factory=dict)
    accounts: dict = field(default_factory=dict)
    patients: User | None = None
    technologists: list = field(default_factory=list)
    referrers: list = field(default_factory=list)
    protocols: list = field(default_factory=list)
    shifts: dict = field(default_factory=dict)
    hours_of_day: dict = field(default_factory=dict)

    @property
    def resource_ids(self):
        return [*self.rooms, *self.people]

    def hours(self, day):
        """{resource id: [(from, to)]} of one local day, in UTC minutes: rooms by their hours, people by shifts."""
        if day not in self.hours_of_day:
            self.hours_of_day[day] = {**self._rooms_open(day), **self._on_shift(day)}
        return self.hours_of_day[day]

    def _rooms_open(self, day):
        if day in self.holidays:
            return {}
        hours = {
            room: spec.weekend if day.weekday() > 4 else spec.weekday for room, spec in self.rooms.items()
        }
        return {
            room: [tuple(_minute(day, at, self.zone) for at in each)] for room, each in hours.items() if each
        }

    def _on_shift(self, day):
        first, last = local_day_bounds(day, self.zone)
        return {
            # Sorted, and none is longer than a day.
            who: [
                each
                for each in spans[bisect_left(spans, (first - _DAY_MINUTES,)) : bisect_left(spans, (last,))]
                if each[1] > first
            ]
            for who, spans in self.shifts.items()
        }

    def opening(self, day):
        """(from, to) of the first camera on a local day, or None on a closed one."""
        spans = self.hours(day).get(next(iter(self.rooms)))
        return spans[0] if spans else None


def make(spec, *, password, days, now, on_call=None):
    """Write the site and return it as a Department. `days`: the local days for which there are shifts."""
    site = Site.objects.create(
        code=spec.code,
        name=spec.name,
        place=spec.place,
        phone=spec.phone,
        time_zone=spec.time_zone,
        country="US",
        subdivision=spec.subdivision,
        records_doses=spec.keeps_records,
        releases_patients=spec.keeps_records,
        asks_at_home=True,
        patients_cancel=True,
        patients_move=True,
        emergency_number="911",
        directions=clinic.DIRECTIONS,
        own_advice=clinic.OWN_ADVICE,
    )
    years = days[0].year - 1, days[-1].year + 1
    free_days = availability.public_holidays("US", spec.subdivision, *years)
    department = Department(spec, site, ZoneInfo(spec.time_zone), free_days)
    _rooms(department, now)
    _accounts(department, password)
    _technologists(department, password, days, on_call)
    _referrers(department)
    protocols.install(site)
    department.protocols = [_plan_protocol(department, row) for row in _bookable(site)]
    return department


def password_hash():
    """Argon2 takes its time on purpose: computed once for all accounts."""
    return make_password(clinic.PASSWORD)


def _rooms(department, now):
    specs = department.spec.rooms
    rows = Resource.objects.bulk_create(
        Resource(
            site=department.site, kind=ResourceKind.ROOM, name=spec.name, capabilities=list(spec.capabilities)
        )
        for spec in specs
    )
    department.rooms = {row.pk: spec for row, spec in zip(rows, specs, strict=True)}
    single = not department.spec.prefix
    Room.objects.bulk_create(
        Room(
            resource_id=pk,
            # A title names one device in the whole installation, so only the first site has them.
            ae_title=spec.ae_title if single else "",
            volume_m3=spec.volume_m3,
            exhaust_m3_per_h=spec.exhaust_m3_per_h,
            exhaust_measured_on=now.date() - timedelta(days=40) if spec.exhaust_m3_per_h else None,
        )
        for pk, spec in department.rooms.items()
    )
    ApplicationEntity.objects.bulk_create(
        ApplicationEntity(
            site=department.site, title=spec.ae_title, name=spec.name, room_id=pk, addresses=HERE
        )
        for pk, spec in department.rooms.items()
        if single and spec.ae_title
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(resource_id=pk, weekday=weekday, opens=hours[0], closes=hours[1])
        for pk, spec in department.rooms.items()
        for weekdays, hours in ((clinic.WEEKDAYS, spec.weekday), (clinic.WEEKEND, spec.weekend))
        if hours
        for weekday in weekdays
    )


def _accounts(department, password):
    spec = department.spec
    rows = [
        User(
            username=f"{spec.prefix}{account.username}",
            password=password,
            first_name=account.given,
            last_name=account.family,
            email=f"{spec.prefix}{account.username}@staff.example",
            role=account.role,
            grade=account.grade,
            is_authorised_user=account.authorised_user,
            site_code=spec.code,
        )
        for account in spec.accounts
    ]
    User.objects.bulk_create(rows)
    department.accounts = {account.username: row for account, row in zip(spec.accounts, rows, strict=True)}
    department.patients = site_accounts.PATIENTS.of(department.site)
    if not spec.prefix:
        Token.objects.create(user=department.accounts["integration"], key=TOKEN)


def technologist_username(index):
    return "technologist" if index == 0 else f"technologist{index + 1}"


def _technologists(department, password, days, on_call):
    spec = department.spec
    users = [
        User(
            username=f"{spec.prefix}{technologist_username(index)}",
            password=password,
            first_name=given,
            last_name=family,
            role=Role.TECHNOLOGIST,
            site_code=spec.code,
        )
        for index, (given, family, _) in enumerate(spec.technologists)
    ]
    User.objects.bulk_create(users)
    rows = Resource.objects.bulk_create(
        Resource(
            site=department.site,
            kind=ResourceKind.TECHNOLOGIST,
            name=f"{given} {family}",
            capabilities=list(capabilities),
            user=user,
        )
        for (given, family, capabilities), user in zip(spec.technologists, users, strict=True)
    )
    department.technologists = users
    department.people = {row.pk: row.user_id for row in rows}
    by_index = rota.shifts(department.zone, days, len(rows), on_call)
    department.shifts = {row.pk: by_index[index] for index, row in enumerate(rows)}
    written = Table(Shift, "resource_id span on_call")
    for pk, spans in department.shifts.items():
        for begins, ends in spans:
            written.add((pk, span(begins, ends), False))
    copy(*written.take())


def _referrers(department):
    accounts = department.accounts
    department.referrers = Referrer.objects.bulk_create(
        Referrer(
            site=department.site,
            user=accounts.get("referrer") if index == 0 else None,
            name=name,
            email=f"{name.split()[-1].lower()}@practice.example" if name.isascii() else "",
            phone=f"+1 212-555-{120 + index:04d}",
            pager=f"{4100 + index}",
            covering_name=covering,
            covering_phone=f"+1 212-555-{150 + index:04d}",
        )
        for index, (name, covering) in enumerate(clinic.REFERRERS)
    )


def _bookable(site):
    return Protocol.objects.filter(site=site, is_bookable=True).order_by("pk").prefetch_related("steps")


def _plan_protocol(department, row):
    steps = [_plan_step(department, step) for step in row.steps.all()]
    return PlanProtocol(row.pk, row.key, row.agent, row.name, steps[0], tuple(steps[1:]))


def _plan_step(department, row):
    capabilities = {pk: set(spec.capabilities) for pk, spec in department.rooms.items()}
    qualified = dict(zip(department.people, (who[2] for who in department.spec.technologists), strict=True))
    return PlanStep(
        kind=row.kind,
        ordinal=row.ordinal,
        rooms=tuple(pk for pk, can in capabilities.items() if can.issuperset(row.room_capabilities)),
        people=tuple(pk for pk, can in qualified.items() if row.qualification in can),
        bays=tuple(pk for pk, can in capabilities.items() if "prep_bay" in can),
        prep=row.prep_bay_minutes,
        setup=row.setup_minutes,
        acquisition=row.acquisition_minutes,
        clearance=row.clearance_minutes,
        lag_min=row.lag_min_minutes,
        lag_max=row.lag_max_minutes or 0,
        same_room=row.same_room_as_before,
    )
