"""The patient comes, once or twice: at the X-ray and at the scan. Identity and pregnancy are asked at each."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from scheduling.models.appointments import Appointment
from scheduling.models.records import Record, records_of
from vqflow.constraints import one_of


class Identifier(models.TextChoices):
    NAME = "name", "Full name"
    BIRTH_DATE = "birth_date", "Date of birth"
    WRISTBAND = "wristband", "Wristband"
    MRN = "mrn", "Patient number"


class Arrival(Record):
    """One arrival; the newest that stands counts. `pregnancy_asked`: in private, where the rule asks for it."""

    class At(models.TextChoices):
        XRAY = "xray", "X-ray"
        SCAN = "scan", "Scan"

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="arrivals")
    at = models.CharField(max_length=5, choices=At)
    arrived_at = models.DateTimeField()
    identifiers = ArrayField(models.CharField(max_length=12, choices=Identifier))
    pregnancy_asked = models.BooleanField(default=False)

    objects = records_of("appointment__site__code").as_manager()

    class Meta(Record.Meta):
        constraints = [
            *Record.Meta.constraints,
            one_of("at", ["xray", "scan"], name="arrival_at_known"),
            models.CheckConstraint(
                condition=models.Q(identifiers__len__gte=2), name="arrival_two_identifiers"
            ),
        ]

    def __str__(self):
        return f"{self.at} {self.arrived_at:%H:%M}"
