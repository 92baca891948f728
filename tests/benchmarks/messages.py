"""Mail: due reminders through SMTP by a worker's two processes, beside a loop of smtplib over one kept connection."""

import os
import smtplib
import time
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

from aiosmtpd.controller import Controller
from celery import Celery
from django.conf import settings
from django.utils import timezone

from scheduling.models import Message, MessageState
from scheduling.services import booking
from tests import crowd, department
from tests.benchmarks import clinic
from tests.benchmarks.figures import Figure, measures
from tests.relay import Relay
from vqflow.embedded.place import free_port
from vqflow.processes import commands, environment, spawn, stop
from vqflow.stack import LOOPBACK

MAILS, LONGEST_SECONDS = 2000, 300
NUDGE_SECONDS = 15  # as often as beat asks


@measures("messages")
def two_workers():
    """Both send to the same relay, which counts what comes; all of them share this machine's processors."""
    with _relay() as (relay, port):
        due = _reminders()
        _by_a_worker(relay, port)
        rate, missing, twice = _a_second(relay), len(due - set(relay.ids)), relay.twice()
        relay.arrived.clear()
        _by_smtplib(relay.newest, port)
        bare = _a_second(relay)
    yield Figure("messages.two_workers", rate, "mails/s", goal=100, at_least=True)
    yield Figure("messages.bare_smtplib", bare, "mails/s")
    yield Figure("messages.to_bare_smtplib", rate / bare, "ratio")
    yield Figure("messages.missing", missing, "mails", goal=0)
    yield Figure("messages.twice", twice, "mails", goal=0)


@contextmanager
def _relay():
    relay = Relay(reads=False)
    controller = Controller(relay, hostname=LOOPBACK, port=free_port())
    controller.start()
    try:
        yield relay, controller.port
    finally:
        controller.stop()


def _reminders():
    """Ids of due reminders in all languages; whatever else was due is not."""
    [order], by, now = clinic.new_orders(1), clinic.scheduler(), clinic.now()
    best = department.proposal(order, by=by, now=now, first_day=clinic.today() + timedelta(days=2))
    booked = booking.book(order, starts=best.starts, by=by, now=now)
    Message.objects.filter(state=MessageState.PENDING).update(state=MessageState.CANCELLED)
    with clinic.owner() as owner:
        people = crowd.like(booked, MAILS, by=owner, in_all_languages=True)
    return {str(row.pk) for row in crowd.reminded(people, due_at=timezone.now())}


def _by_a_worker(relay, port):
    """Return when all mail has come."""
    folder = Path(os.environ["VQFLOW_VAR"])
    argv = commands(web_bind="", mail_bind="", var=str(folder))["worker"]
    # What production writes to its log is part of the work.
    env = environment(EMAIL_URL=f"smtp://{LOOPBACK}:{port}", LOG_LEVEL="INFO")
    worker = spawn(argv, log=folder / "worker.log", env=env)
    until, nudge_at = time.monotonic() + LONGEST_SECONDS, 0
    try:
        while len(relay.ids) < MAILS:
            assert time.monotonic() < until, (folder / "worker.log").read_text()[-3000:]
            if time.monotonic() >= nudge_at:
                nudge_at = time.monotonic() + NUDGE_SECONDS
                _nudge(2)
            time.sleep(0.05)
    finally:
        stop(worker)


def _nudge(times):
    app = Celery(broker=settings.CELERY_BROKER_URL)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    with app.connection_for_write() as broker:
        for _ in range(times):
            app.send_task("scheduling.send_due_messages", connection=broker, ignore_result=True)


def _by_smtplib(mail, port):
    """The newest of these mails as many times again, from a process of its own, as the worker's are."""
    sender = get_context("fork").Process(target=_send_many, args=(mail, port))
    sender.start()
    sender.join()
    assert sender.exitcode == 0


def _send_many(mail, port):
    with smtplib.SMTP(LOOPBACK, port) as connection:
        for _ in range(MAILS):
            connection.sendmail("appointments@clinic.example", ["somebody@mail.example"], mail)


def _a_second(relay):
    """From the first mail that came to the last: starting processes is not sending."""
    return (len(relay.arrived) - 1) / (relay.arrived[-1] - relay.arrived[0])
