"""Redis dead, wiped, frozen, or never there: reminders come a few seconds later, by `manage.py dispatch --loop`.

The short round has it frozen, and wiped with workers alone; VQFLOW_SOAK=1 tries all, with workers beside.
"""

import os
import signal
import sys
from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from scheduling.models import Message, MessageState
from tests import crowd
from tests.faults.senders import senders
from tests.servers import USE_WHEELS
from vqflow import housekeeping
from vqflow.embedded.place import Place, free_port
from vqflow.embedded.valkey import Valkey
from vqflow.models import Heartbeat

SOAK = os.environ.get("VQFLOW_SOAK") == "1"
pytestmark = [
    pytest.mark.fault,
    pytest.mark.timeout(300, func_only=True),
    pytest.mark.django_db(transaction=True),
]
# From look to look, and what a look takes.
FALLBACK_SECONDS, LOOK_SECONDS = 15, 2
MAILS, APART_SECONDS = (8, 2) if SOAK else (4, 2)
# On a busy machine a process waits for its turn.
GRACE_SECONDS = 0 if SOAK else 15


@pytest.fixture
def valkey(tmp_path):
    """A server of this test alone."""
    place = Place.under(tmp_path / "valkey")
    own = Valkey.found(place, "only-for-this-test", durable=False, wheel=USE_WHEELS)
    own.start()
    yield own
    if own.process.poll() is None:
        os.kill(own.process.pid, signal.SIGCONT)
    own.stop()
    place.forget()


def wipe(valkey):
    with redis.from_url(valkey.url) as client:
        client.flushall()


def freeze(valkey):
    os.kill(valkey.process.pid, signal.SIGSTOP)


FAULTS = {"dead": Valkey.kill, "wiped": wipe, "frozen": freeze}


def falling_due(booked):
    """{key: instant} of mails that fall due one after the other from now on."""
    people, now = crowd.like(booked, MAILS), timezone.now()
    due = {each: now + timedelta(seconds=number * APART_SECONDS) for number, each in enumerate(people)}
    return {row.pk: row.due_at for each, at in due.items() for row in crowd.reminded([each], due_at=at)}


def all_sent():
    return not Message.objects.exclude(state=MessageState.SENT).exists()


def latest(due):
    """By how many seconds the latest was late."""
    sent = dict(Message.objects.values_list("pk", "sent_at"))
    return max((sent[pk] - at).total_seconds() for pk, at in due.items())


def started(crew, *names):
    """Start these and return when mail is looked for: by the worker as beat asks it, or by the second path."""
    for name in names:
        crew.start(name)
    sign = housekeeping.BEAT if "beat" in names else "messages"
    crew.wait_until(Heartbeat.objects.filter(name=sign).exists)
    Heartbeat.objects.all().delete()


@pytest.mark.parametrize("fault", [*FAULTS, "never there"] if SOAK else ["frozen"])
def test_reminders_are_late_by_the_interval_of_the_second_path_at_most(
    fault, booked, relay, valkey, tmp_path, capsys
):
    never = fault not in FAULTS
    url = f"redis://127.0.0.1:{free_port()}/0" if never else valkey.url
    with senders(tmp_path, supervised=True, REDIS_URL=url) as crew:
        if SOAK and not never:
            started(crew, "worker", "beat")
        started(crew, "dispatch")
        FAULTS.get(fault, lambda _: None)(valkey)
        due = falling_due(booked)
        crew.wait_until(all_sent)
    with capsys.disabled():
        sys.stdout.write(f"\nRedis {fault}: at most {latest(due):.1f} s late\n")
    assert latest(due) <= FALLBACK_SECONDS + LOOK_SECONDS + GRACE_SECONDS
    assert (len(relay.ids), relay.ids.total()) == (MAILS, MAILS)


def test_workers_alone_go_on_when_redis_was_wiped(booked, relay, valkey, tmp_path):
    with senders(tmp_path, supervised=True, REDIS_URL=valkey.url) as crew:
        started(crew, "worker", "beat")
        wipe(valkey)
        due = falling_due(booked)
        crew.wait_until(all_sent)
    assert latest(due) <= FALLBACK_SECONDS + LOOK_SECONDS + GRACE_SECONDS


def test_without_redis_and_without_the_second_path_reminders_wait(booked, relay, valkey, tmp_path):
    """The negative control."""
    with senders(tmp_path, supervised=True, REDIS_URL=valkey.url) as crew:
        started(crew, "worker", "beat")
        valkey.kill()
        due = falling_due(booked)
        ends = max(due.values()) + timedelta(seconds=FALLBACK_SECONDS + LOOK_SECONDS)
        crew.wait_until(lambda: timezone.now() > ends)
    assert relay.ids.total() == 0
