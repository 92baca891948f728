"""Views of the worklist that a person has named: filters alone, nothing of a patient."""

from django.conf import settings
from django.db import models

from scheduling.models.sites import Resource


class SavedView(models.Model):
    """`days_ahead` from the day on which it is opened: 0 is today, 1 tomorrow."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40)
    days_ahead = models.PositiveSmallIntegerField(default=0)
    room = models.ForeignKey(Resource, models.CASCADE, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=15, blank=True)
    by_room = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_view_once_per_user"),
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_view_named"),
        ]

    def __str__(self):
        return self.name
