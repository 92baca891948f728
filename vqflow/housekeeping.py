"""Signs of life of background jobs, and what is thrown away after its time."""

from datetime import timedelta

from django.contrib.sessions.models import Session

from vqflow.models import Heartbeat, IdempotentRequest

REMEMBERED = timedelta(hours=24)
STALE = timedelta(minutes=2)
DOWNTIME, STALE_DOWNTIME = "downtime-list", timedelta(hours=2)  # written once an hour
# Says each time that beat, the broker and a worker are there; the second path without them says the other.
BEAT, DISPATCH = "beat", "dispatch"
DICOM = "dicom"  # answers cameras, where a department has it running


def beat(name, *, now):
    """Note that the named job has just run."""
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": now})


def expected(name, *, since):
    """The named job should have shown itself: its silence counts from `since` if it never has."""
    Heartbeat.objects.get_or_create(name=name, defaults={"beat_at": since})


def ended(name):
    """The named job was asked to end: nobody waits for its next sign of life."""
    Heartbeat.objects.filter(name=name).delete()


def quiet_jobs(now):
    """Names of background jobs whose last heartbeat is older than two minutes; two hours for the downtime list."""
    stale = Heartbeat.objects.filter(beat_at__lt=now - STALE)
    stale = stale.exclude(name=DOWNTIME, beat_at__gte=now - STALE_DOWNTIME)
    return sorted(stale.values_list("name", flat=True))


def seconds_since(now):
    """{job: whole seconds since its last sign of life}."""
    rows = Heartbeat.objects.order_by("name").values_list("name", "beat_at")
    return {name: max(0, int((now - beat_at).total_seconds())) for name, beat_at in rows}


def forget_old_requests(*, now):
    """Delete recorded answers older than a day and sessions that have ended; returns how many rows went."""
    answers, _ = IdempotentRequest.objects.filter(made_at__lt=now - REMEMBERED).delete()
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    return answers + sessions
