"""The reader's list: what waits for a report, drafts, what waits for an attending, and what was signed lately. Reads
only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
    When,
)

from reporting.engine.states import SIGNED, ReportState
from reporting.models import LATER_KINDS, Report, ReportVersion, VersionKind
from reporting.services import locks
from reporting.services.drafting import FIRST_VERSION
from scheduling.engine.states import AppointmentState, OrderState
from scheduling.models import Appointment, Order, Priority, ScheduledProcedureStep
from scheduling.services import release

RECENT = timedelta(days=7)
NO_DRAFT = "none"
AWAITED = Q(state=OrderState.PERFORMED)
PRELIMINARY = AWAITED & Q(report__state=ReportState.PRELIMINARY)
NOT_BEGUN = Q(report=None) | Q(report__state=ReportState.DRAFT, report__draft_version=FIRST_VERSION)
# Written and not signed: the first report, the one after a retraction, or a begun addendum or amendment.
DRAFTED = (AWAITED & Q(report__state__in=[ReportState.DRAFT, ReportState.RETRACTED]) & ~NOT_BEGUN) | Q(
    report__next_kind__in=LATER_KINDS
)
STANDING = (VersionKind.FINAL, *LATER_KINDS)

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


def _of_examination(field):
    """A field of the finished examination of an order."""
    done = Appointment.objects.filter(procedure__order=OuterRef("pk"), state=AppointmentState.FULFILLED)
    return Subquery(done.values(field)[:1])


_FINAL_AT = Subquery(
    ReportVersion.objects.filter(report__order=OuterRef("pk"), kind__in=STANDING)
    .order_by("-number")
    .values("signed_at")[:1]
)


@dataclass(frozen=True, slots=True)
class Row:
    """One examination on the list. `state` is the report's, or "none" before the first draft. `reader`: who has it
    open now.

    `due_at` is the end of the examination plus the site's report target for the order's priority; `age_percent` how
    much of that time has passed, at most 100.
    `handed_over_at`: when the technologist handed it over, `limited` why it is not complete; `is_not_handed_over`
    only where the site hands over and nobody has read it yet. `awaits_release`: the patient still waits here.
    """

    order: Order
    performed_end_at: datetime | None
    due_at: datetime | None
    is_late: bool
    state: str
    report: Report | None
    version: ReportVersion | None
    handed_over_at: datetime | None = None
    limited: str = ""
    awaits_release: bool = False
    reader: locks.Reader | None = None
    age_percent: int = 0

    @property
    def is_not_handed_over(self):
        expected = release.hands_over(self.order.site) and self.state not in SIGNED
        return expected and self.handed_over_at is None


def unread(user):
    """Orders whose examination is finished and whose report is not final: by priority, then the oldest first."""
    return _by_need(_examined(user).filter(AWAITED))


def _by_need(orders):
    return orders.order_by("rank", F("performed_end_at").asc(nulls_first=True), "pk")


def preliminary(user):
    """Those of `unread` that wait for an attending's signature."""
    return unread(user).filter(PRELIMINARY)


def mine(user):
    """What this user has written last and nobody has signed; begun addenda and amendments too. In the same order."""
    return _by_need(_examined(user).filter(DRAFTED, report__written_by=user))


def others(user):
    """What somebody else has written last and nobody has signed."""
    return _by_need(_examined(user).filter(DRAFTED).exclude(report__written_by=user))


def next_unread(user, *, after=None, now):
    """The key of the order to read next, or None: the first of `unread` behind `after` (else from the top) that is
    not `after`, that nobody else has open, and that is not somebody else's unsigned draft."""
    fields = ("pk", "report__read_by", "report__read_seen_at", "report__written_by", "report__draft_version")
    waiting = list(unread(user).values_list(*fields, "report__state"))
    behind = next((at for at, row in enumerate(waiting, 1) if row[0] == after), 0)
    return next(
        (
            row[0]
            for row in waiting[behind:] + waiting[:behind]
            if row[0] != after and _is_free(row, user, now)
        ),
        None,
    )


def _is_free(row, user, now):
    _, read_by, seen_at, written_by, version, state = row
    if read_by not in (None, user.pk) and now - seen_at < locks.GONE_AFTER:
        return False
    is_draft = state == ReportState.DRAFT and version > FIRST_VERSION
    return not is_draft or written_by == user.pk


def final(user, *, now):
    """Orders whose report was signed final, or signed anew, in the last seven days; newest first."""
    lately = ReportVersion.objects.filter(kind__in=STANDING, signed_at__gte=now - RECENT)
    return _final(user).filter(report__in=lately.values("report"))


def own(user):
    """Orders of a referrer's own patients with a report that was final once, the newest signature first."""
    versions = ReportVersion.objects.filter(report__order=OuterRef("pk"))
    newest = versions.exclude(kind=ReportVersion.Kind.PRELIMINARY).order_by("-number").values("signed_at")[:1]
    return (
        _examined(user)
        .filter(Exists(versions.filter(kind=ReportVersion.Kind.FINAL)), referrer__user=user)
        .annotate(told_at=Subquery(newest))
        .order_by("-told_at", "-pk")
    )


def in_state(user, state=None):
    """Orders with a finished examination; with `state`, those whose report is in it ("none": not begun)."""
    examined = _examined(user).filter(state__in=[OrderState.PERFORMED, OrderState.REPORTED])
    if state == NO_DRAFT:
        return examined.filter(NOT_BEGUN)
    return examined.filter(report__state=state).exclude(NOT_BEGUN) if state else examined


def counts(user):
    """{"unread", "mine", "others", "preliminary"}: how many orders each tab has that asks for something."""
    orders = Order.objects.for_user(user)
    waiting = orders.filter(AWAITED).aggregate(
        unread=Count("pk"), preliminary=Count("pk", filter=PRELIMINARY)
    )
    own = Q(report__written_by=user)
    drafted = orders.filter(DRAFTED).aggregate(mine=Count("pk", filter=own), others=Count("pk", filter=~own))
    return {**waiting, **drafted}


def rows(orders, *, now):
    """The orders of one of the querysets above (or a page of it) as rows."""
    return [_row(order, now) for order in orders]


def version(rows):
    """Another text whenever the list would show something else, beside how long somebody waits."""
    parts = [
        (
            row.order.pk,
            row.order.priority,
            row.state,
            row.report and row.report.draft_version,
            row.version and row.version.pk,
            row.reader and row.reader.user.pk,
            row.awaits_release,
            row.handed_over_at,
            row.is_late,
        )
        for row in rows
    ]
    return sha256(repr(parts).encode()).hexdigest()[:16]


def _examined(user):
    versions = ReportVersion.objects.select_related("signed_by")
    return (
        Order.objects.for_user(user)
        .select_related("patient", "referrer", "site", "report__written_by", "report__read_by")
        .prefetch_related(Prefetch("report__versions", versions))
        .annotate(
            performed_end_at=_PERFORMED_END,
            rank=_RANK,
            handed_over_at=_of_examination("hand_over__handed_at"),
            limited=_of_examination("hand_over__limited"),
            awaits_release=_of_examination("awaits_release"),
        )
    )


def _final(user):
    return (
        _examined(user)
        .filter(report__state__in=SIGNED)
        .annotate(final_at=_FINAL_AT)
        .order_by("-final_at", "-pk")
    )


def _row(order, now):
    report = getattr(order, "report", None)
    versions = list(report.versions.all()) if report else []
    ended = order.performed_end_at
    target = order.site.report_target(order.priority)
    due = ended + target if ended else None
    state = report.state if report and report.is_begun else NO_DRAFT
    is_open = due is not None and state not in SIGNED
    return Row(
        order,
        ended,
        due,
        is_open and now > due,
        state,
        report,
        versions[-1] if versions else None,
        handed_over_at=order.handed_over_at,
        limited=order.limited or "",
        awaits_release=bool(order.awaits_release),
        reader=locks.reader(report, now) if report else None,
        age_percent=max(0, min(100, int(100 * ((now - ended) / target)))) if is_open else 0,
    )
