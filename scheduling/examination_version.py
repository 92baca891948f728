"""Whether anything about one examination has changed since its page was drawn: one query, no dates compared."""

import hashlib
from functools import cache

from django.db import connection

from scheduling import worklist
from scheduling.list_version import of_rooms
from scheduling.models import (
    Administration,
    Appointment,
    Arrival,
    ChestXray,
    Correction,
    CountRate,
    Decision,
    DoseClaim,
    HandOver,
    Incident,
    Order,
    Patient,
    PerformedProcedureStep,
    PhaseRecord,
    PictureRecord,
    Problem,
    Release,
    ScheduledProcedureStep,
    ScreeningAnswer,
    WorkedOn,
)

FRESH_SECONDS = 30  # lateness and the activity of a measured dose go on with time

_STEPS = f"SELECT id FROM {ScheduledProcedureStep._meta.db_table} WHERE appointment_id = %(appointment)s"  # noqa: S608 (our own table's name)
_WHERE = {
    Appointment: "id = %(appointment)s",
    **dict.fromkeys(
        (
            ScheduledProcedureStep,
            PhaseRecord,
            Arrival,
            Problem,
            Incident,
            Correction,
            Release,
            HandOver,
            WorkedOn,
        ),
        "appointment_id = %(appointment)s",
    ),
    **dict.fromkeys(
        (PictureRecord, Administration, CountRate, ChestXray, DoseClaim), f"step_id IN ({_STEPS})"
    ),
    PerformedProcedureStep: f"""id IN (SELECT performedprocedurestep_id
        FROM {PerformedProcedureStep.steps.through._meta.db_table} WHERE scheduledprocedurestep_id IN ({_STEPS}))""",  # noqa: S608 (as above)
    Order: "id = %(order)s",
    Patient: f"id = (SELECT patient_id FROM {Order._meta.db_table} WHERE id = %(order)s)",  # noqa: S608 (as above)
    **dict.fromkeys((Decision, ScreeningAnswer), "order_id = %(order)s"),
}
# What its rooms, its vials and the calendar of its site are: others change them, and the page says so at once.
_OF_SITE = """SELECT (SELECT version::text FROM scheduling_calendarversion WHERE site_id = %(site)s::bigint)
UNION ALL SELECT string_agg(concat_ws(' ', b.id, b.xmin, (%(now)s::timestamptz > b.expires_at)::int), ',' ORDER BY b.id)
    FROM scheduling_tracerbatch b WHERE b.id IN (
        SELECT batch_id FROM scheduling_doseclaim WHERE step_id IN ({steps})
        UNION ALL SELECT batch_id FROM scheduling_administration WHERE step_id IN ({steps}))
UNION ALL SELECT count(*)::text FROM scheduling_closure
    WHERE site_id = %(site)s::bigint AND span @> %(now)s::timestamptz
UNION ALL SELECT string_agg(concat((%(now)s::timestamptz > s.gas_made_at + interval '10 min')::int,
        (%(now)s::timestamptz >= s.performed_end_at + %(shortest)s)::int,
        (%(now)s::timestamptz > s.performed_end_at + %(longest)s)::int), ',' ORDER BY s.id)
    FROM scheduling_scheduledprocedurestep s WHERE s.appointment_id = %(appointment)s"""


@cache
def _sql():
    # Every change of a row gives it a new xmin; a row that goes away changes the count.
    rows = " UNION ALL ".join(
        f"SELECT concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM {model._meta.db_table} WHERE {where}"  # noqa: S608 (as above)
        for model, where in _WHERE.items()
    )
    return f"{rows} UNION ALL {_OF_SITE.format(steps=_STEPS)} UNION ALL SELECT concat_ws('|', {of_rooms()})"


def version(appointment, user, now):
    """A short text that differs once anything the page shows this user is different, or shows otherwise by now."""
    site = appointment.site
    starts, ends = worklist.day_bounds(site, worklist.today(site, now))
    known = {
        "appointment": appointment.pk,
        "order": appointment.procedure.order_id,
        "site": site.pk,
        "now": now,
    }
    known |= {"starts": starts, "ends": ends, "shortest": site.xray_shortest, "longest": site.xray_longest}
    with connection.cursor() as cursor:
        cursor.execute(_sql(), known)
        rows = [text for (text,) in cursor.fetchall()]
    said = f"{rows} {user.pk} {user.role} {int(now.timestamp()) // FRESH_SECONDS}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]
