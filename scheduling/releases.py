"""Who waits after the scan for what a reader says. Reads only, in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db.models import Count, Prefetch, Q

from scheduling import completeness
from scheduling.models import Appointment, Release, Site


@dataclass(frozen=True, slots=True)
class Waiting:
    """One patient in the department. `since`: the end of the last acquisition, or of the views taken after it.

    `said`: the newest decision (more views, wait), or None. `open_views`: those views are still to be taken.
    """

    appointment: Appointment
    since: datetime | None
    said: Release | None
    open_views: bool
    missing: tuple[str, ...]


def waiting(user, *, now):
    """Those of the user's site who wait, who waits longest first."""
    rows = completeness.prefetched(of(user)).prefetch_related(
        Prefetch("releases", Release.objects.select_related("physician"))
    )
    found = [_waiting(row, now) for row in rows.order_by("pk")]
    return sorted(found, key=lambda each: (each.since or now, str(each.appointment.pk)))


def of(user):
    """The appointments of the user's site whose patients wait for a release."""
    return Appointment.objects.for_user(user).filter(awaits_release=True)


def count(user):
    """How many wait at the user's site, or None where patients are not kept for a release. One query."""
    awaiting = Count("appointment", filter=Q(appointment__awaits_release=True))
    site = Site.objects.for_user(user).annotate(awaiting=awaiting).first()
    return None if site is None or not (site.releases_patients or site.awaiting) else site.awaiting


def version(rows):
    """Another text whenever the list would show something else, beside how long somebody waits."""
    parts = ((str(row.appointment.pk), row.said and row.said.pk, row.open_views, row.missing) for row in rows)
    return sha256(repr(list(parts)).encode()).hexdigest()[:16]


def _waiting(appointment, now):
    said = list(appointment.releases.all())
    problems = [row for row in appointment.problems.all() if row.reason == "more_views"]
    ends = [step.performed_end_at for step in appointment.steps.all() if step.performed_end_at]
    ends += [row.closed_at for row in problems if row.closed_at]
    return Waiting(
        appointment,
        since=max(ends, default=None),
        said=said[-1] if said else None,
        open_views=any(row.closed_at is None for row in problems),
        missing=completeness.missing(appointment, now),
    )
