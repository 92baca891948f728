"""After the scan: who waits, what a reader says, the hand-over, and the aftercare sheet."""

from rest_framework import serializers

from scheduling.engine.pictures import NAMES
from scheduling.models import Release
from scheduling.serializers.orders import Physician
from vqflow.api.fields import Choice, Input, Line

VIEWS = [(str(view), name) for view, name in NAMES.items()]


class ReleaseIn(Input):
    outcome = Choice(Release.Outcome.choices)
    views = serializers.ListField(
        child=Choice(VIEWS), required=False, max_length=len(VIEWS), help_text="For `more_views`."
    )
    note = Line(max_length=300, required=False, allow_blank=True, help_text="Needed for `emergency`.")
    physician = Physician(
        required=False, help_text="Who decided on the phone; needed where the caller is not a physician."
    )


class ReleaseOut(serializers.Serializer):
    outcome = serializers.ChoiceField(Release.Outcome.choices)
    views = serializers.ListField(child=serializers.ChoiceField(VIEWS))
    note = serializers.CharField()
    decided_at = serializers.DateTimeField()
    physician = serializers.CharField(source="physician.name")
    recorded_by = serializers.CharField(source="recorded_by.name")
    awaits_release = serializers.BooleanField(
        source="appointment.awaits_release", help_text="Whether the patient still waits here."
    )


class AwaitingReleaseOut(serializers.Serializer):
    """A patient who waits for what a reader says."""

    appointment = serializers.UUIDField(source="appointment.pk")
    order = serializers.IntegerField(source="appointment.procedure.order_id")
    accession_number = serializers.CharField(source="appointment.procedure.order.accession_number")
    patient = serializers.IntegerField(source="appointment.procedure.order.patient_id")
    protocol = serializers.CharField(source="appointment.procedure.protocol.name")
    since = serializers.DateTimeField(allow_null=True)
    said = serializers.ChoiceField(
        Release.Outcome.choices, source="said.outcome", default=None, allow_null=True
    )
    open_views = serializers.BooleanField(help_text="More views are asked for and not taken yet.")
    missing = serializers.ListField(child=serializers.CharField())


class NeedOut(serializers.Serializer):
    key = serializers.CharField()
    name = serializers.CharField()
    missing = serializers.CharField(help_text="Empty where it is there.")


class HandOverIn(Input):
    note = Line(
        max_length=500, required=False, allow_blank=True, help_text="Needed while something is missing."
    )


class HandOverOut(serializers.Serializer):
    note = serializers.CharField()
    limited = serializers.CharField(help_text="Why the examination is not complete.")
    handed_at = serializers.DateTimeField()
    handed_by = serializers.CharField(source="handed_by.name")


class CompletenessOut(serializers.Serializer):
    """What a reader needs, and the hand-over if there was one."""

    needs = NeedOut(many=True)
    hand_over = HandOverOut(allow_null=True)
    why_not_hand_over = serializers.CharField(allow_null=True)
    awaits_release = serializers.BooleanField()


class SheetSectionOut(serializers.Serializer):
    title = serializers.CharField()
    lines = serializers.ListField(child=serializers.CharField())


class EmergencyOut(serializers.Serializer):
    title = serializers.CharField()
    text = serializers.CharField()
    signs = serializers.ListField(child=serializers.CharField())


class AftercareOut(serializers.Serializer):
    """The sheet as it is printed: text, with times on the clock of the site."""

    language = serializers.CharField()
    clinic = serializers.CharField()
    place = serializers.CharField()
    phone = serializers.CharField()
    name = serializers.CharField()
    number = serializers.CharField()
    date = serializers.CharField()
    title = serializers.CharField()
    greeting = serializers.CharField()
    sections = SheetSectionOut(many=True)
    emergency = EmergencyOut()
    call = serializers.CharField()
    printed = serializers.CharField()
