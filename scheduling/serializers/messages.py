"""Messages: what went out, what waits, what came back; and the department's plan of them."""

from rest_framework import serializers

from scheduling import message_words
from scheduling.models import Channel, Language, Message, MessageKind, MessageState, Protocol
from scheduling.serializers.patients import Phone
from scheduling.services.patients.contact import NEEDS_CONSENT
from vqflow.api.fields import LARGEST_ID, Choice, Flag, Input, Line, Mail, OfSite


class MessageOut(serializers.Serializer):
    """One message; its address is on the patient and the referrer only."""

    id = serializers.UUIDField()
    order = serializers.IntegerField(source="order_id")
    appointment = serializers.UUIDField(source="appointment_id", allow_null=True)
    kind = serializers.ChoiceField(MessageKind.choices)
    channel = serializers.ChoiceField(Channel.choices)
    recipient = serializers.ChoiceField(Message.Recipient.choices)
    state = serializers.ChoiceField(MessageState.choices)
    due_at = serializers.DateTimeField()
    not_after = serializers.DateTimeField(help_text="After this it would be of no use any more.")
    sent_at = serializers.DateTimeField(allow_null=True)
    attempts = serializers.IntegerField()
    last_error = serializers.CharField(help_text="A code: the server's number, or why it does not go out.")
    why = serializers.SerializerMethodField(help_text="The same in words.")

    def get_why(self, message) -> str:
        return message_words.why(message)


class BounceIn(Input):
    """What the relay says of a mail that it had taken."""

    message_id = Line(max_length=100, help_text="The mail's Message-ID, with or without <> and host.")
    is_permanent = Flag(help_text="False: the relay still tries. Noted, and nothing changes.")
    address = Mail(help_text="Where it did not arrive. One that was corrected meanwhile stops nothing.")


class BouncedOut(serializers.Serializer):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(MessageState.choices)


class ContactIn(Input):
    """What is not given stays as it is."""

    phone = Phone()
    email = Mail()
    address_works = Flag(required=False, help_text="Mail to the present address may be tried again.")
    language = Choice(Language.choices, required=False)
    interpreter_needed = Flag(required=False)
    email_consent = Flag(required=False, help_text="Agrees to e-mail with date, time and place only.")
    detailed_email_consent = Flag(
        required=False, help_text="Has agreed in writing to e-mails that name the examination."
    )
    sms_consent = Flag(required=False, help_text="Agrees to text messages.")
    wants_reminders = Flag(required=False, help_text="False: the appointment stands, its news is still sent.")
    guardian_name = Line(max_length=150, required=False, allow_blank=True)
    guardian_email = Mail()
    guardian_phone = Phone()

    def validate(self, values):
        if values.get("detailed_email_consent") and values.get("email_consent") is False:
            raise serializers.ValidationError({"email_consent": [NEEDS_CONSENT]})
        return values


class PlanLineOut(serializers.Serializer):
    """One line of the plan of messages."""

    kind = serializers.ChoiceField(MessageKind.choices)
    hours_before = serializers.IntegerField(
        help_text="Before the patient comes, by the wall clock; 0: at once."
    )
    channel = serializers.ChoiceField(Channel.choices)
    is_on = serializers.BooleanField()
    source = serializers.ChoiceField(["usual", "department", "protocol"], help_text="Whose line it is.")


class PlanQuery(Input):
    protocol = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)


class PlanLineIn(Input):
    """The line of this kind, hours and channel is as said from now on; of a protocol, or of all without one."""

    protocol = OfSite(Protocol, required=False, allow_null=True)
    kind = Choice(MessageKind.choices)
    hours_before = serializers.IntegerField(min_value=0, max_value=720, required=False, default=0)
    channel = Choice(Channel.choices, required=False, default=Channel.EMAIL)
    is_on = Flag(allow_null=True, help_text="null: as usual, or as the department has it.")
