"""Closures: times in which a room, a person or the whole site is not to be booked."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from scheduling.models import Appointment, Closure, Reservation, ResourceKind, Site
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

LONGEST = timedelta(days=366)
OF_SITE = "the whole department"


@transaction.atomic
def add(site, *, starts_at, ends_at, reason, by, now, resource=None):
    """Close a room or a person, or with no resource the whole site. What is booked there stays booked.

    Whoever may not plan ahead closes only times that begin today.
    """
    policy.permit(by, "closure.manage")
    check_span(starts_at, ends_at, now)
    permit_ahead(site, starts_at, by=by, now=now)
    if not reason.strip():
        raise Invalid("Say why it is closed.", fields={"reason": ["Say why it is closed."]})
    check_resource(site, resource)
    _refuse_twice(site, starts_at, ends_at, resource)
    return write(site, starts_at=starts_at, ends_at=ends_at, reason=reason, by=by, resource=resource)


def _refuse_twice(site, starts_at, ends_at, resource):
    """Raise Invalid where the same room, person or site is closed at this very time already."""
    # Two who close the same at once: the second sees the first.
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    there = Closure.objects.filter(site=site, resource=resource, span=(starts_at, ends_at)).first()
    if there is not None:
        what = resource.name if resource else "The department"
        sentence = f"{what} is closed at this time already ({there.reason}). Choose another time."
        raise Invalid(sentence, fields={"starts_at": [sentence]})


def write(site, *, starts_at, ends_at, reason, by, resource):
    """The closure itself, in the caller's transaction."""
    closure = Closure.objects.create(
        site=site, resource=resource, span=DateTimeTZRange(starts_at, ends_at), reason=reason.strip()[:100]
    )
    audit.record(
        "closure.added",
        closure,
        by=by,
        resource=resource.name if resource else OF_SITE,
        starts_at=starts_at.isoformat(),
        ends_at=ends_at.isoformat(),
    )
    return closure


def permit_ahead(site, starts_at, *, by, now):
    """Raise NotAllowed where this user may not plan ahead and the time begins after the site's present day."""
    if starts_at.astimezone(ZoneInfo(site.time_zone)).date() > _today(site, now):
        policy.permit(by, "closure.manage_ahead")


def check_resource(site, resource):
    if resource is not None and (resource.site_id != site.pk or resource.kind == ResourceKind.PATIENT):
        sentence = "Choose a room or a person of your site."
        raise Invalid(sentence, fields={"resource": [sentence]})


def check_span(starts_at, ends_at, now):
    """Raise Invalid unless the time is in order, not over, and not longer than a year."""
    if ends_at <= starts_at:
        raise Invalid("The end lies before the start.", fields={"ends_at": ["Enter a time after the start."]})
    if ends_at <= now:
        raise Invalid("This time is over.", fields={"ends_at": ["Enter a time to come."]})
    if ends_at - starts_at > LONGEST:
        raise Invalid("This is longer than a year.", fields={"ends_at": ["Enter an earlier end."]})


@transaction.atomic
def end(closure, *, by, now):
    """Open again from now on; a closure that has not begun is removed. Conflict when it is over already."""
    policy.permit(by, "closure.manage")
    closure = Closure.objects.select_for_update(of=("self",)).select_related("site").get(pk=closure.pk)
    if closure.span.upper <= now:
        raise Conflict("This closure is over already.")
    permit_ahead(closure.site, closure.span.lower, by=by, now=now)
    cut_short(closure, now=now)
    audit.record("closure.ended", closure, by=by, reason=closure.reason)
    return closure


def cut_short(closure, *, now):
    """The closure ends now, in the caller's transaction; one that has not begun keeps an empty past: it is removed."""
    if closure.span.lower >= now:
        Closure.objects.filter(pk=closure.pk).delete()
        return
    closure.span = DateTimeTZRange(closure.span.lower, now)
    closure.save(update_fields=["span"])


def booked_within(closure, *, now):
    """How many live appointments have time reserved within a closure, from `now` on."""
    rows = Reservation.objects.occupying().filter(
        span__overlap=(max(now, closure.span.lower), closure.span.upper),
        step__appointment__in=Appointment.objects.live().filter(site=closure.site_id),
    )
    if closure.resource_id:
        rows = rows.filter(resource=closure.resource_id)
    return rows.values("step__appointment").distinct().count()


def _today(site, now):
    return now.astimezone(ZoneInfo(site.time_zone)).date()
