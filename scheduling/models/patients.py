"""Patients: who they are, how they can be reached, and what they agreed to."""

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from scheduling.models.querysets import of_site
from scheduling.models.sites import Resource, Site
from vqflow.constraints import one_of, together


class Sex(models.TextChoices):
    """FHIR administrative gender."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Unknown"


class Language(models.TextChoices):
    """BCP 47; each but English has its catalogue in scheduling/locale (docs/languages.md)."""

    EN = "en", "English"
    ES = "es", "Spanish"
    DE = "de", "German"
    FR = "fr", "French"
    AR = "ar", "Arabic"
    ZH = "zh-Hans", "Chinese (simplified)"


class SearchName(models.Func):
    """The parts of a name as the search compares them: " moreno pat maria ", see the function's migration."""

    function = "scheduling_plain"
    template = "%(function)s(' ' || %(expressions)s || ' ')"
    arg_joiner = " || ' ' || "
    output_field = models.TextField()


MERGED = "patient_is_not_merged"
ONLY_LIVE = """
            IF NEW.COLUMN IS NOT NULL THEN
                PERFORM 1 FROM scheduling_patient
                    WHERE id = NEW.COLUMN AND merged_into_id IS NULL FOR KEY SHARE;
                IF NOT FOUND AND EXISTS (SELECT 1 FROM scheduling_patient WHERE id = NEW.COLUMN) THEN
                    RAISE EXCEPTION 'patient % was merged into another record', NEW.COLUMN
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_is_not_merged';
                END IF;
            END IF;
            RETURN NEW;
        """


def only_live(name, column):
    """A trigger that refuses a row of `column` which would point to a record that was merged into another.

    The lock waits for a merge under way and then reads what it has left (READ COMMITTED), so that no row slips in
    between its look and its commit.
    """
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf(column),
        func=ONLY_LIVE.replace("COLUMN", column),
    )


LEFT_BEHIND = """
    IF NEW.merged_into_id IS NOT NULL AND (
        EXISTS (SELECT 1 FROM scheduling_order WHERE patient_id = NEW.id)
        OR EXISTS (SELECT 1 FROM scheduling_bodymeasurement WHERE patient_id = NEW.id)
        OR EXISTS (SELECT 1 FROM scheduling_formernumber WHERE patient_id = NEW.id)
        OR EXISTS (SELECT 1 FROM scheduling_patient WHERE merged_into_id = NEW.id)
    ) THEN
        RAISE EXCEPTION 'patient % still has rows of its own', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'patient_merged_with_all_it_has';
    END IF;
    RETURN NEW;
"""


class PatientQuerySet(of_site("site__code")):
    def live(self):
        """Those that were not merged into another record."""
        return self.filter(merged_into__isnull=True)


@pghistory.track(exclude=["search_name"])
class Patient(models.Model):
    """A person with one medical record number per issuer; a temporary one while unidentified.

    A record that was merged into another keeps its number, so that nobody gets it again, and nothing else: its
    orders are the other's, and it takes no more time (it has no resource).
    """

    site = models.ForeignKey(Site, models.PROTECT)
    resource = models.OneToOneField(Resource, models.PROTECT, null=True, related_name="patient")
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
    interpreter_needed = models.BooleanField(default=False, db_default=False)
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
    # The patient's own wish, by the link in a mail or told to the desk: no more reminders, the appointment stands.
    reminders_stopped_at = models.DateTimeField(null=True, blank=True)
    # The address that a relay has refused for good; another address is tried again.
    bounced_email = models.EmailField("e-mail that does not work", blank=True, db_default="")
    sms_consent_at = models.DateTimeField(null=True, blank=True)
    sms_consent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged_records"
    )
    merged_at = models.DateTimeField(null=True, blank=True)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    search_name = models.GeneratedField(
        expression=SearchName("family_name", "given_name", "middle_name"),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = PatientQuerySet.as_manager()

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
            together("sms_consent_at", "sms_consent_by", name="patient_sms_consent_complete"),
            together("merged_into", "merged_at", "merged_by", name="patient_merged_complete"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True, resource__isnull=False)
                | (Q(merged_into__isnull=False, resource__isnull=True) & ~Q(merged_into=F("pk"))),
                name="patient_takes_time_until_merged",
            ),
        ]
        indexes = [
            GinIndex(name="patient_name_search", fields=["search_name"], opclasses=["gin_trgm_ops"]),
            # A number by its beginning, in capitals or not; the whole one has its unique constraint.
            models.Index(OpClass(Upper("mrn"), name="text_pattern_ops"), name="patient_number_search"),
            models.Index(fields=["born_on"], name="patient_birth_date"),
            # Possible duplicates of who is about to be registered.
            models.Index(fields=["phone"], condition=~Q(phone=""), name="patient_phone"),
            models.Index(
                OpClass(Upper("email"), name="text_pattern_ops"), condition=~Q(email=""), name="patient_email"
            ),
        ]
        triggers = [
            only_live("merged_into_live", "merged_into_id"),
            pgtrigger.Trigger(
                name="merged_empty",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("merged_into_id"),
                func=LEFT_BEHIND,
            ),
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
        """Where mail about this patient may go: nowhere without consent or after it came back; the guardian's first."""
        if self.email_consent_at is None or self.has_bounced:
            return ""
        return self.guardian_email or self.email

    @property
    def has_bounced(self):
        """Whether the address that mail would go to was refused for good."""
        address = self.guardian_email or self.email
        return bool(address) and address.lower() == self.bounced_email.lower()

    @property
    def sms_number(self):
        """Where text messages may go: nowhere without consent; the guardian's number first."""
        if self.sms_consent_at is None:
            return ""
        return self.guardian_phone or self.phone


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
        triggers = [only_live("patient_live", "patient_id")]

    def __str__(self):
        return f"{self.weight_kg} kg, {self.height_cm} cm on {self.measured_on}"


class FormerNumber(models.Model):
    """A number that a patient had before: a temporary one, or that of a record that was merged into this one.

    Whoever types it finds the patient (HL7 ADT^A40: the prior identifier is no longer active).
    """

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="former_numbers")
    mrn = models.CharField(max_length=30)
    mrn_issuer = models.CharField(max_length=60)
    ended_at = models.DateTimeField()
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = of_site("patient__site__code").as_manager()

    class Meta:
        ordering = ["-ended_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["mrn_issuer", "mrn"], name="former_number_once_per_issuer")
        ]
        indexes = [models.Index(OpClass(Upper("mrn"), name="text_pattern_ops"), name="former_number_search")]
        triggers = [only_live("patient_live", "patient_id")]

    def __str__(self):
        return self.mrn
