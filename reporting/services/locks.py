"""Who has a report open for writing, so that two do not write one report unseen. Taking over is always possible:
what the other has written is saved, and a save is judged by the version of the draft, not by this."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from reporting.models import Report
from reporting.services import drafting
from vqflow import audit, policy
from vqflow.errors import Conflict
from vqflow.models import User

ACTION = "report.write"
# The open page says every few seconds that it is there; a browser lets a hidden page do so once a minute.
GONE_AFTER = timedelta(seconds=130)
SEEN_EVERY = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who has the report open, and since when."""

    user: User
    since: datetime


def reader(report, now):
    """The Reader of a report as it was loaded, or None: nobody, or a page that has been gone too long."""
    seen_at = report.read_seen_at
    if seen_at is None or now - seen_at >= GONE_AFTER:
        return None
    return Reader(report.read_by, report.read_since)


def why_not_edit(report, user, now):
    """A sentence why this user should not write here just now, or None; whoever takes over may."""
    found = reader(report, now)
    if found is None or found.user == user:
        return None
    return f"{found.user.name} reads this report since {drafting.local_time(found.since, report, now)}."


@transaction.atomic
def stay(order, *, by, now):
    """The page of `by` is open: the report is theirs from now on unless somebody else has it; returns the report.

    The first page opens the draft. Raises Conflict when nobody may write now.
    """
    report = drafting.open_draft(order, by=by, now=now)
    if refusal := drafting.why_not_write(report, by):
        raise Conflict(refusal)
    gone = Q(read_seen_at=None) | Q(read_seen_at__lte=now - GONE_AFTER)
    mine = Report.objects.filter(pk=report.pk, read_by=by)
    if not mine.filter(read_seen_at__gt=now - GONE_AFTER).exists():
        Report.objects.filter(gone, pk=report.pk).update(read_by=by, read_since=now, read_seen_at=now)
    mine.filter(read_seen_at__lte=now - SEEN_EVERY).update(read_seen_at=now)
    return drafting.current(report)


@transaction.atomic
def take_over(order, *, by, now):
    """`by` reads it from now on; the page of whoever did until now says so within seconds. Returns the report."""
    report = drafting.open_draft(order, by=by, now=now)
    before = reader(drafting.current(report), now)
    if before and before.user == by:
        return drafting.current(report)
    Report.objects.filter(pk=report.pk).update(read_by=by, read_since=now, read_seen_at=now)
    since = before.user.username if before else ""
    audit.record("report.taken_over", report, by=by, patients=[order.patient_id], since=since)
    return drafting.current(report)


@transaction.atomic
def leave(order, *, by):
    """The page of `by` is closed; nothing changes where somebody else reads."""
    policy.permit(by, ACTION)
    held = Report.objects.filter(order=order, read_by=by)
    held.update(read_by=None, read_since=None, read_seen_at=None)
