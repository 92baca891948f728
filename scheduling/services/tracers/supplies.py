"""The weekly plan of tracers, laid out ahead as planned batches: once per plan and local day."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from scheduling.engine.calendars import local_minute, to_datetime
from scheduling.models import DoseClaim, TracerBatch, TracerSupply
from scheduling.models.tracers import LONGEST_SHELF_LIFE
from scheduling.services.tracers import claims, sharing
from scheduling.services.tracers.batches import check_figures
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

AHEAD = timedelta(days=400)
"""Farther than anything is booked (locked_days.FARTHEST)."""
MOST_UNIT_DOSES = 50
ENDED = "Plan ended"


@transaction.atomic
def add_supply(site, *, by, now, product, weekdays, shelf_life_minutes, activity_mbq, starts_on, **fields):
    """A new weekly plan from a local day on, with its batches laid out; returns the TracerSupply.

    `fields`: usable_time, calibrated_after_minutes, particles, unit_doses, ends_on. Raises Invalid.
    """
    policy.permit(by, "tracer.manage")
    check_figures(product, activity_mbq, fields.get("particles"))
    today = now.astimezone(ZoneInfo(site.time_zone)).date()
    _check(weekdays, shelf_life_minutes, starts_on, today, **fields)
    supply = TracerSupply.objects.create(
        site=site,
        product=product,
        weekdays=sorted(set(weekdays)),
        shelf_life_minutes=shelf_life_minutes,
        activity_mbq=activity_mbq,
        starts_on=starts_on,
        **fields,
    )
    lay_out(supply, today=today)
    _serve_waiting(site, product, now)
    audit.record("tracer.supply_added", supply, by=by, product=product, weekdays=supply.weekdays)
    return supply


def _check(weekdays, shelf_life_minutes, starts_on, today, *, ends_on=None, unit_doses=0, **fields):
    faults = {}
    if not weekdays or not set(weekdays) <= set(range(7)):
        faults["weekdays"] = ["Choose at least one weekday."]
    if not 0 < shelf_life_minutes <= LONGEST_SHELF_LIFE.days * 1440:
        faults["shelf_life_minutes"] = [f"More than 0 minutes, and at most {LONGEST_SHELF_LIFE.days} days."]
    if not today <= starts_on <= today + AHEAD:
        faults["starts_on"] = ["Choose today or a day of the coming year."]
    if ends_on and ends_on < starts_on:
        faults["ends_on"] = ["The last day is not before the first."]
    if unit_doses > MOST_UNIT_DOSES:
        faults["unit_doses"] = [f"At most {MOST_UNIT_DOSES} unit doses a day."]
    if faults:
        raise Invalid("This weekly plan cannot be right.", fields=faults)


@transaction.atomic
def end_supply(supply, *, ends_on, by, now):
    """Let a weekly plan end after this local day: what it laid out beyond, and nobody has a dose of, goes.

    A batch that something was reported of stays, as failed. Raises Conflict while doses are promised beyond.
    """
    policy.permit(by, "tracer.manage")
    # Not the site: a booking that has locked a batch still needs that when it commits.
    rows = TracerSupply.objects.select_for_update(of=("self",), no_key=True)
    supply = rows.select_related("site").get(pk=supply.pk)
    today = now.astimezone(ZoneInfo(supply.site.time_zone)).date()
    if ends_on < today - timedelta(days=1):
        sentence = "This day has passed. Choose yesterday, to end the plan at once, or a later day."
        raise Invalid(sentence, fields={"ends_on": [sentence]})
    beyond = TracerBatch.objects.filter(pk__in=claims.lock(_laid_out(supply, ends_on)))
    wanted = DoseClaim.objects.filter(batch__in=beyond).exclude(status=DoseClaim.Status.RELEASED)
    last = wanted.aggregate(last=Max("batch__planned_on"))["last"]
    if last:
        raise Conflict(
            f"Doses are promised until {last:%-d %b %Y}. End the plan after that day, or move those "
            "appointments first."
        )
    _take_away(beyond)
    supply.ends_on = ends_on
    supply.save(update_fields=["ends_on"])
    audit.record("tracer.supply_ended", supply, by=by, ends_on=ends_on.isoformat())
    return supply


def _laid_out(supply, ends_on):
    """Ids of its batches beyond this day."""
    return list(supply.batches.filter(planned_on__gt=ends_on).values_list("pk", flat=True))


def _take_away(beyond):
    """These locked batches, which nobody has a dose of; one that a disruption names is its history."""
    unnamed = beyond.filter(disruptions=None)
    DoseClaim.objects.filter(batch__in=unnamed).delete()
    unnamed.delete()
    beyond.usable().update(state=TracerBatch.State.FAILED, failed_reason=ENDED)


def lay_out_all(*, now):
    """Fill every weekly plan to its horizon; returns how many batches are new. Safe to repeat.

    Booked steps that have no dose get one where there is one now.
    """
    made, kept = 0, {}
    for supply in TracerSupply.objects.select_related("site").filter(
        Q(ends_on=None) | Q(ends_on__gte=timezone.localdate(now) - timedelta(days=1))
    ):
        made += lay_out(supply, today=now.astimezone(ZoneInfo(supply.site.time_zone)).date())
        kept[supply.site_id, supply.product] = supply.site
    for (_, product), site in sorted(kept.items(), key=lambda each: each[0]):
        _serve_waiting(site, product, now)
    return made


@transaction.atomic
def _serve_waiting(site, product, now):
    # One product in one transaction: batches are locked in one order.
    sharing.serve_waiting(site, product, now, now + AHEAD, now=now)


def lay_out(supply, *, today):
    """The batches of one weekly plan from the day after its last one to its horizon; returns how many are new."""
    last = supply.batches.aggregate(last=Max("planned_on"))["last"]
    day = last + timedelta(days=1) if last else supply.starts_on
    until = min(today + AHEAD, supply.ends_on or today + AHEAD)
    rows, zone = [], ZoneInfo(supply.site.time_zone)
    while day <= until:
        if day.weekday() in supply.weekdays:
            rows += _batches(supply, day, zone)
        day += timedelta(days=1)
    # Another worker may be doing the same: a day is laid out once.
    return len(TracerBatch.objects.bulk_create(rows, ignore_conflicts=True))


def _batches(supply, day, zone):
    usable_from = to_datetime(local_minute(day, supply.usable_time, zone))
    for number in range(1, max(1, supply.unit_doses) + 1):
        yield TracerBatch(
            site_id=supply.site_id,
            product=supply.product,
            supply=supply,
            planned_on=day,
            number=number,
            calibrated_at=usable_from + timedelta(minutes=supply.calibrated_after_minutes),
            activity_mbq=supply.activity_mbq,
            usable_from=usable_from,
            expires_at=usable_from + timedelta(minutes=supply.shelf_life_minutes),
            particles=supply.particles,
            is_unit_dose=supply.unit_doses > 0,
        )
