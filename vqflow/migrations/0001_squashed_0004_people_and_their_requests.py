import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("vqflow", "0001_people_audit_requests"),
        ("vqflow", "0002_pins_and_badges"),
        ("vqflow", "0003_a_badge_opens_one_session"),
        ("vqflow", "0004_density_of_tables"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sealed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("after_event", models.BigIntegerField(unique=True)),
                ("last_event", models.BigIntegerField(unique=True)),
                ("event_count", models.IntegerField()),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("beat_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("scheduler", "Scheduler"),
                            ("technologist", "Technologist"),
                            ("reader", "Physician"),
                            ("lead", "Lead"),
                            ("privacy_officer", "Privacy officer"),
                            ("referrer", "Referrer"),
                            ("integration", "Integration account"),
                            ("administrator", "System administrator"),
                        ],
                        default="scheduler",
                        max_length=20,
                    ),
                ),
                (
                    "grade",
                    models.CharField(
                        blank=True,
                        choices=[("", "-"), ("resident", "Resident"), ("attending", "Attending")],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "is_authorised_user",
                    models.BooleanField(
                        default=False,
                        help_text="Authorised user in the sense of 10 CFR 35: may override a block on a tracer.",
                    ),
                ),
                ("site_code", models.SlugField(blank=True, max_length=20)),
                (
                    "pin",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="Hashed: opens the person's own locked session.",
                        max_length=128,
                        verbose_name="PIN",
                    ),
                ),
                (
                    "badge",
                    models.CharField(
                        blank=True,
                        db_default="",
                        help_text="Keyed digest of the code on the person's badge.",
                        max_length=64,
                    ),
                ),
                (
                    "theme",
                    models.CharField(
                        blank=True,
                        choices=[("", "As the device"), ("light", "Light"), ("dark", "Dark")],
                        default="",
                        max_length=5,
                    ),
                ),
                (
                    "density",
                    models.CharField(
                        blank=True,
                        choices=[("", "Compact"), ("comfortable", "Comfortable, for gloves")],
                        db_default="",
                        default="",
                        max_length=11,
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "role__in",
                                [
                                    "scheduler",
                                    "technologist",
                                    "reader",
                                    "lead",
                                    "privacy_officer",
                                    "referrer",
                                    "integration",
                                    "administrator",
                                ],
                            )
                        ),
                        name="user_role_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("badge", ""), _negated=True),
                        fields=("badge",),
                        name="user_badge_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("role", "reader"), _negated=True),
                            models.Q(("grade", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="user_reader_has_grade",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_authorised_user", False), ("grade", "attending"), _connector="OR"
                        ),
                        name="user_authorised_user_is_attending",
                    ),
                ],
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80)),
                ("fingerprint", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("headers", models.JSONField(default=dict)),
                ("body", models.TextField(blank=True)),
                (
                    "patient_ids",
                    models.JSONField(
                        default=list, help_text="Whose data the answer shows, for the audit of a replay."
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["made_at"], name="idempotent_request_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "key"), name="idempotent_request_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="UserEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("scheduler", "Scheduler"),
                            ("technologist", "Technologist"),
                            ("reader", "Physician"),
                            ("lead", "Lead"),
                            ("privacy_officer", "Privacy officer"),
                            ("referrer", "Referrer"),
                            ("integration", "Integration account"),
                            ("administrator", "System administrator"),
                        ],
                        default="scheduler",
                        max_length=20,
                    ),
                ),
                (
                    "grade",
                    models.CharField(
                        blank=True,
                        choices=[("", "-"), ("resident", "Resident"), ("attending", "Attending")],
                        default="",
                        max_length=10,
                    ),
                ),
                (
                    "is_authorised_user",
                    models.BooleanField(
                        default=False,
                        help_text="Authorised user in the sense of 10 CFR 35: may override a block on a tracer.",
                    ),
                ),
                ("site_code", models.SlugField(blank=True, db_index=False, max_length=20)),
                (
                    "theme",
                    models.CharField(
                        blank=True,
                        choices=[("", "As the device"), ("light", "Light"), ("dark", "Dark")],
                        default="",
                        max_length=5,
                    ),
                ),
                (
                    "density",
                    models.CharField(
                        blank=True,
                        choices=[("", "Compact"), ("comfortable", "Comfortable, for gloves")],
                        db_default="",
                        default="",
                        max_length=11,
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
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("action", models.CharField(max_length=60)),
                ("outcome", models.CharField(default="success", max_length=10)),
                ("agent_id", models.CharField(blank=True, max_length=40)),
                ("agent_name", models.CharField(blank=True, max_length=150)),
                ("agent_role", models.CharField(blank=True, max_length=20)),
                ("site_code", models.CharField(blank=True, max_length=20)),
                ("subject_type", models.CharField(blank=True, max_length=60)),
                ("subject_id", models.CharField(blank=True, max_length=60)),
                ("patient_ids", models.JSONField(default=list)),
                ("data", models.JSONField(default=dict)),
                ("request_id", models.CharField(blank=True, max_length=40)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["subject_type", "subject_id"], name="audit_of_subject"),
                    models.Index(fields=["recorded_at"], name="audit_by_time"),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditevent",
            trigger=pgtrigger.compiler.Trigger(
                name="write_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="2f435f4a32402d684db3c859d1143ec68b46cd56",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_write_once_7c4b1",
                    table="vqflow_auditevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditseal",
            trigger=pgtrigger.compiler.Trigger(
                name="write_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="be8889af2ea5ebb99ee2f3539f41dcd5da7cc710",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_write_once_5e026",
                    table="vqflow_auditseal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="user",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "vqflow_userevent" ("date_joined", "density", "email", "first_name", "grade", "id", "is_active", "is_authorised_user", "is_staff", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "site_code", "theme", "username") VALUES (NEW."date_joined", NEW."density", NEW."email", NEW."first_name", NEW."grade", NEW."id", NEW."is_active", NEW."is_authorised_user", NEW."is_staff", NEW."is_superuser", NEW."last_name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."role", NEW."site_code", NEW."theme", NEW."username"); RETURN NULL;',
                    hash="18e70426dd04b45fedbfe25815ed12017eac9a1d",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_1e91e",
                    table="vqflow_user",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="user",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."date_joined" IS DISTINCT FROM (NEW."date_joined") OR OLD."density" IS DISTINCT FROM (NEW."density") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."grade" IS DISTINCT FROM (NEW."grade") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_authorised_user" IS DISTINCT FROM (NEW."is_authorised_user") OR OLD."is_staff" IS DISTINCT FROM (NEW."is_staff") OR OLD."is_superuser" IS DISTINCT FROM (NEW."is_superuser") OR OLD."last_name" IS DISTINCT FROM (NEW."last_name") OR OLD."role" IS DISTINCT FROM (NEW."role") OR OLD."site_code" IS DISTINCT FROM (NEW."site_code") OR OLD."theme" IS DISTINCT FROM (NEW."theme") OR OLD."username" IS DISTINCT FROM (NEW."username"))',
                    func='INSERT INTO "vqflow_userevent" ("date_joined", "density", "email", "first_name", "grade", "id", "is_active", "is_authorised_user", "is_staff", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "site_code", "theme", "username") VALUES (NEW."date_joined", NEW."density", NEW."email", NEW."first_name", NEW."grade", NEW."id", NEW."is_active", NEW."is_authorised_user", NEW."is_staff", NEW."is_superuser", NEW."last_name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."role", NEW."site_code", NEW."theme", NEW."username"); RETURN NULL;',
                    hash="d8fd41d9bccf92b6b3e59f776f4b67ca95b60cae",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_cdd3d",
                    table="vqflow_user",
                    when="AFTER",
                ),
            ),
        ),
    ]
