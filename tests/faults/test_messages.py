"""Mail while the sending process is killed: none is lost, and at most one is sent twice."""

import os
import sys
import time
from collections import Counter
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from celery import Celery
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from scheduling.models import Message
from scheduling.services import messages
from scheduling.services.messages import sending
from tests import department
from tests.relay import running
from vqflow.models import Heartbeat
from vqflow.processes import commands, environment, kill, spawn, stop

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]
COUNT, BEFORE_THE_KILL = 40, 10
DISPATCH = [sys.executable, "manage.py", "dispatch", "--loop"]


@pytest.fixture
def relay(settings):
    with running(settings) as listening:
        listening.delay_seconds = 0.03
        yield listening


def own_environment():
    """This test's database and relay; a Redis number of its own, so that no other worker takes the task."""
    mail = f"smtp://{django_settings.EMAIL_HOST}:{django_settings.EMAIL_PORT}"
    name = connection.settings_dict["NAME"]
    return environment(
        DATABASE_URL=urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl(),
        REDIS_URL=urlsplit(os.environ["REDIS_URL"])._replace(path="/9").geturl(),
        EMAIL_URL=mail,
    )


def ask_the_worker(env):
    app = Celery(broker=env["REDIS_URL"])
    app.conf.broker_transport_options = {"global_keyprefix": "vqflow:"}
    with app.connection_for_write() as broker:
        app.send_task("scheduling.send_due_messages", connection=broker, ignore_result=True)


def wait_until(happened, seconds=60):
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.02)


@pytest.mark.parametrize("sender", ["worker", "dispatch"])
def test_no_mail_is_lost_when_the_sender_is_killed(sender, relay, tmp_path):
    order = department.order(department.site())
    for version in range(1, COUNT + 1):
        messages.result_ready(order, version=version, now=timezone.now())
    env = own_environment()
    worker = commands(web_bind="", mail_bind="", var=str(tmp_path))["worker"]
    process = spawn(worker if sender == "worker" else DISPATCH, log=tmp_path / "log", env=env)
    try:
        if sender == "worker":
            ask_the_worker(env)
        wait_until(lambda: len(relay.mails) >= BEFORE_THE_KILL)
    finally:
        kill(process)

    seen = len(relay.mails)
    assert BEFORE_THE_KILL <= seen < COUNT, (tmp_path / "log").read_text()
    messages.send_due(now=timezone.now() + sending.LEASE + timedelta(seconds=1))

    times = Counter(mail["Message-ID"] for mail in relay.mails)
    assert len(times) == COUNT
    assert sum(times.values()) <= COUNT + 1
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}


def test_the_second_path_ends_when_it_is_asked_to(relay, tmp_path):
    process = spawn(DISPATCH, log=tmp_path / "log", env=own_environment())
    wait_until(Heartbeat.objects.filter(name="messages").exists)
    stop(process)
    assert process.returncode == 0, (tmp_path / "log").read_text()
