"""Redis dead, and Redis frozen: people sign in and book as if nothing were wrong.

A frozen server is the worse of the two: it accepts connections and never answers.
"""

import os
import signal
import time

import pytest
from celery import Celery
from django.conf import settings
from kombu.exceptions import OperationalError

from tests.faults.browser import Api, Browser

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

LONGEST_SECONDS = 1.0
TRIES = 3


@pytest.fixture
def own_stack(stack):
    if stack.servers is None:
        pytest.skip("The servers of this run are not ours to stop")
    return stack


@pytest.fixture
def orders(own_stack):
    """Orders to book, placed while everything is well."""
    api = Api(own_stack.url)
    return [api.new_order() for _ in range(TRIES)]


@pytest.fixture
def dead(own_stack, orders):
    own_stack.kill("valkey")
    yield
    own_stack.start("valkey")


@pytest.fixture
def frozen(own_stack, orders):
    process = own_stack.servers.valkey.process
    os.kill(process.pid, signal.SIGSTOP)
    yield
    os.kill(process.pid, signal.SIGCONT)


@pytest.fixture(params=["dead", "frozen"])
def without_redis(request):
    return request.getfixturevalue(request.param)


def test_booking_is_answered_within_a_second_without_redis(without_redis, own_stack, orders):
    answers = [Api(own_stack.url).book(order) for order in orders]
    assert [answer.status for answer in answers] == [201] * TRIES, answers
    # The fastest: a busy machine may delay one of them, a wait for Redis would delay each.
    assert min(answer.seconds for answer in answers) < LONGEST_SECONDS


def test_signing_in_is_answered_within_a_second_without_redis(without_redis, own_stack):
    answers = [Browser(own_stack.url).sign_in("scheduler") for _ in range(TRIES)]
    assert [answer.status for answer in answers] == [200] * TRIES
    assert not any("/account/login/" in answer.url for answer in answers)
    assert min(answer.seconds for answer in answers) < LONGEST_SECONDS


def test_whoever_asked_a_frozen_redis_directly_would_wait(frozen, own_stack):
    """The negative control: the same call as the nudge after a booking, without its thread."""
    app = Celery(broker=own_stack.env["REDIS_URL"])
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    begun = time.monotonic()
    with pytest.raises((OperationalError, OSError)):
        app.send_task("scheduling.send_due_messages", retry=False, ignore_result=True)
    assert time.monotonic() - begun > LONGEST_SECONDS
