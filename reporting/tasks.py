"""The periodic jobs of reports. Each asks the database what is due."""

from celery import shared_task
from django.utils import timezone

from reporting.services import critical
from reporting.services.facts import keeping
from vqflow import clock


@shared_task(name="reporting.escalate_critical_results")
def escalate_critical_results() -> int:
    return critical.escalate_due(now=clock.now())


@shared_task(name="reporting.keep_numbers")
def keep_numbers() -> int:
    return keeping.keep(now=timezone.now())
