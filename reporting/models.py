"""Reports: one per order, with a draft that changes and signed versions that never do."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from reporting.engine.states import REPORT_TRANSITIONS, ReportState
from scheduling.models import Order
from scheduling.models.querysets import of_site
from vqflow.constraints import one_of


class Content(models.Model):
    """What a report says: a category inside one scheme, findings, impression."""

    scheme = models.CharField(max_length=20)
    category = models.CharField(max_length=40, blank=True)
    findings = models.TextField(blank=True)
    impression = models.TextField(blank=True)

    class Meta:
        abstract = True


class Report(Content):
    """The report of one order: its state and the draft of the next version."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="report")
    state = models.CharField(max_length=12, choices=[(s, s) for s in ReportState], default=ReportState.DRAFT)
    draft_version = models.PositiveIntegerField(
        default=1, help_text="Raised by every save, against lost updates."
    )
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    objects = of_site("order__site__code").as_manager()

    class Meta:
        constraints = [one_of("state", ReportState, name="report_state_known")]
        triggers = [
            pgtrigger.FSM(
                name="state_machine",
                field="state",
                transitions=[(str(a), str(b)) for a, b in REPORT_TRANSITIONS],
            )
        ]

    def __str__(self):
        return f"Report {self.order}"


class ReportVersion(Content):
    """A signed version. The database refuses to change or delete it."""

    class Kind(models.TextChoices):
        PRELIMINARY = "preliminary", "Preliminary"
        FINAL = "final", "Final"

    report = models.ForeignKey(Report, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["report", "number"]
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="report_version_number_once"),
            models.UniqueConstraint(
                fields=["report"], condition=Q(kind="final"), name="report_one_final_version"
            ),
            one_of("kind", ["preliminary", "final"], name="report_version_kind_known"),
            models.CheckConstraint(condition=~Q(category=""), name="report_version_has_category"),
            models.CheckConstraint(condition=~Q(impression=""), name="report_version_has_impression"),
        ]
        triggers = [
            pgtrigger.Protect(name="write_once", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.report} v{self.number}"
