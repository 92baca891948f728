"""Every row that hangs on some appointments, read in one statement and put where the relations look for it.

Each list of the day reads a dozen tables. As Django's prefetches that is a dozen round trips for few rows each.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from uuid import UUID

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import connection, models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import signals
from django.db.models.base import ModelState

from scheduling.models import (
    Administration,
    Appointment,
    Arrival,
    ChestXray,
    CountRate,
    Decision,
    DoseClaim,
    HandOver,
    Order,
    Problem,
    Protocol,
    Release,
    Reservation,
    Resource,
    ScheduledProcedureStep,
    ScreeningAnswer,
    TracerBatch,
    WorkedOn,
)
from vqflow.models import User
from vqflow.statements import selected

NAMED = ("id", "username", "first_name", "last_name", "role")
# Keys that the planner does not see: with them PostgreSQL would make a new plan for each number of them.
OF = {
    Protocol: "x.protocol_id = ANY((SELECT %(protocols)s::bigint[])::bigint[])",
    Appointment: "x.appointment_id = ANY((SELECT %(appointments)s::uuid[])::uuid[])",
    Order: "x.order_id = ANY((SELECT %(orders)s::bigint[])::bigint[])",
    ScheduledProcedureStep: "x.step_id IN (SELECT id FROM steps)",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of `model` as `parent.<accessor>` gives them; `only`: a condition on the table x."""

    parent: type[models.Model]
    accessor: str
    model: type[models.Model]
    only: str = "TRUE"
    order: str = "x.id"

    @property
    def key(self):
        """Its name among all that are read together."""
        return f"{self.parent.__name__}.{self.accessor}"

    @property
    def sql(self):
        return self._sql(f"{OF[self.parent]} AND {self.only}")

    def _sql(self, condition):
        columns = ", ".join(f"x.{field.column}" for field in _fields(self.model))
        rows = f"json_agg(json_build_array({columns}) ORDER BY {self.order})::text"
        table = self.model._meta.db_table
        return f"SELECT '{self.key}', {rows} FROM \"{table}\" x WHERE {condition}"  # noqa: S608  (our own names)


@dataclass(frozen=True, slots=True)
class Lookup(Relation):
    """Rows that others point at, once each, however many do."""

    @property
    def sql(self):
        return self._sql(self.only)


OF_USER = Lookup(Appointment, "of_user", User, only="x.site_code = ANY((SELECT %(codes)s::text[])::text[])")
STEPS = Relation(Appointment, "steps", ScheduledProcedureStep, order="x.ordinal")
RELATIONS = (
    Relation(Appointment, "arrivals", Arrival),
    Relation(Appointment, "problems", Problem, order="x.opened_at, x.id"),
    Relation(Appointment, "releases", Release, order="x.decided_at, x.id"),
    Relation(Appointment, "hand_over", HandOver),
    Relation(Appointment, "worked_on", WorkedOn, order="x.since"),
    Relation(Order, "answers", ScreeningAnswer),
    Relation(Order, "decisions", Decision),
    Relation(
        ScheduledProcedureStep,
        "reservations",
        Reservation,
        # A subquery that gives a value: as a join, the years of each room would be read for the steps of a day.
        only="""x.status IN ('booked', 'overbooked')
            AND (SELECT r.kind <> 'patient' FROM scheduling_resource r WHERE r.id = x.resource_id)""",
    ),
    Relation(ScheduledProcedureStep, "dose_claims", DoseClaim, only="x.status <> 'released'"),
    Relation(ScheduledProcedureStep, "administrations", Administration),
    Relation(ScheduledProcedureStep, "count_rates", CountRate),
    Relation(ScheduledProcedureStep, "chest_xrays", ChestXray),
)
LOOKUPS = (
    # Patients are resources too; a list needs rooms and people.
    Lookup(Appointment, "of_resource", Resource, only="x.id IN (SELECT id FROM resources)"),
    Lookup(
        Appointment,
        "of_batch",
        TracerBatch,
        only="""x.id IN (
            SELECT batch_id FROM scheduling_doseclaim WHERE status <> 'released' AND step_id IN (SELECT id FROM steps)
            UNION ALL SELECT batch_id FROM scheduling_administration WHERE step_id IN (SELECT id FROM steps))""",
    ),
    OF_USER,
)
# pghistory puts a command of its own before what does not begin with SELECT; a prepared statement holds but one.
FIRST = """SELECT * FROM (WITH steps AS MATERIALIZED (
        SELECT id FROM scheduling_scheduledprocedurestep
            WHERE appointment_id = ANY((SELECT %(appointments)s::uuid[])::uuid[])),
    resources AS MATERIALIZED (
        SELECT id FROM scheduling_resource
            WHERE site_id = ANY((SELECT %(sites)s::bigint[])::bigint[]) AND kind <> 'patient')
"""


class ExaminationQuerySet(type(Appointment.objects.all())):
    """Appointments that come with every row of RELATIONS: two queries, however many there are."""

    def _fetch_all(self):
        is_fresh = self._result_cache is None
        super()._fetch_all()
        if is_fresh and self._iterable_class is models.query.ModelIterable:
            attach(self._result_cache)


def attach(appointments, relations=RELATIONS, lookups=LOOKUPS):
    """Read what belongs to these appointments, and let `.all()` and the foreign keys find it without a query.

    `procedure__order`, `procedure__protocol` and `site` are loaded already. Of users only the name and the role are.
    `relations` (beside the steps, which always come) and `lookups`: tuples, for who needs other rows than the lists.
    """
    if not appointments:
        return
    parents = _parents(appointments)
    known = {
        "appointments": list(parents[Appointment]),
        "orders": list(parents[Order]),
        "protocols": list(parents[Protocol]),
        "sites": list({each.site_id for each in appointments}),
        "codes": list({each.site.code for each in appointments}),
    }
    found = {
        key: json.loads(text or "[]", parse_float=Decimal)
        for key, text in selected(_sql(relations, lookups), known)
    }
    pointed = {each.model: {row.pk: row for row in _rows(each, found)} for each in lookups}
    steps = _put(STEPS, found, parents[Appointment], pointed)
    parents[ScheduledProcedureStep] = {step.pk: step for step in steps}
    for relation in relations:
        _put(relation, found, parents[relation.parent], pointed)


def _parents(appointments):
    """{model: {key: row}} of what is loaded already; appointments of one protocol share its row."""
    protocols = {}
    for each in appointments:
        if (protocol := each.procedure.protocol) is not None:
            each.procedure.protocol = protocols.setdefault(protocol.pk, protocol)
    orders = [each.procedure.order for each in appointments]
    return {
        Appointment: {each.pk: each for each in appointments},
        Order: {order.pk: order for order in orders},
        Protocol: protocols,
    }


@cache
def _sql(relations, lookups):
    parts = "\nUNION ALL\n".join(each.sql for each in (STEPS, *relations, *lookups))
    return f"{FIRST}{parts}) found"


def _rows(relation, found):
    return list(map(_reader(relation.model), found[relation.key]))


def _put(relation, found, parents, lookups):
    """Make the rows of one relation, link them both ways, and return them; `parents` by their keys, `lookups`
    {model: rows by their keys}."""
    remote, link, pointers = _links(relation)
    pointers = [(attname, name, lookups[model]) for attname, name, model in pointers if model in lookups]
    by_parent, rows = {key: [] for key in parents}, _rows(relation, found)
    for row in rows:
        values, cached = row.__dict__, row._state.fields_cache
        key = values[link.attname]
        cached[link.name] = parents[key]
        by_parent[key].append(row)
        for attname, name, known in pointers:
            if (other := known.get(values[attname])) is not None:
                cached[name] = other
    for key, parent in parents.items():
        if remote.one_to_one:
            parent._state.fields_cache[relation.accessor] = next(iter(by_parent[key]), None)
        else:
            _read_of(parent)[relation.accessor] = by_parent[key]
    return rows


@cache
def _links(relation):
    """The relation as the parent has it, its foreign key, and (attname, name, model) of all others."""
    remote = relation.parent._meta.get_field(relation.accessor)
    pointers = [
        (field.attname, field.name, field.related_model)
        for field in relation.model._meta.concrete_fields
        if field.is_relation and field is not remote.field
    ]
    return remote, remote.field, pointers


def _read_of(parent):
    """The parent's Read; what prefetch_related has put there before stays."""
    known = parent.__dict__.get("_prefetched_objects_cache")
    if not isinstance(known, Read):
        known = parent._prefetched_objects_cache = Read(parent, known or {})
    return known


class Read(dict):
    """What has been read of one parent, {accessor: rows}, in the place of Django's own prefetched querysets.

    The queryset is made once somebody asks for it, as prefetch_related makes it: whoever filters it further asks
    the database for rows of this parent alone.
    """

    __slots__ = ("_parent",)

    def __init__(self, parent, known):
        super().__init__(known)
        self._parent = parent

    def __getitem__(self, accessor):
        found = super().__getitem__(accessor)
        if isinstance(found, list):
            manager = getattr(self._parent, accessor)
            queryset = manager._apply_rel_filters(manager.model._default_manager.get_queryset())
            queryset._result_cache, queryset._prefetch_done = found, True
            self[accessor] = found = queryset
        return found


@cache
def _fields(model):
    fields = model._meta.concrete_fields
    return [field for field in fields if model is not User or field.attname in NAMED]


@cache
def _reader(model):
    """A function that makes an instance of one JSON array of the model's columns, as `from_db` would.

    The values go where a field looks for them, without the signals and checks of a constructor.
    """
    if signals.pre_init.has_listeners(model) or signals.post_init.has_listeners(model):
        raise TypeError(f"{model.__name__} listens to its constructor, which is not called here.")
    fields, alias = _fields(model), connection.alias
    names, new = ["_state", *(field.attname for field in fields)], model.__new__
    converters = [(n, convert) for n, convert in enumerate(map(_converter, fields)) if convert]

    def read(values):
        for n, convert in converters:
            if (value := values[n]) is not None:
                values[n] = convert(value)
        row, state = new(model), ModelState()
        state.adding, state.db, state.fields_cache = False, alias, {}
        row.__dict__ = dict(zip(names, (state, *values), strict=True))
        return row

    return read


def _converter(field):
    """What makes the field's value of its JSON, or None where they are the same."""
    target = field.target_field if field.is_relation else field
    return next((convert for kind, convert in CONVERTERS if isinstance(target, kind)), None)


def _range(text):
    lower, upper = (datetime.fromisoformat(part.strip('"')) for part in text[1:-1].split(","))
    return DateTimeTZRange(lower, upper, text[0] + text[-1])


CONVERTERS = [
    (models.DateTimeField, datetime.fromisoformat),
    (models.DateField, date.fromisoformat),
    (models.DecimalField, Decimal),
    (models.UUIDField, UUID),
    (DateTimeRangeField, _range),
]
