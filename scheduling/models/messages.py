"""Mail to patients and referrers: rows written with the booking, sent by whoever finds them due."""

import uuid

import pghistory
from django.db import models
from django.db.models import Q

from scheduling.models.appointments import Appointment
from scheduling.models.orders import Order
from scheduling.models.protocols import Protocol
from scheduling.models.querysets import of_site
from scheduling.models.sites import Site
from scheduling.models.waitlist import Offer
from vqflow.constraints import one_of


class MessageState(models.TextChoices):
    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "No longer needed"
    EXPIRED = "expired", "Too late to be useful"
    SUPPRESSED = "suppressed", "Not wanted or not possible"


class MessageKind(models.TextChoices):
    CONFIRMATION = "confirmation", "Confirmation"
    REMINDER = "reminder", "Reminder"
    XRAY_REMINDER = "xray_reminder", "Reminder of the first visit"
    MOVED = "moved", "New time"
    CANCELLED = "cancelled", "Cancellation"
    RESULT_READY = "result_ready", "A result is ready"
    OFFER = "offer", "Offer of a time"
    LETTER_COPY = "letter_copy", "Appointment letter"
    AFTERCARE = "aftercare", "Aftercare sheet"
    CALL_US = "call_us", "Please call us"
    BOOKED = "booked", "To the referrer: booked"
    NOT_DONE = "not_done", "To the referrer: not done"
    CRITICAL_RESULT = "critical_result", "To the referrer: an urgent result waits"
    RESULT_CHANGED = "result_changed", "To the referrer: a result was changed"
    RESULT_WITHDRAWN = "result_withdrawn", "To the referrer: a result was withdrawn"


class Channel(models.TextChoices):
    EMAIL = "email", "E-mail"
    SMS = "sms", "Text message"


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
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.EMAIL, db_default=Channel.EMAIL)
    dedupe_key = models.CharField(max_length=120, unique=True)
    due_at = models.DateTimeField()
    not_after = models.DateTimeField(help_text="After this it would be of no use any more.")
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    retries = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often a person asked for it to be tried anew."
    )
    last_error = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_to = models.CharField(
        max_length=64,
        blank=True,
        db_default="",
        help_text="A keyed digest of the address that it went to: what comes back later is about that one.",
    )

    objects = of_site("order__site__code").as_manager()

    class Meta:
        ordering = ["due_at"]
        constraints = [
            one_of("state", MessageState.values, name="message_state_known"),
            one_of("kind", MessageKind.values, name="message_kind_known"),
            one_of("channel", Channel.values, name="message_channel_known"),
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


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class MessageRule(models.Model):
    """One line of a site's plan of messages: what goes out, how long before the visit, for which protocol.

    A site without rows has the usual plan (engine/reminders.py). A row of a protocol stands in place of the site's
    row of the same kind, hours and channel.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="message_rules")
    protocol = models.ForeignKey(
        Protocol, models.CASCADE, null=True, blank=True, related_name="message_rules"
    )
    kind = models.CharField(max_length=16, choices=MessageKind)
    channel = models.CharField(max_length=5, choices=Channel, default=Channel.EMAIL, db_default=Channel.EMAIL)
    hours_before = models.PositiveSmallIntegerField(
        default=0, help_text="Before the patient comes, on the clinic's wall clock. 0: at once."
    )
    is_on = models.BooleanField(default=True, db_default=True)

    objects = of_site("site__code").as_manager()

    class Meta:
        ordering = ["-hours_before", "kind", "pk"]
        constraints = [
            one_of("kind", MessageKind.values, name="message_rule_kind_known"),
            one_of("channel", Channel.values, name="message_rule_channel_known"),
            models.UniqueConstraint(
                fields=["site", "protocol", "kind", "hours_before", "channel"],
                name="message_rule_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(hours_before__lte=24 * 30), name="message_rule_hours_sensible"
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}, {self.hours_before} h before"


class Carrier(models.Model):
    """What carries one channel's messages out: how often it failed in a row, and until when it is left in peace.

    All senders share the row, so that a relay which is down is tried by one of them, with one message, at a time.
    """

    channel = models.CharField(max_length=5, choices=Channel, primary_key=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row, of any sender.")
    failing_since = models.DateTimeField(null=True, blank=True)
    resting_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            one_of("channel", Channel.values, name="carrier_channel_known"),
            models.CheckConstraint(
                condition=Q(failures=0, failing_since__isnull=True, resting_until__isnull=True)
                | Q(failures__gt=0, failing_since__isnull=False),
                name="carrier_failing_has_time",
            ),
        ]

    def __str__(self):
        return self.channel
