"""The chest X-ray or chest CT as it was done: its views, and who has looked at it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from scheduling.engine.xrays import XrayView
from scheduling.models.appointments import ScheduledProcedureStep
from scheduling.models.records import Record, records_of
from vqflow.constraints import one_of, together


class ChestXray(Record):
    """What is known of the X-ray step beside its time and place; the newest that stands counts."""

    class Finding(models.TextChoices):
        NORMAL = "normal", "Normal"
        ABNORMAL = "abnormal", "Abnormal"

    step = models.ForeignKey(ScheduledProcedureStep, models.CASCADE, related_name="chest_xrays")
    views = ArrayField(
        models.CharField(max_length=12, choices=[(str(view), str(view)) for view in XrayView]),
        default=list,
        blank=True,
    )
    portable_reason = models.CharField("why only AP portable", max_length=200, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    finding = models.CharField(max_length=10, choices=Finding, blank=True)
    note = models.CharField(max_length=200, blank=True)

    objects = records_of("step__appointment__site__code").as_manager()

    class Meta(Record.Meta):
        constraints = [
            *Record.Meta.constraints,
            models.UniqueConstraint(
                fields=["step"], condition=models.Q(voided_at__isnull=True), name="chest_xray_once"
            ),
            one_of("finding", ["", "normal", "abnormal"], name="chest_xray_finding_known"),
            together("seen_at", "seen_by", name="chest_xray_seen_complete"),
        ]

    def __str__(self):
        return ", ".join(self.views)
