"""More people are asked to act while nobody has been told: rows, each once, however late the beat is."""

from datetime import timedelta

import structlog
from django.db import DatabaseError, transaction

from reporting.engine import critical as engine
from reporting.models import CriticalResult, Escalation
from reporting.services.critical import rows
from scheduling.services import messages

log = structlog.get_logger(__name__)


def escalate_due(*, now):
    """Write every escalation whose time has come; returns how many this call has written.

    Each result in a transaction of its own: what stops one of them does not stop the others, and the next beat tries
    it again.
    """
    waiting = CriticalResult.objects.open().prefetch_related("escalations").order_by("due_at", "pk")
    return sum(_tried(result, now) for result in waiting if _due(result, now))


def _tried(result, now):
    try:
        return _escalate(result.pk, now)
    except DatabaseError as error:
        log.exception("critical.not_escalated", result=result.pk, error=type(error).__name__)
        return 0


def _due(result, now):
    done = {each.number for each in result.escalations.all()}
    return engine.steps_due(result.identified_at, result.escalate_after, done, now)


@transaction.atomic
def _escalate(pk, now):
    """Whoever holds the row, a second beat or a call that is being written down, is left to it."""
    held = CriticalResult.objects.open().select_for_update(of=("self",), no_key=True, skip_locked=True)
    result = held.select_related("report__order__site", "report__order__referrer").filter(pk=pk).first()
    if result is None:
        return 0
    steps = _due(result, now)
    Escalation.objects.bulk_create(_row(result, step, now) for step in steps)
    for step in steps:
        rows.record("critical.escalated", result, by=None, step=step.number, asked=str(step.asked))
    if steps:
        _ask_referrer(result, now)
    return len(steps)


def _row(result, step, now):
    return Escalation(
        result=result,
        number=step.number,
        minutes=step.minutes,
        asked=step.asked,
        due_at=result.identified_at + timedelta(minutes=step.minutes),
        escalated_at=now,
    )


def _ask_referrer(result, now):
    """A mail to look or call at once, one for each result; it never counts as told."""
    earlier = CriticalResult.objects.filter(report=result.report, pk__lte=result.pk).count()
    messages.critical_result(result.report.order, version=earlier, now=now)
