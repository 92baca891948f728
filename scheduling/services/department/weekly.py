"""Weekly rows that hold from a day to a day: replaced between two days, as they were before and after."""

import copy
from datetime import timedelta

from django.db.models import Q

DAY = timedelta(days=1)


def holding(model, resource, day):
    """The rows that hold on a day, in the order of the week."""
    rows = model.objects.filter(_begun(day), _lasting(day), resource=resource)
    return rows.order_by("weekday", _begin_of(model), "pk")


def replace(model, resource, wanted, *, starts_on, ends_on):
    """From `starts_on` to `ends_on` (None: for good) exactly `wanted` holds: dicts of a row's own fields.

    Rows that are the same and hold for all that time stay untouched; others end, and go on after `ends_on`.
    Returns (how many rows ended, how many are new).
    """
    touched = model.objects.filter(_lasting(starts_on), resource=resource)
    if ends_on is not None:
        touched = touched.filter(_begun(ends_on))
    missing, cut = list(wanted), 0
    for row in touched.select_for_update().order_by("pk"):
        same = next((each for each in missing if _is(row, each)), None)
        if same is not None and _holds_throughout(row, starts_on, ends_on):
            missing.remove(same)
        else:
            _cut(row, starts_on, ends_on)
            cut += 1
    for each in missing:
        model.objects.create(resource=resource, **each, starts_on=starts_on, ends_on=ends_on)
    return cut, len(missing)


def _cut(row, starts_on, ends_on):
    after = copy.copy(row)
    if row.starts_on is None or row.starts_on < starts_on:
        row.ends_on = starts_on - DAY
        row.save(update_fields=["ends_on"])
    else:
        row.delete()
    if ends_on is not None and (after.ends_on is None or after.ends_on > ends_on):
        after.pk, after._state.adding, after.starts_on = None, True, ends_on + DAY
        after.save(force_insert=True)


def _holds_throughout(row, starts_on, ends_on):
    begins = row.starts_on is None or row.starts_on <= starts_on
    return begins and (row.ends_on is None or (ends_on is not None and row.ends_on >= ends_on))


def _is(row, values):
    return all(getattr(row, name) == value for name, value in values.items())


def _begun(day):
    return Q(starts_on__isnull=True) | Q(starts_on__lte=day)


def _lasting(day):
    return Q(ends_on__isnull=True) | Q(ends_on__gte=day)


def _begin_of(model):
    return "opens" if hasattr(model, "opens") else "starts"
