"""`manage.py dispatch`: do what is due without Celery and Redis; with --loop, until SIGTERM or SIGINT."""

import signal
import threading
import time

import structlog
from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections

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

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Do here what workers do (mail, holds, doses, waitlist, broken days): the second path when Redis is gone."

    def add_arguments(self, parser):
        parser.add_argument("--loop", action="store_true", help="Go on until SIGTERM or SIGINT.")
        parser.add_argument("--every", type=float, default=15.0, help="Seconds between two looks (15).")

    def handle(self, *, loop, every, **options):
        if not loop:
            released, offered, sent = release_expired_holds(), fill_from_waitlist(), send_due_messages()
            release_expired_doses()
            lay_out_tracers()
            solve_replans()
            apply_planned_changes()
            write_downtime_lists()
            self.stdout.write(f"{sent} sent, {released} holds released, {offered} times offered")
            return
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        while not ended.is_set():
            begun = time.monotonic()
            _look()
            # From look to look: what a look takes does not make the next one later.
            ended.wait(max(0.0, every - (time.monotonic() - begun)))


def _look():
    """One round; a database that is away is waited for."""
    close_old_connections()
    try:
        release_expired_holds()
        release_expired_doses()
        lay_out_tracers()
        fill_from_waitlist()
        send_due_messages()
        solve_replans()
        apply_planned_changes()
        write_downtime_lists()
    except Error as error:
        log.error("dispatch.database", error=type(error).__name__)
