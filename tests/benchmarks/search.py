"""The search as a scheduler waits for it: with the database, and with ten times the history in it."""

from datetime import timedelta

from scheduling.services import search
from tests import department
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile, timed

RUNS, DAYS, FULL = 300, 28, 0.6
HISTORY, TIMES_HISTORY = 150_000, 10
DEPARTMENTS, ORDERS_EACH = 6, 5
MANY_DAYS = 91


@measures("search.postgresql")
def with_postgresql():
    """8 rooms and 4 people, 28 days that are 60 % full, five years of reservations; then fifty years.

    How far a search has to look is chance, so several departments are asked in turn.
    """
    asked = []
    for number in range(DEPARTMENTS):
        size = {"rooms_of_each": 2, "people_of_each": 2, "days": DAYS, "history": HISTORY // DEPARTMENTS}
        asked += _questions(f"bayview{number}", **size)
    once = _times(asked, DAYS)
    yield Figure("search.postgresql.p50", percentile(once, 50), "ms", goal=1.5)
    yield Figure("search.postgresql.p95", percentile(once, 95), "ms", goal=4)
    many = _times(_questions("midtown", rooms_of_each=10, people_of_each=8, days=MANY_DAYS), MANY_DAYS)
    yield Figure("search.postgresql.40_rooms.p50", percentile(many, 50), "ms")
    yield Figure("search.postgresql.40_rooms.p95", percentile(many, 95), "ms", goal=10)
    yield from _of_the_demonstration()
    if not clinic.HAS_LONG_PAST:
        yield from _with_ten_times_the_past(asked, once)


def _with_ten_times_the_past(asked, once):
    rows = clinic.multiply_history(TIMES_HISTORY)
    often = _times(asked, DAYS)
    yield Figure("search.postgresql.history_10x.p50", percentile(often, 50), "ms", goal=1.5)
    yield Figure("search.postgresql.history_10x.p95", percentile(often, 95), "ms", goal=4)
    yield Figure("search.postgresql.history_10x.rows", rows, "reservations")
    # Of the fastest tenths: what else the machine does must not look like growth.
    growth = percentile(often, 10) / percentile(once, 10)
    yield Figure("search.postgresql.history_10x.growth", growth, "ratio", goal=1.2)


def _questions(code, *, days, **size):
    """(order, scheduler) pairs of a department of its own."""
    site = clinic.equipped(code, days=days, full=FULL, **size)
    by = department.scheduler(site, username=f"{code}-scheduler")
    return [(order, by) for order in clinic.new_orders(ORDERS_EACH, site, by)]


def _of_the_demonstration():
    """Its next days are fuller than 60 %, so that a search looks further."""
    by = clinic.scheduler()
    times = _times([(order, by) for order in clinic.orders()], DAYS, first_day=clinic.today())
    yield Figure("search.postgresql.demo.p50", percentile(times, 50), "ms", goal=10)
    yield Figure("search.postgresql.demo.p95", percentile(times, 95), "ms", goal=25)


def _times(asked, days, first_day=None):
    now = clinic.now()
    # From the morning on: what is asked does not depend on the hour of the measurement.
    first_day = first_day or clinic.today() + timedelta(days=1)

    def ask(number):
        order, by = asked[number % len(asked)]
        found, why = search.proposals(order, first_day=first_day, days=days, by=by, now=now)
        assert len(found) == search.LIMIT, why

    # Once around for the calendars and blocks that every process has to read first.
    return timed(ask, range(RUNS + len(asked)), warm_up=len(asked))
