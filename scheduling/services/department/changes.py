"""New values from a day on: planned, applied when the day has come at the site, or withdrawn."""

import copy
import json
from datetime import timedelta

import pghistory
from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from scheduling.models import ChangeState, PlannedChange
from scheduling.services.department import days
from scheduling.templatetags import clock
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

ACTION = "department.manage"
AHEAD_OF_UTC = timedelta(hours=14)
NOTHING_NEW = "Nothing is changed yet. Change a value, or go back."
GONE = "What was to be changed is not there any more. Plan the change anew for what is."
NOT_TOGETHER = "These values do not go together. Check them and try again."


def differences(wanted):
    """`wanted`: pairs of a row and its new values by field. {"app.model:pk": {field: [before, after]}} as JSON."""
    found = {}
    for row, values in wanted:
        fields = {
            name: [_plain(getattr(row, name)), _plain(value)]
            for name, value in values.items()
            if _plain(getattr(row, name)) != _plain(value)
        }
        if fields:
            found[f"{row._meta.label_lower}:{row.pk}"] = fields
    return found


def check(site, wanted, *, starts_on, now):
    """What would be planned, as differences(); Invalid where nothing is new, or what is new cannot be."""
    days.check(site, starts_on, now=now)
    values = differences(wanted)
    if not values:
        raise Invalid(NOTHING_NEW)
    for row, new in wanted:
        _check_row(row, new)
    return values


@transaction.atomic
def plan(site, subject, subject_id, wanted, *, starts_on, by, now):
    """Let the new values hold from the local day `starts_on` on; of today's day they are written at once.

    Raises Invalid as check() does, and Conflict where another change of the same thing begins on that day.
    """
    policy.permit(by, ACTION)
    values = check(site, wanted, starts_on=starts_on, now=now)
    about = {"site": site, "subject": subject, "subject_id": subject_id, "starts_on": starts_on}
    try:
        with transaction.atomic():
            change = PlannedChange.objects.create(**about, values=values, planned_at=now, planned_by=by)
    except IntegrityError as error:
        raise Conflict(
            f"Another change is planned from {clock.day(starts_on)} on. Withdraw it first, or choose another day."
        ) from error
    audit.record("department.planned", change, by=by, about=subject, starts_on=str(starts_on), values=values)
    if starts_on <= days.today(site, now) and (refusal := _apply(change, now=now)):
        raise Invalid(refusal)
    return change


@transaction.atomic
def withdraw(change, *, by, now):
    """Take back a change whose day has not come."""
    policy.permit(by, ACTION)
    if not _end(change, ChangeState.WITHDRAWN, now=now):
        raise Conflict("This change is over already: look at the history.")
    audit.record("department.withdrawn", change, by=by, about=change.subject)
    return change


def apply_due(*, now):
    """Write the changes whose day has come at their site; returns how many. Whoever is doing one is left to it."""
    rows = PlannedChange.objects.filter(
        state=ChangeState.PLANNED, starts_on__lte=(now + AHEAD_OF_UTC).date()
    ).order_by("starts_on", "pk")
    return sum(_apply_locked(pk, now) for pk in rows.values_list("pk", flat=True))


@transaction.atomic
def _apply_locked(pk, now):
    rows = PlannedChange.objects.select_related("site", "planned_by")
    rows = rows.select_for_update(of=("self",), skip_locked=True)
    change = rows.filter(pk=pk, state=ChangeState.PLANNED).first()
    if change is None or change.starts_on > days.today(change.site, now):
        return 0
    _apply(change, now=now)
    return 1


def _apply(change, *, now):
    """Write the values; the sentence why not, where the rows have become such that they cannot be."""
    try:
        with pghistory.context(user=change.planned_by_id), transaction.atomic():
            _write(change.values)
        refusal = ""
    except (IntegrityError, ValidationError):
        refusal = NOT_TOGETHER
    except ObjectDoesNotExist:
        refusal = GONE
    _end(change, ChangeState.FAILED if refusal else ChangeState.APPLIED, now=now, refusal=refusal)
    audit.record(
        "department.changed",
        change,
        by=change.planned_by,
        outcome="failure" if refusal else "success",
        about=change.subject,
        values=change.values,
    )
    return refusal


def _write(values):
    for key, fields in values.items():
        label, _, pk = key.partition(":")
        model = apps.get_model(label)
        row = model.objects.select_for_update().get(pk=pk)
        for name, (_, after) in fields.items():
            setattr(row, name, model._meta.get_field(name).to_python(after))
        row.save(update_fields=list(fields))


def _end(change, state, *, now, refusal=""):
    """Whether this was the one to end the change."""
    rows = PlannedChange.objects.filter(pk=change.pk, state=ChangeState.PLANNED)
    ended = rows.update(state=state, ended_at=now, refusal=refusal)
    if ended:
        change.state, change.ended_at, change.refusal = state, now, refusal
    return ended


def _check_row(row, values):
    changed = copy.copy(row)
    for name, value in values.items():
        setattr(changed, name, value)
    others = {field.name for field in row._meta.fields} - values.keys()
    try:
        changed.clean_fields(exclude=others)
        changed.validate_constraints(exclude=others)
    except ValidationError as error:
        fields = {key: list(each) for key, each in error.message_dict.items() if key in values}
        sentence = next((each[0] for each in fields.values()), NOT_TOGETHER)
        raise Invalid(sentence, fields=fields) from error


def _plain(value):
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))
