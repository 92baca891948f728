"""What the first department's physicians are in the middle of with signed reports: an addendum and an amendment that
are not signed yet, and a retracted report that waits to be written anew. By the services, as at a desk."""

from datetime import timedelta

from reporting.models import Report, VersionKind
from reporting.services import drafting, versions
from scheduling.engine.states import OrderState
from scheduling.models import Message, MessageKind, MessageState

NOT_BEFORE = timedelta(days=6)  # what the list of the last days still shows
ADDENDUM = "The ward was told of the small effusion on the left."
WHY_AMENDED = "The left lower lobe was looked at again with the technologist."
WHY_RETRACTED = "The pictures of another examination of the same day had been opened."


def begin(department, *, now):
    """Begin one of each on the newest final reports that say nothing urgent, as far as there are any."""
    by = department.accounts["physician"]
    calm = ("normal", "no_pe", "pe_absent", "no_evidence_of_pe", "very_low_probability", "low_probability")
    found = Report.objects.filter(
        order__site=department.site,
        order__state=OrderState.REPORTED,
        state="final",
        category__in=calm,
        written_at__gt=now - NOT_BEFORE,
        written_at__lt=now - timedelta(hours=1),
    ).order_by("-written_at", "pk")[:3]
    for report, do in zip(found, (_addendum, _amendment, _retraction), strict=False):
        do(report, by=by, now=now - timedelta(minutes=20))


def _addendum(report, *, by, now):
    begun = versions.begin(report, VersionKind.ADDENDUM, by=by, now=now)
    drafting.save(begun, draft_version=begun.draft_version, addendum=ADDENDUM, by=by, now=now)


def _amendment(report, *, by, now):
    versions.begin(report, VersionKind.AMENDMENT, reason=WHY_AMENDED, by=by, now=now)


def _retraction(report, *, by, now):
    versions.retract(report, number=report.versions.count(), reason=WHY_RETRACTED, by=by, now=now)
    told = Message.objects.filter(
        order=report.order, kind=MessageKind.RESULT_WITHDRAWN, state=MessageState.PENDING
    )
    told.update(state=MessageState.SENT, sent_at=now + timedelta(seconds=6), attempts=1)
