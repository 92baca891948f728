"""Why not at this time: the wanted starts, and what stands in their way."""

from rest_framework import serializers

from scheduling.engine.explanation import ChangeKind
from scheduling.models import StepKind
from scheduling.serializers.itineraries import PeriodIn, ProposalOut, StartsIn, WishesIn, XrayElsewhereIn
from scheduling.services.wishes import Wishes


class WhyNotMoveIn(PeriodIn):
    """Any of the steps' starts; without any, the days that were searched in vain."""

    starts = StartsIn(required=False)
    wishes = WishesIn(required=False)

    def validate(self, values):
        values = super().validate(values)
        return values | {"starts": values.get("starts", {}), "wished": values.pop("wishes", Wishes())}


class WhyNotIn(WhyNotMoveIn):
    xray_elsewhere = XrayElsewhereIn(required=False)


class ReasonOut(serializers.Serializer):
    sentence = serializers.CharField()
    resource_id = serializers.IntegerField(allow_null=True, help_text="The room or person, where it is one.")


class BlockedOut(serializers.Serializer):
    """One step that cannot be had."""

    kind = serializers.ChoiceField(StepKind.choices)
    starts_at = serializers.DateTimeField(allow_null=True, help_text="The start that was wanted, if any.")
    sentences = serializers.ListField(child=serializers.CharField(), help_text="What is missing.")
    reasons = ReasonOut(many=True, help_text="Why: each room, person or rule in the way.")


class ChangeOut(serializers.Serializer):
    """One change that alone would make the wanted starts possible."""

    kind = serializers.ChoiceField([kind.value for kind in ChangeKind])
    sentence = serializers.CharField()
    proposal = ProposalOut(allow_null=True, help_text="What can be booked as things stand.")
    appointment_id = serializers.UUIDField(
        allow_null=True, help_text="What is booked there, where it would have to be moved first."
    )


class WhyNotOut(serializers.Serializer):
    proposal = ProposalOut(allow_null=True, help_text="The wanted time can be had after all.")
    steps = BlockedOut(many=True)
    before = ProposalOut(allow_null=True, help_text="The nearest visit whose lungs start before.")
    after = ProposalOut(
        allow_null=True, help_text="The nearest one after; the next one of all, for a period."
    )
    changes = ChangeOut(many=True)
