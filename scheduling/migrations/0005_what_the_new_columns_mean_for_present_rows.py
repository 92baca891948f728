from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0004_holds_tracers_waitlist_and_replans")]

    operations = [
        migrations.RunSQL(
            """
            INSERT INTO scheduling_calendarversion (site_id, version)
            SELECT id, gen_random_uuid() FROM scheduling_site ON CONFLICT DO NOTHING
            """,
            migrations.RunSQL.noop,
        ),
        # Perfusion first can be booked now: its ventilation is held, with Technegas until the next day.
        migrations.RunSQL(
            """
            UPDATE scheduling_protocolstep AS step
            SET if_before_abnormal = true, same_day_as_before = step.lag_min_minutes < 900
            FROM scheduling_protocol AS protocol
            WHERE protocol.id = step.protocol_id AND protocol.key = 'Q_FIRST_V_IF_ABNORMAL'
                AND step.kind = 'ventilation'
            """,
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "UPDATE scheduling_protocol SET is_bookable = true WHERE key = 'Q_FIRST_V_IF_ABNORMAL'",
            migrations.RunSQL.noop,
        ),
    ]
