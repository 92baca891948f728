"""Many mails and several senders, beats and clocks at once: each mail goes out once, and none early.

The short round sends 400 mails with two workers, VQFLOW_SOAK=1 sends 10,000.
"""

import os
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from scheduling.models import Message, MessageState
from tests import crowd
from tests.faults.careless import LOOKED
from tests.faults.careless import command as careless
from tests.faults.senders import senders

SOAK = os.environ.get("VQFLOW_SOAK") == "1"
MAILS = 10_000 if SOAK else 400
LONGEST_SECONDS = 3600 if SOAK else 300
pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(LONGEST_SECONDS, func_only=True),
    pytest.mark.django_db(transaction=True),
]
SOON = timedelta(minutes=30)


def keys(rows):
    return {str(row.pk) for row in rows}


def test_two_workers_and_two_beats_send_each_mail_once(booked, relay, tmp_path, capsys):
    wanted = keys(crowd.reminded(crowd.like(booked, MAILS), due_at=timezone.now()))
    with senders(tmp_path) as crew:
        crew.start("worker")
        for beat in ("beat 1", "beat 2"):
            crew.start(beat)
        crew.wait_until(lambda: len(relay.ids) == MAILS, seconds=LONGEST_SECONDS)
        # Whoever has them too would send them now.
        crew.nudge()
        crew.wait_until(lambda: not Message.objects.exclude(state=MessageState.SENT).exists())
    rate = (len(relay.arrived) - 1) / (relay.arrived[-1] - relay.arrived[0])
    with capsys.disabled():
        sys.stdout.write(f"\n{MAILS} mails, {rate:.0f} a second\n")
    assert (set(relay.ids), relay.ids.total()) == (wanted, MAILS)


def mails_between(booked, relay, folder, *names):
    """(mails that are due, mails that are due in half an hour), written when these senders look once a second.

    Returns when all due mail has come and each sender has looked again, so that it might have sent more.
    """
    people, relay.delay_seconds = crowd.like(booked, 60), 0.05
    with senders(folder) as crew:
        for number, name in enumerate(names):
            crew.start(f"{number}", careless(name))

        def looks():
            return [crew.log_of(name).count(LOOKED) for name in crew.processes]

        crew.wait_until(lambda: all(looks()))
        now = timezone.now()
        later = keys(crowd.reminded(people[40:], due_at=now + SOON))
        due = keys(crowd.reminded(people[:40], due_at=now))
        crew.wait_until(lambda: set(relay.ids) >= due)
        enough = [seen + 2 for seen in looks()]
        crew.wait_until(lambda: all(seen >= wanted for seen, wanted in zip(looks(), enough, strict=True)))
    return due, later


def test_two_who_take_without_asking_send_mail_twice(booked, relay, tmp_path):
    """The negative control: no lock, no lease, no generation."""
    due, _ = mails_between(booked, relay, tmp_path, "greedy", "greedy")
    assert set(relay.ids) == due
    assert relay.twice() > 0


def test_a_host_whose_clock_is_an_hour_ahead_sends_nothing_twice_and_nothing_early(booked, relay, tmp_path):
    due, _ = mails_between(booked, relay, tmp_path, "careful", "astray")
    assert (set(relay.ids), relay.twice()) == (due, 0)


def test_a_host_that_trusts_its_own_wrong_clock_sends_early(booked, relay, tmp_path):
    """The negative control."""
    _, later = mails_between(booked, relay, tmp_path, "careful", "trusting")
    assert set(relay.ids) & later
