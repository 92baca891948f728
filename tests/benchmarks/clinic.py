"""The departments that the measurements use: the demonstration's, others of any size, and more history."""

import os
import random
import time
from datetime import datetime, timedelta
from datetime import time as clock_time
from functools import cache
from zoneinfo import ZoneInfo

import psycopg
from django.utils import timezone

from scheduling import worklist
from scheduling.models import (
    OpeningHours,
    Order,
    Resource,
    ResourceKind,
    Room,
    ScheduledProcedureStep,
    Shift,
    Site,
)
from tests import department
from tests.benchmarks.figures import Figure, measures
from tests.benchmarks.loading import load_demo
from vqflow.models import Role, User

SITE = "riverside"
# EXAMINATIONS=... of `make bench`: what grows is then the demonstration itself.
HAS_LONG_PAST = "BENCH_EXAMINATIONS" in os.environ
ORDERS = 10

# Every reservation of the past again, further back, once per multiple: the rows of a department that is as
# much older. Triggers are off and the constraint is rebuilt at the end, or this would take minutes.
MULTIPLY = """
    SET session_replication_role = replica;
    ALTER TABLE scheduling_reservation DROP CONSTRAINT reservation_no_double_booking;
    INSERT INTO scheduling_reservation (resource_id, step_id, revision, status, span)
        SELECT resource_id, step_id, revision, status,
            tstzrange(lower(span) - age * back.length, upper(span) - age * back.length)
        FROM scheduling_reservation,
            (SELECT now() - min(lower(span)) + interval '1 day' AS length FROM scheduling_reservation) AS back,
            generate_series(1, %(times)s - 1) AS age
        WHERE upper(span) < now();
    ALTER TABLE scheduling_reservation ADD CONSTRAINT reservation_no_double_booking {constraint};
    VACUUM ANALYZE scheduling_reservation;
"""


@measures("demo")
def load():
    """The department of `make demo`, or one with a longer past. Everything else is measured on it."""
    begun = time.perf_counter()
    load_demo(os.environ.get("BENCH_EXAMINATIONS"))
    yield Figure("demo.load", time.perf_counter() - begun, "s", goal=600 if HAS_LONG_PAST else 15)
    # What the server does by itself with new tables after a minute, beside whatever is measured then.
    with owner() as connection:
        connection.execute("VACUUM ANALYZE")


def owner():
    """A connection as the owner of the database, who may change its tables."""
    return psycopg.connect(os.environ["OWNER_DATABASE_URL"], autocommit=True)


def site():
    return Site.objects.get(code=SITE)


@cache
def now():
    """One "now" for the whole run: otherwise later figures would search from a later start."""
    return timezone.now()


def today():
    return worklist.today(site(), now())


def scheduler():
    return User.objects.filter(site_code=SITE, role=Role.SCHEDULER).first()


def technologist():
    return User.objects.filter(site_code=SITE, role=Role.TECHNOLOGIST).first()


def new_orders(count, of=None, by=None):
    """Vetted routine orders that nobody has booked, of patients who may be scanned."""
    of, by = of or site(), by or scheduler()
    placed = [department.order(of, by=by, now=now()) for _ in range(count)]
    return list(Order.objects.with_people().filter(pk__in=[order.pk for order in placed]))


@cache
def orders():
    return new_orders(ORDERS)


ROOMS = (["xray"], ["prep_bay"], ["ventilation"], ["gamma_camera_planar"])
PEOPLE = (["technologist_nm", "technologist_xray"], ["technologist_nm"])
OPENS, CLOSES = 7 * 60, 18 * 60


def equipped(code, *, rooms_of_each, people_of_each, days, full, history=0):
    """A site with so many rooms of each of four kinds and people of each of two, open for 11 hours on every day.

    `full` of its time is taken on each of `days` days from tomorrow on; `history` reservations lie before today.
    """
    made = department.site(code, equipped=False)
    resources = [_room(made, n, able) for able in ROOMS for n in range(rooms_of_each)]
    resources += [_person(made, n, able, days) for able in PEOPLE for n in range(people_of_each)]
    dice, zone = random.Random(code), ZoneInfo(made.time_zone)
    ahead = [
        (who.pk, *each) for who in resources for n in range(1, days) for each in busy(dice, zone, n, full)
    ]
    per_day = history / len(resources) / BUSY_A_DAY
    past = [
        (who.pk, *each)
        for who in resources
        for n in range(-round(per_day * 2), 0)
        for each in busy(dice, zone, n, full)
        if dice.random() < 0.5
    ]
    _reserve(ahead + past[:history])
    return made


BUSY_A_DAY = 12
"""Examinations that one resource has on a day of 11 hours when it is 60 % full."""


def busy(dice, zone, day, full):
    """(from, to) of examinations of 15 to 45 minutes with gaps between them, so that `full` of the day is taken."""
    begins = datetime.combine(
        timezone.now().astimezone(zone).date() + timedelta(days=day), clock_time(), zone
    )
    minute = OPENS
    while minute < CLOSES:
        length = dice.randrange(15, 50, 5)
        start = minute + round(dice.expovariate(1) * length * (1 - full) / full)
        if start + length > CLOSES:
            return
        yield begins + timedelta(minutes=start), begins + timedelta(minutes=start + length)
        minute = start + length


def _room(of_site, number, able):
    made = Resource.objects.create(
        site=of_site, kind=ResourceKind.ROOM, name=f"{able[0]} {number}", capabilities=able
    )
    Room.objects.create(resource=made)
    OpeningHours.objects.bulk_create(
        OpeningHours(resource=made, weekday=day, opens=clock_time(7), closes=clock_time(18))
        for day in range(7)
    )
    return made


def _person(of_site, number, able, days):
    made = Resource.objects.create(
        site=of_site, kind=ResourceKind.TECHNOLOGIST, name=f"{len(able)} {number}", capabilities=able
    )
    zone = ZoneInfo(of_site.time_zone)
    first = timezone.now().astimezone(zone).date()
    each = [first + timedelta(days=n) for n in range(days + 1)]
    Shift.objects.bulk_create(
        Shift(
            resource=made,
            span=(datetime.combine(day, clock_time(7), zone), datetime.combine(day, clock_time(18), zone)),
        )
        for day in each
    )
    return made


def _reserve(rows):
    """Booked time of (resource, from, to), of some step: what a search reads knows no steps."""
    step = ScheduledProcedureStep.objects.values_list("pk", flat=True).first()
    with owner() as connection, connection.cursor() as cursor, connection.transaction():
        cursor.execute("SET LOCAL session_replication_role = replica")
        columns = "resource_id, step_id, revision, status, span"
        with cursor.copy(f"COPY scheduling_reservation ({columns}) FROM STDIN") as copy:
            for resource, begins, ends in rows:
                copy.write_row([resource, step, 1, "booked", f"[{begins.isoformat()},{ends.isoformat()})"])
    with owner() as connection:
        connection.execute("VACUUM ANALYZE scheduling_reservation")


def multiply_history(times):
    """Make the past so many times as long; returns how many reservations there are then."""
    with owner() as connection:
        constraint = connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'reservation_no_double_booking'"
        ).fetchone()[0]
        for statement in MULTIPLY.format(constraint=constraint).split(";\n"):
            connection.execute(statement.replace("%(times)s", str(times)))
        return connection.execute("SELECT count(*) FROM scheduling_reservation").fetchone()[0]
