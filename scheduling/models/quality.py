"""What is checked before a room, a device or a kit is used, when it is due, and gas that escaped into a room."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from scheduling.models.disruptions import Disruption
from scheduling.models.problems import Incident
from scheduling.models.protocols import Tracer
from scheduling.models.querysets import of_site
from scheduling.models.records import Record, records_of
from scheduling.models.sites import Resource, Site
from scheduling.models.tracers import TracerBatch
from scheduling.models.versions import OF_SITE, renews_version
from vqflow.constraints import one_of, together


class CheckKind(models.TextChoices):
    CAMERA = "camera", "Camera quality control"
    CALIBRATOR = "calibrator", "Dose calibrator constancy"
    BREAKTHROUGH = "breakthrough", "Mo-99 breakthrough"
    PURITY = "purity", "Radiochemical purity"
    PRESSURE = "pressure", "Negative pressure"
    TRAP = "trap", "Xenon trap"
    EXHAUST = "exhaust", "Exhaust rate"


OF_ROOM = (CheckKind.CAMERA, CheckKind.PRESSURE, CheckKind.TRAP, CheckKind.EXHAUST)
OF_BATCH = (CheckKind.BREAKTHROUGH, CheckKind.PURITY)
OF_GAS = (CheckKind.PRESSURE, CheckKind.TRAP, CheckKind.EXHAUST)
_ROOMS_FOR_GAS = "SELECT site_id FROM {rows} WHERE kind IN ('pressure', 'trap', 'exhaust')"


@pghistory.track()
class CheckPlan(models.Model):
    """What a site checks and how often. A check of a batch is due once, before its first use.

    `every_days` 1: on each working day by `due_time`. Without a plan nothing is gated.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="check_plans")
    kind = models.CharField(max_length=15, choices=CheckKind)
    room = models.ForeignKey(Resource, models.CASCADE, null=True, blank=True, related_name="check_plans")
    product = models.CharField(max_length=15, choices=Tracer, blank=True)
    every_days = models.PositiveSmallIntegerField(default=1)
    due_time = models.TimeField(null=True, blank=True)
    lowest = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    highest = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    is_active = models.BooleanField(default=True)

    objects = of_site("site__code").as_manager()

    class Meta:
        ordering = ["kind", "pk"]
        constraints = [
            one_of("kind", CheckKind.values, name="check_plan_kind_known"),
            models.CheckConstraint(
                condition=(Q(kind__in=OF_ROOM) & Q(room__isnull=False, product=""))
                | (Q(kind__in=OF_BATCH) & Q(room__isnull=True) & ~Q(product=""))
                | Q(kind="calibrator", room__isnull=True, product=""),
                name="check_plan_of_something",
            ),
            models.UniqueConstraint(
                fields=["site", "kind", "room", "product"],
                nulls_distinct=False,
                condition=Q(is_active=True),
                name="check_plan_once",
            ),
            models.CheckConstraint(condition=Q(every_days__gt=0), name="check_plan_every_days"),
        ]
        triggers = renews_version(OF_SITE)

    def __str__(self):
        return self.get_kind_display()


class QualityCheck(Record):
    """One check as it was done: its value against the limits of that day, passed or not."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="quality_checks")
    plan = models.ForeignKey(CheckPlan, models.PROTECT, related_name="checks")
    kind = models.CharField(max_length=15, choices=CheckKind)
    room = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="quality_checks")
    batch = models.ForeignKey(
        TracerBatch, models.PROTECT, null=True, blank=True, related_name="quality_checks"
    )
    value = models.DecimalField(max_digits=9, decimal_places=3, null=True, blank=True)
    passed = models.BooleanField()
    note = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField()
    batch_was = models.CharField(
        max_length=10,
        blank=True,
        db_default="",
        help_text="The state of the batch before this check failed it; taking the check back restores it.",
    )

    objects = records_of("site__code").as_manager()

    class Meta(Record.Meta):
        constraints = [
            *Record.Meta.constraints,
            one_of("kind", CheckKind.values, name="quality_check_kind_known"),
            models.CheckConstraint(
                condition=(Q(kind__in=OF_ROOM) & Q(room__isnull=False))
                | (Q(kind__in=OF_BATCH) & Q(batch__isnull=False))
                | Q(kind="calibrator"),
                name="quality_check_of_something",
            ),
            models.CheckConstraint(
                condition=Q(passed=True) | ~Q(note=""), name="quality_check_failed_in_words"
            ),
        ]
        indexes = [models.Index(fields=["plan", "-done_at"], name="quality_check_newest")]
        # Searches keep until when gas may be planned in a room.
        triggers = renews_version(_ROOMS_FOR_GAS)

    def __str__(self):
        return f"{self.get_kind_display()} {self.done_at:%Y-%m-%d}"


class Spill(models.Model):
    """Radioactive gas in a room: nobody goes in until `clears_at` (engine/clearance.py), or until it is measured."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="spills")
    room = models.ForeignKey(Resource, models.PROTECT, related_name="spills")
    incident = models.OneToOneField(Incident, models.PROTECT, related_name="spill_of")
    disruption = models.OneToOneField(Disruption, models.PROTECT, null=True, blank=True, related_name="spill")
    activity_mbq = models.DecimalField(max_digits=9, decimal_places=3)
    in_room_mbq = models.DecimalField(
        max_digits=9,
        decimal_places=3,
        null=True,
        blank=True,
        help_text="With the gas of spills before it that was still in the room; empty: there was none.",
    )
    happened_at = models.DateTimeField()
    clears_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    end_note = models.CharField(max_length=200, blank=True)

    objects = of_site("site__code").as_manager()

    class Meta:
        ordering = ["-happened_at"]
        constraints = [
            models.CheckConstraint(condition=Q(clears_at__gt=F("happened_at")), name="spill_takes_time"),
            together("ended_at", "ended_by", name="spill_ended_complete"),
            models.UniqueConstraint(
                fields=["room"], condition=Q(ended_at__isnull=True), name="spill_one_open_per_room"
            ),
        ]

    def __str__(self):
        return f"{self.room} {self.happened_at:%H:%M}"
