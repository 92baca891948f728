"""Bring the database up to this version: run at every deployment, as the role that owns the database."""

import time
from urllib.parse import unquote, urlsplit

import pghistory.models
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone
from environs import Env
from psycopg import sql

from vqflow import housekeeping
from vqflow.models import AuditEvent, AuditSeal

# What the application may add but never change: a stolen application password cannot rewrite history.
WRITE_ONCE_TABLES = ("reporting_reportversion", "scheduling_performedmessage")
WAIT_SECONDS = 60


class Command(BaseCommand):
    help = (
        "Wait for the database, migrate, make the cache table and give the application's role its rights. "
        "DATABASE_URL is the owner's, APP_DATABASE_URL the application's. Safe to repeat."
    )
    # The checks need tables that do not exist before the first run.
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument(
            "--wait", type=float, default=WAIT_SECONDS, help="seconds to wait for the database"
        )

    def handle(self, *, wait, **options):
        app_url = Env().str("APP_DATABASE_URL", "")
        wait_for_database(wait)
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        call_command("createcachetable", verbosity=options["verbosity"])
        # Where beat, the broker or the worker never come up at all, that is told as well.
        housekeeping.expected(housekeeping.BEAT, since=timezone.now())
        if app_url:
            app = urlsplit(app_url)
            ensure_role(unquote(app.username or ""), unquote(app.password or ""))
            grant(unquote(app.username))
        else:
            self.stderr.write("APP_DATABASE_URL is not set: no rights were given to an application role.")


def wait_for_database(seconds):
    """Return as soon as the database answers. Raises CommandError after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if time.monotonic() > until:
                raise CommandError(f"The database does not answer: {error}") from error
            time.sleep(0.5)
        else:
            return


def ensure_role(name, password):
    """Make the application's role if it is missing. Raises CommandError where only an administrator may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
        if cursor.fetchone():
            return
        try:
            cursor.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                    sql.Identifier(name), sql.Literal(password)
                )
            )
        except DatabaseError as error:
            raise CommandError(
                f"The role {name} does not exist and {connection.settings_dict['USER']} may not make it. "
                f"Ask the database's administrator for: CREATE ROLE {name} LOGIN PASSWORD '...';"
            ) from error


def grant(role):
    """Give the application's role its rights on everything there is, less what it must not do."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _grants():
            cursor.execute(sql.SQL(statement).format(role=sql.Identifier(role)))
        for table in write_once_tables():
            cursor.execute(
                sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {role}").format(
                    table=sql.Identifier(table), role=sql.Identifier(role)
                )
            )


def write_once_tables():
    """Tables the application may insert into and read, nothing else: audit, signed reports, history."""
    models = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model in (AuditEvent, AuditSeal) or issubclass(model, pghistory.models.Event)
    ]
    present = set(connection.introspection.table_names())
    return sorted({*WRITE_ONCE_TABLES, *(model._meta.db_table for model in models)} & present)


def _grants():
    return (
        "GRANT USAGE ON SCHEMA public TO {role}",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    )
