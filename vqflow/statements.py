"""Queries that nearly every request asks, made into SQL once: for the ORM, making it costs more than running it.

The server plans them once per connection, too: a join of six tables takes longer to plan than to read.
"""

from functools import cache

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models.expressions import DatabaseDefault
from django.db.models.query import get_related_populators
from psycopg.pq import Format

from vqflow.writes import write

LARGEST = 2**63 - 1


def prepared_cursor(*, binary=False):
    """A cursor whose statements PostgreSQL prepares when they come again (settings: prepare_threshold).

    For SELECT alone: pghistory puts a second command before writes, which a prepared statement cannot hold.
    `binary`: the answer comes as PostgreSQL keeps it; worth it for bytes and arrays, wrong for Django's fields.
    """
    connection.ensure_connection()
    cursor = ServerBindingCursor(connection.connection)
    cursor.format = Format.BINARY if binary else Format.TEXT
    return connection._prepare_cursor(cursor)


def selected(sql, values, *, binary=False):
    """The rows of a prepared SELECT as tuples."""
    with prepared_cursor(binary=binary) as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def insert(rows, *, ignore_conflicts=False):
    """As `bulk_create` of rows of one model, without signals; returns them, with their keys unless ignoring.

    A key that a row has already is kept. Within `writes.together` the others are known at its end.
    """
    if not rows:
        return rows
    head, fields, key = _columns(type(rows[0]), rows[0].pk is not None)
    values = []
    groups = ", ".join([f"({', '.join([_value(field, row, values) for field in fields])})" for row in rows])

    def inserted(cursor):
        keys = [] if ignore_conflicts else cursor.fetchall()
        for row, (pk,) in zip(rows, keys, strict=False):
            row.pk = pk

    tail = "ON CONFLICT DO NOTHING" if ignore_conflicts else f"RETURNING {key}"
    write(f"{head} VALUES {groups} {tail}", values, then=inserted)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
    return rows


def update(row, fields, *, where=(), then=None):
    """Set the named `fields` of the row in the database to what they are in `row`, and raise no signals.

    `where`: (field, value) pairs that have to be so still. `then(cursor)`: sees in `rowcount` whether they were.
    """
    meta, quoted, values = row._meta, connection.ops.quote_name, []
    set_to = ", ".join(
        [f"{quoted(each.column)} = {_value(each, row, values)}" for each in map(meta.get_field, fields)]
    )
    conditions = [f"{quoted(meta.pk.column)} = %s"]
    values.append(meta.pk.get_db_prep_value(row.pk, connection))
    for name, value in where:
        field = meta.get_field(name)
        conditions.append(f"{quoted(field.column)} = %s")
        values.append(field.get_db_prep_value(value, connection))
    write(
        f"UPDATE {quoted(meta.db_table)} SET {set_to} WHERE {' AND '.join(conditions)}",  # noqa: S608  (names)
        values,
        then=then,
    )


@cache
def _columns(model, has_key):
    """The beginning of an INSERT, the fields whose values it takes, and the column of the key."""
    quoted = connection.ops.quote_name
    given = None if has_key else model._meta.auto_field
    fields = [field for field in model._meta.concrete_fields if not field.generated and field is not given]
    names = ", ".join(quoted(field.column) for field in fields)
    return f"INSERT INTO {quoted(model._meta.db_table)} ({names})", fields, quoted(model._meta.pk.column)


def _value(field, row, values, *, add=True):
    """The placeholder of one value, which is added to `values`."""
    value = field.pre_save(row, add=add)
    if isinstance(value, DatabaseDefault):
        return "DEFAULT"
    values.append(field.get_db_prep_save(value, connection))
    return field.get_placeholder(value, None, connection) if hasattr(field, "get_placeholder") else "%s"


class Compiled:
    """A query of which only the values change.

    `build(**values)` is the queryset; `samples` are values of the right types, no two alike, that stand for
    those of each call. `select_related` works; `prefetch_related` and an order do not.
    """

    def __init__(self, build, **samples):
        self._build, self._samples = build, samples
        self._plan = None

    def first(self, **values):
        """The row or None, where there is one at most."""
        return next(iter(self.all(**values)), None)

    def all(self, **values):
        """The rows in no order, as `build(**values)` answers."""
        if any(type(values[name]) is not type(sample) for name, sample in self._samples.items()):
            return list(self._build(**values))
        if any(isinstance(value, int) and abs(value) > LARGEST for value in values.values()):
            return []
        self._plan = self._plan or _Plan(self._build(**self._samples), self._samples)
        return self._plan.rows(values)


class _Plan:
    """What Django's ModelIterable works out anew for each query."""

    def __init__(self, queryset, samples):
        compiler = queryset.order_by().query.get_compiler(connection=connection)
        self.sql, params = compiler.as_sql()
        names = {sample: name for name, sample in samples.items()}
        if sorted(map(repr, params)) != sorted(map(repr, names)) or queryset._prefetch_related_lookups:
            raise ValueError("A compiled query has each sample as a value, no other value, and no prefetch.")
        self.params = [names[value] for value in params]
        select, info = compiler.select, compiler.klass_info
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self.model, self.columns = info["model"], slice(first, last)
        self.fields = [column[0].target.attname for column in select[first:last]]
        self.related = get_related_populators(info, select, connection.alias)
        converters = compiler.get_converters([column[0] for column in select[: compiler.col_count]])
        self.converted = lambda rows: compiler.apply_converters(rows, converters)

    def rows(self, values):
        with prepared_cursor() as cursor:
            cursor.execute(self.sql, [values[name] for name in self.params])
            rows = cursor.fetchall()
        return [self.instance(row) for row in self.converted(rows)]

    def instance(self, row):
        found = self.model.from_db(connection.alias, self.fields, row[self.columns])
        for each in self.related:
            each.populate(row, found)
        return found
