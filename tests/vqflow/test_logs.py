"""The log tells which fault there was and where, and nothing about the patient it happened with."""

import importlib
import io
import json
import logging
from datetime import date, timedelta
from types import SimpleNamespace

import celery
import psycopg
import pytest
import structlog
from django.conf import settings
from django.db import Error, connection, transaction
from gunicorn.config import Config
from gunicorn.glogging import Logger

from scheduling.models import Patient
from tests import department
from vqflow import logs

NAME = "Quendolyn-Zebulon"


@pytest.fixture
def lines():
    """What the handler of settings.LOGGING writes, line by line as JSON, with the whole text beside it."""
    written = io.StringIO()
    options = dict(settings.LOGGING["formatters"]["json"])
    handler = logging.StreamHandler(written)
    handler.setFormatter(options.pop("()")(**options))
    logging.getLogger().addHandler(handler)

    def read():
        text = written.getvalue()
        return text, [json.loads(line) for line in text.splitlines()]

    yield read
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def site(db):
    return department.site(equipped=False)


def insert_a_patient(site):
    """Without the site that every patient has: PostgreSQL quotes the whole row in its refusal."""
    with transaction.atomic():
        Patient.objects.create(
            mrn="M1",
            mrn_issuer="riverside",
            family_name=NAME,
            born_on=date(1960, 5, 17),
            sex="male",
        )


def insert_against_a_rule(site):
    """The same from a check, which has a name."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE weighed (name text, kg int CONSTRAINT kg_positive CHECK (kg > 0))"
        )
        cursor.execute("INSERT INTO weighed VALUES (%s, -1)", [NAME])


def read_a_name_as_a_number(site):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT '{NAME}'::int")


FAULTS = [
    (insert_a_patient, "psycopg.errors.NotNullViolation (SQLSTATE 23502)"),
    (insert_against_a_rule, "psycopg.errors.CheckViolation (SQLSTATE 23514, constraint kg_positive)"),
    (read_a_name_as_a_number, "psycopg.errors.InvalidTextRepresentation (SQLSTATE 22P02)"),
]


def through_structlog(error):
    structlog.get_logger("test").exception("not_saved")


def through_logging(error):
    logging.getLogger("django.request").error("Internal Server Error: %s", "/patients/", exc_info=True)


def quoted_by_the_event(error):
    logging.getLogger("celery.app.trace").error(
        "Task failed: %s %r\n%s", error, error, [error], exc_info=True
    )


def without_a_traceback(error):
    structlog.get_logger("test").error("not_saved", error=error, about=f"save: {error}")


@pytest.mark.parametrize(("fault", "told"), FAULTS)
@pytest.mark.parametrize("write", [through_structlog, through_logging, quoted_by_the_event])
def test_a_refused_row_is_told_by_type_state_constraint_and_place_alone(site, lines, fault, told, write):
    with pytest.raises(Error, match=NAME) as caught:
        fault(site)
    try:
        raise caught.value
    except Error as error:
        write(error)
    text, [line] = lines()
    assert NAME not in text
    assert told in line["exception"]
    assert line["exception"].startswith("django.db.utils.")
    assert f"{__file__}:" in line["exception"]
    assert f" in {fault.__name__}" in line["exception"]


def test_an_exception_of_the_database_as_a_value_is_withheld(site, lines):
    with pytest.raises(Error, match=NAME) as caught:
        insert_a_patient(site)
    without_a_traceback(caught.value)
    text, [line] = lines()
    assert NAME not in text
    assert (line["event"], line["error"], line["about"]) == ("not_saved", "(withheld)", "save: (withheld)")


def test_what_wraps_an_exception_of_the_database_may_quote_it_and_is_withheld_too(site, lines):
    def wrapped():
        try:
            insert_a_patient(site)
        except Error as error:
            raise RuntimeError(f"cannot save: {error}") from None

    with pytest.raises(RuntimeError, match=NAME) as caught:
        wrapped()
    logging.getLogger("x").error("Task raised %r", caught.value, exc_info=caught.value)
    text, [line] = lines()
    assert NAME not in text
    assert line["event"] == "Task raised (withheld)"
    assert line["exception"].startswith("builtins.RuntimeError\n")
    assert "from psycopg.errors.NotNullViolation (SQLSTATE 23502)" in line["exception"]


def test_of_a_group_every_member_is_withheld(lines):
    members = [ValueError("plain"), psycopg.Error(f"row ({NAME})")]
    logging.getLogger("x").error("both", exc_info=ExceptionGroup("two", members))
    text, [line] = lines()
    assert NAME not in text
    assert "from psycopg.Error" in line["exception"]
    assert "from builtins.ValueError" in line["exception"]


def test_a_failed_task_of_celery_is_withheld(site, lines):
    app = celery.Celery("test", set_as_current=False)

    @app.task(name="test.insert_a_patient")
    def save():
        insert_a_patient(site)

    assert save.apply().failed()
    text, [line] = lines()
    assert NAME not in text
    assert line["event"].startswith("Task test.insert_a_patient[")
    assert "NotNullViolation" in line["exception"]


def test_other_exceptions_keep_the_first_line_of_their_message(lines):
    try:
        int("twelve\nor so")
    except ValueError:
        structlog.get_logger("test").exception("not_read")
    _, [line] = lines()
    assert line["exception"].splitlines()[0] == (
        "builtins.ValueError: invalid literal for int() with base 10: 'twelve\\nor so'"
    )
    assert __file__ in line["exception"].splitlines()[1]


def test_a_message_of_several_lines_is_cut_to_one(lines):
    logging.getLogger("x").error("remote", exc_info=RuntimeError(f"first\nDETAIL: {NAME}"))
    text, [line] = lines()
    assert NAME not in text
    assert line["exception"] == "builtins.RuntimeError: first"


def test_an_event_without_an_exception_stays_as_it_is(lines):
    structlog.get_logger("test").error("not_allowed", action="audit.view", agent=7, exc_info=True)
    _, [line] = lines()
    assert (line["event"], line["action"], line["agent"]) == ("not_allowed", "audit.view", 7)
    assert "exception" not in line


TOKEN = "aB3_x-9Zq" * 4 + "kLmNoPq"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"/a/{TOKEN}", "/a/…"),
        (f"/a/stop/{TOKEN}", "/a/stop/…"),
        (f"/a/{TOKEN}/", "/a/…/"),
        (f"/a/{TOKEN}.", "/a/…"),
        (f"/a/{TOKEN[:20]}", "/a/…"),
        ("/a/", "/a/"),
        ("/a/another-time/keep/", "/a/another-time/keep/"),
        ("/a/calendar/appointment.ics", "/a/calendar/appointment.ics"),
        ("/worklist/", "/worklist/"),
    ],
)
def test_a_mailed_link_is_not_told_and_the_names_of_pages_are(path, told):
    assert logs.without_links(path) == told


def test_no_line_of_a_request_holds_the_link_that_was_opened(lines, client, db):
    client.get(f"/a/{TOKEN}", follow=True)
    client.post(f"/a/stop/{TOKEN}", {"List-Unsubscribe": "One-Click"})
    text, found = lines()
    assert TOKEN not in text
    assert [line["path"] for line in found if line["event"] == "request"] == ["/a/…", "/a/", "/a/stop/…"]


def test_no_line_of_django_or_of_a_fault_holds_it(lines):
    log = logging.getLogger("django.request")
    try:
        raise RuntimeError(f"cannot show http://127.0.0.1/a/{TOKEN}?x=1")
    except RuntimeError:
        log.exception("Internal Server Error: %s", f"/a/{TOKEN}")
    text, (line,) = lines()
    assert TOKEN not in text
    assert line["event"] == "Internal Server Error: /a/…"


def test_gunicorn_does_not_tell_it_either(caplog):
    """Its access log, where an operator switches it on, and its word about a request that it could not read."""
    importlib.import_module("vqflow.wsgi")
    config = Config()
    config.set("accesslog", "-")
    log = Logger(config)
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": f"/a/{TOKEN}",
        "PATH_INFO": f"/a/{TOKEN}",
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    answer = SimpleNamespace(status="302 Found", sent=0, headers=[])
    request = SimpleNamespace(headers=[])
    for each in (log.access_log, log.error_log):
        each.addHandler(caplog.handler)
    log.access(answer, request, environ, timedelta(seconds=0))
    log.exception("Error handling request %s", f"/a/{TOKEN}")
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert TOKEN not in " ".join(told)
    assert "/a/…" in told[0]
    for each in (log.access_log, log.error_log):
        each.removeHandler(caplog.handler)
