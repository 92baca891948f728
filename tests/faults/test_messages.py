"""Mail while those who send it are killed: none is lost, and at most one for each kill is sent twice.

The short round sends 300 mails and kills four times; VQFLOW_SOAK=1 sends 3,000 and kills 25 times.
"""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from scheduling.models import Message, MessageState
from scheduling.services import messages
from scheduling.services.messages import sending
from tests import crowd, department
from tests.faults.careless import command as careless
from tests.faults.senders import senders
from tests.relay import running
from vqflow.models import Heartbeat
from vqflow.processes import stop

SOAK = os.environ.get("VQFLOW_SOAK") == "1"
MAILS, KILLS = (3000, 25) if SOAK else (300, 4)
LONGEST_SECONDS = 3600 if SOAK else 300
pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(LONGEST_SECONDS, func_only=True),
    pytest.mark.django_db(transaction=True),
]
SENT_BETWEEN_KILLS = MAILS // KILLS // 2 if SOAK else 5
OPEN = (MessageState.PENDING, MessageState.SENDING)


@pytest.fixture
def relay(settings):
    with running(settings, reads=False) as listening:
        listening.delay_seconds = 0.01
        yield listening


def waiting(count):
    """Ids of so many reminders that are due."""
    booked = department.booked(department.site(), first_day=department.TODAY + timedelta(days=4))
    rows = crowd.reminded(crowd.like(booked, count), due_at=timezone.now())
    return {str(row.pk) for row in rows}


def children(process):
    """The pool processes of a worker."""
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]


def kill_somebody(crew, dice):
    """A whole sender, which is started again, or one pool process, which its worker replaces."""
    who = dice.choice(["worker", "pool", "dispatch"])
    if who == "pool" and (pool := children(crew.processes["worker"])):
        os.kill(dice.choice(pool), signal.SIGKILL)
        return
    name = "dispatch" if who == "dispatch" else "worker"
    crew.kill(name)
    crew.start(name)


def due():
    return Message.objects.filter(state__in=OPEN, due_at__lte=timezone.now()).exists()


def after_the_lease():
    return timezone.now() + sending.LEASE + timedelta(seconds=1)


def test_no_mail_is_lost_while_senders_are_killed(relay, tmp_path, capsys):
    wanted, dice, kills = waiting(MAILS), random.Random(6), 0
    with senders(tmp_path) as crew:
        crew.start("worker")
        crew.start("dispatch")
        crew.wait_until(lambda: relay.ids.total())
        while kills < KILLS:
            seen = relay.ids.total()
            crew.nudge()
            crew.wait_until(lambda seen=seen: relay.ids.total() >= seen + SENT_BETWEEN_KILLS or not due())
            time.sleep(dice.random() / 5)  # anywhere in the course of a mail
            kill_somebody(crew, dice)
            kills += 1
    killed_early = len(wanted - set(relay.ids))
    messages.send_due(now=after_the_lease(), seconds=LONGEST_SECONDS)

    with capsys.disabled():
        sys.stdout.write(
            f"\n{KILLS} kills, {killed_early} of {MAILS} left to others, {relay.twice()} twice\n"
        )
    assert killed_early > 0
    assert set(relay.ids) == wanted
    assert relay.ids.total() <= MAILS + KILLS
    rows = Message.objects.filter(pk__in=wanted)
    assert set(rows.values_list("state", flat=True)) == {MessageState.SENT}


def test_whoever_marks_mail_as_sent_before_it_is_loses_it_when_killed(relay, tmp_path):
    """The negative control: the same kill, of a sender that would rather lose a mail than send it twice."""
    wanted = waiting(100)
    with senders(tmp_path) as crew:
        crew.start("hasty", careless("hasty"))
        crew.wait_until(lambda: relay.ids.total() >= SENT_BETWEEN_KILLS)
        crew.kill("hasty")
    messages.send_due(now=after_the_lease(), seconds=LONGEST_SECONDS)
    assert set(relay.ids) < wanted


def test_the_second_path_ends_when_it_is_asked_to(relay, tmp_path):
    with senders(tmp_path) as crew:
        crew.start("dispatch")
        crew.wait_until(Heartbeat.objects.filter(name="messages").exists)
        process = crew.processes["dispatch"]
        stop(process)
        assert process.returncode == 0, crew.log()
