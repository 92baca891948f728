"""What the department's numbers are counted from: one narrow row per visit, resource and day, tracer and day.

Kept from the state of everything else by `services.facts`, never written by hand, and worth nothing in themselves:
they may be thrown away and made again. Minutes are whole, activities are kBq.
"""

from django.db import models

from scheduling.models import Appointment, Order, Resource, Site, Tracer
from scheduling.models.querysets import of_site


class ExaminationFact(models.Model):
    """One appointment that has ended: performed, missed, or cancelled. Only a performed one is an examination.

    `day` is the site's local day of the first lung acquisition, or of the planned one where there was none.
    """

    appointment = models.OneToOneField(Appointment, models.CASCADE, primary_key=True, related_name="+")
    order = models.ForeignKey(Order, models.CASCADE, related_name="+")
    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False)
    final_by = models.BigIntegerField(null=True, help_text="Who signed the first final version.")
    day = models.DateField()
    wait_minutes = models.IntegerField(null=True, help_text="Order to first lung acquisition.")
    report_minutes = models.IntegerField(null=True, help_text="Last picture to first final signature.")
    preliminary_minutes = models.IntegerField(null=True)
    maa_kbq = models.IntegerField(null=True, help_text="Administered for perfusion, extra injections too.")
    breathed_kbq = models.IntegerField(null=True, help_text="The ventilation agent, in its device.")
    critical_minutes = models.IntegerField(null=True, help_text="First identified to told.")
    critical_due_minutes = models.IntegerField(null=True)
    delay_minutes = models.SmallIntegerField(null=True, help_text="Planned to real first acquisition.")
    xray_gap_minutes = models.IntegerField(null=True, help_text="End of the X-ray to first acquisition.")
    xray_delay_minutes = models.SmallIntegerField(null=True, help_text="The part of the delay that it made.")
    between_minutes = models.SmallIntegerField(
        null=True, help_text="End of the first part to start of the second, on one day."
    )
    reminders = models.SmallIntegerField(default=0, help_text="Sent before the visit.")
    pictures = models.SmallIntegerField(default=0)
    repeats = models.SmallIntegerField(default=0)
    injections = models.SmallIntegerField(default=0)
    maa_off = models.SmallIntegerField(
        null=True, help_text="-1 below, 0 within, 1 above the patient's range."
    )
    breathed_off = models.SmallIntegerField(null=True)
    is_overridden = models.BooleanField(null=True, help_text="Null where the criteria suggested nothing.")
    is_confirmed = models.BooleanField(default=False)
    by_text = models.BooleanField(default=False, help_text="At least one reminder was a text message.")
    xray_override = models.BooleanField(default=False)
    is_stopped = models.BooleanField(default=False, help_text="A part was begun and not finished.")
    state = models.CharField(max_length=12)
    priority = models.CharField(max_length=8)
    patient_class = models.CharField(max_length=1)
    protocol = models.CharField(max_length=30, help_text="Its key, which is the same at every site.")
    agent = models.CharField(max_length=12, blank=True)
    who = models.CharField(max_length=8, help_text="Adult, child or pregnant: for what may be given.")
    xray = models.CharField(max_length=8, blank=True, help_text="What the X-ray showed.")
    scheme = models.CharField(max_length=20, blank=True, help_text="Of the newest version that stands.")
    category = models.CharField(max_length=40, blank=True)
    group = models.CharField(max_length=8, blank=True)
    report = models.CharField(max_length=12, blank=True, help_text="Its state.")
    critical = models.CharField(max_length=9, blank=True, help_text="Open, told or withdrawn.")
    not_reminded = models.CharField(max_length=12, blank=True, help_text="Why nothing could be sent.")

    objects = of_site("site__code").as_manager()

    class Meta:
        # Every panel: one site's days; or all sites' days.
        indexes = [
            models.Index(fields=["site", "day"], name="fact_by_site_and_day"),
            models.Index(fields=["day"], name="fact_by_day"),
        ]

    def __str__(self):
        return f"{self.day} {self.state}"


class ResourceDay(models.Model):
    """One room's or person's local day: minutes there were, and minutes taken by patients of it."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False)
    resource = models.ForeignKey(Resource, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    kind = models.CharField(max_length=12)
    open_minutes = models.SmallIntegerField()
    taken_minutes = models.SmallIntegerField(help_text="Within them, by visits that were not given back.")
    beyond_minutes = models.SmallIntegerField(default=0, help_text="Taken outside them.")

    objects = of_site("site__code").as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day", "resource"], name="resource_day_once")]
        indexes = [models.Index(fields=["day"], name="resource_day_by_day")]

    def __str__(self):
        return f"{self.resource_id} {self.day}"


class TracerDay(models.Model):
    """One tracer's local day at one site: what there was, and what became of it.

    Each activity at its own moment: a batch at its calibration, a discarded dose and a residual when measured.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    product = models.CharField(max_length=15, choices=Tracer)
    batches = models.IntegerField(default=0)
    supplied_kbq = models.BigIntegerField(default=0)
    unused_kbq = models.BigIntegerField(default=0, help_text="Claimed by nobody when it expired.")
    failed_kbq = models.BigIntegerField(default=0, help_text="Of batches that failed.")
    unit_doses = models.IntegerField(default=0)
    unused_unit_doses = models.IntegerField(default=0)
    given = models.IntegerField(default=0)
    given_kbq = models.BigIntegerField(default=0)
    discarded = models.IntegerField(default=0)
    discarded_kbq = models.BigIntegerField(default=0)
    residual_kbq = models.BigIntegerField(default=0)

    objects = of_site("site__code").as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "day", "product"], name="tracer_day_once")]
        indexes = [models.Index(fields=["day"], name="tracer_day_by_day")]

    def __str__(self):
        return f"{self.product} {self.day}"


class NumbersKept(models.Model):
    """How far one site's rows above are kept: a site without a row has none yet."""

    site = models.OneToOneField(Site, models.CASCADE, primary_key=True, related_name="+")
    kept_at = models.DateTimeField(help_text="What was written until then is in them.")
    after_event = models.BigIntegerField(
        default=0, help_text="The last event of the audit trail below which no other can still appear."
    )
    renewed_at = models.DateTimeField(help_text="When the last months were all made anew.")

    def __str__(self):
        return f"{self.site_id} {self.kept_at}"
