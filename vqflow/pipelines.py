"""Statements that go to the server in one go, each prepared once it comes again: one wait for all their answers."""

from contextlib import nullcontext
from types import SimpleNamespace

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from psycopg.pq import Format


def several(statements, *, binary=()):
    """Carry out (sql, values) pairs in their order, each seeing what those before it did; returns a cursor for each.

    They fail together: the first refusal is raised, and nothing after it is done. `binary`: the positions of those
    whose answer comes as PostgreSQL keeps it; worth it for bytes and arrays, wrong for Django's fields.
    """
    connection.ensure_connection()
    pipeline = _Pipeline(connection.connection, statements, binary)
    with connection._prepare_cursor(pipeline) as cursor:
        # Whoever watches or counts statements sees one, without values: those of each are its own.
        cursor.execute(pipeline.text)
    return pipeline.answers


class _Pipeline(ServerBindingCursor):
    """One `execute` for Django and those who wrap it, several for the server."""

    def __init__(self, psycopg_connection, statements, binary):
        super().__init__(psycopg_connection)
        self.text = "; ".join([sql for sql, _ in statements])
        self.answers = []
        self._statements, self._binary = statements, binary

    def execute(self, text, values=()):
        """`text` may begin with a command that somebody has put before ours, with its `values` (pghistory)."""
        # What Django shows to whoever counts statements.
        self._query = SimpleNamespace(query=text.encode())
        before = text.removesuffix(self.text).rstrip("; ")
        is_one = len(self._statements) == 1 and not before
        with nullcontext() if is_one else self.connection.pipeline():
            if before:
                self._ask(before, values, Format.TEXT)
            self.answers = [
                self._ask(sql, values, Format.BINARY if position in self._binary else Format.TEXT)
                for position, (sql, values) in enumerate(self._statements)
            ]

    def _ask(self, sql, values, format_of_answer):
        cursor = ServerBindingCursor(self.connection)
        cursor.format = format_of_answer
        return cursor.execute(sql, values)
