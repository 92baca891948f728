"""Wake a worker after commit. Without Redis the same work is done by the next beat, seconds later."""

import os
import threading
from queue import SimpleQueue

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def nudge(task_name):
    """Ask a worker to run the named task (no arguments) once the current transaction has committed.

    The caller never waits for the broker: a frozen one would hold it for seconds. While one nudge of a task waits
    to be sent others of it are dropped, because the task looks for everything that is due.
    """
    transaction.on_commit(lambda: _messenger.take(task_name))


class _Messenger:
    """The one thread of this process that speaks with the broker: starting one takes longer than telling it."""

    def __init__(self):
        self._wanted, self._starting = SimpleQueue(), threading.Lock()
        self._waiting, self._thread = set(), None

    def take(self, task_name):
        if task_name in self._waiting:
            return
        self._waiting.add(task_name)
        self._wanted.put(task_name)
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def _run(self):
        while True:
            task_name = self._wanted.get()
            self._waiting.discard(task_name)
            _send(task_name)


def _send(task_name):
    try:
        current_app.send_task(task_name, retry=False, expires=60, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("nudge.lost", task=task_name, error=type(error).__name__)


def _begin():
    global _messenger
    _messenger = _Messenger()


_begin()
os.register_at_fork(after_in_child=_begin)  # a forked process has the parent's memory and none of its threads
