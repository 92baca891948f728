"""Numbers that other systems will know us by: unique, short enough for DICOM, without meaning."""

from django.db import connection
from pydicom.uid import generate_uid


def take(count=1):
    """The next `count` numbers of the department's one sequence."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('scheduling_number') FROM generate_series(1, %s)", [count])
        return [row[0] for row in cursor.fetchall()]


def accession_number():
    """DICOM SH: at most 16 characters."""
    return f"VQ{take()[0]:08d}"


def procedure_id():
    return f"RP{take()[0]:08d}"


def step_id(number):
    """Of a number that was taken already."""
    return f"SPS{number:08d}"


def temporary_mrn():
    return f"TEMP{take()[0]:08d}"


def study_uid():
    """A UID under 2.25, made from a random UUID (DICOM PS3.5 B.2)."""
    return str(generate_uid(prefix=None))
