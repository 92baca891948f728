"""Doses as they were measured and given, and the count rates that the pictures started from."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from scheduling.engine.countrates import SETTLES, Way
from scheduling.models.appointments import ScheduledProcedureStep
from scheduling.models.decisions import Decision
from scheduling.models.dose_limits import limits
from scheduling.models.protocols import Tracer
from scheduling.models.records import Record, records_of
from scheduling.models.tracers import TracerBatch, activity
from vqflow.constraints import one_of, together


class Administration(Record):
    """One dose of one step: measured, then given, then what was left in the syringe. MBq, each at its own time.

    `prescribed_mbq`, `lowest_mbq`, `highest_mbq` and `most_particles` are what held for this patient when it was
    measured. `takes_all`: a unit dose, which is never used twice. A dose that is thrown away is voided.
    """

    step = models.ForeignKey(ScheduledProcedureStep, models.CASCADE, related_name="administrations")
    number = models.PositiveSmallIntegerField(default=1, help_text="2 and more: an extra injection.")
    batch = models.ForeignKey(TracerBatch, models.PROTECT, related_name="administrations")
    product = models.CharField(max_length=15, choices=Tracer)
    takes_all = models.BooleanField(default=False)
    prescribed_mbq = activity()
    lowest_mbq = activity()
    highest_mbq = activity()
    measured_mbq = activity()
    measured_at = models.DateTimeField()
    particles = models.PositiveIntegerField(null=True, blank=True)
    most_particles = models.PositiveIntegerField(null=True, blank=True)
    needs_approval = models.CharField(
        max_length=200,
        blank=True,
        help_text="Why an authorised user has to approve any dose for this patient.",
    )
    usable_until = models.DateTimeField(
        null=True, blank=True, help_text="When the batch expires, as it was when this was measured."
    )
    volume_ml = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The second person, where the site asks for one.",
    )
    override = models.ForeignKey(
        Decision,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Of an authorised user, where the dose lies outside what is prescribed.",
    )
    given_at = models.DateTimeField(null=True, blank=True)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    injection_site = models.CharField(max_length=60, blank=True)
    residual_mbq = activity(null=True, blank=True)
    residual_measured_at = models.DateTimeField(null=True, blank=True)
    administered_mbq = activity(null=True, blank=True, help_text="At `given_at`, without the residual.")

    objects = records_of("step__appointment__site__code").as_manager()

    class Meta(Record.Meta):
        constraints = [
            *Record.Meta.constraints,
            one_of(
                "product", [value for value in Tracer.values if value], name="administration_product_known"
            ),
            models.UniqueConstraint(
                fields=["step", "number"], condition=Q(voided_at__isnull=True), name="administration_once"
            ),
            models.UniqueConstraint(
                fields=["batch"],
                condition=Q(voided_at__isnull=True, takes_all=True),
                name="administration_unit_dose_once",
            ),
            models.CheckConstraint(
                condition=Q(measured_mbq__gt=0, lowest_mbq__lte=F("highest_mbq")),
                name="administration_activities_ordered",
            ),
            together("given_at", "given_by", "administered_mbq", name="administration_given_complete"),
            together("residual_mbq", "residual_measured_at", name="administration_residual_complete"),
            models.CheckConstraint(
                condition=Q(residual_mbq__isnull=True) | Q(given_at__isnull=False),
                name="administration_residual_after_dose",
            ),
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("recorded_by")),
                name="administration_checked_by_another",
            ),
        ]
        triggers = limits()

    def __str__(self):
        return f"{self.product} {self.number}"


class CountRate(Record):
    """Counts per second over the lungs, all in one view and window (JNM 2020 ratio rule: engine/countrates.py)."""

    class Of(models.TextChoices):
        FIRST = "first", "After the first part"
        TOTAL = "total", "After the second tracer"

    step = models.ForeignKey(ScheduledProcedureStep, models.CASCADE, related_name="count_rates")
    of = models.CharField(max_length=8, choices=Of)
    counts_per_second = models.PositiveIntegerField()
    measured_at = models.DateTimeField()
    settled = models.CharField(
        max_length=10,
        choices=[
            (str(Way.SUBTRACT), "The first part is subtracted"),
            (str(Way.LIMITED), "Complete as limited"),
        ],
        blank=True,
        help_text="What was decided about a ratio that is too low.",
    )
    settled_note = models.CharField(max_length=200, blank=True)

    objects = records_of("step__appointment__site__code").as_manager()

    class Meta(Record.Meta):
        constraints = [
            *Record.Meta.constraints,
            one_of("of", ["first", "total"], name="count_rate_of_known"),
            one_of("settled", ["", *(str(way) for way in SETTLES)], name="count_rate_settled_known"),
            models.CheckConstraint(
                condition=Q(settled="") | ~Q(settled_note=""), name="count_rate_settled_with_reason"
            ),
            models.CheckConstraint(condition=Q(counts_per_second__gt=0), name="count_rate_positive"),
        ]

    def __str__(self):
        return f"{self.of} {self.counts_per_second}/s"
