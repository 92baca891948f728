"""Today's list: what it costs to read, to draw and to ask every four seconds whether it has changed."""

import re
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

import vqflow.wsgi  # noqa: F401  (what is loaded is set aside, as in the web process)
from scheduling import kept_examinations, worklist
from scheduling.models import Order, ScheduledProcedureStep
from scheduling.views import list_drawing
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile, timed

RUNS = 100
LISTS, EVERY_SECONDS, CHANGES_EVERY_SECONDS = 60, 4, 20
POLL = {"X-VQFlow-Poll": "1", "HX-Request": "true"}


@measures("worklist")
def today():
    site, by, now, day = clinic.site(), clinic.technologist(), clinic.now(), clinic.today()
    with CaptureQueriesContext(connection) as queries:
        rows = worklist.day(site, day, by=by, now=now)
    assert rows, "The demonstration has nobody on today's list."

    orders, changes = [row.order.pk for row in rows], count()

    # As after a press: what one row shows is another, and the list is asked for.
    def change():
        number = next(changes)
        Order.objects.filter(pk=orders[number % len(orders)]).update(ward=f"{number} North")

    times = timed_after(change, lambda: worklist.day(site, day, by=by, now=now))
    yield Figure("worklist.day.p50", percentile(times, 50), "ms")
    yield Figure("worklist.day.p95", percentile(times, 95), "ms", goal=40)
    times = timed_after(kept_examinations.forget, lambda: worklist.day(site, day, by=by, now=now))
    yield Figure("worklist.day.cold.p95", percentile(times, 95), "ms")
    yield Figure("worklist.day.rows", len(rows), "rows")
    yield Figure("worklist.day.queries", len(queries), "queries", goal=8)
    times = timed(lambda _: worklist.version(site, day, now), range(RUNS))
    yield Figure("worklist.unchanged.p95", percentile(times, 95), "ms")
    yield Figure("worklist.past.steps", _past(now), "steps")
    yield from pages(by, change)


def pages(by, change):
    """Through the WSGI application, with its middleware, session and audit row."""
    client = Client(headers=POLL)
    client.force_login(by)
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        client.get("/worklist/")

        def ask(query=""):
            return client.get(f"/worklist/rows/{query}")

        first = timed_after(change, ask)
        yield Figure("worklist.render.p50", percentile(first, 50), "ms")
        yield Figure("worklist.render.p95", percentile(first, 95), "ms", goal=40)
        cold = timed_after(list_drawing.forget, ask)
        yield Figure("worklist.render.cold.p95", percentile(cold, 95), "ms")
        yield Figure("worklist.render.shared.p95", percentile(timed(lambda _: ask(), range(RUNS)), 95), "ms")
        anew, again = _busy(ask, before=change), _busy(ask)
        unchanged = _busy(_polling(ask))
    yield Figure("worklist.poll.cpu", unchanged * 1000, "ms")
    quiet = LISTS / EVERY_SECONDS * unchanged
    yield Figure("worklist.sixty.quiet", 100 * quiet, "% of a core", goal=15)
    # One list draws what has changed, the others put their tokens into it.
    changing = (anew + (LISTS - 1) * again) / CHANGES_EVERY_SECONDS
    yield Figure("worklist.sixty.changing", 100 * (quiet + changing), "% of a core", goal=15)


def _polling(ask):
    """A list that shows the newest version, which changes by the clock every five minutes."""
    shown = ""

    def poll():
        nonlocal shown
        answer = ask(f"?version={shown}")
        if answer.status_code != 204:
            shown = re.search(r'data-version="([^"]+)"', answer.content.decode()).group(1)

    return poll


def timed_after(change, ask):
    """Milliseconds of each `ask()`, each after a `change()` that is not counted."""
    times = []
    for _ in range(RUNS):
        change()
        times += timed(lambda _: ask(), [None], warm_up=0)
    return sorted(times)


def _busy(call, before=None):
    """Seconds of CPU per call, of this process and of its server process in PostgreSQL where that can be seen.

    `before`: done before each call and not counted.
    """
    call()
    spent = 0
    for _ in range(RUNS):
        if before:
            before()
        with _processor() as used:
            call()
        spent += used()
    return spent / RUNS


@contextmanager
def _processor():
    connection.ensure_connection()
    backend = Path(f"/proc/{connection.connection.info.backend_pid}/stat")

    def now():
        ticks = backend.read_text().rpartition(")")[2].split() if backend.exists() else None
        of_server = (int(ticks[11]) + int(ticks[12])) / 100 if ticks else 0
        return time.process_time() + of_server

    begun = now()
    yield lambda: now() - begun


def _past(now):
    return ScheduledProcedureStep.objects.filter(planned_start_at__lt=now).count()
