"""Patients: who they are, how they can be reached, and what they agreed to."""

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from scheduling.models.querysets import of_site
from scheduling.models.sites import Resource, Site
from vqflow.constraints import one_of


class Sex(models.TextChoices):
    """FHIR administrative gender."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Unknown"


class Language(models.TextChoices):
    """BCP 47; the languages that messages can be written in are a later catalogue."""

    EN = "en", "English"
    ES = "es", "Spanish"
    DE = "de", "German"
    FR = "fr", "French"
    AR = "ar", "Arabic"
    ZH = "zh-Hans", "Chinese (simplified)"


@pghistory.track()
class Patient(models.Model):
    """A person with one medical record number per issuer; a temporary one while unidentified."""

    site = models.ForeignKey(Site, models.PROTECT)
    resource = models.OneToOneField(Resource, models.PROTECT, related_name="patient")
    mrn = models.CharField("medical record number", max_length=30)
    mrn_issuer = models.CharField(max_length=60)
    is_temporary = models.BooleanField(default=False, help_text="Unidentified: the number was made up here.")
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100, blank=True)
    middle_name = models.CharField(max_length=100, blank=True)
    name_prefix = models.CharField(max_length=30, blank=True)
    name_suffix = models.CharField(max_length=30, blank=True)
    born_on = models.DateField("date of birth", null=True, blank=True)
    sex = models.CharField(max_length=8, choices=Sex, default=Sex.UNKNOWN)
    email = models.EmailField("e-mail", blank=True)
    phone = models.CharField(max_length=30, blank=True)
    language = models.CharField(max_length=10, choices=Language, default=Language.EN)
    guardian_name = models.CharField(max_length=150, blank=True)
    guardian_email = models.EmailField("guardian's e-mail", blank=True)
    guardian_phone = models.CharField(max_length=30, blank=True)
    email_consent_at = models.DateTimeField(null=True, blank=True)
    email_consent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    detailed_email_consent = models.BooleanField(
        default=False, help_text="Agreed in writing to mails that name the examination."
    )

    objects = of_site("site__code").as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mrn_issuer", "mrn"], name="patient_mrn_once_per_issuer"),
            one_of("sex", Sex.values, name="patient_sex_known"),
            models.CheckConstraint(condition=~Q(family_name=""), name="patient_has_family_name"),
            models.CheckConstraint(
                condition=Q(born_on__isnull=False) | Q(is_temporary=True),
                name="patient_born_on_unless_temporary",
            ),
            models.CheckConstraint(
                condition=Q(email_consent_at__isnull=True, email_consent_by__isnull=True)
                | Q(email_consent_at__isnull=False, email_consent_by__isnull=False),
                name="patient_email_consent_complete",
            ),
            models.CheckConstraint(
                condition=Q(detailed_email_consent=False) | Q(email_consent_at__isnull=False),
                name="patient_detailed_consent_needs_consent",
            ),
        ]
        indexes = [
            GinIndex(
                name="patient_name_search",
                fields=["family_name", "given_name"],
                opclasses=["gin_trgm_ops", "gin_trgm_ops"],
            ),
            models.Index(fields=["born_on"], name="patient_birth_date"),
        ]

    def __str__(self):
        return self.name

    @property
    def name(self):
        """SURNAME, Given: the surname is set apart by its place, and by capitals on screen (CSS)."""
        return f"{self.family_name}, {self.given_name}" if self.given_name else self.family_name

    def age_on(self, day):
        """Whole years, or None when the date of birth is unknown."""
        if self.born_on is None:
            return None
        had_birthday = (day.month, day.day) >= (self.born_on.month, self.born_on.day)
        return day.year - self.born_on.year - (not had_birthday)

    @property
    def mail_address(self):
        """Where mail about this patient may go: nowhere without consent; the guardian's first."""
        if self.email_consent_at is None:
            return ""
        return self.guardian_email or self.email


class BodyMeasurement(models.Model):
    """Weight and height with their date: a tracer's dose must not be drawn by last year's weight."""

    patient = models.ForeignKey(Patient, models.CASCADE, related_name="measurements")
    measured_on = models.DateField()
    weight_kg = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    height_cm = models.DecimalField(max_digits=4, decimal_places=1, null=True, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-measured_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weight_kg__isnull=False) | Q(height_cm__isnull=False),
                name="measurement_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(weight_kg__isnull=True) | Q(weight_kg__range=(0.3, 500)),
                name="measurement_weight_kg",
            ),
            models.CheckConstraint(
                condition=Q(height_cm__isnull=True) | Q(height_cm__range=(20, 260)),
                name="measurement_height_cm",
            ),
        ]

    def __str__(self):
        return f"{self.weight_kg} kg, {self.height_cm} cm on {self.measured_on}"
