"""The department's numbers: what making them anew takes, and each panel, of one site and of all together."""

import time
from datetime import timedelta

from django.db import connection, transaction

from reporting.models import ExaminationFact
from reporting.numbers import panels
from reporting.numbers.choice import Choice, in_one_go
from reporting.services.facts import keeping
from scheduling.models import Site
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile, timed

RUNS = 23
GOAL_MS = 300


@measures("numbers")
def department_numbers():
    site, now, today = clinic.site(), clinic.now(), clinic.today()
    begun = time.perf_counter()
    for each in Site.objects.order_by("pk"):
        keeping.renew(each, now=now, everything=True)
    yield Figure("numbers.rebuild", time.perf_counter() - begun, "s")
    with clinic.owner() as owner:
        owner.execute("VACUUM ANALYZE reporting_examinationfact")
    yield Figure("numbers.visits", ExaminationFact.objects.count(), "rows")
    yield Figure("numbers.keep.unchanged", _quickest(lambda: keeping.keep(now=now)), "ms")
    yield from panels_of("site.90days", Choice(site, today - timedelta(days=89), today))
    yield from panels_of("site.all", Choice(site, today - timedelta(days=1500), today))
    yield from panels_of("all.92days", Choice(site, today - timedelta(days=91), today, all_sites=True))


def panels_of(name, choice):
    """Each panel as the page reads it: in a transaction, from the database to the values that are drawn."""
    for panel in panels.ALL:

        def read(_, panel=panel):
            with transaction.atomic():
                in_one_go()
                panel.read(choice)

        times = timed(read, range(RUNS))
        yield Figure(f"numbers.{name}.{panel.key}.p95", percentile(times, 95), "ms", goal=GOAL_MS)


def _quickest(call):
    connection.ensure_connection()
    return min(timed(lambda _: call(), range(6)))
