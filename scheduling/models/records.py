"""What every record of an examination has: who wrote it down and when, and that it is taken back, never deleted."""

from django.conf import settings
from django.db import models

from scheduling.models.querysets import of_site
from vqflow.constraints import together


def records_of(path):
    """A queryset of records that keeps everyone inside the own site; `path` leads to the site's code."""

    class RecordQuerySet(of_site(path)):
        def standing(self):
            """Those that nobody has taken back."""
            return self.filter(voided_at=None)

    return RecordQuerySet


class Record(models.Model):
    """An undo, and a correction, void the row with a reason; a correction writes another beside it."""

    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    void_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True
        constraints = [together("voided_at", "voided_by", name="%(class)s_voided_complete")]
