"""The examination as it goes: arrivals, small steps, pictures, what was seen of the X-ray, endings, corrections."""

from rest_framework import serializers

from scheduling.engine.phases import Part, Role, Timer
from scheduling.engine.pictures import Outcome, View
from scheduling.engine.sequence import State
from scheduling.models import Arrival, ChestXray, Identifier
from scheduling.serializers.orders import Physician
from vqflow.api.fields import Choice, Flag, Input, Instant, Line


class WhyIn(Input):
    reason = Line(max_length=200)


class BeginIn(Input):
    end_running = Flag(default=False, help_text="Whatever still runs ends at the same moment.")


class XraySeenIn(Input):
    physician = Physician()
    finding = Choice([("", "Not said"), *ChestXray.Finding.choices], default="")
    note = Line(max_length=200, required=False, allow_blank=True)


class PictureIn(Input):
    view = Choice([(str(view), str(view)) for view in View])
    outcome = Choice([(str(each), str(each)) for each in Outcome], default="accepted")
    reason = Line(max_length=200, required=False, allow_blank=True, help_text="For repeated and skipped.")
    counts_k = serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, allow_null=True, help_text="Counts in thousands."
    )
    seconds = serializers.IntegerField(min_value=1, max_value=7200, required=False, allow_null=True)


class CorrectionIn(Input):
    """`subject` and `field` as the list of values that can be corrected gives them."""

    subject = Line(max_length=60)
    field = Line(max_length=40)
    at = Instant(required=False, help_text="The right time, for a value that is a time.")
    number = serializers.DecimalField(
        max_digits=12, decimal_places=3, required=False, help_text="The right number, for one that is not."
    )
    reason = Line(max_length=200)

    def validate(self, values):
        if ("at" in values) == ("number" in values):
            raise serializers.ValidationError("Give either the right time or the right number.")
        return values


class ArrivalOut(serializers.Serializer):
    id = serializers.IntegerField()
    at = serializers.ChoiceField(Arrival.At.choices)
    arrived_at = serializers.DateTimeField()
    identifiers = serializers.ListField(child=serializers.ChoiceField(Identifier.choices))
    pregnancy_asked = serializers.BooleanField()
    recorded_by = serializers.CharField(source="recorded_by.name")


class ChestXrayOut(serializers.Serializer):
    views = serializers.ListField(child=serializers.CharField())
    portable_reason = serializers.CharField()
    seen_at = serializers.DateTimeField(allow_null=True)
    seen_by = serializers.CharField(source="seen_by.name", default=None, allow_null=True)
    finding = serializers.CharField()
    note = serializers.CharField()


class PictureOut(serializers.Serializer):
    id = serializers.IntegerField()
    step = serializers.IntegerField(source="step_id")
    view = serializers.ChoiceField([str(view) for view in View])
    take = serializers.IntegerField()
    outcome = serializers.ChoiceField([str(each) for each in Outcome])
    reason = serializers.CharField()
    counts_k = serializers.IntegerField(allow_null=True)
    seconds = serializers.IntegerField(allow_null=True)
    is_extra = serializers.BooleanField(help_text="Asked for after the acquisition had ended.")
    acquired_at = serializers.DateTimeField()


class PhaseOut(serializers.Serializer):
    """One small step: as the protocol plans it, and how it stands."""

    key = serializers.CharField(source="phase.key")
    name = serializers.CharField(source="phase.name")
    part = serializers.ChoiceField([str(part) for part in Part], source="phase.part")
    role = serializers.ChoiceField(["", *(str(role) for role in Role)], source="phase.role")
    timer = serializers.ChoiceField([str(timer) for timer in Timer], source="phase.timer")
    least_seconds = serializers.IntegerField(source="phase.least_seconds")
    typical_seconds = serializers.IntegerField(source="phase.typical_seconds")
    most_seconds = serializers.IntegerField(source="phase.most_seconds")
    step = serializers.IntegerField(source="step.pk", default=None, allow_null=True)
    state = serializers.ChoiceField([str(state) for state in State])
    take = serializers.IntegerField(source="record.take", default=None, allow_null=True)
    started_at = serializers.DateTimeField(source="record.started_at", default=None, allow_null=True)
    ended_at = serializers.DateTimeField(source="record.ended_at", default=None, allow_null=True)
    skipped_reason = serializers.CharField(source="record.skipped_reason", default="")
    views = serializers.ListField(child=serializers.CharField(), source="phase.views")
    why_not_begin = serializers.CharField(allow_null=True, help_text="Why it cannot begin now, or null.")


class CorrectableOut(serializers.Serializer):
    """A value that can be corrected, as it is now."""

    subject = serializers.CharField()
    field = serializers.CharField()
    label = serializers.CharField()
    value = serializers.CharField(help_text="Local time of the site, or a number.")


class CorrectionOut(serializers.Serializer):
    label = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()
    reason = serializers.CharField()
    corrected_at = serializers.DateTimeField()
    corrected_by = serializers.CharField(source="corrected_by.name")


class CorrectionsOut(serializers.Serializer):
    values = CorrectableOut(many=True)
    corrections = CorrectionOut(many=True)


class ExaminationOut(serializers.Serializer):
    """Everything that was recorded of one examination and still stands."""

    appointment = serializers.UUIDField(source="appointment.pk")
    state = serializers.CharField(source="appointment.state")
    arrival_due = serializers.ChoiceField(
        Arrival.At.choices, allow_null=True, help_text="Where the patient is to be checked in next."
    )
    awaits_release = serializers.BooleanField(source="appointment.awaits_release")
    limited = serializers.CharField(help_text="Why it is complete as limited, or empty.")
    perfusion_only = serializers.BooleanField(help_text="Ventilation failed, and perfusion went on alone.")
    arrivals = ArrivalOut(many=True)
    xray = ChestXrayOut(allow_null=True)
    xray_warning = serializers.CharField(allow_null=True)
    phases = PhaseOut(many=True)
    next_phase = serializers.CharField(allow_null=True, help_text="The key of the one that comes next.")
    pictures = PictureOut(many=True)
