"""Critical results as the lists and bars show them: what is open, until when, and who is asked by now. Reads only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import prefetch_related_objects

from reporting.engine.critical import FAILURES, Asked
from reporting.models import CriticalResult
from reporting.models.critical import DEEDS
from reporting.services import critical
from vqflow.models import Role
from vqflow.statements import Compiled

RECENT = timedelta(days=7)
ASKED_WORDS = {
    Asked.READER: "the reader was reminded",
    Asked.LEAD: "the lead and the other readers were asked",
    Asked.COVERING: "the covering clinician must be told",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One result. `must_tell`: the name of who must be told now."""

    result: CriticalResult
    must_tell: str
    is_overdue: bool

    @property
    def order(self):
        return self.result.report.order

    @property
    def attempts(self):
        return list(self.result.attempts.all())

    @property
    def last_attempt(self):
        return self.attempts[-1] if self.attempts else None

    @property
    def escalations(self):
        return list(self.result.escalations.all())

    @property
    def asked(self):
        """The newest step of the escalation in words, or nothing."""
        return ASKED_WORDS[self.escalations[-1].asked] if self.escalations else ""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of what happened to a result."""

    at: datetime
    who: str
    words: str
    note: str = ""


def still_open(user, *, now):
    """The lines of the site's open results, the earliest deadline first."""
    found = CriticalResult.objects.for_user(user).open().with_people().order_by("due_at", "pk")
    return [line_of(result, now) for result in found]


def closed(user, *, now):
    """Results of the site that were closed in the last seven days, newest first: a queryset."""
    found = CriticalResult.objects.for_user(user).filter(closed_at__gte=now - RECENT)
    return found.with_people().order_by("-closed_at", "-pk")


def count(user):
    return CriticalResult.objects.for_user(user).open().count()


def line_of(result, now):
    tell = critical.must_be_told(result.report.order, result.escalations.all())
    return Line(result, tell, result.is_open and now > result.due_at)


def of_order(order, *, now):
    """The lines of all results of an order's report, open ones first, then the newest."""
    found = _OF_ORDER.all(order=order.pk)
    prefetch_related_objects(found, *DEEDS)
    for result in found:
        result.report.order = order
    lines = [line_of(result, now) for result in found]
    return sorted(lines, key=lambda line: (not line.result.is_open, -line.result.pk))


_OF_ORDER = Compiled(
    lambda order: (
        CriticalResult.objects.filter(report__order_id=order)
        .with_deeds()
        .prefetch_related(None)
        .order_by("identified_at", "pk")
    ),
    order=-1,
)


def version(lines):
    """Changes whenever a list of these lines would, except by the clock."""
    return (
        "-".join(f"{line.result.pk}.{len(line.attempts)}.{len(line.escalations)}" for line in lines) or "none"
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """What every page says to whoever is asked to act: how many, and the one that is due first."""

    results: tuple
    version: str

    @property
    def first(self):
        return self.results[0] if self.results else None


def bar(user):
    """Results that this person is asked to tell: one's own from the beginning, all from when the lead is asked."""
    still = _OPEN.all(site_code=user.site_code)
    prefetch_related_objects(still, "escalations")
    found = [result for result in still if _is_asked(user, result)]
    return Bar(tuple(found), "-".join(f"{each.pk}.{_steps(each)}" for each in found) or "none")


# Every open page of every reader and lead asks for it again and again.
_OPEN = Compiled(
    lambda site_code: (
        CriticalResult.objects.filter(report__order__site__code=site_code)
        .open()
        .select_related("report__order__site")
        .order_by("due_at", "pk")
    ),
    site_code="a site",
)


def _is_asked(user, result):
    own = user.role == Role.READER and result.identified_by_id == user.pk
    return own or any(each.asked != Asked.READER for each in result.escalations.all())


def _steps(result):
    return len(result.escalations.all())


def events(result):
    """All that happened to one result, in the order of time."""
    found = [
        Event(
            result.identified_at, result.identified_by.name, f"Identified ({result.stage}): {result.finding}"
        )
    ]
    found += [
        Event(each.tried_at, each.tried_by.name, f"{each.whom}: {FAILURES[each.outcome].lower()}", each.note)
        for each in result.attempts.all()
    ]
    found += [
        Event(each.escalated_at, "", f"Not told after {each.minutes} minutes: {ASKED_WORDS[each.asked]}")
        for each in result.escalations.all()
    ]
    if told := getattr(result, "told", None):
        words = f"Told {told.told_to} {told.get_method_display().lower()}, and it was read back"
        found.append(Event(told.told_at, told.told_by.name, words, told.note))
    if gone := getattr(result, "withdrawal", None):
        found.append(Event(gone.withdrawn_at, gone.withdrawn_by.name, "Withdrawn", gone.reason))
    return sorted(found, key=lambda event: event.at)
