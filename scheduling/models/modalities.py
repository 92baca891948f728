"""Devices on the DICOM network: who may ask for the worklist, what was asked, and what devices say was performed.

Names are those of DICOM PS3.3 and PS3.4: application entity (AE), modality performed procedure step (MPPS).
"""

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from scheduling.engine.states import PERFORMED_TRANSITIONS, PerformedState
from scheduling.models.appointments import ScheduledProcedureStep
from scheduling.models.querysets import of_site, rows_of
from scheduling.models.sites import Resource, Site
from vqflow.constraints import one_of, together


class CharacterSet(models.TextChoices):
    """What a device is answered in: DICOM Specific Character Set (PS3.3 C.12.1.1.2)."""

    UTF8 = "ISO_IR 192", "Every script (UTF-8)"
    LATIN1 = "ISO_IR 100", "Western European (Latin 1)"
    LATIN2 = "ISO_IR 101", "Central European (Latin 2)"
    LATIN5 = "ISO_IR 148", "Turkish (Latin 5)"
    CYRILLIC = "ISO_IR 144", "Cyrillic"
    GREEK = "ISO_IR 126", "Greek"
    ARABIC = "ISO_IR 127", "Arabic"
    HEBREW = "ISO_IR 138", "Hebrew"
    JAPANESE = "ISO 2022 IR 87", "Japanese (Kanji)"
    KOREAN = "ISO 2022 IR 149", "Korean"
    CHINESE = "GB18030", "Chinese (GB18030)"


class EntityQuerySet(of_site("site__code")):
    def with_last_query(self):
        """Each with `asked_at` and `matches` of its newest query, None for who has never asked."""
        newest = WorklistQuery.objects.filter(entity=OuterRef("pk")).order_by("-asked_at", "-pk")
        return self.annotate(
            asked_at=Subquery(newest.values("asked_at")[:1]), matches=Subquery(newest.values("matches")[:1])
        )


@pghistory.track()
class ApplicationEntity(models.Model):
    """A device that may ask for the worklist, and say what it did."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="application_entities")
    title = models.CharField("AE title", max_length=16, unique=True)
    name = models.CharField(max_length=60, blank=True, help_text="What people call it.")
    room = models.ForeignKey(
        Resource, models.PROTECT, null=True, blank=True, related_name="application_entities"
    )
    addresses = ArrayField(
        models.CharField(max_length=43),
        help_text="IP addresses, or networks such as 10.1.2.0/24, it may call from.",
    )
    host = models.CharField(max_length=100, blank=True, help_text="Where it answers a C-ECHO.")
    port = models.PositiveIntegerField(null=True, blank=True)
    character_set = models.CharField(max_length=15, choices=CharacterSet, default=CharacterSet.UTF8)
    own_room_only = models.BooleanField(
        default=True, help_text="A query that names no station is answered for its own room."
    )
    reports_performed = models.BooleanField(default=True, help_text="May say what was performed (MPPS).")
    certificate_sha256 = models.CharField(
        max_length=64, blank=True, help_text="With TLS: the fingerprint of its certificate."
    )
    is_active = models.BooleanField(default=True)

    objects = EntityQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="application_entity_has_title"),
            models.CheckConstraint(
                condition=Q(port__isnull=True) | Q(port__range=(1, 65535)), name="application_entity_port"
            ),
            models.CheckConstraint(condition=Q(addresses__len__gt=0), name="application_entity_has_address"),
            one_of("character_set", CharacterSet.values, name="application_entity_charset_known"),
        ]

    def __str__(self):
        return self.title


class WorklistQuery(models.Model):
    """What a device has asked for lately, and how much it was answered: for whoever looks for a missing patient."""

    site = models.ForeignKey(Site, models.CASCADE)
    entity = models.ForeignKey(ApplicationEntity, models.CASCADE, related_name="queries")
    address = models.CharField(max_length=45)
    asked_at = models.DateTimeField()
    keys = models.JSONField(default=dict, help_text="Keyword to value, as it was asked.")
    ignored = models.JSONField(default=dict, help_text="Keyword to the sentence why its value was not used.")
    status = models.PositiveIntegerField(help_text="The final DICOM status.")
    matches = models.PositiveIntegerField()
    duration_ms = models.FloatField()

    objects = of_site("site__code").as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [models.Index(fields=["entity", "-asked_at"], name="worklist_query_of_entity")]

    def __str__(self):
        return f"{self.entity_id} {self.asked_at}"


class RefusedAssociation(models.Model):
    """A call that was not let in: from whom, and why."""

    calling_title = models.CharField(max_length=16, blank=True)
    called_title = models.CharField(max_length=16, blank=True)
    address = models.CharField(max_length=45)
    reason = models.CharField(max_length=200)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["calling_title", "called_title", "address", "reason"], name="refused_association_once"
            )
        ]

    def __str__(self):
        return f"{self.calling_title} {self.reason}"


class PerformedStatus(models.TextChoices):
    """The states of PERFORMED_TRANSITIONS in words."""

    IN_PROGRESS = PerformedState.IN_PROGRESS.value, "In progress"
    COMPLETED = PerformedState.COMPLETED.value, "Completed"
    DISCONTINUED = PerformedState.DISCONTINUED.value, "Discontinued"


class PerformedProcedureStep(models.Model):
    """What a device says that it performed. It belongs to scheduled steps by (study UID, SPS ID), or to none yet.

    `steps`: more than one where ventilation and perfusion are acquired together. `not_taken`: the sentence why its
    times were not taken over to the examination; empty once they were.
    """

    sop_instance_uid = models.CharField(max_length=64, unique=True)
    site = models.ForeignKey(Site, models.PROTECT)
    entity = models.ForeignKey(ApplicationEntity, models.PROTECT, related_name="performed_steps")
    steps = models.ManyToManyField(ScheduledProcedureStep, related_name="performed_steps", blank=True)
    status = models.CharField(max_length=12, choices=PerformedStatus)
    modality = models.CharField(max_length=16)
    performed_id = models.CharField("performed procedure step ID", max_length=16, blank=True)
    scheduled = models.JSONField(
        default=list, help_text="Study UID, SPS ID and accession number of each scheduled step it names."
    )
    patient_as_named = models.JSONField(
        default=dict, help_text="Name, number and birth date as it sent them."
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    discontinued_reason = models.CharField(max_length=200, blank=True)
    attributes = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder, help_text="All it said, as the DICOM JSON model (PS3.18 F)."
    )
    first_at = models.DateTimeField(help_text="When its first message came.")
    last_at = models.DateTimeField()
    not_taken = models.CharField(max_length=300, blank=True)
    matched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    matched_at = models.DateTimeField(null=True, blank=True)
    set_aside_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    set_aside_at = models.DateTimeField(null=True, blank=True)
    set_aside_reason = models.CharField(max_length=200, blank=True)

    objects = of_site("site__code").as_manager()

    class Meta:
        ordering = ["-first_at", "-pk"]
        constraints = [
            one_of("status", PerformedStatus.values, name="performed_step_status_known"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="performed_step_in_order",
            ),
            together("matched_by", "matched_at", name="performed_step_matched_complete"),
            together("set_aside_by", "set_aside_at", name="performed_step_set_aside_complete"),
            models.CheckConstraint(
                condition=Q(set_aside_at__isnull=True) | ~Q(set_aside_reason=""),
                name="performed_step_set_aside_with_reason",
            ),
        ]
        indexes = [
            GinIndex(fields=["scheduled"], name="performed_step_scheduled", opclasses=["jsonb_path_ops"]),
            models.Index(
                fields=["site", "-first_at"],
                condition=Q(set_aside_at__isnull=True),
                name="performed_step_of_site",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="state_machine",
                field="status",
                transitions=[(str(a), str(b)) for a, b in PERFORMED_TRANSITIONS],
            )
        ]

    def __str__(self):
        return self.sop_instance_uid

    @property
    def sps_ids(self):
        """Of the scheduled steps that it belongs to."""
        return [step.sps_id for step in rows_of(self, "steps")]


class PerformedMessage(models.Model):
    """One N-CREATE or N-SET as it came, and what it was answered. Never changed."""

    class Kind(models.TextChoices):
        CREATE = "N-CREATE", "N-CREATE"
        SET = "N-SET", "N-SET"

    sop_instance_uid = models.CharField(max_length=64, db_index=True)
    entity = models.ForeignKey(ApplicationEntity, models.PROTECT, related_name="messages")
    performed = models.ForeignKey(
        PerformedProcedureStep, models.PROTECT, null=True, blank=True, related_name="messages"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    received_at = models.DateTimeField()
    data = models.BinaryField(help_text="The data set, in implicit or explicit VR as the context had it.")
    transfer_syntax = models.CharField(max_length=64)
    status = models.PositiveIntegerField(help_text="The DICOM status it was answered.")
    comment = models.CharField(max_length=200, blank=True)

    objects = of_site("entity__site__code").as_manager()

    class Meta:
        ordering = ["received_at", "pk"]
        triggers = [pgtrigger.Protect(name="write_once", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self):
        return f"{self.kind} {self.sop_instance_uid}"
