"""The reader's list: what waits for a report, for an attending, and what was signed lately. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, F, IntegerField, Max, OuterRef, Prefetch, Q, Subquery, Value, When

from reporting.engine.states import ReportState
from reporting.models import Report, ReportVersion
from scheduling.engine.states import AppointmentState, OrderState
from scheduling.models import Order, Priority, ScheduledProcedureStep

RECENT = timedelta(days=7)
NO_DRAFT = "none"
AWAITED = Q(state=OrderState.PERFORMED)
PRELIMINARY = AWAITED & Q(report__state=ReportState.PRELIMINARY)

_RANK = Case(
    *(When(priority=each, then=Value(rank)) for rank, each in enumerate(Priority.values)),
    output_field=IntegerField(),
)
_PERFORMED_END = Subquery(
    ScheduledProcedureStep.objects.filter(
        appointment__procedure__order=OuterRef("pk"), appointment__state=AppointmentState.FULFILLED
    )
    .order_by()
    .values("appointment")
    .annotate(end=Max("performed_end_at"))
    .values("end")[:1]
)
_FINAL_AT = Subquery(
    ReportVersion.objects.filter(report__order=OuterRef("pk"), kind=ReportVersion.Kind.FINAL).values(
        "signed_at"
    )[:1]
)


@dataclass(frozen=True, slots=True)
class Row:
    """One examination on the list. `state` is the report's, or "none" before the first draft.

    `due_at` is the end of the examination plus the site's report target for the order's priority.
    """

    order: Order
    performed_end_at: datetime | None
    due_at: datetime | None
    is_late: bool
    state: str
    report: Report | None
    version: ReportVersion | None


def unread(user):
    """Orders whose examination is finished and whose report is not final: by priority, then the oldest first."""
    return _examined(user).filter(AWAITED).order_by("rank", F("performed_end_at").asc(nulls_first=True), "pk")


def preliminary(user):
    """Those of `unread` that wait for an attending's signature."""
    return unread(user).filter(PRELIMINARY)


def final(user, *, now):
    """Orders whose report was signed final in the last seven days, newest first."""
    return _final(user).filter(final_at__gte=now - RECENT)


def own(user):
    """Orders of a referrer's own patients with a final report, newest first."""
    return _final(user).filter(referrer__user=user)


def in_state(user, state=None):
    """Orders with a finished examination; with `state`, those whose report is in it ("none": not begun)."""
    examined = _examined(user).filter(state__in=[OrderState.PERFORMED, OrderState.REPORTED])
    if state == NO_DRAFT:
        return examined.filter(report=None)
    return examined.filter(report__state=state) if state else examined


def counts(user, *, now):
    """{"unread", "preliminary", "final"}: how many orders each tab has."""
    waiting = Order.objects.for_user(user).aggregate(
        unread=Count("pk", filter=AWAITED), preliminary=Count("pk", filter=PRELIMINARY)
    )
    signed = ReportVersion.objects.filter(
        report__order__site__code=user.site_code,
        kind=ReportVersion.Kind.FINAL,
        signed_at__gte=now - RECENT,
    )
    return {**waiting, "final": signed.count()}


def rows(orders, *, now):
    """The orders of one of the querysets above (or a page of it) as rows."""
    return [_row(order, now) for order in orders]


def _examined(user):
    versions = ReportVersion.objects.select_related("signed_by")
    return (
        Order.objects.for_user(user)
        .select_related("patient", "referrer", "site", "report__written_by")
        .prefetch_related(Prefetch("report__versions", versions))
        .annotate(performed_end_at=_PERFORMED_END, rank=_RANK)
    )


def _final(user):
    return (
        _examined(user)
        .filter(report__state=ReportState.FINAL)
        .annotate(final_at=_FINAL_AT)
        .order_by("-final_at", "-pk")
    )


def _row(order, now):
    report = getattr(order, "report", None)
    versions = list(report.versions.all()) if report else []
    ended = order.performed_end_at
    due = ended + order.site.report_target(order.priority) if ended else None
    state = report.state if report else NO_DRAFT
    version = versions[-1] if versions else None
    is_late = due is not None and now > due and state != ReportState.FINAL
    return Row(order, ended, due, is_late, state, report, version)
