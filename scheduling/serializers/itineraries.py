"""What is searched, held and booked: periods, wishes, starts, and the itineraries that are found."""

from datetime import timedelta

from django.utils import timezone
from rest_framework import serializers

from scheduling.models import Appointment, Hold, Resource, StepKind
from scheduling.serializers.visits import MODALITIES
from scheduling.services import overbooking
from scheduling.services.changes import LONGEST_ACQUISITION_MINUTES
from scheduling.services.recheck import XrayElsewhere
from scheduling.services.search import LONGEST_DAYS
from scheduling.services.wishes import Wishes
from vqflow.api.fields import Choice, Day, Flag, Id, Input, Instant, Line, OfSite
from vqflow.errors import Invalid

FARTHEST = timedelta(days=366)
USUAL_DAYS = 7
MOST_RESOURCES = 20


class PeriodIn(Input):
    """The local days to search; a week from today on unless told otherwise."""

    first_day = Day(required=False)
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=USUAL_DAYS)

    def validate_first_day(self, day):
        today = timezone.localdate()
        if day < today:
            raise serializers.ValidationError("This day is over. Choose today or later.")
        if day > today + FARTHEST:
            raise serializers.ValidationError("This is more than a year ahead. Choose an earlier day.")
        return day

    def validate(self, values):
        return {"first_day": timezone.localdate(), **values}


class XrayElsewhereIn(Input):
    """A chest X-ray or chest CT that another department has done."""

    ended_at = Instant()
    place = Line(max_length=100)
    modality = Choice(MODALITIES, default="DX")

    def validate_ended_at(self, ended_at):
        if ended_at > timezone.now():
            raise serializers.ValidationError(
                "This X-ray lies in the future. Enter the time at which it ended."
            )
        return ended_at

    def validate(self, values):
        return XrayElsewhere(**values)


class WishesIn(Input):
    """When the patient would like to come; proposals are then ranked by what fits best, else by time."""

    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        max_length=7,
        required=False,
        help_text="0 is Monday.",
    )
    from_time = serializers.TimeField(required=False, help_text="Local time of the site.")
    until_time = serializers.TimeField(required=False, help_text="Local time of the site.")
    same_day_only = Flag(required=False, help_text="The X-ray and the scan on one local day.")
    is_flexible = Flag(required=False, help_text="Any time will do: one that leaves most room for others.")

    def validate(self, values):
        begins, ends = values.get("from_time"), values.get("until_time")
        if begins and ends and ends <= begins:
            raise serializers.ValidationError(
                {"until_time": ["This is before the time above. Choose a later one."]}
            )
        return Wishes(**{**values, "weekdays": tuple(sorted(set(values.get("weekdays", ()))))})


class SearchIn(PeriodIn):
    xray_elsewhere = XrayElsewhereIn(required=False)
    wishes = WishesIn(required=False)

    def validate(self, values):
        values = super().validate(values)
        return values | {"wished": values.pop("wishes", Wishes())}


class StartsIn(Input):
    """The start of each step's acquisition; one for each step of the protocol."""

    xray = Instant(required=False)
    ventilation = Instant(required=False)
    perfusion = Instant(required=False)


class Record(OfSite):
    """The id of a row of the caller's own site whose ids are UUIDs."""

    default_error_messages = {"incorrect_type": "Give its id, a UUID."}

    def __init__(self, model, **options):
        super().__init__(model, pk_field=serializers.UUIDField(), **options)

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("incorrect_type")
        return serializers.PrimaryKeyRelatedField.to_internal_value(self, data)


class TimesIn(Input):
    starts = StartsIn()
    resource_ids = serializers.ListField(
        child=Id(),
        max_length=MOST_RESOURCES,
        default=list,
        help_text="The proposal's rooms and people; where one is gone, another of its kind is taken.",
    )

    def validate_starts(self, starts):
        if not starts:
            raise serializers.ValidationError("Choose a time.")
        return starts

    def validate_resource_ids(self, ids):
        known = Resource.objects.for_user(self.context["request"].user).filter(pk__in=ids)
        if known.count() != len(set(ids)):
            raise serializers.ValidationError("Not all of these are rooms and people of your site.")
        return ids


class MoveIn(TimesIn):
    hold = Record(Hold, required=False, help_text="The hold that is confirmed.")


class HoldIn(TimesIn):
    xray_elsewhere = XrayElsewhereIn(required=False)


class BookIn(MoveIn):
    xray_elsewhere = XrayElsewhereIn(required=False)
    overbook_reason = Line(
        max_length=200,
        required=False,
        help_text="A STAT order may take rooms and people twice where it must, with a reason.",
    )

    def validate_overbook_reason(self, reason):
        try:
            return overbooking.reason_of(reason)
        except Invalid as refusal:
            raise serializers.ValidationError(refusal.sentence) from refusal


class SwapIn(Input):
    other = Record(Appointment, help_text="The appointment to change places with.")


class LengthenIn(Input):
    minutes = serializers.IntegerField(
        min_value=1, max_value=LONGEST_ACQUISITION_MINUTES, help_text="Of the acquisition, in all."
    )


class StartsOut(serializers.Serializer):
    xray = serializers.DateTimeField(required=False)
    ventilation = serializers.DateTimeField(required=False)
    perfusion = serializers.DateTimeField(required=False)


class PlacedOut(serializers.Serializer):
    """One step of a proposal: the times of its acquisition."""

    kind = serializers.ChoiceField(StepKind.choices)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    room = serializers.CharField()
    technologist = serializers.CharField()


class ProposalOut(serializers.Serializer):
    """A whole visit; `starts` and `resource_ids` are what booking takes."""

    starts_at = serializers.DateTimeField(help_text="When the patient is first needed.")
    ends_at = serializers.DateTimeField()
    lungs_start_at = serializers.DateTimeField()
    starts = StartsOut()
    resource_ids = serializers.SerializerMethodField()
    steps = PlacedOut(many=True)

    def get_resource_ids(self, proposal) -> list[int]:
        return sorted({each for step in proposal.steps for each in step.resource_ids})


class ItinerariesOut(serializers.Serializer):
    proposals = ProposalOut(many=True, help_text="The best first.")
    blockers = serializers.ListField(
        child=serializers.CharField(), help_text="Why there are none, in sentences."
    )


class HoldOut(serializers.Serializer):
    """A time that is kept; `starts`, `resource_ids` and `id` are what booking and moving take to confirm it."""

    id = serializers.UUIDField()
    order = serializers.IntegerField(source="order_id")
    appointment = serializers.UUIDField(source="appointment_id", allow_null=True)
    held_by = serializers.CharField(source="held_by.name")
    held_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    is_offer = serializers.BooleanField(help_text="It was offered to the patient.")
    outcome = serializers.ChoiceField(Hold.Outcome.choices)
    starts = StartsOut()
    resource_ids = serializers.ListField(child=serializers.IntegerField())
