"""Mail that was taken and came back: the relay's report about an address (RFC 3464, by whoever reads its reports)."""

import uuid

from django.db import transaction

from scheduling.models import Channel, Message, MessageState, Patient
from scheduling.services.messages import addresses, again, calls
from vqflow import audit, policy
from vqflow.errors import NotFound

NONE_SUCH = "No such message was sent from your site."


@transaction.atomic
def report(message_id, *, is_permanent, address="", by, now):
    """A mail came back; returns its Message. `message_id` is the mail's own, with or without <> and host.

    After a permanent failure the desk phones, and nothing more is sent to this address until it is corrected or
    somebody says that it works. A passing one is noted in the audit trail alone: the relay still tries.
    Raises NotFound for what this site has not sent.
    """
    policy.permit(by, "message.report_bounce")
    message = _sent(message_id, by)
    patients = [message.order.patient_id]
    audit.record("message.bounced", message, by=by, patients=patients, permanent=is_permanent)
    if is_permanent and message.state == MessageState.SENT:
        message.state, message.last_error, message.sent_at = MessageState.FAILED, "bounced", None
        message.save(update_fields=["state", "last_error", "sent_at"])
        calls.instead_of(message, sentences=calls.NOT_DELIVERED, now=now)
        if message.recipient == Message.Recipient.PATIENT and message.channel == Channel.EMAIL:
            _note(message, address, by=by, now=now)
    return message


def _note(message, address, *, by, now):
    """A report that names no address is about the one that the mail went to."""
    present = message.order.patient.mail_address
    if address or addresses.went_to(message, present):
        note(message.order.patient, address or present, by=by, now=now)


def note(patient, address, *, by, now):
    """Nothing will ever arrive at this address of the patient: what waits is held back. In the caller's transaction.

    An address that is not the present one, for it was corrected meanwhile, changes nothing.
    """
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    present = patient.mail_address
    if not present or address.lower() != present.lower():
        return
    patient.bounced_email = present
    patient.save(update_fields=["bounced_email"])
    audit.record(
        "patient.mail_bounced",
        patient,
        by=by,
        patients=[patient.pk],
        **({} if by else {"site": patient.site.code}),
    )
    again.hold_back(patient, now=now)


def _sent(message_id, by):
    try:
        key = uuid.UUID(message_id.strip().strip("<>").partition("@")[0])
    except ValueError:
        raise NotFound(NONE_SUCH) from None
    rows = Message.objects.for_user(by).select_related("order__patient", "order__site", "appointment")
    found = rows.select_for_update(of=("self",), no_key=True).filter(pk=key).first()
    if found is None:
        raise NotFound(NONE_SUCH)
    return found
