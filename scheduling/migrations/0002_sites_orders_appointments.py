import datetime
import uuid

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.lookups
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import scheduling.engine.states
import scheduling.models.appointments


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("pghistory", "0007_auto_20250421_0444"),
        ("scheduling", "0001_extensions"),
        ("vqflow", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Site",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=100)),
                (
                    "place",
                    models.CharField(
                        help_text="Where patients come to, as their letters say it.", max_length=200
                    ),
                ),
                ("phone", models.CharField(max_length=30)),
                (
                    "time_zone",
                    models.CharField(help_text="IANA name, such as America/New_York.", max_length=60),
                ),
                ("country", models.CharField(help_text="ISO 3166 code, for public holidays.", max_length=2)),
                ("subdivision", models.CharField(blank=True, max_length=5)),
                ("xray_shortest", models.DurationField(default=datetime.timedelta(seconds=3600))),
                ("xray_longest", models.DurationField(default=datetime.timedelta(days=1))),
                ("plan_margin", models.DurationField(default=datetime.timedelta(seconds=600))),
                ("stat_start_target", models.DurationField(default=datetime.timedelta(seconds=7200))),
                ("urgent_start_target", models.DurationField(default=datetime.timedelta(days=1))),
                ("routine_start_target", models.DurationField(default=datetime.timedelta(days=7))),
                ("stat_report_target", models.DurationField(default=datetime.timedelta(seconds=3600))),
                ("urgent_report_target", models.DurationField(default=datetime.timedelta(seconds=14400))),
                ("routine_report_target", models.DurationField(default=datetime.timedelta(days=1))),
                ("countersign_within", models.DurationField(default=datetime.timedelta(days=1))),
                ("default_scheme", models.CharField(default="TEN_TERMS", max_length=20)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("xray_longest__gt", models.F("xray_shortest")),
                            ("xray_shortest__gte", datetime.timedelta(0)),
                        ),
                        name="site_xray_window_ordered",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("plan_margin__gte", datetime.timedelta(0))),
                        name="site_margin_positive",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Protocol",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=30)),
                (
                    "agent",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "-"),
                            ("technegas", "Technegas"),
                            ("dtpa", "Tc-99m DTPA aerosol"),
                            ("xe133", "Xe-133"),
                            ("kr81m", "Kr-81m"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("is_bookable", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="protocols",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("site", "key", "agent"), name="protocol_once_per_site"),
                    models.CheckConstraint(
                        condition=models.Q(("agent__in", ["", "technegas", "dtpa", "xe133", "kr81m"])),
                        name="protocol_agent_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Resource",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("room", "Room"), ("technologist", "Technologist"), ("patient", "Patient")],
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=60)),
                (
                    "capabilities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("xray", "Chest X-ray"),
                                ("prep_bay", "Preparation bay"),
                                ("ventilation", "Ventilation"),
                                ("gamma_camera_planar", "Gamma camera, planar"),
                                ("gamma_camera_spect", "Gamma camera, SPECT"),
                                ("gamma_camera_spect_ct", "Gamma camera, SPECT-CT"),
                                ("negative_pressure", "Negative pressure"),
                                ("technologist_xray", "Technologist for X-ray"),
                                ("technologist_nm", "Technologist for nuclear medicine"),
                                ("patient", "Patient"),
                            ],
                            max_length=30,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="resource",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="resources",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["room", "technologist", "patient"])),
                        name="resource_kind_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "patient"), _negated=True),
                        fields=("site", "name"),
                        name="resource_name_once_per_site",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("user__isnull", True), ("kind", "technologist"), _connector="OR"),
                        name="resource_user_is_technologist",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OpeningHours",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("weekday", models.PositiveSmallIntegerField(help_text="Monday is 0.")),
                ("opens", models.TimeField()),
                ("closes", models.TimeField()),
                (
                    "resource",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="opening_hours",
                        to="scheduling.resource",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("weekday__lte", 6)), name="opening_hours_weekday"
                    ),
                    models.UniqueConstraint(
                        fields=("resource", "weekday", "opens"), name="opening_hours_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SiteEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("code", models.SlugField(db_index=False, max_length=20)),
                ("name", models.CharField(max_length=100)),
                (
                    "place",
                    models.CharField(
                        help_text="Where patients come to, as their letters say it.", max_length=200
                    ),
                ),
                ("phone", models.CharField(max_length=30)),
                (
                    "time_zone",
                    models.CharField(help_text="IANA name, such as America/New_York.", max_length=60),
                ),
                ("country", models.CharField(help_text="ISO 3166 code, for public holidays.", max_length=2)),
                ("subdivision", models.CharField(blank=True, max_length=5)),
                ("xray_shortest", models.DurationField(default=datetime.timedelta(seconds=3600))),
                ("xray_longest", models.DurationField(default=datetime.timedelta(days=1))),
                ("plan_margin", models.DurationField(default=datetime.timedelta(seconds=600))),
                ("stat_start_target", models.DurationField(default=datetime.timedelta(seconds=7200))),
                ("urgent_start_target", models.DurationField(default=datetime.timedelta(days=1))),
                ("routine_start_target", models.DurationField(default=datetime.timedelta(days=7))),
                ("stat_report_target", models.DurationField(default=datetime.timedelta(seconds=3600))),
                ("urgent_report_target", models.DurationField(default=datetime.timedelta(seconds=14400))),
                ("routine_report_target", models.DurationField(default=datetime.timedelta(days=1))),
                ("countersign_within", models.DurationField(default=datetime.timedelta(days=1))),
                ("default_scheme", models.CharField(default="TEN_TERMS", max_length=20)),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Patient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("mrn", models.CharField(max_length=30, verbose_name="medical record number")),
                ("mrn_issuer", models.CharField(max_length=60)),
                (
                    "is_temporary",
                    models.BooleanField(
                        default=False, help_text="Unidentified: the number was made up here."
                    ),
                ),
                ("family_name", models.CharField(max_length=100)),
                ("given_name", models.CharField(blank=True, max_length=100)),
                ("middle_name", models.CharField(blank=True, max_length=100)),
                ("name_prefix", models.CharField(blank=True, max_length=30)),
                ("name_suffix", models.CharField(blank=True, max_length=30)),
                ("born_on", models.DateField(blank=True, null=True, verbose_name="date of birth")),
                (
                    "sex",
                    models.CharField(
                        choices=[
                            ("female", "Female"),
                            ("male", "Male"),
                            ("other", "Other"),
                            ("unknown", "Unknown"),
                        ],
                        default="unknown",
                        max_length=8,
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, max_length=30)),
                (
                    "language",
                    models.CharField(
                        choices=[
                            ("en", "English"),
                            ("es", "Spanish"),
                            ("de", "German"),
                            ("fr", "French"),
                            ("ar", "Arabic"),
                            ("zh-Hans", "Chinese (simplified)"),
                        ],
                        default="en",
                        max_length=10,
                    ),
                ),
                ("guardian_name", models.CharField(blank=True, max_length=150)),
                (
                    "guardian_email",
                    models.EmailField(blank=True, max_length=254, verbose_name="guardian's e-mail"),
                ),
                ("guardian_phone", models.CharField(blank=True, max_length=30)),
                ("email_consent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "detailed_email_consent",
                    models.BooleanField(
                        default=False, help_text="Agreed in writing to mails that name the examination."
                    ),
                ),
                (
                    "email_consent_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "resource",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="patient",
                        to="scheduling.resource",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="scheduling.site"),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["family_name", "given_name"],
                        name="patient_name_search",
                        opclasses=["gin_trgm_ops", "gin_trgm_ops"],
                    ),
                    models.Index(fields=["born_on"], name="patient_birth_date"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("mrn_issuer", "mrn"), name="patient_mrn_once_per_issuer"),
                    models.CheckConstraint(
                        condition=models.Q(("sex__in", ["female", "male", "other", "unknown"])),
                        name="patient_sex_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("family_name", ""), _negated=True), name="patient_has_family_name"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("born_on__isnull", False), ("is_temporary", True), _connector="OR"
                        ),
                        name="patient_born_on_unless_temporary",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("email_consent_at__isnull", True), ("email_consent_by__isnull", True)),
                            models.Q(
                                ("email_consent_at__isnull", False), ("email_consent_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="patient_email_consent_complete",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("detailed_email_consent", False),
                            ("email_consent_at__isnull", False),
                            _connector="OR",
                        ),
                        name="patient_detailed_consent_needs_consent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BodyMeasurement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("measured_on", models.DateField()),
                ("weight_kg", models.DecimalField(blank=True, decimal_places=1, max_digits=5, null=True)),
                ("height_cm", models.DecimalField(blank=True, decimal_places=1, max_digits=4, null=True)),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="measurements",
                        to="scheduling.patient",
                    ),
                ),
            ],
            options={
                "ordering": ["-measured_on", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("weight_kg__isnull", False), ("height_cm__isnull", False), _connector="OR"
                        ),
                        name="measurement_not_empty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("weight_kg__isnull", True), ("weight_kg__range", (0.3, 500)), _connector="OR"
                        ),
                        name="measurement_weight_kg",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("height_cm__isnull", True), ("height_cm__range", (20, 260)), _connector="OR"
                        ),
                        name="measurement_height_cm",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProtocolStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ordinal", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("xray", "Chest X-ray"),
                            ("ventilation", "Ventilation"),
                            ("perfusion", "Perfusion"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "room_capabilities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("xray", "Chest X-ray"),
                                ("prep_bay", "Preparation bay"),
                                ("ventilation", "Ventilation"),
                                ("gamma_camera_planar", "Gamma camera, planar"),
                                ("gamma_camera_spect", "Gamma camera, SPECT"),
                                ("gamma_camera_spect_ct", "Gamma camera, SPECT-CT"),
                                ("negative_pressure", "Negative pressure"),
                                ("technologist_xray", "Technologist for X-ray"),
                                ("technologist_nm", "Technologist for nuclear medicine"),
                                ("patient", "Patient"),
                            ],
                            max_length=30,
                        ),
                        size=None,
                    ),
                ),
                (
                    "qualification",
                    models.CharField(
                        choices=[
                            ("xray", "Chest X-ray"),
                            ("prep_bay", "Preparation bay"),
                            ("ventilation", "Ventilation"),
                            ("gamma_camera_planar", "Gamma camera, planar"),
                            ("gamma_camera_spect", "Gamma camera, SPECT"),
                            ("gamma_camera_spect_ct", "Gamma camera, SPECT-CT"),
                            ("negative_pressure", "Negative pressure"),
                            ("technologist_xray", "Technologist for X-ray"),
                            ("technologist_nm", "Technologist for nuclear medicine"),
                            ("patient", "Patient"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "prep_bay_minutes",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="In a preparation bay before set-up."
                    ),
                ),
                ("setup_minutes", models.PositiveSmallIntegerField(default=0)),
                ("acquisition_minutes", models.PositiveSmallIntegerField()),
                ("clearance_minutes", models.PositiveSmallIntegerField(default=0)),
                ("lag_min_minutes", models.PositiveSmallIntegerField(default=0)),
                ("lag_max_minutes", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("same_room_as_before", models.BooleanField(default=False)),
                (
                    "protocol",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="scheduling.protocol",
                    ),
                ),
            ],
            options={
                "ordering": ["protocol", "ordinal"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("protocol", "ordinal"), name="protocol_step_ordinal_once"
                    ),
                    models.UniqueConstraint(fields=("protocol", "kind"), name="protocol_step_kind_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["xray", "ventilation", "perfusion"])),
                        name="protocol_step_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("acquisition_minutes__gt", 0)), name="protocol_step_takes_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("lag_max_minutes__isnull", True),
                            ("lag_max_minutes__gte", models.F("lag_min_minutes")),
                            _connector="OR",
                        ),
                        name="protocol_step_lags_ordered",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProtocolStepEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("ordinal", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("xray", "Chest X-ray"),
                            ("ventilation", "Ventilation"),
                            ("perfusion", "Perfusion"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "room_capabilities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("xray", "Chest X-ray"),
                                ("prep_bay", "Preparation bay"),
                                ("ventilation", "Ventilation"),
                                ("gamma_camera_planar", "Gamma camera, planar"),
                                ("gamma_camera_spect", "Gamma camera, SPECT"),
                                ("gamma_camera_spect_ct", "Gamma camera, SPECT-CT"),
                                ("negative_pressure", "Negative pressure"),
                                ("technologist_xray", "Technologist for X-ray"),
                                ("technologist_nm", "Technologist for nuclear medicine"),
                                ("patient", "Patient"),
                            ],
                            max_length=30,
                        ),
                        size=None,
                    ),
                ),
                (
                    "qualification",
                    models.CharField(
                        choices=[
                            ("xray", "Chest X-ray"),
                            ("prep_bay", "Preparation bay"),
                            ("ventilation", "Ventilation"),
                            ("gamma_camera_planar", "Gamma camera, planar"),
                            ("gamma_camera_spect", "Gamma camera, SPECT"),
                            ("gamma_camera_spect_ct", "Gamma camera, SPECT-CT"),
                            ("negative_pressure", "Negative pressure"),
                            ("technologist_xray", "Technologist for X-ray"),
                            ("technologist_nm", "Technologist for nuclear medicine"),
                            ("patient", "Patient"),
                        ],
                        max_length=30,
                    ),
                ),
                (
                    "prep_bay_minutes",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="In a preparation bay before set-up."
                    ),
                ),
                ("setup_minutes", models.PositiveSmallIntegerField(default=0)),
                ("acquisition_minutes", models.PositiveSmallIntegerField()),
                ("clearance_minutes", models.PositiveSmallIntegerField(default=0)),
                ("lag_min_minutes", models.PositiveSmallIntegerField(default=0)),
                ("lag_max_minutes", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("same_room_as_before", models.BooleanField(default=False)),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.protocolstep",
                    ),
                ),
                (
                    "protocol",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.protocol",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Referrer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=150)),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, max_length=30)),
                ("pager", models.CharField(blank=True, max_length=30)),
                (
                    "covering_name",
                    models.CharField(blank=True, max_length=150, verbose_name="covering clinician"),
                ),
                (
                    "covering_phone",
                    models.CharField(blank=True, max_length=30, verbose_name="covering clinician's phone"),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="scheduling.site"),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email", ""), ("phone", ""), ("pager", ""), _negated=True),
                        name="referrer_can_be_reached",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("accession_number", models.CharField(max_length=16)),
                (
                    "priority",
                    models.CharField(
                        choices=[("stat", "STAT"), ("urgent", "Urgent"), ("routine", "Routine")], max_length=8
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            (
                                scheduling.engine.states.OrderState["REQUESTED"],
                                scheduling.engine.states.OrderState["REQUESTED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["VETTED"],
                                scheduling.engine.states.OrderState["VETTED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["SCHEDULED"],
                                scheduling.engine.states.OrderState["SCHEDULED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["IN_PROGRESS"],
                                scheduling.engine.states.OrderState["IN_PROGRESS"],
                            ),
                            (
                                scheduling.engine.states.OrderState["PERFORMED"],
                                scheduling.engine.states.OrderState["PERFORMED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["REPORTED"],
                                scheduling.engine.states.OrderState["REPORTED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["DECLINED"],
                                scheduling.engine.states.OrderState["DECLINED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["CANCELLED"],
                                scheduling.engine.states.OrderState["CANCELLED"],
                            ),
                        ],
                        default=scheduling.engine.states.OrderState["REQUESTED"],
                        max_length=12,
                    ),
                ),
                (
                    "indication_code",
                    models.CharField(blank=True, max_length=10, verbose_name="indication (ICD-10)"),
                ),
                ("indication_text", models.CharField(blank=True, max_length=150)),
                ("clinical_question", models.CharField(max_length=500)),
                (
                    "wells_score",
                    models.DecimalField(
                        blank=True, decimal_places=1, max_digits=3, null=True, verbose_name="Wells score"
                    ),
                ),
                (
                    "d_dimer_ng_per_ml",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="D-dimer (ng/mL)"),
                ),
                (
                    "ward",
                    models.CharField(blank=True, max_length=60, verbose_name="ward or emergency department"),
                ),
                (
                    "patient_class",
                    models.CharField(
                        choices=[("O", "Outpatient"), ("I", "Inpatient"), ("E", "Emergency")], max_length=1
                    ),
                ),
                ("ordered_at", models.DateTimeField()),
                (
                    "closed_reason",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="reason for declining or cancelling"
                    ),
                ),
                (
                    "ordered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="scheduling.patient",
                    ),
                ),
                (
                    "referrer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="scheduling.referrer",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="scheduling.site"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            (
                                "state__in",
                                (
                                    scheduling.engine.states.OrderState["REQUESTED"],
                                    scheduling.engine.states.OrderState["VETTED"],
                                    scheduling.engine.states.OrderState["SCHEDULED"],
                                ),
                            )
                        ),
                        fields=["site", "state", "ordered_at"],
                        name="order_open",
                    ),
                    models.Index(fields=["site", "-ordered_at"], name="order_by_time"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("site", "accession_number"), name="order_accession_once_per_site"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("priority__in", ["stat", "urgent", "routine"])),
                        name="order_priority_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "requested",
                                    "vetted",
                                    "scheduled",
                                    "in_progress",
                                    "performed",
                                    "reported",
                                    "declined",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="order_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("patient_class__in", ["O", "I", "E"])),
                        name="order_patient_class_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "state__in",
                                    [
                                        scheduling.engine.states.OrderState["DECLINED"],
                                        scheduling.engine.states.OrderState["CANCELLED"],
                                    ],
                                ),
                                _negated=True,
                            ),
                            models.Q(("closed_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="order_closed_with_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("wells_score__isnull", True), ("wells_score__range", (0, 12.5)), _connector="OR"
                        ),
                        name="order_wells_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ask", "Ask the patient"),
                            ("consult", "Physician's decision"),
                            ("countersign", "Countersign"),
                            ("phone", "Phone the patient"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "about",
                    models.CharField(
                        help_text="The rule, decision or message that it is about.", max_length=80
                    ),
                ),
                ("sentence", models.CharField(max_length=300)),
                (
                    "stage",
                    models.CharField(blank=True, help_text="The stage that waits for it.", max_length=10),
                ),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tasks",
                        to="scheduling.order",
                    ),
                ),
            ],
            options={
                "ordering": ["due_at", "opened_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)), fields=["due_at"], name="task_open"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["ask", "consult", "countersign", "phone"])),
                        name="task_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_by__isnull", True), ("closed_at__isnull", False), _connector="OR"
                        ),
                        name="task_closed_complete",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("order", "kind", "about"),
                        name="task_open_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("vetting", "Vetting"), ("override", "Override")], max_length=10
                    ),
                ),
                (
                    "rule",
                    models.CharField(
                        blank=True, help_text="The screening or X-ray rule that is answered.", max_length=20
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("decided_at", models.DateTimeField()),
                ("by_phone", models.BooleanField(default=False)),
                (
                    "lapsed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="An override of the X-ray window ends with its appointment, a vetting with a change of protocol.",
                        null=True,
                    ),
                ),
                ("countersigned_at", models.DateTimeField(blank=True, null=True)),
                (
                    "countersigned_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "physician",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to="scheduling.order",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["vetting", "override"])), name="decision_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="decision_has_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "vetting"), ("rule", "")),
                            models.Q(("kind", "override"), models.Q(("rule", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="decision_rule_named",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("by_phone", True), ("physician", models.F("recorded_by")), _connector="OR"
                        ),
                        name="decision_own_or_by_phone",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("countersigned_at__isnull", False), ("countersigned_by__isnull", False)
                            ),
                            models.Q(("countersigned_at__isnull", True), ("countersigned_by__isnull", True)),
                            _connector="OR",
                        ),
                        name="decision_countersigned_complete",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "vetting"), ("lapsed_at__isnull", True)),
                        fields=("order",),
                        name="decision_one_vetting_per_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RequestedProcedure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("requested_procedure_id", models.CharField(max_length=16, unique=True)),
                ("study_instance_uid", models.CharField(max_length=64, unique=True)),
                ("protocol_note", models.CharField(blank=True, max_length=300)),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="procedure",
                        to="scheduling.order",
                    ),
                ),
                (
                    "protocol",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="scheduling.protocol",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Appointment",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            (
                                scheduling.engine.states.AppointmentState["BOOKED"],
                                scheduling.engine.states.AppointmentState["BOOKED"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["ARRIVED"],
                                scheduling.engine.states.AppointmentState["ARRIVED"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["IN_PROGRESS"],
                                scheduling.engine.states.AppointmentState["IN_PROGRESS"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["FULFILLED"],
                                scheduling.engine.states.AppointmentState["FULFILLED"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["CANCELLED"],
                                scheduling.engine.states.AppointmentState["CANCELLED"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["NO_SHOW"],
                                scheduling.engine.states.AppointmentState["NO_SHOW"],
                            ),
                        ],
                        default=scheduling.engine.states.AppointmentState["BOOKED"],
                        max_length=12,
                    ),
                ),
                ("revision", models.PositiveSmallIntegerField(default=1)),
                ("starts_at", models.DateTimeField(help_text="When the patient is first expected.")),
                ("ends_at", models.DateTimeField()),
                ("xray_ends_at", models.DateTimeField(blank=True, null=True)),
                (
                    "lungs_start_at",
                    models.DateTimeField(help_text="Planned start of the first lung acquisition."),
                ),
                ("xray_shortest", models.DurationField(help_text="The site's window when this was planned.")),
                ("xray_longest", models.DurationField()),
                (
                    "window_override",
                    models.BooleanField(
                        default=False,
                        help_text="Planned outside the window by a physician's override (a Decision).",
                    ),
                ),
                ("booked_at", models.DateTimeField()),
                ("arrived_at", models.DateTimeField(blank=True, null=True)),
                ("dose_cleared_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="reason for cancelling"),
                ),
                (
                    "arrived_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "booked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dose_cleared_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "procedure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="appointments",
                        to="scheduling.requestedprocedure",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="scheduling.site"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["site", "starts_at", "ends_at"], name="appointment_by_day")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["booked", "arrived", "in_progress", "fulfilled", "cancelled", "noshow"],
                            )
                        ),
                        name="appointment_state_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    scheduling.engine.states.AppointmentState["BOOKED"],
                                    scheduling.engine.states.AppointmentState["ARRIVED"],
                                    scheduling.engine.states.AppointmentState["IN_PROGRESS"],
                                    scheduling.engine.states.AppointmentState["FULFILLED"],
                                ],
                            )
                        ),
                        fields=("procedure",),
                        name="appointment_one_live_per_procedure",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="appointment_ends_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("window_override", True),
                            models.Q(
                                ("xray_ends_at__isnull", False),
                                django.db.models.lookups.GreaterThanOrEqual(
                                    models.ExpressionWrapper(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("lungs_start_at"), "-", models.F("xray_ends_at")
                                        ),
                                        models.DurationField(),
                                    ),
                                    models.F("xray_shortest"),
                                ),
                                django.db.models.lookups.LessThanOrEqual(
                                    models.ExpressionWrapper(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("lungs_start_at"), "-", models.F("xray_ends_at")
                                        ),
                                        models.DurationField(),
                                    ),
                                    models.F("xray_longest"),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="appointment_xray_window",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("arrived_at__isnull", False), ("arrived_by__isnull", False)),
                            models.Q(("arrived_at__isnull", True), ("arrived_by__isnull", True)),
                            _connector="OR",
                        ),
                        name="appointment_arrived_complete",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("dose_cleared_at__isnull", False), ("dose_cleared_by__isnull", False)),
                            models.Q(("dose_cleared_at__isnull", True), ("dose_cleared_by__isnull", True)),
                            _connector="OR",
                        ),
                        name="appointment_dose_cleared_complete",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state", scheduling.engine.states.AppointmentState["CANCELLED"]),
                                _negated=True,
                            ),
                            models.Q(("ended_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="appointment_cancelled_with_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("revision", models.PositiveSmallIntegerField(default=1)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("confirmation", "Confirmation"),
                            ("reminder", "Reminder"),
                            ("xray_reminder", "Reminder of the first visit"),
                            ("moved", "New time"),
                            ("cancelled", "Cancellation"),
                            ("result_ready", "A result is ready"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "recipient",
                    models.CharField(
                        choices=[("patient", "Patient"), ("referrer", "Referrer")], max_length=10
                    ),
                ),
                ("dedupe_key", models.CharField(max_length=120, unique=True)),
                ("due_at", models.DateTimeField()),
                ("not_after", models.DateTimeField(help_text="After this it would be of no use any more.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("sending", "Being sent"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("cancelled", "No longer needed"),
                            ("expired", "Too late to be useful"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, max_length=60)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "appointment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="scheduling.appointment",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="scheduling.order",
                    ),
                ),
            ],
            options={
                "ordering": ["due_at"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["pending", "sending"])),
                        fields=["due_at"],
                        name="message_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["pending", "sending", "sent", "failed", "cancelled", "expired"])
                        ),
                        name="message_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "confirmation",
                                    "reminder",
                                    "xray_reminder",
                                    "moved",
                                    "cancelled",
                                    "result_ready",
                                ],
                            )
                        ),
                        name="message_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("not_after__gt", models.F("due_at")),
                            models.Q(("state", "pending"), _negated=True),
                            _connector="OR",
                        ),
                        name="message_due_before_useless",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent_at__isnull", False), ("state", "sent")),
                            models.Q(models.Q(("state", "sent"), _negated=True), ("sent_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="message_sent_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Room",
            fields=[
                (
                    "resource",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="room",
                        serialize=False,
                        to="scheduling.resource",
                    ),
                ),
                (
                    "ae_title",
                    models.CharField(
                        blank=True, help_text="DICOM application entity of the modality.", max_length=16
                    ),
                ),
                ("volume_m3", models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                (
                    "exhaust_m3_per_h",
                    models.DecimalField(blank=True, decimal_places=1, max_digits=7, null=True),
                ),
                ("exhaust_measured_on", models.DateField(blank=True, null=True)),
                (
                    "clearance_minutes",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Extra minutes after every examination in this room."
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ae_title", ""), _negated=True),
                        fields=("ae_title",),
                        name="room_ae_title_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OpeningHoursEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("weekday", models.PositiveSmallIntegerField(help_text="Monday is 0.")),
                ("opens", models.TimeField()),
                ("closes", models.TimeField()),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.openinghours",
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.resource",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Closure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("span", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("reason", models.CharField(max_length=100)),
                (
                    "resource",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="closures",
                        to="scheduling.resource",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="scheduling.site"),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("span__endswith__isnull", False),
                            ("span__isempty", False),
                            ("span__startswith__isnull", False),
                        ),
                        name="closure_span_bounded",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RoomEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "ae_title",
                    models.CharField(
                        blank=True, help_text="DICOM application entity of the modality.", max_length=16
                    ),
                ),
                ("volume_m3", models.DecimalField(blank=True, decimal_places=1, max_digits=6, null=True)),
                (
                    "exhaust_m3_per_h",
                    models.DecimalField(blank=True, decimal_places=1, max_digits=7, null=True),
                ),
                ("exhaust_measured_on", models.DateField(blank=True, null=True)),
                (
                    "clearance_minutes",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Extra minutes after every examination in this room."
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        serialize=False,
                        to="scheduling.resource",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.room",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ScheduledProcedureStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ordinal", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("xray", "Chest X-ray"),
                            ("ventilation", "Ventilation"),
                            ("perfusion", "Perfusion"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "sps_id",
                    models.CharField(max_length=16, unique=True, verbose_name="scheduled procedure step ID"),
                ),
                ("modality", models.CharField(max_length=4)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            (
                                scheduling.engine.states.StepState["SCHEDULED"],
                                scheduling.engine.states.StepState["SCHEDULED"],
                            ),
                            (
                                scheduling.engine.states.StepState["IN_PROGRESS"],
                                scheduling.engine.states.StepState["IN_PROGRESS"],
                            ),
                            (
                                scheduling.engine.states.StepState["COMPLETED"],
                                scheduling.engine.states.StepState["COMPLETED"],
                            ),
                            (
                                scheduling.engine.states.StepState["DISCONTINUED"],
                                scheduling.engine.states.StepState["DISCONTINUED"],
                            ),
                            (
                                scheduling.engine.states.StepState["CANCELLED"],
                                scheduling.engine.states.StepState["CANCELLED"],
                            ),
                        ],
                        default=scheduling.engine.states.StepState["SCHEDULED"],
                        max_length=12,
                    ),
                ),
                ("planned_start_at", models.DateTimeField(blank=True, null=True)),
                ("planned_end_at", models.DateTimeField(blank=True, null=True)),
                (
                    "elsewhere",
                    models.CharField(
                        blank=True,
                        help_text="An X-ray or chest CT of another department.",
                        max_length=100,
                        verbose_name="done elsewhere, where",
                    ),
                ),
                ("performed_start_at", models.DateTimeField(blank=True, null=True)),
                ("performed_end_at", models.DateTimeField(blank=True, null=True)),
                ("discontinued_reason", models.CharField(blank=True, max_length=200)),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="scheduling.appointment",
                    ),
                ),
                (
                    "performed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["appointment", "ordinal"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["xray", "ventilation", "perfusion"])),
                        name="step_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["scheduled", "in_progress", "completed", "discontinued", "cancelled"],
                            )
                        ),
                        name="step_state_known",
                    ),
                    models.UniqueConstraint(fields=("appointment", "kind"), name="step_kind_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("planned_end_at__gt", models.F("planned_start_at")),
                            models.Q(("elsewhere", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="step_planned_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "state__in",
                                    [
                                        scheduling.engine.states.StepState["IN_PROGRESS"],
                                        scheduling.engine.states.StepState["DISCONTINUED"],
                                    ],
                                ),
                                _negated=True,
                            ),
                            ("performed_start_at__isnull", False),
                            _connector="OR",
                        ),
                        name="step_started_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state", scheduling.engine.states.StepState["COMPLETED"]), _negated=True
                            ),
                            ("performed_end_at__isnull", False),
                            _connector="OR",
                        ),
                        name="step_completed_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state", scheduling.engine.states.StepState["DISCONTINUED"]), _negated=True
                            ),
                            models.Q(("discontinued_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="step_discontinued_with_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("revision", models.PositiveSmallIntegerField(default=1)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("held", "Held"),
                            ("booked", "Booked"),
                            ("overbooked", "Overbooked"),
                            ("released", "Released"),
                        ],
                        max_length=10,
                    ),
                ),
                ("span", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                (
                    "start_minute",
                    models.GeneratedField(
                        db_persist=True,
                        expression=scheduling.models.appointments.EpochMinute("lower", "floor"),
                        output_field=models.BigIntegerField(),
                    ),
                ),
                (
                    "end_minute",
                    models.GeneratedField(
                        db_persist=True,
                        expression=scheduling.models.appointments.EpochMinute("upper", "ceil"),
                        output_field=models.BigIntegerField(),
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("token", models.UUIDField(blank=True, null=True)),
                (
                    "resource",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reservations",
                        to="scheduling.resource",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reservations",
                        to="scheduling.scheduledprocedurestep",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["held", "booked"])),
                        fields=["resource", "end_minute"],
                        include=("start_minute",),
                        name="reservation_search",
                    ),
                    models.Index(
                        condition=models.Q(("status", "held")),
                        fields=["expires_at"],
                        name="reservation_expiring",
                    ),
                ],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("status__in", ["held", "booked"])),
                        expressions=[("resource", "="), ("span", "&&")],
                        name="reservation_no_double_booking",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["held", "booked", "overbooked", "released"])),
                        name="reservation_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("span__endswith__isnull", False),
                            ("span__isempty", False),
                            ("span__startswith__isnull", False),
                        ),
                        name="reservation_span_bounded",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "held"), _negated=True),
                            models.Q(("expires_at__isnull", False), ("token__isnull", False)),
                            _connector="OR",
                        ),
                        name="reservation_hold_expires",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["held", "released"]), ("step__isnull", False), _connector="OR"
                        ),
                        name="reservation_has_step",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScreeningAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("question", models.CharField(max_length=30)),
                ("answer", models.CharField(max_length=20)),
                ("answered_at", models.DateTimeField()),
                (
                    "answered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="scheduling.order",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("order", "question"), name="screening_answer_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Shift",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("span", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                (
                    "resource",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shifts",
                        to="scheduling.resource",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("span__endswith__isnull", False),
                            ("span__isempty", False),
                            ("span__startswith__isnull", False),
                        ),
                        name="shift_span_bounded",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[("resource", "="), ("span", "&&")], name="shift_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShiftEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("span", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.shift",
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.resource",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ResourceEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("room", "Room"), ("technologist", "Technologist"), ("patient", "Patient")],
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=60)),
                (
                    "capabilities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("xray", "Chest X-ray"),
                                ("prep_bay", "Preparation bay"),
                                ("ventilation", "Ventilation"),
                                ("gamma_camera_planar", "Gamma camera, planar"),
                                ("gamma_camera_spect", "Gamma camera, SPECT"),
                                ("gamma_camera_spect_ct", "Gamma camera, SPECT-CT"),
                                ("negative_pressure", "Negative pressure"),
                                ("technologist_xray", "Technologist for X-ray"),
                                ("technologist_nm", "Technologist for nuclear medicine"),
                                ("patient", "Patient"),
                            ],
                            max_length=30,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.resource",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ReferrerEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=150)),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, max_length=30)),
                ("pager", models.CharField(blank=True, max_length=30)),
                (
                    "covering_name",
                    models.CharField(blank=True, max_length=150, verbose_name="covering clinician"),
                ),
                (
                    "covering_phone",
                    models.CharField(blank=True, max_length=30, verbose_name="covering clinician's phone"),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.referrer",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ProtocolEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("key", models.CharField(max_length=30)),
                (
                    "agent",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "-"),
                            ("technegas", "Technegas"),
                            ("dtpa", "Tc-99m DTPA aerosol"),
                            ("xe133", "Xe-133"),
                            ("kr81m", "Kr-81m"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("is_bookable", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.protocol",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PatientEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("mrn", models.CharField(max_length=30, verbose_name="medical record number")),
                ("mrn_issuer", models.CharField(max_length=60)),
                (
                    "is_temporary",
                    models.BooleanField(
                        default=False, help_text="Unidentified: the number was made up here."
                    ),
                ),
                ("family_name", models.CharField(max_length=100)),
                ("given_name", models.CharField(blank=True, max_length=100)),
                ("middle_name", models.CharField(blank=True, max_length=100)),
                ("name_prefix", models.CharField(blank=True, max_length=30)),
                ("name_suffix", models.CharField(blank=True, max_length=30)),
                ("born_on", models.DateField(blank=True, null=True, verbose_name="date of birth")),
                (
                    "sex",
                    models.CharField(
                        choices=[
                            ("female", "Female"),
                            ("male", "Male"),
                            ("other", "Other"),
                            ("unknown", "Unknown"),
                        ],
                        default="unknown",
                        max_length=8,
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, max_length=30)),
                (
                    "language",
                    models.CharField(
                        choices=[
                            ("en", "English"),
                            ("es", "Spanish"),
                            ("de", "German"),
                            ("fr", "French"),
                            ("ar", "Arabic"),
                            ("zh-Hans", "Chinese (simplified)"),
                        ],
                        default="en",
                        max_length=10,
                    ),
                ),
                ("guardian_name", models.CharField(blank=True, max_length=150)),
                (
                    "guardian_email",
                    models.EmailField(blank=True, max_length=254, verbose_name="guardian's e-mail"),
                ),
                ("guardian_phone", models.CharField(blank=True, max_length=30)),
                ("email_consent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "detailed_email_consent",
                    models.BooleanField(
                        default=False, help_text="Agreed in writing to mails that name the examination."
                    ),
                ),
                (
                    "email_consent_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.patient",
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.resource",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("accession_number", models.CharField(max_length=16)),
                (
                    "priority",
                    models.CharField(
                        choices=[("stat", "STAT"), ("urgent", "Urgent"), ("routine", "Routine")], max_length=8
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            (
                                scheduling.engine.states.OrderState["REQUESTED"],
                                scheduling.engine.states.OrderState["REQUESTED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["VETTED"],
                                scheduling.engine.states.OrderState["VETTED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["SCHEDULED"],
                                scheduling.engine.states.OrderState["SCHEDULED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["IN_PROGRESS"],
                                scheduling.engine.states.OrderState["IN_PROGRESS"],
                            ),
                            (
                                scheduling.engine.states.OrderState["PERFORMED"],
                                scheduling.engine.states.OrderState["PERFORMED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["REPORTED"],
                                scheduling.engine.states.OrderState["REPORTED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["DECLINED"],
                                scheduling.engine.states.OrderState["DECLINED"],
                            ),
                            (
                                scheduling.engine.states.OrderState["CANCELLED"],
                                scheduling.engine.states.OrderState["CANCELLED"],
                            ),
                        ],
                        default=scheduling.engine.states.OrderState["REQUESTED"],
                        max_length=12,
                    ),
                ),
                (
                    "indication_code",
                    models.CharField(blank=True, max_length=10, verbose_name="indication (ICD-10)"),
                ),
                ("indication_text", models.CharField(blank=True, max_length=150)),
                ("clinical_question", models.CharField(max_length=500)),
                (
                    "wells_score",
                    models.DecimalField(
                        blank=True, decimal_places=1, max_digits=3, null=True, verbose_name="Wells score"
                    ),
                ),
                (
                    "d_dimer_ng_per_ml",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="D-dimer (ng/mL)"),
                ),
                (
                    "ward",
                    models.CharField(blank=True, max_length=60, verbose_name="ward or emergency department"),
                ),
                (
                    "patient_class",
                    models.CharField(
                        choices=[("O", "Outpatient"), ("I", "Inpatient"), ("E", "Emergency")], max_length=1
                    ),
                ),
                ("ordered_at", models.DateTimeField()),
                (
                    "closed_reason",
                    models.CharField(
                        blank=True, max_length=200, verbose_name="reason for declining or cancelling"
                    ),
                ),
                (
                    "ordered_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.order",
                    ),
                ),
                (
                    "patient",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.patient",
                    ),
                ),
                (
                    "referrer",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.referrer",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ClosureEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("span", django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ("reason", models.CharField(max_length=100)),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.closure",
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.resource",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AppointmentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            (
                                scheduling.engine.states.AppointmentState["BOOKED"],
                                scheduling.engine.states.AppointmentState["BOOKED"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["ARRIVED"],
                                scheduling.engine.states.AppointmentState["ARRIVED"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["IN_PROGRESS"],
                                scheduling.engine.states.AppointmentState["IN_PROGRESS"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["FULFILLED"],
                                scheduling.engine.states.AppointmentState["FULFILLED"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["CANCELLED"],
                                scheduling.engine.states.AppointmentState["CANCELLED"],
                            ),
                            (
                                scheduling.engine.states.AppointmentState["NO_SHOW"],
                                scheduling.engine.states.AppointmentState["NO_SHOW"],
                            ),
                        ],
                        default=scheduling.engine.states.AppointmentState["BOOKED"],
                        max_length=12,
                    ),
                ),
                ("revision", models.PositiveSmallIntegerField(default=1)),
                ("starts_at", models.DateTimeField(help_text="When the patient is first expected.")),
                ("ends_at", models.DateTimeField()),
                ("xray_ends_at", models.DateTimeField(blank=True, null=True)),
                (
                    "lungs_start_at",
                    models.DateTimeField(help_text="Planned start of the first lung acquisition."),
                ),
                ("xray_shortest", models.DurationField(help_text="The site's window when this was planned.")),
                ("xray_longest", models.DurationField()),
                (
                    "window_override",
                    models.BooleanField(
                        default=False,
                        help_text="Planned outside the window by a physician's override (a Decision).",
                    ),
                ),
                ("booked_at", models.DateTimeField()),
                ("arrived_at", models.DateTimeField(blank=True, null=True)),
                ("dose_cleared_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="reason for cancelling"),
                ),
                (
                    "arrived_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "booked_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dose_cleared_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="scheduling.appointment",
                    ),
                ),
                (
                    "procedure",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.requestedprocedure",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="scheduling.site",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="site",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_siteevent" ("code", "countersign_within", "country", "default_scheme", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "place", "plan_margin", "routine_report_target", "routine_start_target", "stat_report_target", "stat_start_target", "subdivision", "time_zone", "urgent_report_target", "urgent_start_target", "xray_longest", "xray_shortest") VALUES (NEW."code", NEW."countersign_within", NEW."country", NEW."default_scheme", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phone", NEW."place", NEW."plan_margin", NEW."routine_report_target", NEW."routine_start_target", NEW."stat_report_target", NEW."stat_start_target", NEW."subdivision", NEW."time_zone", NEW."urgent_report_target", NEW."urgent_start_target", NEW."xray_longest", NEW."xray_shortest"); RETURN NULL;',
                    hash="28063753a5e86e481ed0db2e908a9c82ddbd3f07",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_02e29",
                    table="scheduling_site",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="site",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_siteevent" ("code", "countersign_within", "country", "default_scheme", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "place", "plan_margin", "routine_report_target", "routine_start_target", "stat_report_target", "stat_start_target", "subdivision", "time_zone", "urgent_report_target", "urgent_start_target", "xray_longest", "xray_shortest") VALUES (NEW."code", NEW."countersign_within", NEW."country", NEW."default_scheme", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phone", NEW."place", NEW."plan_margin", NEW."routine_report_target", NEW."routine_start_target", NEW."stat_report_target", NEW."stat_start_target", NEW."subdivision", NEW."time_zone", NEW."urgent_report_target", NEW."urgent_start_target", NEW."xray_longest", NEW."xray_shortest"); RETURN NULL;',
                    hash="ee4e96fd86190e63ba664dccc2eb5aa80eab0cd9",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_8a430",
                    table="scheduling_site",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="write_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="3faa51d23c0e6c7cf6ae6ed9ca9cf56cd1d5efe6",
                    operation="DELETE",
                    pgid="pgtrigger_write_once_c2f2c",
                    table="scheduling_decision",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="only_countersigned",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."rule" IS DISTINCT FROM (NEW."rule") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."physician_id" IS DISTINCT FROM (NEW."physician_id") OR OLD."decided_at" IS DISTINCT FROM (NEW."decided_at") OR OLD."recorded_by_id" IS DISTINCT FROM (NEW."recorded_by_id") OR OLD."by_phone" IS DISTINCT FROM (NEW."by_phone"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="7a4fb7cec677c0a9b5ba9f18bcf82a5a172bf79c",
                    operation="UPDATE",
                    pgid="pgtrigger_only_countersigned_37c9e",
                    table="scheduling_decision",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="protocolstep",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_protocolstepevent" ("acquisition_minutes", "clearance_minutes", "id", "kind", "lag_max_minutes", "lag_min_minutes", "ordinal", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prep_bay_minutes", "protocol_id", "qualification", "room_capabilities", "same_room_as_before", "setup_minutes") VALUES (NEW."acquisition_minutes", NEW."clearance_minutes", NEW."id", NEW."kind", NEW."lag_max_minutes", NEW."lag_min_minutes", NEW."ordinal", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."prep_bay_minutes", NEW."protocol_id", NEW."qualification", NEW."room_capabilities", NEW."same_room_as_before", NEW."setup_minutes"); RETURN NULL;',
                    hash="e7ae3bcc2d0c2b426aac6e475c10a2aefd8de9ef",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_7c168",
                    table="scheduling_protocolstep",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="protocolstep",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_protocolstepevent" ("acquisition_minutes", "clearance_minutes", "id", "kind", "lag_max_minutes", "lag_min_minutes", "ordinal", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prep_bay_minutes", "protocol_id", "qualification", "room_capabilities", "same_room_as_before", "setup_minutes") VALUES (NEW."acquisition_minutes", NEW."clearance_minutes", NEW."id", NEW."kind", NEW."lag_max_minutes", NEW."lag_min_minutes", NEW."ordinal", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."prep_bay_minutes", NEW."protocol_id", NEW."qualification", NEW."room_capabilities", NEW."same_room_as_before", NEW."setup_minutes"); RETURN NULL;',
                    hash="3d510ce16819d3e68377f84a97daba8c140caf96",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5abed",
                    table="scheduling_protocolstep",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="room",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_roomevent" ("ae_title", "clearance_minutes", "exhaust_m3_per_h", "exhaust_measured_on", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "resource_id", "volume_m3") VALUES (NEW."ae_title", NEW."clearance_minutes", NEW."exhaust_m3_per_h", NEW."exhaust_measured_on", _pgh_attach_context(), NOW(), \'insert\', NEW."resource_id", NEW."resource_id", NEW."volume_m3"); RETURN NULL;',
                    hash="5f6e731a7f4654fb5cb260698b00c742127527db",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_4b200",
                    table="scheduling_room",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="room",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_roomevent" ("ae_title", "clearance_minutes", "exhaust_m3_per_h", "exhaust_measured_on", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "resource_id", "volume_m3") VALUES (NEW."ae_title", NEW."clearance_minutes", NEW."exhaust_m3_per_h", NEW."exhaust_measured_on", _pgh_attach_context(), NOW(), \'update\', NEW."resource_id", NEW."resource_id", NEW."volume_m3"); RETURN NULL;',
                    hash="e8926f22105929da23444115fd1e0a9fbd2c58ae",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_83449",
                    table="scheduling_room",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="openinghours",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_openinghoursevent" ("closes", "id", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "resource_id", "weekday") VALUES (NEW."closes", NEW."id", NEW."opens", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."resource_id", NEW."weekday"); RETURN NULL;',
                    hash="b53c6250156093324ec3504e9adfa0780496cc09",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_943de",
                    table="scheduling_openinghours",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="openinghours",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_openinghoursevent" ("closes", "id", "opens", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "resource_id", "weekday") VALUES (NEW."closes", NEW."id", NEW."opens", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."resource_id", NEW."weekday"); RETURN NULL;',
                    hash="a70bb5f4c37c3efc75c0bacffdc5ca3ae11aed51",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_f0682",
                    table="scheduling_openinghours",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="scheduledprocedurestep",
            trigger=pgtrigger.compiler.Trigger(
                name="state_machine",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{scheduled:in_progress,scheduled:completed,scheduled:cancelled,in_progress:completed,in_progress:discontinued,in_progress:scheduled,completed:in_progress,completed:scheduled,discontinued:in_progress,cancelled:scheduled}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="0bdbc4743c5e4ba20997d2d5fe6d52cfd0b58729",
                    operation="UPDATE",
                    pgid="pgtrigger_state_machine_f18de",
                    table="scheduling_scheduledprocedurestep",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="shift",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_shiftevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "resource_id", "span") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."resource_id", NEW."span"); RETURN NULL;',
                    hash="d742f84deab973f48311504d28e622df7fb04265",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_3d3f7",
                    table="scheduling_shift",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="shift",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_shiftevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "resource_id", "span") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."resource_id", NEW."span"); RETURN NULL;',
                    hash="f83677b29e91196e73f12f8ae7fc14580019f81d",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_e541d",
                    table="scheduling_shift",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="resource",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_resourceevent" ("capabilities", "id", "is_active", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id", "user_id") VALUES (NEW."capabilities", NEW."id", NEW."is_active", NEW."kind", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."site_id", NEW."user_id"); RETURN NULL;',
                    hash="28f870c0e06f4f6367298954ab71bbe6de84c74f",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_c875b",
                    table="scheduling_resource",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="resource",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_resourceevent" ("capabilities", "id", "is_active", "kind", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id", "user_id") VALUES (NEW."capabilities", NEW."id", NEW."is_active", NEW."kind", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."site_id", NEW."user_id"); RETURN NULL;',
                    hash="4b602774d36c3aa6bf6d33a80a848145d92610d6",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_bcc1f",
                    table="scheduling_resource",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referrer",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_referrerevent" ("covering_name", "covering_phone", "email", "id", "is_active", "name", "pager", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "site_id", "user_id") VALUES (NEW."covering_name", NEW."covering_phone", NEW."email", NEW."id", NEW."is_active", NEW."name", NEW."pager", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phone", NEW."site_id", NEW."user_id"); RETURN NULL;',
                    hash="8fd4407e28cc59c91d6a6bf92e0d51421afef405",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_b898b",
                    table="scheduling_referrer",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="referrer",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_referrerevent" ("covering_name", "covering_phone", "email", "id", "is_active", "name", "pager", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "site_id", "user_id") VALUES (NEW."covering_name", NEW."covering_phone", NEW."email", NEW."id", NEW."is_active", NEW."name", NEW."pager", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phone", NEW."site_id", NEW."user_id"); RETURN NULL;',
                    hash="4dee155f97144193f26b01a99df75bfe3d9c3868",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_65437",
                    table="scheduling_referrer",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="protocol",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_protocolevent" ("agent", "id", "is_active", "is_bookable", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id") VALUES (NEW."agent", NEW."id", NEW."is_active", NEW."is_bookable", NEW."key", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."site_id"); RETURN NULL;',
                    hash="47fb7c424b1f7c73f222412ae073d5a643ad0e62",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_cf06e",
                    table="scheduling_protocol",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="protocol",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_protocolevent" ("agent", "id", "is_active", "is_bookable", "key", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "site_id") VALUES (NEW."agent", NEW."id", NEW."is_active", NEW."is_bookable", NEW."key", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."site_id"); RETURN NULL;',
                    hash="6ea4daf506874769a69ab36409484e0987c5de0c",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_aa534",
                    table="scheduling_protocol",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="patient",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_patientevent" ("born_on", "detailed_email_consent", "email", "email_consent_at", "email_consent_by_id", "family_name", "given_name", "guardian_email", "guardian_name", "guardian_phone", "id", "is_temporary", "language", "middle_name", "mrn", "mrn_issuer", "name_prefix", "name_suffix", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "resource_id", "sex", "site_id") VALUES (NEW."born_on", NEW."detailed_email_consent", NEW."email", NEW."email_consent_at", NEW."email_consent_by_id", NEW."family_name", NEW."given_name", NEW."guardian_email", NEW."guardian_name", NEW."guardian_phone", NEW."id", NEW."is_temporary", NEW."language", NEW."middle_name", NEW."mrn", NEW."mrn_issuer", NEW."name_prefix", NEW."name_suffix", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phone", NEW."resource_id", NEW."sex", NEW."site_id"); RETURN NULL;',
                    hash="78f9172d3f8d475b72ef525ed7532064e3ba1818",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_b49cd",
                    table="scheduling_patient",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="patient",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_patientevent" ("born_on", "detailed_email_consent", "email", "email_consent_at", "email_consent_by_id", "family_name", "given_name", "guardian_email", "guardian_name", "guardian_phone", "id", "is_temporary", "language", "middle_name", "mrn", "mrn_issuer", "name_prefix", "name_suffix", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "resource_id", "sex", "site_id") VALUES (NEW."born_on", NEW."detailed_email_consent", NEW."email", NEW."email_consent_at", NEW."email_consent_by_id", NEW."family_name", NEW."given_name", NEW."guardian_email", NEW."guardian_name", NEW."guardian_phone", NEW."id", NEW."is_temporary", NEW."language", NEW."middle_name", NEW."mrn", NEW."mrn_issuer", NEW."name_prefix", NEW."name_suffix", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phone", NEW."resource_id", NEW."sex", NEW."site_id"); RETURN NULL;',
                    hash="0ec633d8ce50ea67ed1273e2fc303728fbd58cd2",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_24073",
                    table="scheduling_patient",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="order",
            trigger=pgtrigger.compiler.Trigger(
                name="state_machine",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{requested:vetted,requested:declined,requested:cancelled,requested:scheduled,vetted:scheduled,vetted:declined,vetted:cancelled,scheduled:requested,scheduled:vetted,scheduled:in_progress,in_progress:scheduled,in_progress:performed,performed:in_progress,performed:reported}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="5e1aed01796290c7a6c4f9f79d7050dbd2466af9",
                    operation="UPDATE",
                    pgid="pgtrigger_state_machine_25f32",
                    table="scheduling_order",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="order",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_orderevent" ("accession_number", "clinical_question", "closed_reason", "d_dimer_ng_per_ml", "id", "indication_code", "indication_text", "ordered_at", "ordered_by_id", "patient_class", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "priority", "referrer_id", "site_id", "state", "ward", "wells_score") VALUES (NEW."accession_number", NEW."clinical_question", NEW."closed_reason", NEW."d_dimer_ng_per_ml", NEW."id", NEW."indication_code", NEW."indication_text", NEW."ordered_at", NEW."ordered_by_id", NEW."patient_class", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."priority", NEW."referrer_id", NEW."site_id", NEW."state", NEW."ward", NEW."wells_score"); RETURN NULL;',
                    hash="741c13b484a535affcb885582f7da882e40afba3",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_ba265",
                    table="scheduling_order",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="order",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_orderevent" ("accession_number", "clinical_question", "closed_reason", "d_dimer_ng_per_ml", "id", "indication_code", "indication_text", "ordered_at", "ordered_by_id", "patient_class", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "priority", "referrer_id", "site_id", "state", "ward", "wells_score") VALUES (NEW."accession_number", NEW."clinical_question", NEW."closed_reason", NEW."d_dimer_ng_per_ml", NEW."id", NEW."indication_code", NEW."indication_text", NEW."ordered_at", NEW."ordered_by_id", NEW."patient_class", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."priority", NEW."referrer_id", NEW."site_id", NEW."state", NEW."ward", NEW."wells_score"); RETURN NULL;',
                    hash="bec06b5bae49789b514197ab599edf310be2d1f3",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_d400c",
                    table="scheduling_order",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="closure",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_closureevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "resource_id", "site_id", "span") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."resource_id", NEW."site_id", NEW."span"); RETURN NULL;',
                    hash="d5f771fe983a3fa8786a0a43ccb3a055b0c835e3",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_30a6d",
                    table="scheduling_closure",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="closure",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_closureevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "resource_id", "site_id", "span") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."resource_id", NEW."site_id", NEW."span"); RETURN NULL;',
                    hash="acb81d2ad580889b59735b789d1aad715c043e27",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_b061b",
                    table="scheduling_closure",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="appointment",
            trigger=pgtrigger.compiler.Trigger(
                name="state_machine",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{booked:arrived,booked:cancelled,booked:noshow,arrived:booked,arrived:cancelled,arrived:noshow,arrived:in_progress,in_progress:arrived,in_progress:fulfilled,fulfilled:in_progress}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="865c4f9e96c982aea095ff69c4cb7c3cdcd0ffad",
                    operation="UPDATE",
                    pgid="pgtrigger_state_machine_dd7b3",
                    table="scheduling_appointment",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="appointment",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "scheduling_appointmentevent" ("arrived_at", "arrived_by_id", "booked_at", "booked_by_id", "dose_cleared_at", "dose_cleared_by_id", "ended_reason", "ends_at", "id", "lungs_start_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "procedure_id", "revision", "site_id", "starts_at", "state", "window_override", "xray_ends_at", "xray_longest", "xray_shortest") VALUES (NEW."arrived_at", NEW."arrived_by_id", NEW."booked_at", NEW."booked_by_id", NEW."dose_cleared_at", NEW."dose_cleared_by_id", NEW."ended_reason", NEW."ends_at", NEW."id", NEW."lungs_start_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."procedure_id", NEW."revision", NEW."site_id", NEW."starts_at", NEW."state", NEW."window_override", NEW."xray_ends_at", NEW."xray_longest", NEW."xray_shortest"); RETURN NULL;',
                    hash="d299c60712b50393c09fdcab7b70b3b860f15d74",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_cdcf2",
                    table="scheduling_appointment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="appointment",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "scheduling_appointmentevent" ("arrived_at", "arrived_by_id", "booked_at", "booked_by_id", "dose_cleared_at", "dose_cleared_by_id", "ended_reason", "ends_at", "id", "lungs_start_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "procedure_id", "revision", "site_id", "starts_at", "state", "window_override", "xray_ends_at", "xray_longest", "xray_shortest") VALUES (NEW."arrived_at", NEW."arrived_by_id", NEW."booked_at", NEW."booked_by_id", NEW."dose_cleared_at", NEW."dose_cleared_by_id", NEW."ended_reason", NEW."ends_at", NEW."id", NEW."lungs_start_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."procedure_id", NEW."revision", NEW."site_id", NEW."starts_at", NEW."state", NEW."window_override", NEW."xray_ends_at", NEW."xray_longest", NEW."xray_shortest"); RETURN NULL;',
                    hash="8971d718ee79c9ba02a4a795fc9a53014ffa077e",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_7193b",
                    table="scheduling_appointment",
                    when="AFTER",
                ),
            ),
        ),
    ]
