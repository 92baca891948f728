"""Which version of a report its referrer has seen."""

from django.conf import settings
from django.db import models

from reporting.models.reports import Report


class Look(models.Model):
    """The newest version that this person has opened: what came after it is shown as new."""

    report = models.ForeignKey(Report, models.CASCADE, related_name="looks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "user"], name="look_once_per_person")]

    def __str__(self):
        return f"{self.report} v{self.number}"
