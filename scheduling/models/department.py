"""What the lead changes from a day on, and the department's own texts for its letters."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.models.patients import Language
from scheduling.models.querysets import of_site
from scheduling.models.sites import Site
from vqflow.constraints import one_of


class ChangeSubject(models.TextChoices):
    ROOM = "room", "Room"
    PERSON = "person", "Person"
    PROTOCOL = "protocol", "Protocol"
    SETTINGS = "settings", "Settings"
    LETTER = "letter", "Letter text"


class ChangeState(models.TextChoices):
    PLANNED = "planned", "Planned"
    APPLIED = "applied", "Applied"
    WITHDRAWN = "withdrawn", "Withdrawn"
    FAILED = "failed", "Could not be applied"


class PlannedChange(models.Model):
    """New values of one thing of the department, written into its rows when their day has come.

    `values`: {"app.model:pk": {field: [before, after]}}, each as JSON. Hours, reserved times and shifts need
    none of this: their rows name their own days.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="planned_changes")
    subject = models.CharField(max_length=10, choices=ChangeSubject)
    subject_id = models.BigIntegerField()
    values = models.JSONField()
    starts_on = models.DateField(help_text="The site's local day from which on it holds.")
    state = models.CharField(max_length=10, choices=ChangeState, default=ChangeState.PLANNED)
    planned_at = models.DateTimeField()
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Applied, withdrawn or failed.")
    refusal = models.CharField(max_length=200, blank=True)

    objects = of_site("site__code").as_manager()

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            one_of("subject", ChangeSubject.values, name="planned_change_subject_known"),
            one_of("state", ChangeState.values, name="planned_change_state_known"),
            models.CheckConstraint(
                condition=Q(state="planned", ended_at__isnull=True)
                | (~Q(state="planned") & Q(ended_at__isnull=False)),
                name="planned_change_ended_has_time",
            ),
            models.UniqueConstraint(
                fields=["site", "subject", "subject_id", "starts_on"],
                condition=Q(state="planned"),
                name="planned_change_once_per_day",
            ),
        ]
        indexes = [
            # scheduling/services/department/changes.py: whose day has come.
            models.Index(fields=["starts_on"], condition=Q(state="planned"), name="planned_change_due"),
        ]

    def __str__(self):
        return f"{self.get_subject_display()} {self.subject_id} from {self.starts_on}"


class LetterKind(models.TextChoices):
    CONFIRMATION = "confirmation", "Confirmation by mail"
    MOVED = "moved", "New time by mail"
    CANCELLED = "cancelled", "Cancellation by mail"
    REMINDER = "reminder", "Reminder by mail"
    LETTER = "letter", "Appointment letter on paper"


@pghistory.track()
class LetterText(models.Model):
    """A site's own words in one kind of letter and one language; an empty text leaves the usual words."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="letter_texts")
    kind = models.CharField(max_length=12, choices=LetterKind)
    language = models.CharField(max_length=10, choices=Language)
    subject = models.CharField(max_length=150, blank=True)
    opening = models.TextField("first paragraph", max_length=1500, blank=True)
    closing = models.TextField("last paragraph", max_length=1500, blank=True)

    objects = of_site("site__code").as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "kind", "language"], name="letter_text_once"),
            one_of("kind", LetterKind.values, name="letter_text_kind_known"),
            one_of("language", Language.values, name="letter_text_language_known"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}, {self.get_language_display()}"
