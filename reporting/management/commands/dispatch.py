"""`manage.py dispatch`: do what is due without Celery and Redis; with --loop, until SIGTERM or SIGINT."""

import signal
import threading
import time
from contextlib import suppress

import structlog
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections
from django.utils import timezone

from reporting.tasks import escalate_critical_results
from scheduling.tasks import (
    apply_planned_changes,
    fill_from_waitlist,
    lay_out_tracers,
    release_expired_doses,
    release_expired_holds,
    send_due_messages,
    solve_replans,
    write_downtime_lists,
)
from vqflow import housekeeping

log = structlog.get_logger(__name__)

JOBS = (
    escalate_critical_results,
    release_expired_holds,
    release_expired_doses,
    lay_out_tracers,
    fill_from_waitlist,
    send_due_messages,
    solve_replans,
    apply_planned_changes,
    write_downtime_lists,
)
"""In this order, the most urgent first; each is asked even if another fails, as workers do it."""


class Command(BaseCommand):
    help = "Do here what workers do (mail, critical results, holds, doses, broken days): the second path without Redis."

    def add_arguments(self, parser):
        parser.add_argument("--loop", action="store_true", help="Go on until SIGTERM or SIGINT.")
        parser.add_argument("--every", type=float, default=15.0, help="Seconds between two looks (15).")

    def handle(self, *, loop, every, **options):
        if not loop:
            done = {job: job() for job in JOBS}
            sent, released = done[send_due_messages], done[release_expired_holds]
            offered = done[fill_from_waitlist]
            self.stdout.write(f"{sent} sent, {released} holds released, {offered} times offered")
            return
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        while not ended.is_set():
            begun = time.monotonic()
            look()
            # From look to look: what a look takes does not make the next one later.
            ended.wait(max(0.0, every - (time.monotonic() - begun)))
        with suppress(Error):  # a database that is away shows the silence all the same
            housekeeping.ended(housekeeping.DISPATCH)


def look():
    """One round; a database that is away is waited for, and no job keeps the others from their turn."""
    close_old_connections()
    try:
        housekeeping.beat(housekeeping.DISPATCH, now=timezone.now())
    except Error as error:
        log.error("dispatch.database", error=type(error).__name__)
        return
    for job in JOBS:
        try:
            job()
        except Exception as error:  # the next round tries it again
            log.error("dispatch.failed", job=job.name, error=type(error).__name__)
            close_old_connections()
