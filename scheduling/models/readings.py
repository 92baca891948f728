"""The first look at perfusion: whether ventilation is needed at all."""

import pghistory
from django.conf import settings
from django.db import models

from scheduling.models.appointments import Appointment
from vqflow.constraints import one_of


@pghistory.track()
class PerfusionReading(models.Model):
    """What a physician saw on perfusion while ventilation was held; no report, that follows as always."""

    class Outcome(models.TextChoices):
        NORMAL = "normal", "Normal: ventilation is not needed"
        ABNORMAL = "abnormal", "Abnormal: ventilation is needed"

    appointment = models.OneToOneField(
        Appointment, models.CASCADE, primary_key=True, related_name="perfusion_reading"
    )
    outcome = models.CharField(max_length=10, choices=Outcome)
    note = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField()
    read_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [one_of("outcome", ["normal", "abnormal"], name="perfusion_reading_outcome_known")]

    def __str__(self):
        return self.get_outcome_display()
