"""What a patient can open without an account: one link, for one purpose, until it ends."""

from django.db import models
from django.db.models import Q

from scheduling.models.appointments import Appointment
from scheduling.models.messages import Message
from scheduling.models.patients import Patient
from scheduling.models.querysets import of_site
from scheduling.models.waitlist import Offer
from vqflow.constraints import one_of


class Purpose(models.TextChoices):
    VISIT = "visit", "Appointment"
    OFFER = "offer", "Offered time"
    AFTERCARE = "aftercare", "After the visit"
    STOP = "stop", "Stop reminders"


class PatientLink(models.Model):
    """A link that was mailed. Of its 256-bit token only the SHA-256 is kept: who reads this table can open nothing.

    It is bound to the appointment's revision: a move revokes it, and the mail about the new time has another.
    """

    WRONG_TRIES = 5

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, hexadecimal.")
    purpose = models.CharField(max_length=10, choices=Purpose)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="links")
    message = models.ForeignKey(Message, models.CASCADE, related_name="links")
    appointment = models.ForeignKey(Appointment, models.CASCADE, null=True, blank=True, related_name="links")
    offer = models.ForeignKey(Offer, models.CASCADE, null=True, blank=True, related_name="links")
    revision = models.PositiveSmallIntegerField(default=1)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    wrong_tries = models.PositiveSmallIntegerField(default=0, help_text="Wrong dates of birth in all.")
    unlocked_at = models.DateTimeField(null=True, blank=True, help_text="When it was first unlocked.")

    objects = of_site("patient__site__code").as_manager()

    class Meta:
        constraints = [
            one_of("purpose", Purpose.values, name="patient_link_purpose_known"),
            models.UniqueConstraint(fields=["message", "purpose"], name="patient_link_once_per_message"),
            models.CheckConstraint(condition=Q(wrong_tries__lte=5), name="patient_link_tries_counted"),
            models.CheckConstraint(
                condition=~Q(purpose="offer") | Q(offer__isnull=False), name="patient_link_offer_has_offer"
            ),
            models.CheckConstraint(
                condition=~Q(purpose__in=["visit", "aftercare"]) | Q(appointment__isnull=False),
                name="patient_link_visit_has_appointment",
            ),
        ]

    def __str__(self):
        return f"link {self.pk}"
