"""The rows that the numbers are counted from, kept by the beat task and made anew by the command.

What may have changed is told by the audit trail: every write leaves a row there that names its patients, in the same
transaction. All visits of these patients are derived again; a row that is as it should be is not written. Once a day
each site's last months are derived again, whatever the trail says.
"""

import json
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models.functions import Now

from reporting.engine.schemes import SCHEMES
from reporting.models import ExaminationFact, NumbersKept, ResourceDay, TracerDay
from reporting.services.facts import days, statements
from scheduling.models import Appointment, Site, TracerBatch
from vqflow.models import AuditEvent

# No transaction is longer than this (settings), so below an event of that age no other can still appear.
LOOKS_BACK = timedelta(minutes=3)
RENEWED = timedelta(days=120)
RENEWED_EVERY = timedelta(hours=20)
SECONDS = 5
"""So long one run goes on with sites that are due again: the worker's other work must not wait; the rest is the next
run's."""
_AT_A_TIME = 500
_LOCK = "reporting.numbers"


def keep(*, now):
    """Derive what may have changed since the last run; returns how many visits were written."""
    with _alone() as is_alone:
        return _keep(now) if is_alone else 0


def _keep(now):
    written = _changed(now)
    until = monotonic() + SECONDS
    for site in _stale(now):
        if monotonic() > until:
            break
        written += renew(site, now=now)
    return written


@transaction.atomic
def renew(site, *, now, everything=False):
    """Make one site's rows anew: those of the last months, or all; for the first time always all. Returns how many
    visits were written."""
    settled = _settled()
    kept = NumbersKept.objects.select_for_update().filter(site=site).first()
    today = _local_day(site, now)
    first = _first_day(site, today) if everything or kept is None else today - RENEWED
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        about = {"site": site.pk, "from": first - timedelta(days=2)}
        written = _run(cursor, "a.site_id = %(site)s AND a.starts_at >= %(from)s", about)
    if first < today:
        days.keep(site, first, today - timedelta(days=1))
    about = {"kept_at": now, "renewed_at": now}
    NumbersKept.objects.update_or_create(
        site=site, defaults=about, create_defaults=about | {"after_event": settled}
    )
    return written


def differing(site):
    """How many kept visits are not as they would be derived now, for a check; each differing one counts twice."""
    with connection.cursor() as cursor:
        statement = statements.DIFFERING.format(which="a.site_id = %(site)s", kept="f.site_id = %(site)s")
        cursor.execute(statement, {"site": site.pk, "groups": GROUPS})
        return cursor.fetchone()[0]


def forget():
    """Throw all rows away: they are made again."""
    with transaction.atomic():
        for model in (ExaminationFact, ResourceDay, TracerDay, NumbersKept):
            model.objects.all().delete()


GROUPS = json.dumps(
    {f"{scheme.key}:{each.key}": str(each.group) for scheme in SCHEMES.values() for each in scheme.categories}
)


@contextmanager
def _alone():
    """Whether no other run is under way: two would do the same work twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [_LOCK])
        is_alone = cursor.fetchone()[0]
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [_LOCK])


def _changed(now):
    """Derive the visits of all patients whom the audit trail names since the last run."""
    oldest = NumbersKept.objects.order_by("after_event").values_list("after_event", flat=True).first()
    if oldest is None:
        return 0
    settled, patients = _settled(), sorted(_touched(oldest))
    written = 0
    for begin in range(0, len(patients), _AT_A_TIME):
        with transaction.atomic(), connection.cursor() as cursor:
            about = {"patients": patients[begin : begin + _AT_A_TIME]}
            written += _run(cursor, "o.patient_id = ANY(%(patients)s)", about)
    NumbersKept.objects.update(kept_at=now, after_event=max(settled, oldest))
    return written


def _settled():
    """The newest event that is so old, by the database's clock, that none with a smaller number is still to come."""
    before = AuditEvent.objects.filter(recorded_at__lt=Now() - LOOKS_BACK).order_by("-recorded_at", "-pk")
    return before.values_list("pk", flat=True).first() or 0


def _touched(after):
    """Ids of the patients of every event but the showing of a list, which changes nothing."""
    events = AuditEvent.objects.filter(pk__gt=after).exclude(action="list.viewed")
    found = set()
    for ids in events.exclude(patient_ids=[]).values_list("patient_ids", flat=True).iterator():
        found.update(ids)
    return found


def _run(cursor, which, about):
    about = {**about, "groups": GROUPS}
    cursor.execute(statements.DROP.format(which=which), about)
    cursor.execute(statements.KEEP.format(which=which), about)
    return cursor.rowcount


def _stale(now):
    """Sites whose rows were never made, and then those that are due again."""
    known = dict(NumbersKept.objects.values_list("site_id", "renewed_at"))
    sites = list(Site.objects.order_by("pk"))
    new = [site for site in sites if site.pk not in known]
    due = [site for site in sites if site.pk in known and known[site.pk] < now - RENEWED_EVERY]
    return new + due


def _first_day(site, today):
    """The local day of the site's first visit or batch; today where it had none."""
    starts = [
        Appointment.objects.filter(site=site)
        .order_by("starts_at")
        .values_list("starts_at", flat=True)
        .first(),
        TracerBatch.objects.filter(site=site)
        .order_by("expires_at")
        .values_list("expires_at", flat=True)
        .first(),
    ]
    return min((_local_day(site, moment) for moment in starts if moment is not None), default=today)


def _local_day(site, moment):
    return moment.astimezone(ZoneInfo(site.time_zone)).date()
