"""Sites and what they can schedule: rooms, technologists and patients are all resources."""

from datetime import timedelta

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from scheduling.engine.waitlist import Mode
from scheduling.models.querysets import of_site
from scheduling.models.versions import OF_BOOKABLE, OF_RESOURCE, OF_SITE, renews_version, site_versions
from scheduling.models.weeks import days_ordered, never_twice
from vqflow.constraints import one_of


class Capability(models.TextChoices):
    """What a room can be used for, or a technologist is qualified to do."""

    XRAY = "xray", "Chest X-ray"
    PREP_BAY = "prep_bay", "Preparation bay"
    VENTILATION = "ventilation", "Ventilation"
    CAMERA_PLANAR = "gamma_camera_planar", "Gamma camera, planar"
    CAMERA_SPECT = "gamma_camera_spect", "Gamma camera, SPECT"
    CAMERA_SPECT_CT = "gamma_camera_spect_ct", "Gamma camera, SPECT-CT"
    NEGATIVE_PRESSURE = "negative_pressure", "Negative pressure"
    XRAY_PORTABLE = "xray_portable", "Portable chest X-ray"
    ISOLATION = "isolation", "Isolation"
    ESCORT = "escort", "Escort"
    INTERPRETER = "interpreter", "Interpreter"
    TECHNOLOGIST_XRAY = "technologist_xray", "Technologist for X-ray"
    TECHNOLOGIST_NM = "technologist_nm", "Technologist for nuclear medicine"
    PATIENT = "patient", "Patient"


@pghistory.track()
class Site(models.Model):
    """One department: its clock, its rules for the chest X-ray, its targets."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    place = models.CharField(max_length=200, help_text="Where patients come to, as their letters say it.")
    phone = models.CharField(max_length=30)
    time_zone = models.CharField(max_length=60, help_text="IANA name, such as America/New_York.")
    country = models.CharField(max_length=2, help_text="ISO 3166 code, for public holidays.")
    subdivision = models.CharField(max_length=5, blank=True)
    # The chest X-ray must end within this window before the first lung acquisition, both ends inclusive
    # (SNM Lung Scintigraphy 4.0 VI.B.1 for 24 h; the owner's rule for 1 h). Plans keep the margin to both ends.
    xray_shortest = models.DurationField(default=timedelta(hours=1))
    xray_longest = models.DurationField(default=timedelta(hours=24))
    plan_margin = models.DurationField(default=timedelta(minutes=10))
    stat_start_target = models.DurationField(default=timedelta(hours=2))
    urgent_start_target = models.DurationField(default=timedelta(hours=24))
    routine_start_target = models.DurationField(default=timedelta(days=7))
    stat_report_target = models.DurationField(default=timedelta(hours=1))
    urgent_report_target = models.DurationField(default=timedelta(hours=4))
    routine_report_target = models.DurationField(default=timedelta(hours=24))
    countersign_within = models.DurationField(default=timedelta(hours=24))
    default_scheme = models.CharField(max_length=20, default="TEN_TERMS")
    call_in_delay = models.DurationField(
        default=timedelta(minutes=45), help_text="From the call to somebody on call until the work can begin."
    )
    waitlist_mode = models.CharField(
        max_length=12,
        choices=[(Mode.ONE_BY_ONE, "One patient at a time"), (Mode.FIRST_COME, "The first to answer")],
        default=Mode.ONE_BY_ONE,
        help_text="Whom free time is offered to.",
    )
    offer_minutes = models.PositiveSmallIntegerField(
        default=30, help_text="How long a time that is offered from the waitlist stays open."
    )

    records_doses = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Each dose is measured and recorded here before it is given (10 CFR 35.63).",
    )
    two_person_check = models.BooleanField(
        default=False, db_default=False, help_text="A second person checks each dose."
    )
    releases_patients = models.BooleanField(
        default=False,
        db_default=False,
        help_text="After the scan the patient waits until a reader has looked.",
    )
    breastfeeding_policy = models.CharField(
        max_length=8,
        choices=[("acmui24", "24 h after any Tc-99m (ACMUI)"), ("icrp106", "12 h after MAA (ICRP 106)")],
        default="acmui24",
        db_default="acmui24",
    )
    sends_sms = models.BooleanField(default=False, db_default=False, help_text="Text messages beside e-mail.")
    asks_at_home = models.BooleanField(
        default=False, db_default=False, help_text="Patients answer the safety questions before they come."
    )
    patients_cancel = models.BooleanField(
        default=False, db_default=False, help_text="Patients may cancel by their link."
    )
    patients_move = models.BooleanField(
        default=False, db_default=False, help_text="Patients may choose another time by their link."
    )
    patients_notice_hours = models.PositiveSmallIntegerField(
        default=24,
        db_default=24,
        help_text="So long before the visit patients change nothing themselves any more; they call.",
    )
    patients_days_ahead = models.PositiveSmallIntegerField(
        default=21, db_default=21, help_text="How many days ahead patients are shown other times."
    )
    emergency_number = models.CharField(max_length=20, default="112", db_default="112")
    directions = models.TextField(
        max_length=1000, blank=True, db_default="", help_text="How patients find the place."
    )
    own_advice = models.TextField(
        max_length=1000,
        blank=True,
        db_default="",
        help_text="A paragraph of the department's own for patients, such as advice on smoking or caffeine.",
    )
    xenon_limit_bq_per_m3 = models.PositiveIntegerField(
        default=370_000,
        db_default=370_000,
        help_text="What the air of a room may hold after a spill: 370000 (1e-5 uCi/mL) or 3700000.",
    )

    objects = of_site("code").as_manager()

    class Meta:
        constraints = [
            one_of("breastfeeding_policy", ["acmui24", "icrp106"], name="site_breastfeeding_policy_known"),
            models.CheckConstraint(
                condition=Q(patients_days_ahead__range=(1, 120), patients_notice_hours__lte=24 * 30),
                name="site_patients_range",
            ),
            models.CheckConstraint(
                condition=Q(xenon_limit_bq_per_m3__gt=0), name="site_xenon_limit_positive"
            ),
            models.CheckConstraint(
                condition=Q(xray_shortest__gte=timedelta(0), xray_longest__gt=models.F("xray_shortest")),
                name="site_xray_window_ordered",
            ),
            models.CheckConstraint(condition=Q(plan_margin__gte=timedelta(0)), name="site_margin_positive"),
            one_of("waitlist_mode", Mode, name="site_waitlist_mode_known"),
            models.CheckConstraint(
                condition=Q(offer_minutes__range=(1, 1440)), name="site_offer_minutes_range"
            ),
        ]
        triggers = site_versions()

    def __str__(self):
        return self.name

    def start_target(self, priority):
        return getattr(self, f"{priority}_start_target")

    def report_target(self, priority):
        return getattr(self, f"{priority}_report_target")


class ResourceKind(models.TextChoices):
    ROOM = "room", "Room"
    TECHNOLOGIST = "technologist", "Technologist"
    PATIENT = "patient", "Patient"


@pghistory.track()
class Resource(models.Model):
    """Anything that can be in one place at one time only."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="resources")
    kind = models.CharField(max_length=12, choices=ResourceKind)
    # A patient's name is on the patient, not here: this table is shown on every screen.
    name = models.CharField(max_length=60, blank=True)
    capabilities = ArrayField(models.CharField(max_length=30, choices=Capability), default=list, blank=True)
    is_active = models.BooleanField(default=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="resource"
    )

    objects = of_site("site__code").as_manager()

    class Meta:
        constraints = [
            one_of("kind", ResourceKind.values, name="resource_kind_known"),
            models.UniqueConstraint(
                fields=["site", "name"], condition=~Q(kind="patient"), name="resource_name_once_per_site"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(kind="technologist"), name="resource_user_is_technologist"
            ),
        ]
        triggers = renews_version(OF_BOOKABLE)

    def __str__(self):
        return self.name or f"patient {self.pk}"


@pghistory.track()
class Room(models.Model):
    """What a room has beyond being bookable: air for gas, and the name of its camera on the network."""

    resource = models.OneToOneField(Resource, models.CASCADE, primary_key=True, related_name="room")
    ae_title = models.CharField(
        max_length=16, blank=True, help_text="DICOM application entity of the modality."
    )
    volume_m3 = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    exhaust_m3_per_h = models.DecimalField(max_digits=7, decimal_places=1, null=True, blank=True)
    exhaust_measured_on = models.DateField(null=True, blank=True)
    clearance_minutes = models.PositiveSmallIntegerField(
        default=0, help_text="Extra minutes after every examination in this room."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ae_title"], condition=~Q(ae_title=""), name="room_ae_title_once")
        ]
        triggers = renews_version(OF_RESOURCE)

    def __str__(self):
        return str(self.resource)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class OpeningHours(models.Model):
    """Weekly local hours of a room; closing at or before opening means the next day.

    They hold for the local days from `starts_on` to `ends_on`: a change ends these rows and begins others.
    """

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(help_text="Monday is 0.")
    opens = models.TimeField()
    closes = models.TimeField()
    on_call = models.BooleanField(
        default=False,
        help_text="Hours in which only STAT patients are examined, by people who are called in.",
    )
    starts_on = models.DateField(null=True, blank=True, help_text="Empty: since ever.")
    ends_on = models.DateField(null=True, blank=True, help_text="The last day. Empty: until further notice.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="opening_hours_weekday"),
            days_ordered("opening_hours_days_ordered"),
            never_twice("opening_hours_once", "weekday", "opens", "closes", on_call=False),
            never_twice("opening_hours_on_call_once", "weekday", "opens", "closes", on_call=True),
        ]
        triggers = renews_version(OF_RESOURCE)

    def __str__(self):
        return f"{self.resource} {self.weekday} {self.opens}-{self.closes}"


@pghistory.track()
class Closure(models.Model):
    """A time in which one resource, or with no resource the whole site, is not available."""

    site = models.ForeignKey(Site, models.CASCADE)
    resource = models.ForeignKey(Resource, models.CASCADE, null=True, blank=True, related_name="closures")
    span = DateTimeRangeField()
    reason = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    span__startswith__isnull=False, span__endswith__isnull=False, span__isempty=False
                ),
                name="closure_span_bounded",
            )
        ]
        triggers = renews_version(OF_SITE)

    def __str__(self):
        return self.reason


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Shift(models.Model):
    """A time in which a technologist works, or can be called in."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="shifts")
    span = DateTimeRangeField()
    on_call = models.BooleanField(default=False, help_text="At home; comes for STAT patients.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    span__startswith__isnull=False, span__endswith__isnull=False, span__isempty=False
                ),
                name="shift_span_bounded",
            ),
            ExclusionConstraint(
                name="shift_once",
                expressions=[("resource", RangeOperators.EQUAL), ("span", RangeOperators.OVERLAPS)],
            ),
        ]
        triggers = renews_version(OF_RESOURCE)

    def __str__(self):
        return f"{self.resource} {self.span}"
