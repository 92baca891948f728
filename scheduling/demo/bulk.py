"""Empty tables filled at once: indexes and foreign keys come when all rows are there.

Exclusion constraints stay. Adding one later looks up every row in its index all the same, and did so for longer than
an index that grows; and the processes that make the rows would have nothing left to do meanwhile.

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
    FROM pg_constraint WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('u', 'f')
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
_SETTINGS = (("maintenance_work_mem = '512MB'",), ("max_parallel_maintenance_workers = 2",))
# What the history's trigger writes of a new row, of all of them (pghistory.InsertEvent).
_FIRST_VERSIONS = """
    INSERT INTO {0} ({1}, pgh_obj_id, pgh_label, pgh_created_at, pgh_context_id)
    SELECT {1}, id, 'insert', now(), (SELECT _pgh_attach_context()) FROM {2}
"""


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
    """Inside: no index but those of primary keys and exclusion constraints, no foreign key, no trigger. After it: all
    as before, and every row checked. The rows of history that the triggers would have written are written at the end.

    In a transaction, with constraints immediate, where `is_possible`.
    """
    history = {table: event for table, event in _histories().items() if table in tables}
    touched = [*tables, *(event._meta.db_table for event in history.values())]
    with connection.cursor() as cursor:
        constraints = cursor.execute(_CONSTRAINTS, [touched]).fetchall()
        indexes = cursor.execute(_INDEXES, [touched]).fetchall()
        run = cursor.execute
        _each(run, "ALTER TABLE {0} DISABLE TRIGGER USER", [(table,) for table in tables])
        _each(run, "ALTER TABLE {0} DROP CONSTRAINT {1}", reversed(constraints))
        _each(run, "DROP INDEX {0}", indexes)
    yield
    with connection.cursor() as cursor:
        run = cursor.execute
        _each(run, "SET LOCAL {0}", _SETTINGS)
        _each(run, _FIRST_VERSIONS, [_history_of(table, event) for table, event in history.items()])
        _each(run, "{1}", indexes)
        # The checks of foreign keys are joins, which are planned by the numbers of rows.
        run(f"ANALYZE {', '.join(touched)}")
        _each(run, "ALTER TABLE {0} ADD CONSTRAINT {1} {2}", constraints)
        _each(run, "ALTER TABLE {0} ENABLE TRIGGER USER", [(table,) for table in tables])


def _each(run, statement, rows):
    for row in rows:
        run(statement.format(*row))


def _histories():
    """{table: the model of its history}, where there is one."""
    events = (model for model in apps.get_models() if issubclass(model, pghistory.models.Event))
    return {event.pgh_tracked_model._meta.db_table: event for event in events}


def _history_of(table, event):
    fields = [field for field in event._meta.concrete_fields if not field.name.startswith("pgh_")]
    return event._meta.db_table, ", ".join(f'"{field.column}"' for field in fields), table
