"""One clock for all hosts: the database's."""

from vqflow.statements import selected


def now():
    """The instant that the database's host shows. Leases are compared by it: a host whose own clock is wrong would
    take over what another is sending, and send early."""
    [[instant]] = selected("SELECT clock_timestamp()", [])
    return instant
