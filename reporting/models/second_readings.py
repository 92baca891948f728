"""Second readings: a share of the final reports is read again by another physician, who does not see the first."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from reporting.models.reports import Report
from scheduling.models.querysets import of_site


class SecondReading(models.Model):
    """What a second physician would have said, in the scheme of the report, before seeing it. Written once.

    It changes nothing of the report: the category that it is compared with is copied beside it.
    """

    report = models.OneToOneField(Report, models.PROTECT, related_name="second_reading")
    version = models.PositiveSmallIntegerField(help_text="Number of the signed version it is compared with.")
    scheme = models.CharField(max_length=20)
    first_category = models.CharField(max_length=40)
    category = models.CharField(max_length=40)
    note = models.CharField(max_length=500, blank=True)
    first_reader = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    read_at = models.DateTimeField()
    read_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = of_site("report__order__site__code").as_manager()

    class Meta:
        ordering = ["-read_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(category="") & ~Q(first_category=""), name="second_reading_says"
            ),
            models.CheckConstraint(
                condition=~Q(read_by=models.F("first_reader")), name="second_reading_by_another"
            ),
        ]
        indexes = [models.Index(fields=["read_at"], name="second_reading_by_time")]
        triggers = [pgtrigger.Protect(name="write_once", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.report_id} {self.category}"
