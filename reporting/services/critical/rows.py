"""The rows of critical results as the services of this package write them."""

from reporting.models import Closing, CriticalResult, Report, Withdrawal
from scheduling.services import untold
from vqflow import audit
from vqflow.statements import insert

REASON_LONGEST = Withdrawal._meta.get_field("reason").max_length


def alone_with(report):
    """Hold the report's row: results of one report are opened and closed by one at a time."""
    Report.objects.select_for_update(no_key=True).only("pk").get(pk=report.pk)


def open_of(report):
    """The open results of a report, none of one that was never saved."""
    if not report.pk:
        return []
    return list(CriticalResult.objects.filter(report=report).open().order_by("identified_at", "pk"))


def close(result, closing, now):
    """Whether this call closed it: a second one finds it closed."""
    found = CriticalResult.objects.filter(pk=result.pk, closed_at=None)
    closed = found.update(closed_at=now, closing=closing)
    result.closed_at, result.closing = now, closing
    return bool(closed)


def withdrawn(result, *, reason, stage, by, now):
    """Nobody has to be told after all; part of the caller's transaction."""
    if not close(result, Closing.WITHDRAWN, now):
        return
    row = Withdrawal(
        result=result, reason=reason[:REASON_LONGEST], stage=stage, withdrawn_at=now, withdrawn_by=by
    )
    insert([row])
    record("critical.withdrawn", result, by=by, stage=str(stage))


def show(report, *, now):
    """Pass down to the department whether anybody still has to be told, and until when."""
    waiting = open_of(report)
    if waiting:
        since, due_at = (min(getattr(each, name) for each in waiting) for name in ("identified_at", "due_at"))
        untold.stands(report.order, since=since, due_at=due_at)
    else:
        untold.ends(report.order, now=now)


def record(action, result, *, by, **data):
    order = result.report.order
    audit.record(
        action, result, by=by, patients=[order.patient_id], site=order.site.code, order=order.pk, **data
    )
