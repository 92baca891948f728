"""The small steps of an examination: as a protocol plans them, and as they went; and the pictures taken."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from scheduling.engine.phases import Part, Role, Timer
from scheduling.engine.pictures import Outcome, View
from scheduling.models.appointments import Appointment, ScheduledProcedureStep
from scheduling.models.protocols import Protocol
from scheduling.models.records import Record, records_of
from vqflow.constraints import one_of


def choices(values):
    return [(str(value), str(value)) for value in values]


@pghistory.track()
class ProtocolPhase(models.Model):
    """One small step of a protocol: gown, mask fit, wash-in, injection (scheduling/engine/phases.py)."""

    protocol = models.ForeignKey(Protocol, models.CASCADE, related_name="phases")
    ordinal = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=30)
    name = models.CharField(max_length=80)
    part = models.CharField(max_length=12, choices=choices(Part))
    role = models.CharField(max_length=12, choices=choices(Role), blank=True)
    timer = models.CharField(max_length=8, choices=choices(Timer))
    least_seconds = models.PositiveIntegerField()
    typical_seconds = models.PositiveIntegerField()
    most_seconds = models.PositiveIntegerField()
    views = ArrayField(models.CharField(max_length=15, choices=choices(View)), default=list, blank=True)
    counts_k = models.PositiveIntegerField(
        null=True, blank=True, help_text="Counts wanted in each view, in thousands."
    )

    class Meta:
        ordering = ["protocol", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["protocol", "key"], name="protocol_phase_once"),
            one_of("part", Part, name="protocol_phase_part_known"),
            one_of("timer", Timer, name="protocol_phase_timer_known"),
            models.CheckConstraint(
                condition=Q(least_seconds__lte=F("typical_seconds"), typical_seconds__lte=F("most_seconds")),
                name="protocol_phase_times_ordered",
            ),
        ]

    def __str__(self):
        return self.name


class PhaseRecord(Record):
    """One small step as it went in one examination. Running while `ended_at` is empty; skipped with a reason."""

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="phases")
    key = models.CharField(max_length=30)
    take = models.PositiveSmallIntegerField(default=1)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    skipped_reason = models.CharField(max_length=200, blank=True)
    ended_with = models.CharField(
        max_length=10,
        blank=True,
        db_default="",
        choices=[("ending", "The end of the whole examination"), ("break", "An interruption")],
        help_text="What ended it, where that was no press of its own; its undo lets it run on.",
    )

    objects = records_of("appointment__site__code").as_manager()

    class Meta(Record.Meta):
        constraints = [
            *Record.Meta.constraints,
            models.UniqueConstraint(
                fields=["appointment", "key", "take"],
                condition=Q(voided_at__isnull=True),
                name="phase_record_once",
            ),
            models.CheckConstraint(
                condition=Q(started_at__isnull=False) | ~Q(skipped_reason=""),
                name="phase_record_started_or_skipped",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="phase_record_in_order",
            ),
        ]

    def __str__(self):
        return f"{self.key} {self.take}"


class PictureRecord(Record):
    """One take of one view: accepted, to be repeated, or skipped; the last two with a reason."""

    step = models.ForeignKey(ScheduledProcedureStep, models.CASCADE, related_name="pictures")
    view = models.CharField(max_length=15, choices=choices(View))
    take = models.PositiveSmallIntegerField(default=1)
    outcome = models.CharField(max_length=10, choices=choices(Outcome))
    reason = models.CharField(max_length=200, blank=True)
    counts_k = models.PositiveIntegerField(null=True, blank=True)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    is_extra = models.BooleanField(default=False, help_text="Asked for after the acquisition had ended.")
    acquired_at = models.DateTimeField()

    objects = records_of("step__appointment__site__code").as_manager()

    class Meta(Record.Meta):
        constraints = [
            *Record.Meta.constraints,
            one_of("outcome", Outcome, name="picture_record_outcome_known"),
            one_of("view", View, name="picture_record_view_known"),
            models.UniqueConstraint(
                fields=["step", "view", "take"],
                condition=Q(voided_at__isnull=True),
                name="picture_record_once",
            ),
            models.CheckConstraint(
                condition=Q(outcome="accepted") | ~Q(reason=""), name="picture_record_has_reason"
            ),
        ]

    def __str__(self):
        return f"{self.view} {self.take} {self.outcome}"
