"""What devices asked, and who was refused, kept for whoever looks for a missing patient.

A query is not held up by it: a thread of its own writes every second what has come up since.
"""

import queue
import threading
import time
from contextlib import suppress

import structlog
from django.db import Error, close_old_connections
from django.utils import timezone

from scheduling.services import contacts
from vqflow import housekeeping

log = structlog.get_logger(__name__)
EVERY_SECONDS = 1.0
ALIVE_SECONDS = 15.0
MOST_WAITING = 2000  # while the database is away; older ones are the first to go


class Recorder:
    """`start()` and `stop()` it around the server; what has come until then is written by `stop()`."""

    def __init__(self):
        self._waiting = queue.Queue(MOST_WAITING)
        self._ended = threading.Event()
        self._alive_at = float("-inf")
        self._disclosed = {}
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._ended.set()
        self._thread.join(timeout=10)
        with suppress(Error):  # a database that is away shows the silence all the same
            housekeeping.ended(housekeeping.DICOM)

    def asked(self, entity, address, *, keys, ignored, status, matches, duration_ms, patients):
        """Keep one query: `keys` and `ignored` by keyword, `patients` the ids of those whose items were sent."""
        self._put(
            contacts.Asked(
                entity,
                address,
                timezone.now(),
                keys,
                ignored,
                status,
                matches,
                duration_ms,
                frozenset(patients),
            )
        )

    def refused(self, calling, called, address, reason):
        titles = (_printable(title) for title in (calling, called))
        self._put(contacts.Refused(*titles, address, reason, timezone.now()))

    def _put(self, found):
        while True:
            try:
                return self._waiting.put_nowait(found)
            except queue.Full:
                self._drop()

    def _drop(self):
        try:
            self._waiting.get_nowait()
        except queue.Empty:
            return

    def _run(self):
        while not self._ended.wait(EVERY_SECONDS):
            self._write()
        self._write()

    def _write(self):
        found = []
        while not self._waiting.empty():
            found.append(self._waiting.get_nowait())
        is_due = time.monotonic() - self._alive_at >= ALIVE_SECONDS
        if found or is_due:
            self._keep(found, is_due)

    def _keep(self, found, is_due):
        close_old_connections()
        try:
            if is_due:
                housekeeping.beat(housekeeping.DICOM, now=timezone.now())
                self._alive_at = time.monotonic()
            if found:
                self._disclosed |= contacts.keep(found, disclosed=self._disclosed)
        except Error:
            log.warning("dicom.contacts_not_kept", count=len(found))
        finally:
            close_old_connections()


def _printable(title):
    return "".join(letter for letter in title.strip() if letter.isprintable())[:16]
