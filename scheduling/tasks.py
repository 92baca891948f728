"""The department's periodic jobs. Each asks the database what is due."""

from celery import shared_task
from django.utils import timezone

from scheduling.services import messages, reservations


@shared_task(name="scheduling.send_due_messages")
def send_due_messages() -> int:
    return messages.send_due(now=timezone.now())


@shared_task(name="scheduling.release_expired_holds")
def release_expired_holds() -> int:
    return reservations.release_expired(now=timezone.now())
