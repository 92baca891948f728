"""Rows by the thousand, as the text that COPY reads, and the ids that they need.

Rows are plain tuples in the order of a table's columns; times are whole seconds since 1970 in UTC until
`stamp` and `span` write them as PostgreSQL reads them.
"""

from datetime import date, timedelta
from functools import cache

from django.db import connection

from scheduling import models

DAY = 86_400
NUMBER = "scheduling_number"  # the sequence of accession numbers and other running numbers
_BLOCK = 2_000
_CLOCK = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(1440)]


@cache
def _date(day):
    return f"{date(1970, 1, 1) + timedelta(days=day)}"


def stamp(seconds):
    """A moment as PostgreSQL reads it, or None."""
    if seconds is None:
        return None
    day, rest = divmod(int(seconds), DAY)
    return f"{_date(day)} {_CLOCK[rest // 60]}:{rest % 60:02d}+00"


def span(start_minute, end_minute):
    """[start, end) of UTC minutes as a range."""
    day, begins = divmod(start_minute, 1440)
    last_day, ends = divmod(end_minute, 1440)
    return f"[{_date(day)} {_CLOCK[begins]}+00,{_date(last_day)} {_CLOCK[ends]}+00)"


class Sequence:
    """Numbers of one database sequence, taken in blocks: nobody else gets the same ones."""

    def __init__(self, name):
        self.name = name
        self.left = iter(())

    def take(self):
        number = next(self.left, None)
        if number is None:
            self.left = iter(_taken(self.name, _BLOCK))
            number = next(self.left)
        return number


def _taken(sequence, count):
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [sequence, count])
        return [row[0] for row in cursor.fetchall()]


class Block:
    """Numbers that were `set_aside`, for a process that has no database."""

    def __init__(self, numbers):
        self.left = iter(numbers)

    def take(self):
        number = next(self.left, None)
        if number is None:
            raise RuntimeError("More numbers were needed than had been set aside.")
        return number


def sequence_of(table):
    """The name of the sequence that a table's ids come from; NUMBER is one itself."""
    if table == NUMBER:
        return NUMBER
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        return cursor.fetchone()[0]


def set_aside(sequence, count):
    """`count` numbers in a row that nobody else gets, as a range."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT min(n), max(n) FROM (SELECT nextval(%s::regclass) AS n FROM generate_series(1, %s)) AS taken",
                [sequence, count],
            )
            first, last = cursor.fetchone()
            # Somebody else can have taken one in between.
            if last - first == count - 1:
                return range(first, last + 1)


class Table:
    """Rows waiting for one table."""

    def __init__(self, model, columns):
        self.name = model._meta.db_table
        self.columns = ", ".join(columns.split())
        self.lines = []

    def add(self, row):
        # Nothing that is invented holds a tab, a line break, a backslash or the word None alone: see `copy`.
        self.lines.append("\t".join(map(str, row)))

    def take(self):
        """What waits as (table, columns, bytes), for `copy`."""
        text = "\n".join([*self.lines, ""])
        self.lines.clear()
        return self.name, self.columns, text.encode()


def copy(name, columns, rows):
    """Write what `Table.take` gave."""
    if rows:
        # str(None) is how a row says that there is nothing.
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {name} ({columns}) FROM STDIN (NULL 'None')") as out,
        ):
            out.write(rows)


class Tables:
    """The tables of the scheduling app that the demonstration fills, in the order in which they must be written."""

    def __init__(self):
        self.resource = Table(models.Resource, "id site_id kind name capabilities is_active")
        self.patient = Table(
            models.Patient,
            "id site_id resource_id mrn mrn_issuer is_temporary family_name given_name middle_name name_prefix "
            "name_suffix born_on sex email phone language guardian_name guardian_email guardian_phone "
            "email_consent_at email_consent_by_id detailed_email_consent",
        )
        self.measurement = Table(
            models.BodyMeasurement, "patient_id measured_on weight_kg height_cm recorded_by_id"
        )
        self.order = Table(
            models.Order,
            "id site_id patient_id accession_number priority state indication_code indication_text "
            "clinical_question wells_score d_dimer_ng_per_ml referrer_id ward patient_class ordered_at "
            "ordered_by_id closed_reason",
        )
        self.procedure = Table(
            models.RequestedProcedure,
            "id order_id requested_procedure_id study_instance_uid protocol_id protocol_note",
        )
        self.answer = Table(models.ScreeningAnswer, "order_id question answer answered_at answered_by_id")
        self.decision = Table(
            models.Decision,
            "id order_id kind rule reason physician_id decided_at recorded_by_id by_phone countersigned_at "
            "countersigned_by_id",
        )
        self.task = Table(models.Task, "order_id kind about sentence stage opened_at due_at")
        self.appointment = Table(
            models.Appointment,
            "id site_id procedure_id state revision starts_at ends_at xray_ends_at lungs_start_at xray_shortest "
            "xray_longest window_override booked_at booked_by_id arrived_at arrived_by_id dose_cleared_at "
            "dose_cleared_by_id ended_reason confirmed_at confirmed_by_id",
        )
        self.step = Table(
            models.ScheduledProcedureStep,
            "id appointment_id ordinal kind sps_id modality state planned_start_at planned_end_at elsewhere "
            "performed_start_at performed_end_at performed_by_id discontinued_reason",
        )
        self.reservation = Table(models.Reservation, "resource_id step_id revision status span")
        self.message = Table(
            models.Message,
            "id order_id appointment_id revision kind recipient dedupe_key due_at not_after state attempts "
            "last_error sent_at",
        )

    def __iter__(self):
        return iter(vars(self).values())
