"""Booking a visit of three steps through the service, beside the cheapest transaction that writes at all."""

import time

from django.db import connection, transaction

from scheduling.services import booking, search
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile

RUNS, WARM_UP = 60, 3


@measures("booking")
def three_steps():
    """Each booking is followed by one INSERT in a transaction of its own: both meet the same disk.

    Then it is cancelled, so that the last one meets the same department as the first.
    """
    by, now, today = clinic.scheduler(), clinic.now(), clinic.today()
    booked, inserted = [], []
    for order in clinic.new_orders(RUNS):
        best = search.proposals(order, first_day=today, days=28, by=by, now=now, limit=1)[0][0]
        chosen = [each for step in best.steps for each in step.resource_ids]
        begun = time.perf_counter()
        appointment = booking.book(order, starts=best.starts, by=by, now=now, resource_ids=chosen)
        between = time.perf_counter()
        _insert(order.pk)
        booked.append((between - begun) * 1000)
        inserted.append((time.perf_counter() - between) * 1000)
        booking.cancel(appointment, reason="Measured", by=by, now=now)
    booked, inserted = sorted(booked[WARM_UP:]), sorted(inserted[WARM_UP:])
    yield Figure("booking.p50", percentile(booked, 50), "ms", goal=50)
    yield Figure("booking.p95", percentile(booked, 95), "ms")
    yield Figure("booking.one_insert.p50", percentile(inserted, 50), "ms")
    ratio = percentile(booked, 50) / percentile(inserted, 50)
    yield Figure("booking.to_one_insert", ratio, "ratio")


def _insert(number):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO vqflow_heartbeat (name, beat_at) VALUES (%s, now())", [f"bench {number}"])
