"""The whole answer of the API's search: gunicorn as in production, one client, connections kept."""

import http.client
import os
from contextlib import contextmanager
from pathlib import Path

from scheduling.demo.department import TOKEN
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures, percentile, timed
from vqflow.embedded.place import free_port
from vqflow.processes import commands, environment, spawn, stop
from vqflow.stack import LOOPBACK, wait_until_healthy

RUNS, DAYS = 80, 28


@measures("web")
def itineraries_through_the_api():
    addresses = [
        f"/api/v1/orders/{order.pk}/itineraries?first_day={clinic.today()}&days={DAYS}"
        for order in clinic.orders()
    ]
    with _gunicorn() as client:

        def ask(number):
            client.request(
                "GET", addresses[number % len(addresses)], headers={"Authorization": f"Token {TOKEN}"}
            )
            answer = client.getresponse()
            body = answer.read()
            assert answer.status == 200, body

        times = timed(ask, range(RUNS))
    yield Figure("web.itineraries.p50", percentile(times, 50), "ms", goal=12)
    yield Figure("web.itineraries.p95", percentile(times, 95), "ms", goal=30)


@contextmanager
def _gunicorn():
    port, folder = free_port(), Path(os.environ["VQFLOW_VAR"])
    argv = commands(web_bind=f"{LOOPBACK}:{port}", mail_bind="", var=str(folder))["web"]
    web = spawn(argv, log=folder / "web.log", env=environment())
    try:
        wait_until_healthy(web, port, folder / "web.log")
        client = http.client.HTTPConnection(LOOPBACK, port, timeout=20)
        yield client
        client.close()
    finally:
        stop(web)
