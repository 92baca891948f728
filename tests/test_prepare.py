import subprocess
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from vqflow import audit, housekeeping
from vqflow.management.commands import prepare
from vqflow.models import AuditEvent, Heartbeat
from vqflow.processes import PROJECT, environment

ROLE = "vqflow_app_in_test"

pytestmark = pytest.mark.django_db


@pytest.fixture
def app_role():
    """The present connection acts as the application's role, until the test's transaction is rolled back."""
    prepare.ensure_role(ROLE, "only here")
    prepare.grant(ROLE)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")


def execute(statement):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("vqflow_auditevent", "id"),
        ("vqflow_auditseal", "id"),
        ("reporting_reportversion", "id"),
        ("vqflow_userevent", "pgh_id"),
    ],
)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {key} = 0",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "DROP TABLE {table}",
    ],
)
def test_the_application_cannot_change_what_is_written_once(app_role, statement, table, key):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        execute(statement.format(table=table, key=key))


def test_the_application_can_add_to_the_audit_and_read_it(app_role):
    before = AuditEvent.objects.count()
    audit.record("test.prepared", by=None)
    assert AuditEvent.objects.count() == before + 1


def test_the_application_can_read_and_write_ordinary_tables(app_role):
    execute("UPDATE django_session SET expire_date = now()")
    execute("DELETE FROM vqflow_cache")


def test_the_application_cannot_change_the_schema(app_role):
    with pytest.raises(ProgrammingError, match="permission denied"):
        execute("CREATE TABLE mine (id integer)")


def test_every_table_of_history_is_write_once():
    tables = prepare.write_once_tables()
    assert {"vqflow_auditevent", "vqflow_auditseal", "reporting_reportversion", "vqflow_userevent"} <= set(
        tables
    )
    assert [table for table in connection.introspection.table_names() if table.endswith("event")] == [
        table for table in tables if table.endswith("event")
    ]


def test_preparing_twice_changes_nothing(monkeypatch):
    monkeypatch.setenv("APP_DATABASE_URL", f"postgresql://{ROLE}:secret@127.0.0.1/any")
    call_command("prepare", verbosity=0)
    rights = table_rights()
    call_command("prepare", verbosity=0)
    assert table_rights() == rights


def test_beat_that_never_starts_after_a_deployment_is_told_and_one_that_works_is_not_disturbed():
    Heartbeat.objects.all().delete()
    call_command("prepare", verbosity=0)
    prepared = timezone.now()
    assert housekeeping.quiet_jobs(prepared) == []
    assert housekeeping.quiet_jobs(prepared + timedelta(minutes=3)) == ["beat"]
    housekeeping.beat(housekeeping.BEAT, now=prepared + timedelta(minutes=10))
    call_command("prepare", verbosity=0)
    assert housekeeping.quiet_jobs(prepared + timedelta(minutes=11)) == []


def test_a_database_that_never_answers_ends_the_wait_in_words():
    done = subprocess.run(
        ["python", "manage.py", "prepare", "--wait=0"],
        env=environment(DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing"),
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "The database does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def table_rights():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = %s",
            [ROLE],
        )
        return sorted(cursor.fetchall())
