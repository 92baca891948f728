import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import reporting.engine.states


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("scheduling", "0002_sites_orders_appointments"),
        ("vqflow", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scheme", models.CharField(max_length=20)),
                ("category", models.CharField(blank=True, max_length=40)),
                ("findings", models.TextField(blank=True)),
                ("impression", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            (
                                reporting.engine.states.ReportState["DRAFT"],
                                reporting.engine.states.ReportState["DRAFT"],
                            ),
                            (
                                reporting.engine.states.ReportState["PRELIMINARY"],
                                reporting.engine.states.ReportState["PRELIMINARY"],
                            ),
                            (
                                reporting.engine.states.ReportState["FINAL"],
                                reporting.engine.states.ReportState["FINAL"],
                            ),
                        ],
                        default=reporting.engine.states.ReportState["DRAFT"],
                        max_length=12,
                    ),
                ),
                (
                    "draft_version",
                    models.PositiveIntegerField(
                        default=1, help_text="Raised by every save, against lost updates."
                    ),
                ),
                ("written_at", models.DateTimeField()),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="report",
                        to="scheduling.order",
                    ),
                ),
                (
                    "written_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "preliminary", "final"])),
                        name="report_state_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("scheme", models.CharField(max_length=20)),
                ("category", models.CharField(blank=True, max_length=40)),
                ("findings", models.TextField(blank=True)),
                ("impression", models.TextField(blank=True)),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("preliminary", "Preliminary"), ("final", "Final")], max_length=12
                    ),
                ),
                ("signed_at", models.DateTimeField()),
                ("content_hash", models.CharField(max_length=64)),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="reporting.report",
                    ),
                ),
                (
                    "signed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["report", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("report", "number"), name="report_version_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "final")),
                        fields=("report",),
                        name="report_one_final_version",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["preliminary", "final"])),
                        name="report_version_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("category", ""), _negated=True),
                        name="report_version_has_category",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("impression", ""), _negated=True),
                        name="report_version_has_impression",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="report",
            trigger=pgtrigger.compiler.Trigger(
                name="state_machine",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{draft:preliminary,draft:final,preliminary:final}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="16998eac28d59330bfbd1b95bba1f2dde631abb2",
                    operation="UPDATE",
                    pgid="pgtrigger_state_machine_a2e4c",
                    table="reporting_report",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reportversion",
            trigger=pgtrigger.compiler.Trigger(
                name="write_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="5caabc3062b6fab31f523636508e5dd54f3163d5",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_write_once_39fba",
                    table="reporting_reportversion",
                    when="BEFORE",
                ),
            ),
        ),
    ]
