"""Booking and the examination: proposals, appointments, and what is recorded while the patient is here."""

from datetime import timedelta

from django.utils import timezone
from rest_framework import serializers

from scheduling.engine.states import AppointmentState, StepState
from scheduling.engine.xrays import NAMES as XRAY_NAMES
from scheduling.models import (
    Appointment,
    Arrival,
    Hold,
    Identifier,
    PerformedStatus,
    Priority,
    Resource,
    ResourceKind,
    StepKind,
)
from scheduling.serializers.orders import AnswersIn, EffectOut, NamedOut, OrderOut
from scheduling.serializers.patients import PatientRow
from scheduling.serializers.problems import ProblemOut
from scheduling.services import overbooking
from scheduling.services.changes import LONGEST_ACQUISITION_MINUTES
from scheduling.services.recheck import XrayElsewhere
from scheduling.services.search import LONGEST_DAYS
from scheduling.services.wishes import Wishes
from scheduling.worklist import room_of, technologist_of
from vqflow.api.fields import Choice, Day, Flag, Id, Input, Instant, Line, OfSite
from vqflow.errors import Invalid

FARTHEST = timedelta(days=366)
USUAL_DAYS = 7
MOST_RESOURCES = 20
XRAY_VIEWS = [(str(view), name) for view, name in XRAY_NAMES.items()]
MODALITIES = [("DX", "Chest X-ray"), ("CT", "Chest CT")]


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


class CheckInIn(Input):
    identifiers = serializers.ListField(
        child=Choice(Identifier.choices), max_length=4, help_text="Two or more that were compared."
    )
    at = Choice(Arrival.At.choices, required=False, help_text="Where the next arrival is due, if left out.")
    pregnancy_asked = Flag(default=False, help_text="In private; needed where the rule asks for it.")
    answers = AnswersIn(required=False)


class XrayIn(Input):
    ended_at = Instant()
    elsewhere = Line(
        max_length=100, required=False, allow_blank=True, help_text="The place, if it was not here."
    )
    modality = Choice(MODALITIES, default="DX")
    views = serializers.ListField(child=Choice(XRAY_VIEWS), max_length=3, default=list)
    portable_reason = Line(
        max_length=200, required=False, allow_blank=True, help_text="Why only AP portable was possible."
    )


class StopIn(Input):
    reason = Line(max_length=200)


class TechnologistIn(Input):
    technologist = OfSite(Resource, lambda rows: rows.filter(kind=ResourceKind.TECHNOLOGIST, is_active=True))


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


class DeviceDoseOut(serializers.Serializer):
    agent = serializers.CharField(help_text="As the device names it.")
    mbq = serializers.FloatField(allow_null=True)


class DeviceSaidOut(serializers.Serializer):
    """What one device said of this step (MPPS), by its own clock; it never replaces what was recorded here."""

    device = serializers.CharField()
    status = serializers.ChoiceField(PerformedStatus.choices)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    series = serializers.IntegerField()
    doses = DeviceDoseOut(many=True)
    discontinued_reason = serializers.CharField()
    sentence = serializers.CharField(help_text="What the record here does not say already.")
    dose_differs = serializers.CharField(help_text="That its dose is not the one measured here; or empty.")


class StepOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(StepKind.choices)
    sps_id = serializers.CharField()
    modality = serializers.CharField()
    state = serializers.ChoiceField([str(state) for state in StepState])
    planned_start_at = serializers.DateTimeField(allow_null=True)
    planned_end_at = serializers.DateTimeField(allow_null=True)
    performed_start_at = serializers.DateTimeField(allow_null=True)
    performed_end_at = serializers.DateTimeField(allow_null=True)
    performed_by = serializers.CharField(source="performed_by.name", default=None, allow_null=True)
    elsewhere = serializers.CharField(help_text="Where an X-ray of another department was done.")
    discontinued_reason = serializers.CharField()
    room = serializers.SerializerMethodField()
    technologist = serializers.SerializerMethodField()
    said_by_devices = serializers.SerializerMethodField(
        help_text="What devices say they performed, the earliest first; null on lists."
    )

    def get_said_by_devices(self, step) -> DeviceSaidOut(many=True, allow_null=True):
        said = self.context.get("said_by_devices")
        return None if said is None else DeviceSaidOut(said.get(step.pk, ()), many=True).data

    def get_room(self, step) -> NamedOut(allow_null=True):
        return _named(room_of(step))

    def get_technologist(self, step) -> NamedOut(allow_null=True):
        return _named(technologist_of(step))


def _named(resource):
    return NamedOut(resource).data if resource else None


class ActionOut(serializers.Serializer):
    """The next legal step of an examination."""

    name = serializers.ChoiceField(
        ["check-in", "xray", "clear-dose", "dose-measure", "start", "end", "hand-over", "release"]
    )
    label = serializers.CharField()
    step = serializers.IntegerField(source="step.pk", default=None, allow_null=True)
    refusal = serializers.CharField(allow_null=True, help_text="Why it cannot be done now.")


class AppointmentOut(serializers.Serializer):
    """One examination: its plan, what has happened, and what comes next."""

    id = serializers.UUIDField(source="appointment.pk")
    revision = serializers.IntegerField(source="appointment.revision")
    state = serializers.ChoiceField([str(state) for state in AppointmentState], source="appointment.state")
    order = serializers.IntegerField(source="order.pk")
    accession_number = serializers.CharField(source="order.accession_number")
    priority = serializers.ChoiceField(Priority.choices, source="order.priority")
    patient = PatientRow()
    protocol = NamedOut(source="appointment.procedure.protocol")
    starts_at = serializers.DateTimeField(source="appointment.starts_at")
    ends_at = serializers.DateTimeField(source="appointment.ends_at")
    lungs_start_at = serializers.DateTimeField(source="appointment.lungs_start_at")
    xray_ends_at = serializers.DateTimeField(source="appointment.xray_ends_at", allow_null=True)
    window_override = serializers.BooleanField(
        source="appointment.window_override", help_text="Planned outside the X-ray window by a physician."
    )
    confirmed_at = serializers.DateTimeField(
        source="appointment.confirmed_at",
        allow_null=True,
        help_text="The patient has said that the time is good.",
    )
    arrived_at = serializers.DateTimeField(source="appointment.arrived_at", allow_null=True)
    dose_cleared_at = serializers.DateTimeField(source="appointment.dose_cleared_at", allow_null=True)
    ended_reason = serializers.CharField(source="appointment.ended_reason")
    vetted = serializers.BooleanField()
    steps = StepOut(many=True)
    action = ActionOut(allow_null=True)
    blockers = EffectOut(many=True, help_text="What gates the stages that lie ahead.")
    window_minutes = serializers.IntegerField(
        allow_null=True, help_text="Minutes left in the X-ray window, negative when it is over."
    )
    late_minutes = serializers.IntegerField()
    problems = ProblemOut(many=True, help_text="What somebody has reported and nobody has closed.")
    likely_at = serializers.DateTimeField(
        source="expected_at",
        allow_null=True,
        help_text="When the next step is likely to begin, or began; on the worklist of today alone.",
    )
    name_alert = serializers.CharField(
        help_text="A sentence where another patient of the day has a name like this one; on worklists alone."
    )


class SwappedOut(serializers.Serializer):
    appointments = AppointmentOut(many=True, help_text="The one that was asked for, then the other.")


class WorklistQuery(Input):
    day = Day(required=False, help_text="Today unless told otherwise.")


class WorklistOut(serializers.Serializer):
    day = serializers.DateField()
    version = serializers.CharField(help_text="Changes whenever a row would.")
    rows = AppointmentOut(many=True)


class LackOut(serializers.Serializer):
    """One thing that is missing; the sentence says what to do next."""

    what = serializers.ChoiceField(["vetting", "answers", "blocked", "xray", "dose", "technologist", "call"])
    label = serializers.CharField()
    sentence = serializers.CharField()


class PreparedOut(serializers.Serializer):
    appointment = AppointmentOut(source="row")
    lacks = LackOut(many=True)
    needs = serializers.ListField(
        child=serializers.CharField(), help_text="Name alert, isolation, escort, interpreter."
    )


class PreparationOut(serializers.Serializer):
    day = serializers.DateField()
    rows = PreparedOut(many=True)


class OrderDetailOut(OrderOut):
    appointment = AppointmentOut(allow_null=True, help_text="The one that is planned, running or done.")
