"""A web server that answers an autosave at once and keeps it a moment later: the negative control of test_autosave."""

import threading
import time

from vqflow.wsgi import application  # the set-up, before any model

from django.db import connection  # isort: skip

from reporting.services import drafting  # isort: skip

__all__ = ["application"]
LATER_SECONDS = 3
write = drafting.write


def answered_first(order, **draft):
    """The report as if it were saved; it is saved in a thread that dies with the process."""

    def keep():
        time.sleep(LATER_SECONDS)
        write(order, **draft)
        connection.close()

    threading.Thread(target=keep, daemon=True).start()
    report = drafting.of(order)
    report.draft_version += 1
    return report


drafting.write = answered_first
