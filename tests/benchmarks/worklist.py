"""Today's list as the technologist's page reads it every few seconds."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling import worklist
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile, timed

RUNS = 100


@measures("worklist")
def today():
    site, by, now, day = clinic.site(), clinic.technologist(), clinic.now(), clinic.today()
    with CaptureQueriesContext(connection) as queries:
        rows = worklist.day(site, day, by=by, now=now)
    assert rows, "The demonstration has nobody on today's list."
    times = timed(lambda _: worklist.day(site, day, by=by, now=now), range(RUNS))
    yield Figure("worklist.day.p50", percentile(times, 50), "ms")
    yield Figure("worklist.day.p95", percentile(times, 95), "ms", goal=40)
    yield Figure("worklist.day.rows", len(rows), "rows")
    yield Figure("worklist.day.queries", len(queries), "queries", goal=6)
    times = timed(lambda _: worklist.version(site, day, now), range(RUNS))
    yield Figure("worklist.unchanged.p95", percentile(times, 95), "ms")
