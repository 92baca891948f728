"""Wake a worker after commit. Without Redis the same work is done by the next beat, seconds later."""

import threading
from collections import defaultdict

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)
_in_flight = defaultdict(
    threading.Lock
)  # one per task: a nudge of one says nothing of what another has to do


def nudge(task_name):
    """Ask a worker to run the named task (no arguments) once the current transaction has committed.

    The caller never waits for the broker: a frozen one would hold it for seconds. While one nudge of a task is
    under way others of it are dropped, because the task looks for everything that is due.
    """
    transaction.on_commit(lambda: threading.Thread(target=_send, args=[task_name], daemon=True).start())


def _send(task_name):
    in_flight = _in_flight[task_name]
    if not in_flight.acquire(blocking=False):
        return
    try:
        current_app.send_task(task_name, retry=False, expires=60, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("nudge.lost", task=task_name, error=type(error).__name__)
    finally:
        in_flight.release()
