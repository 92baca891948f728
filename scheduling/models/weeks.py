"""Weekly hours that hold from a day to a day, and the constraint that no two of one kind overlap."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

WEEK_MINUTES = 7 * 24 * 60


class MinutesOfWeek(models.Func):
    """The minutes of the week that hours take, as a multirange: a Sunday night goes on at the week's begin."""

    output_field = models.TextField()

    def __init__(self, weekday, opens, closes, **extra):
        super().__init__(F(weekday), F(opens), F(closes), **extra)

    def as_sql(self, compiler, connection, **extra):
        parts = [compiler.compile(each) for each in self.source_expressions]
        day, opens, closes = (sql for sql, _ in parts)
        params = [value for _, values in parts for value in values]
        begins = f"({day} * 1440 + extract(epoch FROM {opens})::int / 60)"
        next_day = f"CASE WHEN {closes} <= {opens} THEN 1440 ELSE 0 END"
        ends = f"({day} * 1440 + extract(epoch FROM {closes})::int / 60 + {next_day})"
        sql = (
            f"int4multirange(int4range({begins}, least({ends}, {WEEK_MINUTES})), "
            f"int4range(0, greatest({ends} - {WEEK_MINUTES}, 0)))"
        )
        return sql, params


class DaysOfValidity(models.Func):
    """The local days on which a row holds, both ends included; NULL is without end."""

    output_field = models.TextField()
    function = "daterange"
    template = "%(function)s(%(expressions)s, '[]')"

    def __init__(self, starts_on="starts_on", ends_on="ends_on", **extra):
        super().__init__(F(starts_on), F(ends_on), **extra)


def never_twice(name, weekday, opens, closes, **condition):
    """A constraint: of one resource no two weekly hours overlap on any day on which both hold."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            ("resource", RangeOperators.EQUAL),
            (MinutesOfWeek(weekday, opens, closes), RangeOperators.OVERLAPS),
            (DaysOfValidity(), RangeOperators.OVERLAPS),
        ],
        condition=Q(**condition) if condition else None,
    )


def days_ordered(name):
    return models.CheckConstraint(
        condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
        name=name,
    )
