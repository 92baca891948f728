"""Leaves a carrier in peace that fails again and again. All senders share one row per channel, across runs.

While a carrier rests no message is claimed and none loses an attempt. When its rest is over one sender tries it with
one message: what arrives ends the pause, what fails prolongs it.
"""

from datetime import timedelta
from enum import StrEnum

import structlog
from django.db import transaction

from scheduling.models import Carrier

log = structlog.get_logger(__name__)

FAILURES = 3
REST, LONGEST_REST = timedelta(seconds=60), timedelta(minutes=5)


class Standing(StrEnum):
    WORKS = "works"
    FALTERS = "falters"  # the last has failed, too few in a row to let it rest
    RESTS = "rests"
    TO_BE_TRIED = "to be tried"


def standing(channel, *, now):
    """The Standing of a channel's carrier. One query."""
    row = Carrier.objects.filter(channel=channel, failures__gt=0).first()
    if row is None:
        return Standing.WORKS
    if row.failures < FAILURES:
        return Standing.FALTERS
    return Standing.RESTS if row.resting_until and now < row.resting_until else Standing.TO_BE_TRIED


def take_trial(channel, *, now):
    """True for the one sender that tries a carrier whose rest is over; for others it rests on meanwhile."""
    over = Carrier.objects.filter(channel=channel, failures__gte=FAILURES).exclude(resting_until__gt=now)
    return over.update(resting_until=now + REST) == 1


def not_tried(channel, *, now):
    """The message of a trial was not handed over, for a reason of its own: another one is tried at once."""
    Carrier.objects.filter(channel=channel, failures__gte=FAILURES).update(resting_until=now)


def failed(channel, code, *, now):
    """The carrier itself has failed; after three times in a row it rests."""
    with transaction.atomic():
        Carrier.objects.get_or_create(channel=channel)
        row = Carrier.objects.select_for_update().get(channel=channel)
        row.failures += 1
        row.failing_since = row.failing_since or now
        row.last_error = code
        if row.failures >= FAILURES:
            row.resting_until = now + min(REST * 2 ** min(row.failures - FAILURES, 10), LONGEST_REST)
        row.save(update_fields=["failures", "failing_since", "last_error", "resting_until"])
    if row.failures == FAILURES:
        log.error("messages.carrier_down", channel=str(channel), code=code)


def worked(channel):
    """A message went out: whatever failed before is over."""
    failing = Carrier.objects.filter(channel=channel, failures__gt=0)
    if failing.update(failures=0, failing_since=None, resting_until=None, last_error=""):
        log.info("messages.carrier_works", channel=str(channel))


def down():
    """The carriers that rest or wait to be tried, as rows with since when and why."""
    return Carrier.objects.filter(failures__gte=FAILURES).order_by("channel")
