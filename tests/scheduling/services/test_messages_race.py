"""Two who change the same messages at one moment wait for one another in one direction."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connections, transaction

from scheduling.models import Message, Patient
from scheduling.services import messages
from scheduling.services.messages import again
from tests import department
from tests.department import NOW, TODAY
from tests.waiting import PATIENCE_SECONDS, until_waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def appointment():
    """Its three messages lie on the disk from the last one that is due to the first."""
    made = department.booked(department.site(), first_day=TODAY + timedelta(days=7))
    rows = list(Message.objects.filter(appointment=made, recipient="patient").order_by("due_at"))
    for row in reversed(rows):
        Message.objects.filter(pk=row.pk).delete()
        row.save(force_insert=True)
    assert len(rows) == 3
    return made


def beside(deeds, meanwhile):
    """Do these in transactions and threads of their own, and `meanwhile` here; what the database said of each."""
    said = []

    def one(deed):
        try:
            with transaction.atomic():
                deed()
            said.append("done")
        except OperationalError as error:
            said.append(str(error).partition("\n")[0])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(deed,)) for deed in deeds]
    with transaction.atomic():
        meanwhile(threads)
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    return said


def test_who_holds_mail_back_and_who_cancels_never_wait_for_each_other(appointment):
    patients = Patient.objects.filter(pk=appointment.procedure.order.patient_id)
    patients.update(email_consent_at=None, email_consent_by=None)
    rows = Message.objects.filter(appointment=appointment, recipient="patient").order_by("due_at")

    def busy(threads):
        Message.objects.select_for_update().get(pk=rows[1].pk)
        for thread in threads:
            thread.start()
        until_waiting(2)

    deeds = [
        lambda: again.hold_back(patients.get(), now=NOW),
        lambda: messages.cancelled(appointment, now=NOW),
    ]
    assert beside(deeds, busy) == ["done", "done"]
    assert set(rows.values_list("state", flat=True)) <= {"suppressed", "cancelled"}
