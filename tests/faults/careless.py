"""Senders with one guard off, for negative controls, and on a host whose clock is wrong.

`python -m tests.faults.careless NAME` looks for due mail once a second and writes LOOKED each time.
"""

import os
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vqflow.settings")
django.setup()

from scheduling.models import Message, MessageState  # noqa: E402  (after the set-up)
from scheduling.services.messages import sending, settling  # noqa: E402
from scheduling.tasks import send_due_messages  # noqa: E402
from vqflow import clock  # noqa: E402

LOOKED = "looked"
ASTRAY = timedelta(hours=1)
PAUSE_SECONDS, EVERY_SECONDS = 0.5, 1
claim = sending.claim


def own_now():
    return datetime.now(UTC) + ASTRAY


def known(claimed, **_):
    """Rows with what their words need, whosever they are."""
    people = ("order__patient", "order__referrer", "order__site", "appointment__site", "offer")
    found = Message.objects.select_related(*people).in_bulk([row.pk for row in claimed])
    for row in claimed:
        found[row.pk].claimed_due_at = row.claimed_due_at
    return found


def sent_first(**what):
    """At most once: whatever is claimed counts as sent before it is."""
    rows = claim(**what)
    Message.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=MessageState.SENT, sent_at=what["now"]
    )
    return rows


def taken_unasked(*, now, limit, channel, **_):
    """What is due, without a lock, a lease or a look at who else has it."""
    due = Message.objects.filter(state__in=sending.OPEN, due_at__lte=now, channel=channel)
    rows = list(due.order_by("due_at")[:limit])
    time.sleep(PAUSE_SECONDS)
    for row in rows:
        row.claimed_due_at = row.due_at
    Message.objects.filter(pk__in=[row.pk for row in rows]).update(state=MessageState.SENDING, sent_at=None)
    return rows


def hasty(patched):
    patched(mock.patch.object(sending, "claim", sent_first))
    patched(mock.patch.object(sending, "load", known))


def greedy(patched):
    patched(mock.patch.object(sending, "claim", taken_unasked))
    patched(mock.patch.object(sending, "load", known))


def astray(patched):
    """Its host's clock is an hour ahead; every guard is on."""
    patched(mock.patch("django.utils.timezone.now", own_now))


def trusting(patched):
    """The same, and it believes its host's clock."""
    astray(patched)
    patched(mock.patch.object(clock, "now", own_now))


def frail(patched):
    """It does not wait for a database that is away, neither with a mail in its hands nor between two."""
    patched(mock.patch.object(settling, "INSIST_SECONDS", 0))


def careful(patched):
    """As all senders are, but for the loop of `manage.py dispatch`."""


WAYS = {way.__name__: way for way in (hasty, greedy, astray, trusting, frail, careful)}


def command(name):
    """The argument list that starts it."""
    return [sys.executable, "-m", "tests.faults.careless", name]


if __name__ == "__main__":
    with ExitStack() as stack:
        WAYS[sys.argv[1]](stack.enter_context)
        while True:
            send_due_messages()
            sys.stdout.write(f"{LOOKED}\n")
            sys.stdout.flush()
            time.sleep(EVERY_SECONDS)
