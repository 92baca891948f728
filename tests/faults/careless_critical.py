"""Escalates critical results without a lock, twice a second: for the negative control.

`python -m tests.faults.careless_critical` writes LOOKED each time.
"""

import os
import sys
import time
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vqflow.settings")
django.setup()

from reporting.models import CriticalResult, Escalation  # noqa: E402  (after the set-up)
from reporting.services.critical import escalating  # noqa: E402
from reporting.tasks import escalate_critical_results  # noqa: E402

LOOKED = "looked"
PAUSE_SECONDS, EVERY_SECONDS = 0.5, 0.5
COMMAND = [sys.executable, "-m", "tests.faults.careless_critical"]


def unlocked(pk, now):
    """What is due by a look that is half a second old, whoever else has written it meanwhile."""
    result = CriticalResult.objects.prefetch_related("escalations").get(pk=pk)
    steps = escalating._due(result, now)
    time.sleep(PAUSE_SECONDS)
    Escalation.objects.bulk_create(escalating._row(result, step, now) for step in steps)
    return len(steps)


if __name__ == "__main__":
    with mock.patch.object(escalating, "_escalate", unlocked):
        while True:
            escalate_critical_results()
            print(LOOKED, flush=True)  # noqa: T201  (read by the test)
            time.sleep(EVERY_SECONDS)
