"""The board's pages as the server makes them: everything but the network and the browser."""

import gzip
from datetime import timedelta

from django.test import Client
from django.test.utils import override_settings

from scheduling import boards
from tests import department
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile, timed

RUNS = 40
FIRST_VIEW_MS, LONGEST_KB = 300, 150


@measures("board")
def pages():
    """A working day and the week around it: the demonstration's, and those of 8 rooms and 4 people 60 % full."""
    monday, now = boards.of_week(clinic.today()) + timedelta(days=7), clinic.now()
    full = clinic.equipped("boardview", rooms_of_each=2, people_of_each=2, days=15, full=0.6)
    busy = department.scheduler(full, username="boardview-scheduler")
    yield from _views("board", clinic.site(), clinic.scheduler(), monday, now)
    yield from _views("board.full", full, busy, monday, now)
    times = timed(lambda _: boards.version(clinic.site(), monday, 7, now=now), range(RUNS))
    yield Figure("board.unchanged.p95", percentile(times, 95), "ms")


def _views(begin, site, by, monday, now):
    client = Client()
    client.force_login(by)
    for view, days in (("day", 1), ("week", 7)):
        name, address = f"{begin}.{view}", f"/board/?day={monday}&view={view}"
        with override_settings(ALLOWED_HOSTS=["testserver"]):
            answer = client.get(address)
            assert answer.status_code == 200, answer.content[:500]
            times = timed(lambda _, address=address: client.get(address), range(RUNS))
        yield Figure(f"{name}.p50", percentile(times, 50), "ms")
        yield Figure(f"{name}.p95", percentile(times, 95), "ms", goal=FIRST_VIEW_MS)
        yield Figure(f"{name}.size", len(gzip.compress(answer.content, 6)) / 1000, "kB gz", goal=LONGEST_KB)
        found = boards.board(site, monday, days, now=now)
        yield Figure(f"{name}.blocks", sum(len(row.blocks) for row in found.rows), "blocks")
        yield Figure(f"{name}.taken", _taken(found), "%")


def _taken(found):
    """How much of the time in which rooms are open is taken."""
    rooms = [row for row in found.rows if row.is_room]
    there = sum(end - start for row in rooms for start, end in row.there)
    return 100 * sum(block.end - block.start for row in rooms for block in row.blocks) / there
