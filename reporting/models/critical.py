"""Critical results: from the moment one is identified until somebody who can act has been told, by voice.

Every row is written once. What changes is only whether a result is still open, and that changes once.
"""

from datetime import timedelta

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from reporting.engine.critical import FAILURES, METHODS, Asked, Kind, Stage
from reporting.models.reports import Report
from scheduling.models.querysets import of_site
from vqflow.constraints import one_of, together

ORDER = "report__order"
PEOPLE = ("identified_by", "told__told_by", "withdrawal__withdrawn_by")
DEEDS = ("attempts__tried_by", "escalations")
_CLOSING = ("closed_at", "closing")


class Closing(models.TextChoices):
    TOLD = "told", "Told"
    WITHDRAWN = "withdrawn", "Withdrawn"


class CriticalResultQuerySet(of_site("report__order__site__code")):
    def open(self):
        return self.filter(closed_at=None)

    def with_deeds(self):
        """With all that happened to a result, and by whom."""
        return self.select_related("report", *PEOPLE).prefetch_related(*DEEDS)

    def with_people(self):
        """With all that a line about a result shows."""
        of_order = ("patient", "referrer", "site", "procedure__protocol")
        return self.with_deeds().select_related(*(f"{ORDER}__{each}" for each in of_order))


class CriticalResult(models.Model):
    """One thing that cannot wait in one report: who can act must be told by `due_at`, and read it back.

    `key` says why it is critical (engine.critical.Reason), `finding` in words. One that is told or withdrawn stays so.
    """

    report = models.ForeignKey(Report, models.PROTECT, related_name="critical_results")
    kind = models.CharField(max_length=10, choices=[(each, each) for each in Kind], default=Kind.CRITICAL)
    key = models.CharField(max_length=80)
    finding = models.CharField(max_length=200)
    stage = models.CharField(max_length=12, choices=[(each, each) for each in Stage])
    identified_at = models.DateTimeField()
    identified_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    escalate_after = ArrayField(
        models.PositiveSmallIntegerField(), default=list, blank=True, help_text="Minutes, as it was then."
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closing = models.CharField(max_length=10, choices=Closing, null=True, blank=True)  # noqa: DJ001  (together)

    objects = CriticalResultQuerySet.as_manager()

    class Meta:
        ordering = ["identified_at", "pk"]
        constraints = [
            one_of("kind", Kind, name="critical_result_kind_known"),
            one_of("stage", Stage, name="critical_result_stage_known"),
            together(*_CLOSING, name="critical_result_closed_complete"),
            models.CheckConstraint(
                condition=Q(closing__isnull=True) | Q(closing__in=Closing.values),
                name="critical_result_closing_known",
            ),
            models.CheckConstraint(condition=~Q(finding="") & ~Q(key=""), name="critical_result_says_what"),
            models.CheckConstraint(
                condition=Q(due_at__gt=F("identified_at")), name="critical_result_due_after"
            ),
            # Two saves of one draft at once make one result.
            models.UniqueConstraint(
                fields=["report", "kind", "key"],
                condition=Q(closed_at__isnull=True),
                name="critical_result_open_once",
            ),
        ]
        indexes = [
            # Asked by the beat, the lists and the bars of every open page.
            models.Index(fields=["due_at"], condition=Q(closed_at__isnull=True), name="critical_result_open"),
            models.Index(fields=["identified_at"], name="critical_result_by_time"),
        ]
        triggers = [
            pgtrigger.Protect(name="write_once", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="only_closed", exclude=[*_CLOSING]),
            pgtrigger.Protect(
                name="stays_closed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__closed_at__isnull=False),
            ),
        ]

    def __str__(self):
        return self.finding

    @property
    def is_open(self):
        return self.closed_at is None

    @property
    def is_correction(self):
        return self.kind == Kind.CORRECTION


def _once():
    return pgtrigger.Protect(name="write_once", operation=pgtrigger.Update | pgtrigger.Delete)


class Attempt(models.Model):
    """Somebody tried to tell a critical result, and nobody has been told by it."""

    result = models.ForeignKey(CriticalResult, models.PROTECT, related_name="attempts")
    tried_at = models.DateTimeField()
    tried_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    whom = models.CharField(max_length=150)
    method = models.CharField(max_length=10, choices=[(key, label) for key, label in METHODS.items()])
    outcome = models.CharField(max_length=20, choices=[(key, label) for key, label in FAILURES.items()])
    note = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["tried_at", "pk"]
        constraints = [
            one_of("method", METHODS, name="critical_attempt_method_known"),
            one_of("outcome", FAILURES, name="critical_attempt_outcome_known"),
            models.CheckConstraint(condition=~Q(whom=""), name="critical_attempt_says_whom"),
        ]
        triggers = [_once()]

    def __str__(self):
        return f"{self.whom}: {self.get_outcome_display()}"


class Told(models.Model):
    """The call that closed a critical result. Six fields: what (`finding`), identified when (the result's), told by,
    told to, when, how; and that it was read back."""

    result = models.OneToOneField(CriticalResult, models.PROTECT, related_name="told")
    finding = models.CharField(max_length=500)
    told_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    told_to = models.CharField(max_length=150)
    told_at = models.DateTimeField()
    method = models.CharField(max_length=10, choices=[(key, label) for key, label in METHODS.items()])
    read_back = models.BooleanField()
    note = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            one_of("method", METHODS, name="critical_told_method_known"),
            models.CheckConstraint(condition=Q(read_back=True), name="critical_told_was_read_back"),
            models.CheckConstraint(
                condition=~Q(finding="") & ~Q(told_to=""), name="critical_told_says_what_to_whom"
            ),
            models.CheckConstraint(
                condition=Q(told_at__lte=F("recorded_at")), name="critical_told_has_happened"
            ),
        ]
        triggers = [_once()]

    def __str__(self):
        return f"{self.told_to}, {self.get_method_display().lower()}"


class Escalation(models.Model):
    """More people were asked to act, because nobody had been told so many minutes after it was identified."""

    result = models.ForeignKey(CriticalResult, models.PROTECT, related_name="escalations")
    number = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField()
    asked = models.CharField(max_length=10, choices=[(each, each) for each in Asked])
    due_at = models.DateTimeField()
    escalated_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [
            # However late the beat is, and however many workers there are.
            models.UniqueConstraint(fields=["result", "number"], name="critical_escalation_once"),
            one_of("asked", Asked, name="critical_escalation_asked_known"),
            models.CheckConstraint(
                condition=Q(escalated_at__gte=F("due_at")), name="critical_escalation_not_early"
            ),
        ]
        triggers = [_once()]

    def __str__(self):
        return f"{self.result_id}: {self.asked} after {timedelta(minutes=self.minutes)}"


class Withdrawal(models.Model):
    """Why nobody has to be told after all: the draft was a slip, or is signed as something else."""

    result = models.OneToOneField(CriticalResult, models.PROTECT, related_name="withdrawal")
    reason = models.CharField(max_length=300)
    stage = models.CharField(max_length=12, choices=[(each, each) for each in Stage])
    withdrawn_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="critical_withdrawal_has_reason"),
            one_of("stage", Stage, name="critical_withdrawal_stage_known"),
        ]
        triggers = [_once()]

    def __str__(self):
        return self.reason
