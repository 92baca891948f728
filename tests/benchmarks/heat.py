"""How long the calendar of the next six weeks takes: the engine alone, and with the database."""

from datetime import timedelta

from scheduling.engine.heat import by_day
from scheduling.services import heat
from tests import department
from tests.benchmarks import clinic, engine
from tests.benchmarks.figures import Figure, measures, percentile, timed

RUNS = 100


@measures("heat")
def six_weeks():
    """42 days of 8 rooms and 4 people, 60 % full."""
    asked = [engine.question(seed, days=heat.DAYS) for seed in range(10)]
    alone = timed(lambda number: by_day(asked[number % len(asked)]), range(RUNS), warm_up=1)
    yield Figure("heat.engine.p50", percentile(alone, 50), "ms", goal=10)
    site = clinic.equipped("heathfield", rooms_of_each=2, people_of_each=2, days=heat.DAYS, full=0.6)
    by = department.scheduler(site, username="heathfield-scheduler")
    [order] = clinic.new_orders(1, site, by)
    first_day, now = clinic.today() + timedelta(days=1), clinic.now()
    times = timed(lambda _: heat.of_order(order, first_day=first_day, by=by, now=now), range(RUNS), warm_up=2)
    yield Figure("heat.postgresql.p50", percentile(times, 50), "ms", goal=15)
    yield Figure("heat.postgresql.p95", percentile(times, 95), "ms")
