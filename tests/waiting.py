"""Until connections of this database wait for a lock."""

import time

from django.db import connection

PATIENCE_SECONDS = 20
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def until_waiting(count):
    """Return as soon as so many connections wait; AssertionError where they never do."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            if cursor.execute(_WAITING).fetchone()[0] >= count:
                return
        time.sleep(0.02)
    raise AssertionError(f"Fewer than {count} ever waited for a lock.")
