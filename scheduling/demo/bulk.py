"""Empty tables filled at once: indexes, foreign keys and the exclusion constraint come when all rows are there.

All of it is one transaction: whoever cuts the load off finds the tables as they were, with every constraint.
Until then nobody else can use them. Only the owner of the tables may do this.
"""

from contextlib import contextmanager

import pghistory.models
from django.apps import apps
from django.db import connection

# Foreign keys come last: they need the unique indexes of both sides.
_CONSTRAINTS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('u', 'x', 'f')
    ORDER BY contype = 'f', oid
"""
_INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('u', 'x'))
    ORDER BY indexrelid
"""
_OWNED = """
    SELECT bool_and(pg_has_role(current_user, relowner, 'USAGE')) FROM pg_class WHERE oid = ANY(%s::regclass[])
"""
# A sort in memory is a sort once; two workers beside the server's own process read the table together.
_SETTINGS = ("maintenance_work_mem = '512MB'", "max_parallel_maintenance_workers = 2")


def is_possible(tables):
    """Whether this connection may rebuild these tables, and none of them holds a row."""
    with connection.cursor() as cursor:
        cursor.execute(_OWNED, [tables])
        return cursor.fetchone()[0] and not any(_has_rows(cursor, table) for table in tables)


def _has_rows(cursor, table):
    cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")  # noqa: S608  (a table of this project)
    return cursor.fetchone()[0]


@contextmanager
def bare(tables):
    """Inside: no index but the primary key, no foreign key, no trigger. After it: all as before, and every row
    checked. The rows of history that the triggers would have written are written at the end.

    In a transaction, with constraints immediate, where `is_possible`.
    """
    history = {table: event for table, event in _histories().items() if table in tables}
    touched = [*tables, *(event._meta.db_table for event in history.values())]
    with connection.cursor() as cursor:
        constraints = cursor.execute(_CONSTRAINTS, [touched]).fetchall()
        indexes = cursor.execute(_INDEXES, [touched]).fetchall()
        for table, name, _ in reversed(constraints):
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    with connection.cursor() as cursor:
        for table, event in history.items():
            cursor.execute(_first_versions(table, event))
        for setting in _SETTINGS:
            cursor.execute(f"SET LOCAL {setting}")
        for _, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in constraints:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _histories():
    """{table: the model of its history}, where there is one."""
    events = (model for model in apps.get_models() if issubclass(model, pghistory.models.Event))
    return {event.pgh_tracked_model._meta.db_table: event for event in events}


def _first_versions(table, event):
    """What the history's trigger writes of a new row, of all of them (pghistory.InsertEvent)."""
    columns = ", ".join(
        f'"{field.column}"' for field in event._meta.concrete_fields if not field.name.startswith("pgh_")
    )
    return f"""
        INSERT INTO {event._meta.db_table} ({columns}, pgh_obj_id, pgh_label, pgh_created_at, pgh_context_id)
        SELECT {columns}, id, 'insert', now(), (SELECT _pgh_attach_context()) FROM {table}
    """  # noqa: S608  (names of this project's tables)
