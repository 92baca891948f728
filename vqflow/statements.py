"""Queries that nearly every request asks, made into SQL once: for the ORM, making it costs more than running it.

The server plans them once per connection, too: a join of six tables takes longer to plan than to read.
"""

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from uuid import UUID

from django.db import connection, models
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models.expressions import DatabaseDefault
from django.db.models.query import get_related_populators
from psycopg.pq import Format
from psycopg.types.json import Jsonb
from psycopg.types.range import Range

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
    fields = _inserted(type(rows[0]), rows[0].pk is not None)
    records = [_record(row, fields) for row in rows]
    columns = tuple(records[0])
    if any(tuple(record) != columns for record in records):
        raise ValueError("What the database fills in itself is the same for all rows of one call.")

    def inserted(cursor):
        keys = [] if ignore_conflicts else cursor.fetchall()
        for row, (pk,) in zip(rows, keys, strict=False):
            row.pk = pk

    write(_insert_sql(type(rows[0]), columns, ignore_conflicts), [_json(records)], then=inserted)
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
def _inserted(model, has_key):
    """(column, attribute, field) of what an INSERT gives values to; no field where JSON takes it as it is."""
    given = None if has_key else model._meta.auto_field
    fields = [field for field in model._meta.concrete_fields if not field.generated and field is not given]
    return [(field.column, field.attname, None if _is_simple(field) else field) for field in fields]


def _is_simple(field):
    """Whether PostgreSQL reads the field's values as Python has them: text, numbers, moments, keys."""
    target = field.target_field if field.remote_field else field
    if type(target) is models.DateTimeField:
        return not (target.auto_now or target.auto_now_add)
    return type(target) in SIMPLE


SIMPLE = {
    models.AutoField,
    models.BigAutoField,
    models.BooleanField,
    models.CharField,
    models.DecimalField,
    models.EmailField,
    models.FloatField,
    models.IntegerField,
    models.PositiveIntegerField,
    models.PositiveSmallIntegerField,
    models.SmallIntegerField,
    models.TextField,
    models.UUIDField,
}


@cache
def _insert_sql(model, columns, ignore_conflicts):
    """One text however many rows there are: they are one value, so the server plans it once."""
    quoted, meta = connection.ops.quote_name, model._meta
    table, names = quoted(meta.db_table), ", ".join(map(quoted, columns))
    tail = "ON CONFLICT DO NOTHING" if ignore_conflicts else f"RETURNING {quoted(meta.pk.column)}"
    rows = f"json_populate_recordset(NULL::{table}, %s::json)"
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM {rows} {tail}"  # noqa: S608  (names)


def _record(row, fields):
    """The row's values by column, without those that the database fills in."""
    record, values = {}, row.__dict__
    for column, name, field in fields:
        value = values[name] if field is None else field.pre_save(row, add=True)
        if type(value) is not DatabaseDefault:
            record[column] = value if field is None or value is None else _plain(field, value)
    return record


def _plain(field, value):
    value = field.get_db_prep_save(value, connection)
    if not isinstance(value, Jsonb):
        return value
    return json.loads(json.dumps(value.obj, cls=field.encoder)) if field.encoder else value.obj


def _in_json(value):
    """What JSON has no word for, as PostgreSQL reads it."""
    if isinstance(value, datetime) and value.tzinfo is None:
        raise TypeError("A moment without a time zone cannot be stored.")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, timedelta):
        return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
    if isinstance(value, Range):
        low, high = ["" if end is None else end.isoformat() for end in (value.lower, value.upper)]
        return f"{value.bounds[0]}{low},{high}{value.bounds[1]}"
    raise TypeError(f"An INSERT cannot take a {type(value).__name__}.")


_json = json.JSONEncoder(default=_in_json, ensure_ascii=False, check_circular=False).encode


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
    those of each call. `select_related`, annotations and an order of its own work; `prefetch_related` and the
    model's order do not.
    """

    def __init__(self, build, *, fixed=(), **samples):
        """`fixed`: the values of the query that are the same in every call."""
        self._build, self._fixed, self._samples = build, fixed, samples
        self._plan = None

    def first(self, **values):
        """The row or None, where there is one at most."""
        return next(iter(self.all(**values)), None)

    def all(self, **values):
        """The rows as `build(**values)` answers."""
        if any(type(values[name]) is not type(sample) for name, sample in self._samples.items()):
            return list(self._build(**values))
        if any(isinstance(value, int) and abs(value) > LARGEST for value in values.values()):
            return []
        with prepared_cursor() as cursor:
            cursor.execute(*self.asked(**values))
            return self.made(cursor.fetchall())

    def asked(self, **values):
        """The statement and its values, for pipelines.several. They are of the samples' types."""
        self._plan = self._plan or _Plan(self._build(**self._samples), self._samples, self._fixed)
        return self._plan.sql, [values[name] if name else fixed for name, fixed in self._plan.params]

    def made(self, rows):
        """The rows that `asked` was answered with, as `all` has them."""
        return [self._plan.instance(row) for row in self._plan.converted(rows)]


class _Plan:
    """What Django's ModelIterable works out anew for each query."""

    def __init__(self, queryset, samples, fixed):
        query = (queryset if queryset.query.order_by else queryset.order_by()).query
        compiler = query.get_compiler(connection=connection)
        self.sql, params = compiler.as_sql()
        names = {sample: name for name, sample in samples.items()}
        expected = sorted(map(repr, [*names, *fixed]))
        if sorted(map(repr, params)) != expected or queryset._prefetch_related_lookups:
            raise ValueError("A compiled query has each sample as a value, no other value, and no prefetch.")
        self.params = [(names.get(value), value) for value in params]
        select, info = compiler.select, compiler.klass_info
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self.model, self.columns = info["model"], slice(first, last)
        self.fields = [column[0].target.attname for column in select[first:last]]
        self.related = get_related_populators(info, select, connection.alias)
        self.annotated = compiler.annotation_col_map.items()
        converters = compiler.get_converters([column[0] for column in select[: compiler.col_count]])
        self.converted = lambda rows: compiler.apply_converters(rows, converters)

    def instance(self, row):
        found = self.model.from_db(connection.alias, self.fields, row[self.columns])
        for each in self.related:
            each.populate(row, found)
        for name, column in self.annotated:
            setattr(found, name, row[column])
        return found
