"""A pytest plugin: real PostgreSQL and Valkey on free ports for the whole run.

It sets the environment before pytest-django reads the settings. With VQFLOW_TEST_EXTERNAL=1 it starts nothing
and uses DATABASE_URL (an owner that may make databases), APP_DATABASE_URL and REDIS_URL as they are.
Under xdist only the controller starts servers.
"""

import os
import tempfile
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

from vqflow import catalogues
from vqflow.embedded import CannotStart, Servers

EXTERNAL = os.environ.get("VQFLOW_TEST_EXTERNAL") == "1"
# VQFLOW_TEST_SERVERS=machine: this machine's own PostgreSQL and Redis instead of the wheels'.
USE_WHEELS = os.environ.get("VQFLOW_TEST_SERVERS") != "machine"
TEST_SETTINGS = {
    "SECRET_KEY": "only-for-tests-" + "x" * 50,
    "HTTPS": "false",
    "DEBUG": "false",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    # Nothing listens there: a test that sends over SMTP starts its own mailbox.
    "EMAIL_URL": "smtp://127.0.0.1:9",
    # Tests render pages without `collectstatic`; the running stack has hashed names as in production.
    "STATICFILES": "django.contrib.staticfiles.storage.StaticFilesStorage",
}

running: Servers | None = None


def _start() -> None:
    global running
    folder = Path(tempfile.mkdtemp(prefix="vqflow-tests-"))
    running = Servers.of(folder, durable=False, use_wheels=USE_WHEELS)
    running.start()
    servers = running.environment
    # Tests make their own databases, which only the owner may.
    os.environ["DATABASE_URL"] = servers["OWNER_DATABASE_URL"]
    os.environ["APP_DATABASE_URL"] = servers["DATABASE_URL"]
    os.environ["REDIS_URL"] = servers["REDIS_URL"]


def _stop() -> None:
    global running
    if running is not None:
        running.stop()
        running.forget()
        running = None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests():
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ.update(TEST_SETTINGS)
        catalogues.compile_all()
        if not EXTERNAL:
            try:
                _start()
            except CannotStart as refusal:
                raise pytest.UsageError(str(refusal)) from refusal
    try:
        return (yield)
    except BaseException:
        _stop()
        raise


def pytest_unconfigure():
    _stop()


class OneStack(LoadFileScheduling):
    """A file's tests stay together; all journeys share one worker and so one running stack."""

    def _split_scope(self, nodeid):
        return "tests/journeys" if nodeid.startswith("tests/journeys/") else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    return OneStack(config, log)
