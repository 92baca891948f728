"""What devices on the DICOM network asked lately, and who was refused: for the page that explains, not for ever."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from scheduling.models import ApplicationEntity, RefusedAssociation, WorklistQuery
from scheduling.services import site_accounts
from vqflow import audit

KEPT_OF_EACH = 50
KEPT_REFUSALS = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """One worklist query: `keys` and `ignored` by keyword, `status` the final DICOM status, `patients` the ids of those
    whose items were sent."""

    entity: ApplicationEntity
    address: str
    at: datetime
    keys: dict
    ignored: dict
    status: int
    matches: int
    duration_ms: float
    patients: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Refused:
    """One call that was not let in."""

    calling_title: str
    called_title: str
    address: str
    reason: str
    at: datetime


@transaction.atomic
def keep(found, *, disclosed):
    """Write what has come since the last time; of each device the newest stay, and the newest refusals of all.

    `disclosed`: which patients each device, by key, was answered when it last left a row in the audit trail; what is
    new of that is returned.
    """
    asked = [each for each in found if isinstance(each, Asked)]
    WorklistQuery.objects.bulk_create(_row(each) for each in asked)
    for each in found:
        if isinstance(each, Refused):
            _count(each)
    _forget({each.entity.pk for each in asked})
    return _audited(asked, disclosed)


def _audited(asked, disclosed):
    """One row of the audit trail for each answer with other patients than the one before to the same device."""
    newest = {}
    for each in asked:
        before = newest.get(each.entity.pk, disclosed.get(each.entity.pk))
        if each.patients and each.patients != before:
            newest[each.entity.pk] = each.patients
            _record(each)
    return newest


def _record(asked):
    by = site_accounts.CAMERAS.of(asked.entity.site)
    audit.record(
        "dicom.query",
        asked.entity,
        by=by,
        patients=asked.patients,
        address=asked.address,
        asked_at=asked.at.isoformat(),
        keys=sorted(asked.keys),
    )


def _row(asked):
    return WorklistQuery(
        site_id=asked.entity.site_id,
        entity=asked.entity,
        address=asked.address,
        asked_at=asked.at,
        keys=asked.keys,
        ignored=asked.ignored,
        status=asked.status,
        matches=asked.matches,
        duration_ms=asked.duration_ms,
    )


def _count(refused):
    """The same refusal again is counted: a device tries every minute for days."""
    known = {
        "calling_title": refused.calling_title,
        "called_title": refused.called_title,
        "address": refused.address,
        "reason": refused.reason,
    }
    new = {"first_at": refused.at, "last_at": refused.at}
    row, made = RefusedAssociation.objects.get_or_create(**known, defaults=new)
    if not made:
        RefusedAssociation.objects.filter(pk=row.pk).update(times=F("times") + 1, last_at=refused.at)


def _forget(entities):
    number = Window(RowNumber(), partition_by=F("entity"), order_by=[F("asked_at").desc(), F("pk").desc()])
    numbered = WorklistQuery.objects.filter(entity__in=entities).annotate(number=number)
    old = numbered.filter(number__gt=KEPT_OF_EACH).values("pk")
    WorklistQuery.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    newest = RefusedAssociation.objects.order_by("-last_at", "-pk").values_list("pk", flat=True)
    RefusedAssociation.objects.exclude(pk__in=list(newest[:KEPT_REFUSALS])).delete()
