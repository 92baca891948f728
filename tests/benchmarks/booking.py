"""Booking a visit of three steps through the service, beside the cheapest transaction that writes at all."""

import random
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from django.db import connection, connections, transaction

from scheduling.models import Order
from scheduling.services import booking, search
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile
from vqflow.errors import Conflict

RUNS, WARM_UP = 120, 5
CLIENTS, RUNS_EACH = 8, 40
# The one in a hundred of 280 is the third that is slowest: what one visit does to it says little.
PACED_RUNS_EACH = 120
# Of each of eight schedulers: faster than anybody searches, chooses and books; 72,000 visits an hour in all.
PACE_SECONDS = 0.4
DAYS = 28


@measures("booking")
def three_steps():
    """Each booking is followed by one INSERT in a transaction of its own: both meet the same disk."""
    booked, inserted, _ = _one_by_one([order.pk for order in clinic.new_orders(RUNS)], None)
    yield Figure("booking.p50", percentile(booked, 50), "ms", goal=6)
    yield Figure("booking.p95", percentile(booked, 95), "ms")
    yield Figure("booking.one_insert.p50", percentile(inserted, 50), "ms")
    ratio = percentile(booked, 50) / percentile(inserted, 50)
    yield Figure("booking.to_one_insert", ratio, "ratio")
    yield from _at_the_same_time("8_clients", RUNS_EACH, 0, goal=None)
    yield from _at_the_same_time("8_schedulers", PACED_RUNS_EACH, PACE_SECONDS, goal=50)


def _at_the_same_time(name, runs_each, pace_seconds, *, goal):
    """Eight processes search and book the same days, each choosing one of the ten best: without a pause, which asks for
    as much as the machine can do, or one visit each so many seconds."""
    orders = [order.pk for order in clinic.new_orders(CLIENTS * runs_each)]
    clinic.now()
    # A connection cannot be shared with a forked process.
    connections.close_all()
    with ProcessPoolExecutor(CLIENTS, mp_context=get_context("fork")) as clients:
        shares = [orders[client::CLIENTS] for client in range(CLIENTS)]
        answers = list(clients.map(_one_by_one, shares, range(CLIENTS), [pace_seconds] * CLIENTS))
    booked = sorted(each for times, _, _ in answers for each in times)
    inserted = sorted(each for _, times, _ in answers for each in times)
    yield Figure(f"booking.{name}.p50", percentile(booked, 50), "ms")
    yield Figure(f"booking.{name}.p99", percentile(booked, 99), "ms", goal=goal)
    yield Figure(f"booking.{name}.one_insert.p99", percentile(inserted, 99), "ms")
    ratio = percentile(booked, 50) / percentile(inserted, 50)
    yield Figure(f"booking.{name}.to_one_insert", ratio, "ratio")
    yield Figure(f"booking.{name}.refused", sum(refused for _, _, refused in answers), "bookings")


def _one_by_one(orders, client, pace_seconds=0):
    """Milliseconds of each booking and of each INSERT after it, both sorted, and how often somebody was faster.

    Each booking is cancelled, so that the last one meets the same department as the first. With a pace each begins at a
    moment by chance within its turn.
    """
    by, now, today, dice = clinic.scheduler(), clinic.now(), clinic.today(), random.Random(client)
    booked, inserted, refused = [], [], 0
    waiting, origin = list(Order.objects.with_people().filter(pk__in=orders)), time.perf_counter()
    for turn, order in enumerate(waiting):
        time.sleep(max(0, origin + (turn + dice.random()) * pace_seconds - time.perf_counter()))
        found, _ = search.proposals(order, first_day=today, days=DAYS, by=by, now=now)
        best = found[0] if client is None else dice.choice(found)
        chosen = [each for step in best.steps for each in step.resource_ids]
        begun = time.perf_counter()
        try:
            appointment = booking.book(order, starts=best.starts, by=by, now=now, resource_ids=chosen)
        except Conflict:
            refused += 1
            continue
        between = time.perf_counter()
        _insert(order.pk)
        booked.append((between - begun) * 1000)
        inserted.append((time.perf_counter() - between) * 1000)
        booking.cancel(appointment, reason="Measured", by=by, now=now)
    connections.close_all()
    return sorted(booked[WARM_UP:]), sorted(inserted[WARM_UP:]), refused


def _insert(number):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO vqflow_heartbeat (name, beat_at) VALUES (%s, now())", [f"bench {number}"])
