"""Who waits for an earlier time or for any, and the times that were offered to them."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from scheduling.engine.states import (
    ENTRY_TRANSITIONS,
    LIVE_ENTRY,
    OFFER_TRANSITIONS,
    EntryState,
    OfferState,
)
from scheduling.models.appointments import Appointment, machine
from scheduling.models.holds import Hold
from scheduling.models.orders import Order
from scheduling.models.querysets import of_site
from scheduling.models.sites import Site
from vqflow.constraints import one_of, together


class EntryQuerySet(of_site("order__site__code")):
    def live(self):
        return self.filter(state__in=LIVE_ENTRY)

    def with_people(self):
        return self.select_related(
            "appointment__site", "order__patient__resource", "order__site", "order__procedure__protocol"
        )


class WaitlistEntry(models.Model):
    """One order's place on the waitlist, and what would suit its patient. Times of day are the site's.

    With an appointment the patient wants an earlier time; without one there is no time yet.
    """

    order = models.ForeignKey(Order, models.CASCADE, related_name="waitlist_entries")
    appointment = models.ForeignKey(
        Appointment, models.CASCADE, null=True, blank=True, related_name="waitlist_entries"
    )
    state = models.CharField(max_length=10, choices=[(s, s) for s in EntryState], default=EntryState.WAITING)
    first_day = models.DateField("not before")
    last_day = models.DateField("not after")
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), default=list, help_text="Monday is 0; empty is any day."
    )
    comes_from = models.TimeField("comes at the earliest", null=True, blank=True)
    comes_until = models.TimeField("comes at the latest", null=True, blank=True)
    notice_minutes = models.PositiveIntegerField(
        default=120, help_text="The patient needs so long from the call to the door."
    )
    earlier_than = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Start of the lungs that the appointment had when it was put on the list.",
    )
    joined_at = models.DateTimeField()
    joined_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    wishes_at = models.DateTimeField(help_text="When the wishes were last changed.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "waitlist entries"
        constraints = [
            one_of("state", EntryState, name="waitlist_state_known"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=LIVE_ENTRY), name="waitlist_once_per_order"
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="waitlist_days_ordered"),
            together("appointment", "earlier_than", name="waitlist_earlier_than_appointment"),
            together("comes_from", "comes_until", name="waitlist_hours_complete"),
            models.CheckConstraint(
                condition=Q(comes_from__isnull=True) | Q(comes_until__gt=F("comes_from")),
                name="waitlist_hours_ordered",
            ),
            models.CheckConstraint(
                condition=Q(state__in=LIVE_ENTRY) | Q(ended_at__isnull=False),
                name="waitlist_end_has_time",
            ),
        ]
        indexes = [
            # services/waitlist: who waits now.
            models.Index(fields=["joined_at"], condition=Q(state__in=LIVE_ENTRY), name="waitlist_live")
        ]
        triggers = [machine(ENTRY_TRANSITIONS)]

    def __str__(self):
        return f"waitlist entry {self.pk}"

    @property
    def is_live(self):
        return self.state in LIVE_ENTRY


class OfferQuerySet(of_site("entry__order__site__code")):
    def open(self):
        return self.filter(state=OfferState.OPEN)

    def with_people(self):
        return self.select_related(
            "hold", "entry__appointment", "entry__order__patient", "entry__order__site"
        )


class Offer(models.Model):
    """A time offered to one patient until `answer_by`. Held for this one, or without a hold for the first to answer."""

    entry = models.ForeignKey(WaitlistEntry, models.CASCADE, related_name="offers")
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, blank=True, related_name="offers")
    state = models.CharField(max_length=10, choices=[(s, s) for s in OfferState], default=OfferState.OPEN)
    starts = models.JSONField(help_text="Per kind of step the start of its acquisition, ISO 8601.")
    resource_ids = models.JSONField(default=list)
    visits = models.JSONField(help_text="Each coming to the clinic: [from, to], ISO 8601.")
    comes_at = models.DateTimeField()
    lungs_start_at = models.DateTimeField()
    offered_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["offered_at", "pk"]
        constraints = [
            one_of("state", OfferState, name="offer_state_known"),
            models.UniqueConstraint(fields=["entry"], condition=Q(state="open"), name="offer_one_open"),
            models.CheckConstraint(condition=Q(answer_by__gt=F("offered_at")), name="offer_time_to_answer"),
            models.CheckConstraint(
                condition=Q(state="open") | Q(answered_at__isnull=False),
                name="offer_answer_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "declined"]) | Q(answered_by__isnull=False),
                name="offer_answer_has_name",
            ),
        ]
        indexes = [models.Index(fields=["answer_by"], condition=Q(state="open"), name="offer_open")]
        triggers = [machine(OFFER_TRANSITIONS)]

    def __str__(self):
        return f"offer {self.pk}"

    @property
    def planned_visits(self):
        """Each coming to the clinic, as {"starts_at", "ends_at"}."""
        spans = ([datetime.fromisoformat(each) for each in span] for span in self.visits)
        return [{"starts_at": starts, "ends_at": ends} for starts, ends in spans]


class WaitlistLook(models.Model):
    """What a site's free time and waitlist were when they were last matched: nothing new, nothing to do."""

    site = models.OneToOneField(Site, models.CASCADE, primary_key=True, related_name="+")
    seen = models.CharField(max_length=200, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self):
        return str(self.site)
