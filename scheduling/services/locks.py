"""Advisory locks that serialise bookings of the same resources on the same days.

Taken in one sorted order, so that two bookings never wait for each other in a circle; held to the end of the
transaction. Measured with 16 clients: no deadlock, where the exclusion constraint alone had hundreds.
"""

from django.db import OperationalError, connection

from vqflow.errors import Conflict

BUSY = "Many people are booking these rooms at this moment. Try again in a few seconds."
LOCK_NOT_AVAILABLE = "55P03"


def take(resource_ids, days):
    """Lock every (resource, day) pair; `days` are day numbers.

    Raises Conflict after waiting for three seconds.
    """
    pairs = sorted({(resource_id, day) for resource_id in resource_ids for day in days})
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL lock_timeout = '3s'; SELECT count(pg_advisory_xact_lock(resource, day)) "
                "FROM unnest(%s::int[], %s::int[]) AS t(resource, day)",
                [[resource for resource, _ in pairs], [day for _, day in pairs]],
            )
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        raise Conflict(BUSY) from error
