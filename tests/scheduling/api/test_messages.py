"""Programs: the list of messages, what came back, trying anew, how a patient is reached."""

from datetime import timedelta

import pytest

from scheduling.models import Message, Patient
from tests import department
from tests.department import NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def confirmation(site):
    department.booked(site, first_day=TODAY + timedelta(days=7))
    Message.objects.filter(kind="confirmation").update(state="sent", sent_at=NOW, attempts=1)
    return Message.objects.get(kind="confirmation")


def report(caller, message, **values):
    said = {"message_id": f"<{message.pk}@clinic.example>", "is_permanent": True, **values}
    return caller.post("messages/bounces", said)


def test_the_relay_reports_what_came_back(integration, scheduler, confirmation):
    address = confirmation.order.patient.email
    status, body = report(integration, confirmation, address=address)
    assert (status, body) == (200, {"id": str(confirmation.pk), "state": "failed"})
    status, body = scheduler.get("messages", state="failed")
    assert (status, body["results"][0]["why"]) == (200, "The e-mail address does not work.")
    _, patient = scheduler.get(f"patients/{confirmation.order.patient_id}")
    assert patient["bounced_email"] == address


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"message_id": "<nobody@clinic.example>"}, 404),
        ({"message_id": ""}, 422),
        ({"is_permanent": "perhaps"}, 422),
        ({"address": "no address"}, 422),
    ],
)
def test_a_report_that_means_nothing_is_refused(integration, confirmation, values, status):
    assert report(integration, confirmation, **values)[0] == status
    confirmation.refresh_from_db()
    assert confirmation.state == "sent"


def test_only_integration_accounts_report_bounces(scheduler, confirmation):
    assert report(scheduler, confirmation)[0] == 403


def test_a_message_is_tried_anew_once(scheduler, confirmation):
    Message.objects.filter(pk=confirmation.pk).update(state="failed", sent_at=None, last_error="554")
    status, body = scheduler.post(f"messages/{confirmation.pk}/retry")
    assert (status, body["state"]) == (202, "pending")
    status, body = scheduler.post(f"messages/{confirmation.pk}/retry")
    assert status == 409


def test_a_message_of_another_site_is_not_there(scheduler, elsewhere):
    department.booked(elsewhere)
    assert scheduler.post(f"messages/{Message.objects.first().pk}/retry")[0] == 404


def test_the_list_is_narrowed_by_kind_and_channel(scheduler, confirmation):
    found = scheduler.get("messages", kind="confirmation", channel="email")[1]["results"]
    assert [each["id"] for each in found] == [str(confirmation.pk)]
    assert scheduler.get("messages", channel="sms")[1]["results"] == []


def test_a_patient_is_asked_to_call(scheduler, confirmation):
    status, body = scheduler.post(f"orders/{confirmation.order_id}/ask-to-call")
    assert (status, body["kind"]) == (202, "call_us")
    assert scheduler.post(f"orders/{confirmation.order_id}/ask-to-call")[0] == 409


def test_contact_is_changed_and_what_is_not_given_stays(scheduler, integration, confirmation):
    patient = confirmation.order.patient
    address = f"patients/{patient.pk}/contact"
    status, body = integration.post(address, {"wants_reminders": False, "phone": "+1 212 555 0142"})
    assert (status, body["email"], body["phone"]) == (200, patient.email, "+1 212 555 0142")
    assert body["reminders_stopped_at"]
    assert set(Message.objects.filter(kind="reminder").values_list("state", flat=True)) == {"suppressed"}
    assert scheduler.post(address, {"email_consent": False, "detailed_email_consent": True})[0] == 422
    assert Patient.objects.get(pk=patient.pk).email_consent_at is not None
