"""Mail to patients and referrers: rows written with the booking, sent by whoever finds them due."""

import uuid

from django.db import models
from django.db.models import Q

from scheduling.models.appointments import Appointment
from scheduling.models.orders import Order
from scheduling.models.querysets import of_site
from scheduling.models.waitlist import Offer
from vqflow.constraints import one_of


class MessageState(models.TextChoices):
    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "No longer needed"
    EXPIRED = "expired", "Too late to be useful"


class MessageKind(models.TextChoices):
    CONFIRMATION = "confirmation", "Confirmation"
    REMINDER = "reminder", "Reminder"
    XRAY_REMINDER = "xray_reminder", "Reminder of the first visit"
    MOVED = "moved", "New time"
    CANCELLED = "cancelled", "Cancellation"
    RESULT_READY = "result_ready", "A result is ready"
    OFFER = "offer", "Offer of a time"
    LETTER_COPY = "letter_copy", "Appointment letter"


class Message(models.Model):
    """One mail to one recipient, at most once: the dedupe key says what it is about, revision, kind, recipient."""

    class Recipient(models.TextChoices):
        PATIENT = "patient", "Patient"
        REFERRER = "referrer", "Referrer"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="messages")
    appointment = models.ForeignKey(
        Appointment, models.CASCADE, null=True, blank=True, related_name="messages"
    )
    offer = models.ForeignKey(Offer, models.CASCADE, null=True, blank=True, related_name="messages")
    revision = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=16, choices=MessageKind)
    recipient = models.CharField(max_length=10, choices=Recipient)
    dedupe_key = models.CharField(max_length=120, unique=True)
    due_at = models.DateTimeField()
    not_after = models.DateTimeField(help_text="After this it would be of no use any more.")
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = of_site("order__site__code").as_manager()

    class Meta:
        ordering = ["due_at"]
        constraints = [
            one_of("state", MessageState.values, name="message_state_known"),
            one_of("kind", MessageKind.values, name="message_kind_known"),
            models.CheckConstraint(
                condition=Q(not_after__gt=models.F("due_at")) | ~Q(state="pending"),
                name="message_due_before_useless",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="message_sent_has_time",
            ),
        ]
        indexes = [
            # scheduling/services/messages.py: claim what is due.
            models.Index(fields=["due_at"], condition=Q(state__in=["pending", "sending"]), name="message_due")
        ]

    def __str__(self):
        return self.dedupe_key
