"""What keeps a patient waiting and who sees to it, what went wrong, and what was corrected afterwards."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from scheduling.models.appointments import Appointment, ScheduledProcedureStep
from scheduling.models.querysets import of_site
from scheduling.models.records import Record, records_of
from scheduling.models.sites import Resource, Site
from vqflow.constraints import one_of, together

REASONS = [
    *("late", "no_iv", "refused", "pregnant", "no_dose", "camera", "unwell"),
    *("more_views", "interrupted", "other"),
]


class ProblemQuerySet(of_site("appointment__site__code")):
    def open(self):
        return self.filter(closed_at=None)

    def with_people(self):
        return self.select_related(
            "appointment__site", "appointment__procedure__order__patient", "owner", "opened_by", "closed_by"
        )


class Problem(models.Model):
    """Why an examination waits, who sees to it, and by when."""

    class Reason(models.TextChoices):
        LATE = "late", "Patient late"
        NO_IV = "no_iv", "No IV access"
        REFUSED = "refused", "Patient refuses"
        PREGNANT = "pregnant", "Possibly pregnant"
        NO_DOSE = "no_dose", "Dose missing"
        CAMERA = "camera", "Camera down"
        UNWELL = "unwell", "Patient unwell"
        MORE_VIEWS = "more_views", "More views asked for"
        INTERRUPTED = "interrupted", "Interrupted"
        OTHER = "other", "Other"

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="problems")
    step = models.ForeignKey(
        ScheduledProcedureStep, models.CASCADE, null=True, blank=True, related_name="problems"
    )
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=200, blank=True)

    objects = ProblemQuerySet.as_manager()

    class Meta:
        ordering = ["opened_at", "pk"]
        constraints = [
            one_of("reason", REASONS, name="problem_reason_known"),
            together("closed_at", "closed_by", name="problem_closed_complete"),
            models.UniqueConstraint(
                fields=["appointment", "reason"],
                condition=Q(closed_at__isnull=True),
                name="problem_open_once",
            ),
            models.CheckConstraint(condition=~Q(reason="other") | ~Q(note=""), name="problem_other_in_words"),
        ]

    def __str__(self):
        return self.get_reason_display()


class Incident(Record):
    """A reaction, an extravasation, a contamination or another event, for the lead to look at."""

    class Kind(models.TextChoices):
        REACTION = "reaction", "Reaction"
        EXTRAVASATION = "extravasation", "Extravasation"
        CONTAMINATION = "contamination", "Contamination"
        SPILL = "spill", "Gas escaped or spilled"
        WRONG_DOSE = "wrong_dose", "Dose not as prescribed"
        OTHER = "other", "Other"

    class Severity(models.TextChoices):
        MILD = "mild", "Mild"
        MODERATE = "moderate", "Moderate"
        SEVERE = "severe", "Severe"

    site = models.ForeignKey(Site, models.PROTECT, related_name="incidents")
    appointment = models.ForeignKey(
        Appointment, models.CASCADE, null=True, blank=True, related_name="incidents"
    )
    step = models.ForeignKey(
        ScheduledProcedureStep, models.CASCADE, null=True, blank=True, related_name="incidents"
    )
    room = models.ForeignKey(Resource, models.PROTECT, null=True, blank=True, related_name="incidents")
    kind = models.CharField(max_length=15, choices=Kind)
    severity = models.CharField(max_length=10, choices=Severity)
    happened_at = models.DateTimeField()
    what = models.CharField("what happened", max_length=500)
    done = models.CharField("what was done", max_length=500, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    review_note = models.CharField(max_length=500, blank=True)

    objects = records_of("site__code").as_manager()

    class Meta(Record.Meta):
        ordering = ["-happened_at", "-pk"]
        constraints = [
            *Record.Meta.constraints,
            models.CheckConstraint(condition=~Q(what=""), name="incident_in_words"),
            together("reviewed_at", "reviewed_by", name="incident_reviewed_complete"),
        ]
        indexes = [models.Index(fields=["site", "-happened_at"], name="incident_of_site")]

    def __str__(self):
        return self.get_kind_display()


class Correction(models.Model):
    """A value that was corrected later: both values and the reason, never changed again."""

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="corrections")
    subject = models.CharField(max_length=60, help_text="Model and key: step:12.")
    field = models.CharField(max_length=40)
    label = models.CharField(max_length=100, help_text="As it stands on the page.")
    before = models.CharField(max_length=100, blank=True)
    after = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=200)
    corrected_at = models.DateTimeField()
    corrected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = of_site("appointment__site__code").as_manager()

    class Meta:
        ordering = ["corrected_at", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="correction_has_reason")]
        triggers = [pgtrigger.Protect(name="write_once", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.label}: {self.before} -> {self.after}"
