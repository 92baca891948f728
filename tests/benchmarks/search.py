"""The search as a scheduler waits for it: with the database, and with ten times the history in it."""

from scheduling.services import search
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile, timed

RUNS, DAYS, TIMES_HISTORY = 120, 28, 10


@measures("search.postgresql")
def with_postgresql():
    once = _times()
    yield Figure("search.postgresql.p50", percentile(once, 50), "ms", goal=10)
    yield Figure("search.postgresql.p95", percentile(once, 95), "ms", goal=25)
    rows = clinic.multiply_history(TIMES_HISTORY)
    often = _times()
    yield Figure("search.postgresql.history_10x.p50", percentile(often, 50), "ms", goal=10)
    yield Figure("search.postgresql.history_10x.rows", rows, "reservations")
    # Of the fastest tenths: what else the machine does must not look like growth.
    growth = percentile(often, 10) / percentile(once, 10)
    yield Figure("search.postgresql.history_10x.growth", growth, "ratio")


def _times():
    by, now, today = clinic.scheduler(), clinic.now(), clinic.today()
    orders = clinic.orders()

    def ask(number):
        found, why = search.proposals(
            orders[number % len(orders)], first_day=today, days=DAYS, by=by, now=now
        )
        assert len(found) == search.LIMIT, why

    return timed(ask, range(RUNS))
