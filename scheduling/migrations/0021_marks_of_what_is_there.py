from django.db import migrations

# Endings from before there was a mark are known by their reason and by their moment, this once.
ENDED = """
UPDATE scheduling_scheduledprocedurestep s SET by_ending = true
FROM scheduling_handover h, scheduling_appointment a, scheduling_requestedprocedure p
WHERE h.appointment_id = s.appointment_id AND h.limited <> '' AND a.id = s.appointment_id AND p.id = a.procedure_id
    AND ((s.state = 'cancelled' AND s.discontinued_reason = h.limited)
        OR (s.state IN ('completed', 'discontinued') AND s.performed_end_at = (
            SELECT max(t.opened_at) FROM scheduling_task t
            WHERE t.order_id = p.order_id AND t.about = 'complete as limited')))
"""
PHASES = """
UPDATE scheduling_phaserecord r SET ended_with = 'ending'
FROM scheduling_scheduledprocedurestep s
WHERE s.appointment_id = r.appointment_id AND s.by_ending AND r.ended_at = s.performed_end_at
"""
GAS = "UPDATE scheduling_protocolphase SET role = 'gas' WHERE key = 'burn' AND part = 'ventilation' AND role = ''"


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0020_marks_of_endings_gas_extra_doses_and_spills")]

    operations = [
        migrations.RunSQL([ENDED, PHASES, GAS], migrations.RunSQL.noop),
    ]
