"""After the last picture: what a reader says, the hand-over, and who works on an examination."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from scheduling.engine.pictures import View
from scheduling.models.appointments import Appointment
from scheduling.models.querysets import of_site
from vqflow.constraints import one_of


class Release(models.Model):
    """What a reader decided after looking at the pictures; more views may be asked for more than once."""

    class Outcome(models.TextChoices):
        MORE_VIEWS = "more_views", "More views"
        HOME = "home", "May go home"
        WAIT = "wait", "Waits here"
        EMERGENCY = "emergency", "To the emergency department"

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="releases")
    outcome = models.CharField(max_length=10, choices=Outcome)
    views = ArrayField(
        models.CharField(max_length=15, choices=[(str(v), str(v)) for v in View]), default=list, blank=True
    )
    note = models.CharField(max_length=300, blank=True)
    decided_at = models.DateTimeField()
    physician = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = of_site("appointment__site__code").as_manager()

    class Meta:
        ordering = ["decided_at", "pk"]
        constraints = [
            one_of("outcome", ["more_views", "home", "wait", "emergency"], name="release_outcome_known"),
            models.CheckConstraint(
                condition=~Q(outcome="more_views") | Q(views__len__gt=0) | ~Q(note=""),
                name="release_says_which_views",
            ),
        ]

    def __str__(self):
        return self.get_outcome_display()


class HandOver(models.Model):
    """The examination is given to the reader, with notes; `limited`: why it is not complete."""

    appointment = models.OneToOneField(Appointment, models.CASCADE, related_name="hand_over")
    note = models.CharField(max_length=500, blank=True)
    limited = models.CharField("complete as limited, because", max_length=200, blank=True)
    ended_wait = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The patient left while a reader's word was waited for; the undo lets them wait again.",
    )
    handed_at = models.DateTimeField()
    handed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = of_site("appointment__site__code").as_manager()

    def __str__(self):
        return f"{self.appointment_id}"


class WorkedOn(models.Model):
    """Who has an examination open, so that two do not work at once; taking over is always possible."""

    appointment = models.OneToOneField(
        Appointment, models.CASCADE, primary_key=True, related_name="worked_on"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    objects = of_site("appointment__site__code").as_manager()

    def __str__(self):
        return f"{self.appointment_id} {self.user_id}"
