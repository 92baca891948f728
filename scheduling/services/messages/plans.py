"""The department's plan of messages, and which of them this patient may get."""

from django.conf import settings

from scheduling.engine import reminders
from scheduling.models import Channel, Message, MessageKind, PatientClass
from scheduling.models.messages import MessageRule
from vqflow.statements import selected

# The department's own lines for a protocol as JSON; its values are the ids of the site and of the protocol.
OWN_LINES = f"""SELECT json_agg(json_build_array(protocol_id IS NOT NULL, kind, hours_before, channel, is_on))
    FROM {MessageRule._meta.db_table} WHERE site_id = %s AND (protocol_id IS NULL OR protocol_id = %s)"""  # noqa: S608
REMINDERS = (MessageKind.REMINDER, MessageKind.XRAY_REMINDER)
ABOUT_THE_ADDRESS = ("no_consent", "no_address", "bounced")


def of_order(order):
    """The plan for an order's protocol, as reminders.Line values. One query."""
    [(lines,)] = selected(OWN_LINES, [order.site_id, order.procedure.protocol_id])
    return made_of(lines)


def made_of(lines):
    """The plan with what OWN_LINES answers in place of the usual."""
    layers = ([], [])
    for is_of_protocol, *values in lines or ():
        layers[is_of_protocol].append(reminders.Line(*values))
    return reminders.merged(*layers)


def why_suppressed(message):
    """The code of message_words.SUPPRESSED why this message may not go out now, or None."""
    order = message.order
    if message.recipient == Message.Recipient.REFERRER:
        return None if order.referrer.email else "no_address"
    if order.patient_class == PatientClass.INPATIENT:
        return "inpatient"
    if message.kind in REMINDERS and order.patient.reminders_stopped_at is not None:
        return "stopped"
    return _no_number(order) if message.channel == Channel.SMS else _no_mail(order.patient)


def _no_mail(patient):
    if patient.email_consent_at is None:
        return "no_consent"
    if patient.has_bounced:
        return "bounced"
    return None if patient.mail_address else "no_address"


def _no_number(order):
    patient = order.patient
    if not settings.SMS_URL:
        return "no_gateway"
    if not order.site.sends_sms or patient.sms_consent_at is None:
        return "no_sms_consent"
    return None if patient.sms_number else "no_number"
