"""Signs of life of background jobs, and what is thrown away after its time."""

from datetime import timedelta

from django.contrib.sessions.models import Session

from vqflow.models import Heartbeat, IdempotentRequest

REMEMBERED = timedelta(hours=24)


def beat(name, *, now):
    """Note that the named job has just run."""
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": now})


def forget_old_requests(*, now):
    """Delete recorded answers older than a day and sessions that have ended; returns how many rows went."""
    answers, _ = IdempotentRequest.objects.filter(made_at__lt=now - REMEMBERED).delete()
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    return answers + sessions
