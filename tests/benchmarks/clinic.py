"""The demonstration department as the measurements use it: its people, open orders, and more history."""

import io
import os
import time
from functools import cache

import psycopg
from django.core.management import call_command
from django.utils import timezone

from scheduling import worklist
from scheduling.models import Order, Site
from tests import department
from tests.benchmarks.figures import Figure, measures
from vqflow.models import Role, User

SITE = "riverside"
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
    ANALYZE scheduling_reservation;
"""


@measures("demo")
def load():
    """The department of `make demo`. Everything else is measured on it."""
    begun = time.perf_counter()
    call_command("load_demo", stdout=io.StringIO())
    yield Figure("demo.load", time.perf_counter() - begun, "s", goal=15)
    with owner() as connection:
        connection.execute("ANALYZE")


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


def new_orders(count):
    """Vetted routine orders that nobody has booked, of patients who may be scanned."""
    placed = [department.order(site(), by=scheduler(), now=now()) for _ in range(count)]
    return list(Order.objects.with_people().filter(pk__in=[order.pk for order in placed]))


@cache
def orders():
    return new_orders(ORDERS)


def multiply_history(times):
    """Make the past so many times as long; returns how many reservations there are then."""
    with owner() as connection:
        constraint = connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'reservation_no_double_booking'"
        ).fetchone()[0]
        for statement in MULTIPLY.format(constraint=constraint).split(";\n"):
            connection.execute(statement.replace("%(times)s", str(times)))
        return connection.execute("SELECT count(*) FROM scheduling_reservation").fetchone()[0]
