"""Thousands of booked patients in seconds: one booking, copied in the database with all that a mail reads of it.

For load, not for rules: what the copies write leaves no history, and rooms and people are not taken again.
"""

import uuid
from datetime import timedelta

from django.db import connection
from django.db.models import Max

from scheduling.models import (
    Appointment,
    Message,
    MessageKind,
    Order,
    Patient,
    RequestedProcedure,
    Reservation,
    Resource,
    ScheduledProcedureStep,
)
from scheduling.models.patients import Language

# Each copy's keys are its number after the last present one; a step's leave room for nine steps of a visit.
KEYS = (Resource, Patient, Order, RequestedProcedure, ScheduledProcedureStep)
STEPS = 10
LANGUAGES = f"(ARRAY{Language.values})[1 + n %% {len(Language.values)}]"


def like(appointment, count, *, by=connection, in_all_languages=False):
    """So many more patients with this appointment's times, and with this patient's consent and age.

    Returns their appointments, in order. `by` is a connection of the database's owner: no trigger runs.
    """
    key = {model: (model.objects.aggregate(last=Max("pk"))["last"] or 0) + 1 for model in KEYS}
    made, source = _uuid("'appointment-' || n"), appointment.procedure.order
    resource = source.patient.resource_id
    with by.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            _copy(cursor, count, Resource, resource, id=f"{key[Resource]} + n")
            _copy(
                cursor,
                count,
                Patient,
                source.patient_id,
                id=f"{key[Patient]} + n",
                resource_id=f"{key[Resource]} + n",
                mrn="'CROWD' || n",
                given_name="'Crowd ' || n",
                email="'crowd' || n || '@mail.example'",
                **({"language": LANGUAGES} if in_all_languages else {}),
            )
            _copy(
                cursor,
                count,
                Order,
                source.pk,
                id=f"{key[Order]} + n",
                patient_id=f"{key[Patient]} + n",
                accession_number="'CROWD' || n",
            )
            _copy(
                cursor,
                count,
                RequestedProcedure,
                appointment.procedure_id,
                id=f"{key[RequestedProcedure]} + n",
                order_id=f"{key[Order]} + n",
                requested_procedure_id="'CROWD' || n",
                study_instance_uid="'1.2.' || n",
            )
            _copy(
                cursor,
                count,
                Appointment,
                str(appointment.pk),
                id=made,
                procedure_id=f"{key[RequestedProcedure]} + n",
            )
            for step in appointment.steps.all():
                its_key = f"{key[ScheduledProcedureStep]} + {STEPS} * n + {step.ordinal}"
                _copy(
                    cursor,
                    count,
                    ScheduledProcedureStep,
                    step.pk,
                    id=its_key,
                    appointment_id=made,
                    sps_id=f"'CROWD' || n || '-{step.ordinal}'",
                )
                for taken in Reservation.objects.filter(step=step, resource=resource):
                    _copy(
                        cursor,
                        count,
                        Reservation,
                        taken.pk,
                        id=None,
                        step_id=its_key,
                        resource_id=f"{key[Resource]} + n",
                    )
            for model in KEYS:
                _go_on_after(cursor, model)
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")
        for model in (*KEYS, Appointment, Reservation, Message):
            cursor.execute(f"ANALYZE {model._meta.db_table}")
        cursor.execute(f"SELECT n, {made} FROM generate_series(1, %s) AS n", [count])
        keys = [pk for _, pk in sorted(cursor.fetchall())]
    found = Appointment.objects.select_related("procedure__order").in_bulk(keys)
    return [found[pk] for pk in keys]


def reminded(appointments, *, due_at, kind=MessageKind.REMINDER):
    """A mail to each of these patients, due at this instant; returns the rows."""
    rows = [
        Message(
            order=each.procedure.order,
            appointment=each,
            revision=each.revision,
            kind=kind,
            recipient=Message.Recipient.PATIENT,
            dedupe_key=f"crowd:{uuid.uuid4()}",
            due_at=due_at,
            not_after=max(each.starts_at, due_at + timedelta(hours=1)),
        )
        for each in appointments
    ]
    Message.objects.bulk_create(rows, batch_size=1000)
    return rows


def _copy(cursor, count, model, source, **changed):
    """Insert the row `source` so many times with these columns as SQL of `n`; None leaves a column to its default."""
    columns = [field.column for field in model._meta.concrete_fields if not field.generated]
    columns = [each for each in columns if changed.get(each, "") is not None]
    values = ", ".join(changed.get(each, f'source."{each}"') for each in columns)
    names = ", ".join(f'"{each}"' for each in columns)
    table = model._meta.db_table
    cursor.execute(
        f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS source, generate_series(1, %s) AS n"
        " WHERE source.id = %s",
        [count, source],
    )


def _go_on_after(cursor, model):
    table = model._meta.db_table
    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def _uuid(text):
    return f"md5({text})::uuid"
