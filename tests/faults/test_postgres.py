"""PostgreSQL stopped: everyone reads that it is away, and it goes on by itself once it is back."""

import os
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from scheduling.models import Message
from scheduling.services import messages
from scheduling.services.messages import sending
from tests import crowd, department, servers
from tests.faults.browser import Api, Browser
from tests.faults.careless import command as careless
from tests.faults.senders import senders, wait_until
from tests.relay import running
from vqflow.middleware import DatabaseAway

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180, func_only=True)]

SOAK = os.environ.get("VQFLOW_SOAK") == "1"
MAILS, BEFORE_THE_OUTAGE, SENT_AFTER = (2000, 200, 200) if SOAK else (150, 10, 10)
OUTAGE_SECONDS = 10
SENDING = 3  # the worker's two processes and the second path: each may have had one mail in its hands
AWAY = "VQFlow cannot be reached at the moment"


@pytest.fixture
def own_stack(stack):
    if stack.servers is None:
        pytest.skip("The servers of this run are not ours to stop")
    return stack


@pytest.fixture
def signed_in(own_stack):
    browser = Browser(own_stack.url)
    assert browser.sign_in("technologist").status == 200
    assert browser.get("/worklist/").status == 200
    return browser


@pytest.fixture
def stopped(own_stack, signed_in):
    own_stack.stop("postgres")
    yield
    own_stack.start("postgres")


def test_pages_say_that_vqflow_is_away_and_when_to_try_again(stopped, signed_in):
    answer = signed_in.get("/worklist/")
    assert (answer.status, answer.content_type) == (503, "text/html")
    assert AWAY in answer.body
    assert "Try again in a minute." in answer.body


def test_whoever_signs_in_meanwhile_reads_the_same(stopped, own_stack):
    answer = Browser(own_stack.url).sign_in("scheduler")
    assert (answer.status, AWAY in answer.body) == (503, True)


def test_the_api_answers_with_problem_details(stopped, own_stack):
    answer = Api(own_stack.url).call("worklist")
    assert (answer.status, answer.content_type) == (503, "application/problem+json")
    assert answer.json == {
        "type": "about:blank",
        "title": AWAY,
        "status": 503,
        "detail": "The database does not answer. Try again in a minute.",
    }


def test_the_health_check_says_down(stopped, own_stack):
    answer = Browser(own_stack.url).get("/healthz")
    assert (answer.status, answer.json) == (503, {"status": "down", "database": False})


def test_it_goes_on_without_a_restart(own_stack, signed_in):
    processes = {name: process.pid for name, process in own_stack.processes.items()}
    own_stack.stop("postgres")
    try:
        assert signed_in.get("/worklist/").status == 503
    finally:
        own_stack.start("postgres")
    # Both gunicorn workers, each with its own connections: the same session works in every thread.
    until = time.monotonic() + 10
    while signed_in.get("/worklist/").status != 200 and time.monotonic() < until:
        time.sleep(0.1)
    assert [signed_in.get("/worklist/").status for _ in range(12)] == [200] * 12
    assert signed_in.get("/healthz").status == 200
    assert {name: process.pid for name, process in own_stack.processes.items()} == processes
    assert all(process.poll() is None for process in own_stack.processes.values())


def test_an_error_of_ours_is_not_taken_for_the_database(rf, db):
    """The negative control: with the database well, a 500 stays a 500."""
    answered = DatabaseAway(lambda request: HttpResponse(status=500))(rf.get("/"))
    assert answered.status_code == 500


# Mail


@pytest.fixture
def own_postgres():
    if servers.running is None:
        pytest.skip("The servers of this run are not ours to stop")
    return servers.running.postgres


@pytest.fixture
def relay(settings):
    with running(settings, reads=False) as listening:
        listening.delay_seconds = 0.05
        yield listening


def commits_are_kept():
    """As a department's server: the tests' own forgets the last half second when it is killed (vqflow/embedded)."""
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" SET synchronous_commit = on')


def mail_through_an_outage(relay, postgres, folder, *, names, resumes):
    """Ids of reminders; PostgreSQL is gone for ten seconds while they are being sent."""
    booked = department.booked(department.site(), first_day=department.TODAY + timedelta(days=4))
    Message.objects.all().delete()
    commits_are_kept()
    due = crowd.reminded(crowd.like(booked, MAILS), due_at=timezone.now())
    with senders(folder) as crew:
        for name, argv in names.items():
            crew.start(name, argv)
        crew.wait_until(lambda: relay.ids.total() >= BEFORE_THE_OUTAGE)
        postgres.kill()
        time.sleep(OUTAGE_SECONDS)
        postgres.start()
        connection.close()
        seen = relay.ids.total()
        if resumes:
            crew.wait_until(lambda: relay.ids.total() > seen + SENT_AFTER)
            crew.wait_until(
                lambda: not Message.objects.filter(sent_at=None, due_at__lte=timezone.now()).exists()
            )
        else:
            wait_until(lambda: crew.ended() == list(names))
    return {str(row.pk) for row in due}


@pytest.mark.django_db(transaction=True)
def test_mail_goes_on_by_itself_after_ten_seconds_without_postgres(own_postgres, relay, tmp_path):
    names = dict.fromkeys(["worker", "beat", "dispatch"])
    wanted = mail_through_an_outage(relay, own_postgres, tmp_path, names=names, resumes=True)
    messages.send_due(now=timezone.now() + sending.LEASE + timedelta(seconds=1), seconds=120)
    assert set(relay.ids) == wanted
    assert relay.ids.total() <= MAILS + SENDING


@pytest.mark.django_db(transaction=True)
def test_a_sender_that_does_not_wait_for_postgres_leaves_mail_unsent(own_postgres, relay, tmp_path):
    """The negative control."""
    names = {"frail": careless("frail")}
    wanted = mail_through_an_outage(relay, own_postgres, tmp_path, names=names, resumes=False)
    assert set(relay.ids) < wanted
