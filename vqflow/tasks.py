"""The kernel's periodic jobs. Each asks the database what is due."""

from celery import shared_task
from django.utils import timezone

from vqflow import audit, housekeeping


@shared_task(name="vqflow.seal_audit")
def seal_audit() -> int:
    return audit.seal(now=timezone.now())


@shared_task(name="vqflow.note_beat")
def note_beat() -> None:
    housekeeping.beat(housekeeping.BEAT, now=timezone.now())


@shared_task(name="vqflow.forget_old_requests")
def forget_old_requests() -> int:
    return housekeeping.forget_old_requests(now=timezone.now())
