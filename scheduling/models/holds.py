"""Times that somebody keeps for a moment before booking them, and room time that is kept for STAT patients."""

import uuid

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from scheduling.models.appointments import Appointment
from scheduling.models.orders import Order
from scheduling.models.querysets import of_site
from scheduling.models.sites import Resource
from scheduling.models.versions import OF_RESOURCE, renews_version
from scheduling.models.weeks import days_ordered, never_twice
from vqflow.constraints import one_of


class HoldQuerySet(of_site("order__site__code")):
    def live(self):
        """Those that nobody has ended; their time may be over."""
        return self.filter(outcome=Hold.Outcome.LIVE)

    def with_people(self):
        return self.select_related(
            "held_by", "appointment__site", "order__patient", "order__site", "order__procedure__protocol"
        )


class Hold(models.Model):
    """A time that is kept for one order, or for the move of one appointment. Its id is its rows' token.

    What it keeps others from are held Reservations; the row here says who holds it, and for what.
    """

    class Outcome(models.TextChoices):
        LIVE = "live", "Live"
        CONFIRMED = "confirmed", "Confirmed"
        RELEASED = "released", "Released"
        EXPIRED = "expired", "Expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="holds")
    appointment = models.ForeignKey(
        Appointment,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="holds",
        help_text="What is to be moved.",
    )
    held_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    held_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    is_offer = models.BooleanField(
        default=False, help_text="Offered to the patient: anybody at the desk may confirm it."
    )
    starts = models.JSONField(help_text="Per kind of step the start of its acquisition, ISO 8601 in UTC.")
    resource_ids = models.JSONField(default=list)
    xray = models.JSONField(
        null=True, blank=True, help_text="The X-ray done elsewhere that the times were found with."
    )
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.LIVE)

    objects = HoldQuerySet.as_manager()

    class Meta:
        constraints = [
            one_of("outcome", ["live", "confirmed", "released", "expired"], name="hold_outcome_known"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("held_at")), name="hold_expires_after_start"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(outcome="live"), name="hold_one_live_per_order"
            ),
        ]
        indexes = [
            models.Index(fields=["held_by"], condition=Q(outcome="live"), name="hold_live_of_user"),
        ]

    def __str__(self):
        return str(self.pk)

    @property
    def is_live(self):
        return self.outcome == self.Outcome.LIVE


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class ReservedSlot(models.Model):
    """Weekly hours of a room that are kept for STAT and urgent patients until shortly before they begin.

    They hold for the local days from `starts_on` to `ends_on`.
    """

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="reserved_slots")
    weekday = models.PositiveSmallIntegerField(help_text="0 is Monday.")
    starts = models.TimeField(help_text="Local time.")
    ends = models.TimeField(help_text="Local time; before the start it is on the next day.")
    open_to_all_minutes_before = models.PositiveSmallIntegerField(
        default=120, help_text="From then on anybody may take it."
    )
    starts_on = models.DateField(null=True, blank=True, help_text="Empty: since ever.")
    ends_on = models.DateField(null=True, blank=True, help_text="The last day. Empty: until further notice.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="reserved_slot_weekday"),
            days_ordered("reserved_slot_days_ordered"),
            never_twice("reserved_slot_once", "weekday", "starts", "ends"),
        ]
        triggers = renews_version(OF_RESOURCE)

    def __str__(self):
        return f"{self.resource} {self.weekday} {self.starts}-{self.ends}"
