"""The audit trail: who looked or acted, on which patients, and why. Patterns after IHE BALP."""

import hashlib
import json
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

import structlog
from django.db import connection, transaction
from django.db.models.functions import Now

from vqflow.models import AuditEvent, AuditSeal
from vqflow.statements import insert

# Rows younger than this are left for the next seal: no transaction lives longer (settings.DATABASES),
# so no row with a smaller id can still appear below a seal.
SEAL_LAG = timedelta(minutes=3)
GENESIS = "0" * 64
_shown = ContextVar("shown", default=None)


def record(action, subject=None, *, by, patients=(), outcome="success", site="", **data):
    """Write one audit event in the caller's transaction.

    `by` is a User or None: the system itself, which names the code of the `site` it works for. `patients` are ids
    of the patients whose data were seen or changed; `data` holds plain values about what and why, never a
    report's text.
    """
    event = AuditEvent(
        action=action,
        outcome=outcome,
        agent_id=str(by.pk) if by else "",
        agent_name=by.username if by else "system",
        agent_role=by.role if by else "",
        site_code=by.site_code if by else site,
        subject_type=subject._meta.label_lower if subject is not None else "",
        subject_id=str(subject.pk) if subject is not None else "",
        patient_ids=sorted(patients),
        data=data,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
    return insert([event])[0]


def read(action, subject=None, *, by, patients, **data):
    """Like `record`, for patients whose data are shown; kept even if the write of the same request is refused."""
    event = record(action, subject, by=by, patients=patients, **data)
    shown = _shown.get()
    if shown is not None:
        shown.append(event)
    return event


@contextmanager
def reads():
    """Collect the reads of one request, so that they can be recorded again after its refusal."""
    token = _shown.set([])
    try:
        yield _shown.get()
    finally:
        _shown.reset(token)


def record_again(events):
    """Write events once more that a rollback has taken away."""
    for event in events:
        event.pk = None
    AuditEvent.objects.bulk_create(events)


def lately(action, subjects, *, within):
    """How many events of this action about any row of a queryset are younger than `within`: by the database's clock."""
    return AuditEvent.objects.filter(
        action=action,
        subject_type=subjects.model._meta.label_lower,
        subject_id__in=[str(pk) for pk in subjects.values_list("pk", flat=True)],
        recorded_at__gt=Now() - within,
    ).count()


def seal(*, now):
    """Add one link to the hash chain over the events older than SEAL_LAG; returns how many it covers."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('vqflow.audit.seal'))")
        last = AuditSeal.objects.order_by("-last_event").first()
        after, previous = (last.last_event, last.hash) if last else (0, GENESIS)
        events = list(AuditEvent.objects.filter(pk__gt=after, recorded_at__lt=now - SEAL_LAG).order_by("pk"))
        if events:
            AuditSeal.objects.create(
                after_event=after,
                last_event=events[-1].pk,
                event_count=len(events),
                previous_hash=previous,
                hash=digest(previous, events),
            )
    return len(events)


def verify():
    """Recompute the chain; returns a sentence for each link that does not hold."""
    faults, previous, after = [], GENESIS, 0
    for link in AuditSeal.objects.order_by("last_event"):
        events = list(AuditEvent.objects.filter(pk__gt=after, pk__lte=link.last_event).order_by("pk"))
        intact = link.previous_hash == previous and link.after_event == after
        if not intact or link.hash != digest(previous, events):
            faults.append(
                f"Audit events {after + 1} to {link.last_event} were changed after they were sealed."
            )
        previous, after = link.hash, link.last_event
    return faults


def digest(previous, events):
    """SHA-256 over the previous link and the events' fields in a fixed order."""
    sha = hashlib.sha256(previous.encode())
    for event in events:
        fields = [
            str(getattr(event, field.attname)) for field in event._meta.fields if field.name not in JSON
        ]
        fields += [json.dumps(getattr(event, name), sort_keys=True) for name in JSON]
        sha.update(json.dumps(fields).encode())
    return sha.hexdigest()


JSON = ("patient_ids", "data")
