"""PostgreSQL stopped: everyone reads that it is away, and it goes on by itself once it is back."""

import time

import pytest
from django.http import HttpResponse

from tests.faults.browser import Api, Browser
from vqflow.middleware import DatabaseAway

pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

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
