"""Reports: one per order, with a draft that changes and signed versions that never do."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reporting.engine.states import REPORT_TRANSITIONS, ReportState
from scheduling.models import Order
from scheduling.models.querysets import of_site
from vqflow.constraints import one_of, together


class VersionKind(models.TextChoices):
    """What a signature makes of the draft. After the final version come addenda and amendments, or the retraction."""

    PRELIMINARY = "preliminary", "Preliminary"
    FINAL = "final", "Final"
    ADDENDUM = "addendum", "Addendum"
    AMENDMENT = "amendment", "Amendment"
    RETRACTION = "retraction", "Retraction"


LATER_KINDS = (VersionKind.ADDENDUM, VersionKind.AMENDMENT)


class Content(models.Model):
    """What a report says: the reading segment by segment, a category inside one scheme, and the words of it."""

    scheme = models.CharField(max_length=20)
    category = models.CharField(max_length=40, blank=True)
    suggested = models.CharField(
        max_length=40, blank=True, db_default="", help_text="The category that the criteria gave, if any did."
    )
    suggested_by = models.CharField(
        max_length=40, blank=True, db_default="", help_text="The row of the scheme's table that matched."
    )
    override_reason = models.CharField(
        max_length=300, blank=True, db_default="", help_text="Why the category is not the suggested one."
    )
    reading = models.JSONField(
        default=dict, db_default={}, blank=True, help_text="What engine.findings reads and writes."
    )
    findings = models.TextField(blank=True)
    impression = models.TextField(blank=True)
    next_step = models.TextField(blank=True, db_default="")
    addendum = models.TextField(blank=True, db_default="")
    language = models.CharField(max_length=10, default="en", db_default="en")

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
    read_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who has the report open for writing.",
    )
    read_since = models.DateTimeField(null=True, blank=True)
    read_seen_at = models.DateTimeField(null=True, blank=True, help_text="The reader's last sign of life.")
    next_kind = models.CharField(
        max_length=12,
        choices=VersionKind,
        blank=True,
        db_default="",
        help_text="What the draft becomes where a final version exists: an addendum or an amendment.",
    )
    next_reason = models.CharField(max_length=300, blank=True, db_default="")

    objects = of_site("order__site__code").as_manager()

    class Meta:
        constraints = [
            one_of("state", ReportState, name="report_state_known"),
            together("read_by", "read_since", "read_seen_at", name="report_reader_known"),
            one_of("next_kind", ["", *LATER_KINDS], name="report_next_kind_known"),
            models.CheckConstraint(
                condition=~Q(next_kind="amendment") | ~Q(next_reason=""),
                name="report_amendment_has_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["written_by"],
                condition=Q(state__in=["draft", "retracted"]) | Q(next_kind__in=LATER_KINDS),
                name="report_unsigned",
            )
        ]
        triggers = [
            pgtrigger.FSM(
                name="state_machine",
                field="state",
                transitions=[(str(a), str(b)) for a, b in REPORT_TRANSITIONS],
            )
        ]

    def __str__(self):
        return f"Report {self.order}"

    @property
    def is_begun(self):
        """Whether anything has been saved: a page that was only opened has made the row, and no draft."""
        return self.draft_version > 1 or self.state != ReportState.DRAFT


class ReportVersion(Content):
    """A signed version. The database refuses to change or delete it."""

    Kind = VersionKind

    report = models.ForeignKey(Report, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=VersionKind)
    reason = models.CharField(
        max_length=300, blank=True, db_default="", help_text="Why the report was amended or retracted."
    )
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    previous_hash = models.CharField(
        max_length=64, blank=True, db_default="", help_text="Of the version before; part of what is signed."
    )
    content_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["report", "number"]
        constraints = [
            models.UniqueConstraint(fields=["report", "number"], name="report_version_number_once"),
            models.UniqueConstraint(
                fields=["report"], condition=Q(kind="final"), name="report_one_final_version"
            ),
            one_of("kind", VersionKind.values, name="report_version_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind__in=["amendment", "retraction"]) | ~Q(reason=""),
                name="report_version_has_reason",
            ),
            models.CheckConstraint(
                condition=~Q(kind="addendum") | ~Q(addendum=""), name="report_version_addendum_said"
            ),
            models.CheckConstraint(
                condition=Q(suggested__in=["", F("category")]) | ~Q(override_reason=""),
                name="report_version_override_has_reason",
            ),
            models.CheckConstraint(condition=~Q(category=""), name="report_version_has_category"),
            models.CheckConstraint(condition=~Q(impression=""), name="report_version_has_impression"),
        ]
        indexes = [
            models.Index(
                fields=["signed_at"],
                condition=Q(kind__in=["final", *LATER_KINDS]),
                name="report_version_signed",
            )
        ]
        triggers = [
            pgtrigger.Protect(name="write_once", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self):
        return f"{self.report} v{self.number}"
