"""Tracers: what is prepared or delivered, and which dose of it each step takes.

Activities are MBq with three decimals, so that kBq, the engine's unit, are whole numbers. A batch is reckoned at
its calibration: `claimed_mbq` is what its claims take of `activity_mbq`, both at `calibrated_at`.
"""

from datetime import timedelta

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from scheduling.engine.states import StepState
from scheduling.models.appointments import ScheduledProcedureStep
from scheduling.models.protocols import StepKind, Tracer
from scheduling.models.querysets import of_site
from scheduling.models.records import Record, records_of
from scheduling.models.sites import Site
from scheduling.models.versions import OF_SITE, renews_version
from vqflow.constraints import one_of, together

LONGEST_SHELF_LIFE = timedelta(days=60)


def activity(**extra):
    return models.DecimalField(max_digits=9, decimal_places=3, **extra)


@pghistory.track()
class TracerSupply(models.Model):
    """The weekly plan of one tracer: on which local days, from when, how much, and how long it is good for.

    On the days from `starts_on` to `ends_on` the tracer limits bookings, on weekdays without any too.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="tracer_supplies")
    product = models.CharField(max_length=15, choices=Tracer)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), help_text="Monday is 0.")
    usable_time = models.TimeField(help_text="Local time from which doses can be drawn.")
    calibrated_after_minutes = models.PositiveIntegerField(
        default=0, help_text="From the usable time to the time that the activity is stated for."
    )
    activity_mbq = activity()
    shelf_life_minutes = models.PositiveIntegerField(help_text="From the usable time to the last injection.")
    particles = models.PositiveIntegerField(null=True, blank=True, help_text="MAA: in the whole vial.")
    unit_doses = models.PositiveSmallIntegerField(
        default=0, help_text="So many unit doses of this activity a day; 0 for a vial with many doses."
    )
    supplier = models.CharField(max_length=60, blank=True, db_default="")
    order_by_time = models.TimeField(
        null=True, blank=True, help_text="Local time of the supplier's cut-off; empty: made here."
    )
    order_days_before = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="Days before delivery on which that cut-off is."
    )
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    objects = of_site("site__code").as_manager()

    class Meta:
        ordering = ["product", "usable_time", "pk"]
        constraints = [
            one_of("product", [value for value in Tracer.values if value], name="supply_product_known"),
            models.CheckConstraint(condition=Q(activity_mbq__gt=0), name="supply_has_activity"),
            models.CheckConstraint(
                condition=Q(shelf_life_minutes__gt=0, shelf_life_minutes__lte=LONGEST_SHELF_LIFE.days * 1440),
                name="supply_lasts",
            ),
            models.CheckConstraint(
                condition=Q(weekdays__contained_by=list(range(7)), weekdays__len__gt=0),
                name="supply_weekdays",
            ),
            models.CheckConstraint(
                condition=Q(product="maa", particles__isnull=False, particles__gt=0)
                | (~Q(product="maa") & Q(particles__isnull=True)),
                name="supply_particles_of_maa",
            ),
        ]
        triggers = renews_version(OF_SITE)

    def __str__(self):
        return f"{self.get_product_display()} {self.usable_time:%H:%M}"


class TracerBatchQuerySet(of_site("site__code")):
    def usable(self):
        """Those that doses can still be planned from."""
        return self.exclude(state=TracerBatch.State.FAILED)

    def within(self, starts_at, ends_at):
        """Those that a dose can be given from at some moment of [starts_at, ends_at)."""
        return self.filter(expires_at__gte=starts_at, usable_from__lt=ends_at)


class TracerBatch(models.Model):
    """One preparation, elution, vial, generator or unit dose."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    site = models.ForeignKey(Site, models.CASCADE, related_name="tracer_batches")
    product = models.CharField(max_length=15, choices=Tracer)
    supply = models.ForeignKey(TracerSupply, models.PROTECT, null=True, blank=True, related_name="batches")
    planned_on = models.DateField(null=True, blank=True, help_text="Local day of the weekly plan.")
    number = models.PositiveSmallIntegerField(default=1, help_text="Of the unit doses of one day.")
    lot = models.CharField("lot or vial", max_length=40, blank=True)
    calibrated_at = models.DateTimeField(help_text="The moment that the activity is stated for.")
    activity_mbq = activity()
    claimed_mbq = activity(default=0)
    usable_from = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="The last moment at which a dose may be given.")
    particles = models.PositiveIntegerField(null=True, blank=True, help_text="MAA: in the whole vial.")
    is_unit_dose = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    failed_reason = models.CharField(max_length=200, blank=True)

    objects = TracerBatchQuerySet.as_manager()

    class Meta:
        ordering = ["usable_from", "pk"]
        constraints = [
            one_of("product", [value for value in Tracer.values if value], name="batch_product_known"),
            one_of("state", ["planned", "ready", "failed"], name="batch_state_known"),
            together("supply", "planned_on", name="batch_of_supply_has_day"),
            models.UniqueConstraint(
                fields=["supply", "planned_on", "number"], name="batch_once_per_supply_and_day"
            ),
            # The greatest shelf life bounds what the search reads.
            models.CheckConstraint(
                condition=Q(
                    expires_at__gt=F("usable_from"), expires_at__lte=F("usable_from") + LONGEST_SHELF_LIFE
                ),
                name="batch_lasts",
            ),
            models.CheckConstraint(
                condition=Q(activity_mbq__gt=0, claimed_mbq__gte=0, claimed_mbq__lte=F("activity_mbq")),
                name="batch_not_overclaimed",
            ),
            models.CheckConstraint(
                condition=Q(product="maa", particles__isnull=False, particles__gt=0)
                | (~Q(product="maa") & Q(particles__isnull=True)),
                name="batch_particles_of_maa",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(failed_reason=""), name="batch_failed_with_reason"
            ),
        ]
        indexes = [
            # The itinerary search and the day list: what is usable in a period.
            models.Index(fields=["site", "expires_at"], name="batch_by_expiry"),
        ]

    def __str__(self):
        return f"{self.get_product_display()} {self.pk}"


class DoseClaimQuerySet(models.QuerySet):
    def live(self):
        return self.filter(status=DoseClaim.Status.LIVE)

    def stranded(self):
        """Those that a step still waits for."""
        return self.filter(status=DoseClaim.Status.STRANDED, step__state=StepState.SCHEDULED)


class DoseClaim(models.Model):
    """The dose that one step takes from a batch, or that a hold keeps for it under its token.

    Stranded: the batch cannot give it any more, and no other had one for that time; it takes nothing. Rows that
    were released stay as history.
    """

    class Status(models.TextChoices):
        LIVE = "live", "Live"
        STRANDED = "stranded", "Stranded"
        RELEASED = "released", "Released"

    batch = models.ForeignKey(TracerBatch, models.PROTECT, related_name="claims")
    step = models.ForeignKey(
        ScheduledProcedureStep, models.CASCADE, null=True, blank=True, related_name="dose_claims"
    )
    token = models.UUIDField(null=True, blank=True, help_text="Of a hold, which has no steps yet.")
    extra = models.OneToOneField(
        "scheduling.Administration",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="claim",
        help_text="The extra injection that drew it, beside the planned dose of the step.",
    )
    kind = models.CharField(max_length=12, choices=StepKind)
    needed_at = models.DateTimeField(help_text="Planned injection or first inhalation.")
    activity_mbq = activity(help_text="At `needed_at`.")
    reference_mbq = activity(help_text="The same at the batch's calibration.")
    takes_all = models.BooleanField(default=False, help_text="A unit dose.")
    status = models.CharField(max_length=10, choices=Status, default=Status.LIVE)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Of the hold.")

    objects = DoseClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("status", ["live", "stranded", "released"], name="claim_status_known"),
            one_of("kind", StepKind.values, name="claim_kind_known"),
            models.UniqueConstraint(
                fields=["step"],
                condition=Q(status="live", step__isnull=False, extra__isnull=True),
                name="claim_once_per_step",
            ),
            models.UniqueConstraint(
                fields=["token", "kind"],
                condition=Q(status="live", token__isnull=False),
                name="claim_once_per_held_step",
            ),
            models.UniqueConstraint(
                fields=["batch"], condition=Q(status="live", takes_all=True), name="claim_unit_dose_once"
            ),
            models.CheckConstraint(
                condition=Q(step__isnull=False, token__isnull=True, expires_at__isnull=True)
                | Q(step__isnull=True, token__isnull=False, expires_at__isnull=False),
                name="claim_of_step_or_hold",
            ),
            models.CheckConstraint(
                condition=Q(activity_mbq__gt=0, reference_mbq__gte=0), name="claim_activity_positive"
            ),
        ]
        indexes = [
            models.Index(fields=["batch"], condition=~Q(status="released"), name="claim_of_batch"),
            models.Index(
                fields=["expires_at"],
                condition=Q(status="live", expires_at__isnull=False),
                name="claim_expiring",
            ),
        ]

    def __str__(self):
        return f"{self.batch_id} {self.kind} {self.status}"


class DoseOrder(Record):
    """What was ordered from the supplier of a weekly plan for one day; taken back and written anew to correct it."""

    supply = models.ForeignKey(TracerSupply, models.PROTECT, related_name="orders")
    day = models.DateField(help_text="Local day of delivery.")
    doses = models.PositiveSmallIntegerField(help_text="Unit doses, or vials.")
    activity_mbq = activity(help_text="Of each, at the time that the plan states it for.")
    reference = models.CharField(max_length=40, blank=True, help_text="The supplier's number.")

    objects = records_of("supply__site__code").as_manager()

    class Meta(Record.Meta):
        constraints = [
            *Record.Meta.constraints,
            models.UniqueConstraint(
                fields=["supply", "day"], condition=Q(voided_at__isnull=True), name="dose_order_once"
            ),
            models.CheckConstraint(
                condition=Q(doses__gt=0, activity_mbq__gt=0), name="dose_order_of_something"
            ),
        ]

    def __str__(self):
        return f"{self.supply} {self.day}"
