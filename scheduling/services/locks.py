"""Advisory locks that serialise bookings of the same resources on the same days.

Taken in one sorted order, so that two bookings never wait for each other in a circle; held to the end of the
transaction. Measured with 16 clients: no deadlock, where the exclusion constraint alone had hundreds.
"""

from contextlib import contextmanager

from django.db import OperationalError

from vqflow.errors import Conflict
from vqflow.pipelines import several

BUSY = "Many people are booking these rooms at this moment. Try again in a few seconds."
NOT_NOW = {"55P03", "40P01"}  # lock time-out, deadlock


def take(resource_ids, days):
    """Lock every (resource, day) pair; `days` are day numbers.

    Raises Conflict after waiting for three seconds.
    """
    with in_time():
        lock = _LOCK.format(taken=TAKEN, resources=_GIVEN)
        several([_PATIENCE, (lock, [sorted(set(resource_ids)), sorted(set(days))])])


def of_site(site, patients, days, *, now, only=None):
    """Statements that lock all that could serve patients of a site on these days, and the patients' own resources.

    `only`: ids of the rooms and people that are wanted, where no others are. The last answers (the ids of what is
    locked, whether time on it is kept by holds that are over). It stands alone because it has to see what was
    committed while the one before it waited. Send them within `in_time`.
    """
    which = _OF_SITE.format(wanted="" if only is None else "AND id = ANY(%s::bigint[])")
    resources = [site.pk, *([] if only is None else [list(only)]), list(patients)]
    lock, look = _LOCK.format(taken=TAKEN, resources=which), _LOOK.format(resources=which)
    return [_PATIENCE, (lock, [*resources, sorted(set(days))]), (look, [now, *resources])]


# The plan of a prepared statement fits whatever is booked: making another for these values takes longer than they do.
_PATIENCE = (
    """SELECT set_config('lock_timeout', '3s', true),
    set_config('plan_cache_mode', 'force_generic_plan', true)""",
    (),
)
TAKEN = "pg_advisory_xact_lock(resource, day)"
_LOCK = """SELECT count({taken}) FROM (SELECT resource, day
    FROM {resources} AS r(resource), unnest(%s::int[]) AS d(day) ORDER BY resource, day OFFSET 0) AS pairs"""
_GIVEN = "unnest(%s::int[])"
_OF_SITE = """(SELECT id::int FROM scheduling_resource WHERE site_id = %s AND is_active AND kind <> 'patient' {wanted}
    UNION SELECT unnest(%s::int[]))"""
# What is over by `now` stays so: nobody makes a hold that is over already.
_LOOK = """WITH over AS (SELECT resource_id FROM scheduling_reservation WHERE status = 'held' AND expires_at <= %s)
    SELECT array_agg(id), bool_or(id IN (TABLE over)) FROM {resources} AS locked"""


@contextmanager
def in_time():
    """What waits too long for a lock, or in a circle, is refused."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) not in NOT_NOW:
            raise
        raise Conflict(BUSY) from error
