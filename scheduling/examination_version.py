"""Whether anything about one examination has changed since its page was drawn: one query, no dates compared."""

import hashlib

from django.db import connection

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
    PhaseRecord,
    PictureRecord,
    Problem,
    Release,
    ScheduledProcedureStep,
    ScreeningAnswer,
    WorkedOn,
)

FRESH_SECONDS = 30  # refusals pass with time: the X-ray window opens, a dose expires

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
    Order: "id = %(order)s",
    Patient: f"id = (SELECT patient_id FROM {Order._meta.db_table} WHERE id = %(order)s)",  # noqa: S608 (as above)
    **dict.fromkeys((Decision, ScreeningAnswer), "order_id = %(order)s"),
}
# Every change of a row gives it a new xmin; a row that goes away changes the count.
_SQL = " UNION ALL ".join(
    f"SELECT count(*), coalesce(sum(xmin::text::bigint), 0) FROM {model._meta.db_table} WHERE {where}"  # noqa: S608 (as above)
    for model, where in _WHERE.items()
)


def version(appointment, user, now):
    """A short text that differs once anything the page shows this user is different."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"appointment": appointment.pk, "order": appointment.procedure.order_id})
        rows = cursor.fetchall()
    said = f"{rows} {user.pk} {user.role} {int(now.timestamp()) // FRESH_SECONDS}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]
