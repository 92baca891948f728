"""Examination protocols as data: which steps, in which rooms, how long, how soon after one another."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from scheduling.models.querysets import of_site
from scheduling.models.sites import Capability, Site
from vqflow.constraints import one_of


class StepKind(models.TextChoices):
    XRAY = "xray", "Chest X-ray"
    VENTILATION = "ventilation", "Ventilation"
    PERFUSION = "perfusion", "Perfusion"

    @property
    def is_lung_acquisition(self):
        return self is not StepKind.XRAY


MODALITY = {StepKind.XRAY: "DX", StepKind.VENTILATION: "NM", StepKind.PERFUSION: "NM"}


class Agent(models.TextChoices):
    """Ventilation agents."""

    NONE = "", "-"
    TECHNEGAS = "technegas", "Technegas"
    DTPA = "dtpa", "Tc-99m DTPA aerosol"
    XE133 = "xe133", "Xe-133"
    KR81M = "kr81m", "Kr-81m"


@pghistory.track()
class Protocol(models.Model):
    """One way to do the examination at one site. Used protocols are retired, not deleted."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="protocols")
    key = models.CharField(max_length=30)
    agent = models.CharField(max_length=12, choices=Agent, default=Agent.NONE, blank=True)
    name = models.CharField(max_length=80)
    is_bookable = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    objects = of_site("site__code").as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "key", "agent"], name="protocol_once_per_site"),
            one_of("agent", Agent.values, name="protocol_agent_known"),
        ]

    def __str__(self):
        return self.name


@pghistory.track()
class ProtocolStep(models.Model):
    """One step of a protocol. Lags run from the end of the acquisition before to the start of this one.

    The first lung acquisition has no lag of its own: the site's chest X-ray window is its lag.
    """

    protocol = models.ForeignKey(Protocol, models.CASCADE, related_name="steps")
    ordinal = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=StepKind)
    room_capabilities = ArrayField(models.CharField(max_length=30, choices=Capability))
    qualification = models.CharField(max_length=30, choices=Capability)
    prep_bay_minutes = models.PositiveSmallIntegerField(
        default=0, help_text="In a preparation bay before set-up."
    )
    setup_minutes = models.PositiveSmallIntegerField(default=0)
    acquisition_minutes = models.PositiveSmallIntegerField()
    clearance_minutes = models.PositiveSmallIntegerField(default=0)
    lag_min_minutes = models.PositiveSmallIntegerField(default=0)
    lag_max_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    same_room_as_before = models.BooleanField(default=False)

    class Meta:
        ordering = ["protocol", "ordinal"]
        constraints = [
            models.UniqueConstraint(fields=["protocol", "ordinal"], name="protocol_step_ordinal_once"),
            models.UniqueConstraint(fields=["protocol", "kind"], name="protocol_step_kind_once"),
            one_of("kind", StepKind.values, name="protocol_step_kind_known"),
            models.CheckConstraint(condition=Q(acquisition_minutes__gt=0), name="protocol_step_takes_time"),
            models.CheckConstraint(
                condition=Q(lag_max_minutes__isnull=True)
                | Q(lag_max_minutes__gte=models.F("lag_min_minutes")),
                name="protocol_step_lags_ordered",
            ),
        ]

    def __str__(self):
        return f"{self.protocol}: {self.get_kind_display()}"
