"""What a department chooses for its reports, and what a physician keeps for the next one."""

from datetime import timedelta
from decimal import Decimal

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from reporting.engine.findings import OTHER_FINDINGS
from reporting.engine.schemes import SCHEMES, Group
from reporting.models.reports import Content
from scheduling.models import Language, Site
from scheduling.models.querysets import of_site
from vqflow.constraints import one_of

SCHEME_NAMES = [(scheme.key, scheme.name) for scheme in SCHEMES.values()]
TERMS = [
    (f"{scheme.key}:{category.key}", f"{category.label} ({scheme.name})")
    for scheme in SCHEMES.values()
    for category in scheme.categories
    if category.group != Group.LIKELY
]
"""Terms that a department may call critical; those of the group PE likely always are."""
HIGH_FROM = [(Decimal("2.0"), "2 segment equivalents"), (Decimal("2.5"), "2.5 segment equivalents")]


@pghistory.track()
class ReportingRules(models.Model):
    """One site's choices. A site without a row has the defaults (`services.rules.of`)."""

    site = models.OneToOneField(Site, models.CASCADE, primary_key=True, related_name="reporting_rules")
    offered_schemes = ArrayField(
        models.CharField(max_length=20, choices=SCHEME_NAMES),
        verbose_name="schemes offered",
        default=list,
        blank=True,
        help_text="None chosen: all of them.",
    )
    low_in_trinary = models.CharField(
        "low probability in the trinary scheme",
        max_length=10,
        choices=[(Group.UNLIKELY, "No evidence of PE"), (Group.UNCLEAR, "Nondiagnostic")],
        default=Group.UNLIKELY,
        help_text="Where a low probability goes in the trinary scheme.",
    )
    high_from_equivalents = models.DecimalField(
        "PIOPED II reads high from",
        max_digits=2,
        decimal_places=1,
        default=2,
        choices=HIGH_FROM,
        help_text="Mismatched segment equivalents from which PIOPED II reads high: 2 (usual) or 2.5.",
    )
    language = models.CharField(
        "language of the prose",
        max_length=10,
        choices=Language,
        default=Language.EN,
        help_text="Of the reports' prose.",
    )
    critical_terms = ArrayField(
        models.CharField(max_length=61, choices=TERMS),
        verbose_name="further critical terms",
        default=list,
        blank=True,
        help_text="Further terms (scheme:category) that are critical; PE likely always is.",
    )
    critical_findings = ArrayField(
        models.CharField(max_length=40, choices=list(OTHER_FINDINGS.items())),
        verbose_name="critical other findings",
        default=list,
        blank=True,
        help_text="Other findings that are critical.",
    )
    tell_within = models.DurationField(
        "critical results told within",
        default=timedelta(minutes=60),
        help_text="From when a critical result is first identified.",
    )
    escalate_after = ArrayField(
        models.PositiveSmallIntegerField(),
        verbose_name="more people are asked after (minutes)",
        default=list,
        blank=True,
        help_text="Minutes after which more people are asked to act. None: 15, 30 and 60.",
    )
    double_reading_percent = models.PositiveSmallIntegerField(
        "read by a second physician (percent)",
        default=0,
        help_text="Share of the final reports that a second physician reads unseen.",
    )

    objects = of_site("site__code").as_manager()

    class Meta:
        constraints = [
            one_of("low_in_trinary", [Group.UNLIKELY, Group.UNCLEAR], name="reporting_rules_low_known"),
            models.CheckConstraint(
                condition=Q(high_from_equivalents__in=[2, 2.5]), name="reporting_rules_high_known"
            ),
            models.CheckConstraint(
                condition=Q(tell_within__gt=timedelta(0)), name="reporting_rules_tell_within_positive"
            ),
            models.CheckConstraint(
                condition=Q(double_reading_percent__lte=100), name="reporting_rules_double_reading_range"
            ),
        ]

    def __str__(self):
        return f"Reports of {self.site_id}"


class Preset(Content):
    """A reading with its words that one physician starts from again and again."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(F("owner"), F("name"), name="preset_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="preset_has_name"),
        ]

    def __str__(self):
        return self.name
