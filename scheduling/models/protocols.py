"""Examination protocols as data: which steps, in which rooms, how long, how soon after one another."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from scheduling.models.querysets import of_site
from scheduling.models.sites import Capability, Site
from scheduling.models.versions import OF_PROTOCOL, OF_SITE, renews_version
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


class Tracer(models.TextChoices):
    """What a department prepares or gets delivered for a step (`engine.tracers.PRODUCTS` has the physics)."""

    NONE = "", "-"
    MAA = "maa", "MAA kit"
    DTPA = "dtpa", "DTPA kit"
    PERTECHNETATE = "pertechnetate", "Tc-99m eluate"
    XE133 = "xe133", "Xe-133 vial"
    KR81M = "kr81m", "Kr-81m generator"


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
        triggers = renews_version(OF_SITE)

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
    same_day_as_before = models.BooleanField(
        default=True, help_text="A lung step: on the local day of the lung step before."
    )
    simultaneous = models.BooleanField(
        default=False, help_text="Acquired together with the step before, in its room and by its people."
    )
    if_before_abnormal = models.BooleanField(
        default=False,
        help_text="Held until a physician has read the step before; done only if that is abnormal.",
    )
    tracer = models.CharField(max_length=15, choices=Tracer, default=Tracer.NONE, blank=True)
    activity_mbq = models.DecimalField(
        max_digits=9,
        decimal_places=3,
        default=0,
        help_text="Of the tracer, at the injection or first inhalation.",
    )
    least_activity_mbq = models.DecimalField(
        max_digits=9,
        decimal_places=3,
        null=True,
        blank=True,
        help_text="As little as this may be given where a full dose would hold too many MAA particles.",
    )

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
            models.CheckConstraint(
                condition=~Q(kind="xray") | Q(simultaneous=False, if_before_abnormal=False),
                name="protocol_step_xray_stands_alone",
            ),
            one_of("tracer", Tracer.values, name="protocol_step_tracer_known"),
            models.CheckConstraint(
                condition=Q(tracer="", activity_mbq=0) | (~Q(tracer="") & Q(activity_mbq__gt=0)),
                name="protocol_step_tracer_has_activity",
            ),
            models.CheckConstraint(
                condition=Q(least_activity_mbq__isnull=True)
                | Q(least_activity_mbq__gt=0, least_activity_mbq__lte=models.F("activity_mbq")),
                name="protocol_step_activities_ordered",
            ),
        ]
        triggers = renews_version(OF_PROTOCOL)

    def __str__(self):
        return f"{self.protocol}: {self.get_kind_display()}"
