"""The kernel's tables: people who sign in, what they did, and requests that must not be done twice."""

import pghistory
import pgtrigger
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now
from pgtrigger import Delete, Update

from vqflow.constraints import one_of


class Role(models.TextChoices):
    SCHEDULER = "scheduler", "Scheduler"
    TECHNOLOGIST = "technologist", "Technologist"
    READER = "reader", "Physician"
    LEAD = "lead", "Lead"
    PRIVACY_OFFICER = "privacy_officer", "Privacy officer"
    REFERRER = "referrer", "Referrer"
    INTEGRATION = "integration", "Integration account"
    ADMINISTRATOR = "administrator", "System administrator"
    # Who acts by a mailed link: one account per site, which nobody can sign in to.
    PATIENT = "patient", "Patient"
    # Cameras that say what they did, over DICOM: likewise.
    MODALITY = "modality", "Camera"


class Grade(models.TextChoices):
    """A reader's standing: a resident signs preliminary, an attending final."""

    NONE = "", "-"
    RESIDENT = "resident", "Resident"
    ATTENDING = "attending", "Attending"


class Theme(models.TextChoices):
    SYSTEM = "", "As the device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Density(models.TextChoices):
    COMPACT = "", "Compact"
    COMFORTABLE = "comfortable", "Comfortable, for gloves"


UNTOLD = ("password", "last_login", "pin", "badge", "wrong_pins")


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange(exclude=[*UNTOLD])),
    exclude=[*UNTOLD],
)
class User(AbstractUser):
    """A person (or an integration) that signs in: one role, one site."""

    role = models.CharField(max_length=20, choices=Role, default=Role.SCHEDULER)
    grade = models.CharField(max_length=10, choices=Grade, default=Grade.NONE, blank=True)
    is_authorised_user = models.BooleanField(
        default=False,
        help_text="Authorised user in the sense of 10 CFR 35: may override a block on a tracer.",
    )
    # The site's code, not a foreign key: the kernel does not know the scheduling app.
    site_code = models.SlugField(max_length=20, blank=True)
    pin = models.CharField(
        "PIN",
        max_length=128,
        blank=True,
        db_default="",
        help_text="Hashed: opens the person's own locked session.",
    )
    badge = models.CharField(
        max_length=64, blank=True, db_default="", help_text="Keyed digest of the code on the person's badge."
    )
    wrong_pins = models.PositiveSmallIntegerField(
        "wrong tries as second person",
        default=0,
        db_default=0,
        help_text="In a row; five lock the PIN until the person signs in or unlocks with the password.",
    )
    theme = models.CharField(max_length=5, choices=Theme, default=Theme.SYSTEM, blank=True)
    density = models.CharField(
        max_length=11, choices=Density, default=Density.COMPACT, blank=True, db_default=Density.COMPACT
    )

    class Meta:
        constraints = [
            one_of("role", Role.values, name="user_role_known"),
            models.CheckConstraint(
                condition=~models.Q(role__in=[Role.PATIENT, Role.MODALITY]) | models.Q(is_active=False),
                name="user_of_links_and_cameras_never_signs_in",
            ),
            models.CheckConstraint(
                condition=~models.Q(username__startswith="patient@") | models.Q(role=Role.PATIENT),
                name="user_patient_name_is_kept",
                violation_error_message="Names that begin with patient@ are kept for who acts by a mailed link.",
            ),
            models.CheckConstraint(
                condition=~models.Q(username__startswith="modality@") | models.Q(role=Role.MODALITY),
                name="user_modality_name_is_kept",
                violation_error_message="Names that begin with modality@ are kept for cameras.",
            ),
            # A badge opens one person's session.
            models.UniqueConstraint(fields=["badge"], condition=~models.Q(badge=""), name="user_badge_once"),
            models.CheckConstraint(
                condition=~models.Q(role=Role.READER) | ~models.Q(grade=Grade.NONE),
                name="user_reader_has_grade",
            ),
            models.CheckConstraint(
                condition=models.Q(is_authorised_user=False) | models.Q(grade=Grade.ATTENDING),
                name="user_authorised_user_is_attending",
            ),
        ]

    @property
    def name(self):
        return self.get_full_name() or self.username

    @property
    def unlocks_with(self):
        """Password, PIN or badge: what opens this person's locked session."""
        ways = ["password", *(["PIN"] if self.pin else []), *(["badge"] if self.badge else [])]
        return f"{', '.join(ways[:-1])} or {ways[-1]}" if len(ways) > 1 else ways[0]


class AuditEvent(models.Model):
    """Who looked at or did what, and why. Append-only and without foreign keys; written by audit.record alone."""

    recorded_at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10, default="success")
    agent_id = models.CharField(max_length=40, blank=True)
    agent_name = models.CharField(max_length=150, blank=True)
    agent_role = models.CharField(max_length=20, blank=True)
    site_code = models.CharField(max_length=20, blank=True)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=60, blank=True)
    patient_ids = models.JSONField(default=list)
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="audit_of_subject"),
            models.Index(fields=["recorded_at"], name="audit_by_time"),
        ]
        triggers = [pgtrigger.Protect(name="write_once", operation=Update | Delete)]

    def __str__(self):
        return f"{self.action} {self.subject_type} {self.subject_id}"


class AuditSeal(models.Model):
    """One link of the hash chain over the audit events (first_event, last_event]."""

    sealed_at = models.DateTimeField(db_default=Now())
    after_event = models.BigIntegerField(unique=True)
    last_event = models.BigIntegerField(unique=True)
    event_count = models.IntegerField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        triggers = [pgtrigger.Protect(name="write_once", operation=Update | Delete)]

    def __str__(self):
        return f"events {self.after_event + 1}-{self.last_event}"


class IdempotentRequest(models.Model):
    """The answer to a write that carried a key: sent again, it is answered again and not done again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=64)
    made_at = models.DateTimeField(db_default=Now())
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    patient_ids = models.JSONField(
        default=list, help_text="Whose data the answer shows, for the audit of a replay."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_request_once")]
        indexes = [models.Index(fields=["made_at"], name="idempotent_request_age")]

    def __str__(self):
        return self.key


class Heartbeat(models.Model):
    """When a background job last ran, so that silence is visible."""

    name = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self):
        return f"{self.name} {self.beat_at:%Y-%m-%d %H:%M:%S}"
