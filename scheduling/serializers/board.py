"""The board as programs read it: rooms and people with what takes their time, and who would fit where nothing does."""

from rest_framework import serializers

from scheduling.engine.calendars import to_datetime
from scheduling.engine.projection import Kind
from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import DisruptionKind, Priority, Reservation, Resource, ResourceKind, StepKind
from scheduling.serializers.appointments import AppointmentOut
from scheduling.serializers.itineraries import ProposalOut, StartsIn, StartsOut, TimesIn
from scheduling.serializers.waitlist import EntryOut
from vqflow.api.fields import Choice, Day, Flag, Id, Input, Instant, OfSite

MOST_OF_STEP = 10


class Minute(serializers.DateTimeField):
    """A minute of scheduling/boards.py as an instant."""

    def to_representation(self, value):
        return super().to_representation(to_datetime(value))


class BoardQuery(Input):
    day = Day(required=False, help_text="Today unless told otherwise.")
    view = Choice(
        [("day", "Day"), ("week", "Week")], default="day", help_text="week: Monday to Sunday around it."
    )


class SpanOut(serializers.Serializer):
    starts_at = Minute(source="0")
    ends_at = Minute(source="1")

    def to_representation(self, span):
        return super().to_representation({"0": span[0], "1": span[1]})


class BoardClosureOut(serializers.Serializer):
    starts_at = Minute(source="start")
    ends_at = Minute(source="end")
    reason = serializers.CharField()
    disruption = serializers.IntegerField(allow_null=True, help_text="The report that it belongs to.")


class BoardBlockOut(serializers.Serializer):
    """Time that is taken. Set-up lies before the acquisition, clearance after it; a bay has none."""

    starts_at = Minute(source="start")
    ends_at = Minute(source="end")
    acquisition = SpanOut(source="scan", allow_null=True)
    status = serializers.ChoiceField(
        [Reservation.Status.HELD, Reservation.Status.BOOKED, Reservation.Status.OVERBOOKED]
    )
    appointment = serializers.UUIDField(source="visit.id", default=None, allow_null=True)
    step = serializers.IntegerField(source="step.id", default=None, allow_null=True)
    held_by = serializers.CharField(source="held.held_by", default=None, allow_null=True)
    is_closed = serializers.BooleanField(help_text="It is planned where the room or person is closed.")


class BoardRowOut(serializers.Serializer):
    """A room or a person. `gaps`: free stretches of a room that are still to come."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.SerializerMethodField()
    open = SpanOut(source="there", many=True)
    on_call = SpanOut(many=True)
    kept_for_urgent = SpanOut(source="kept", many=True)
    closures = BoardClosureOut(many=True)
    blocks = BoardBlockOut(many=True)
    gaps = SpanOut(many=True)

    def get_kind(self, row) -> serializers.ChoiceField([ResourceKind.ROOM, ResourceKind.TECHNOLOGIST]):
        return ResourceKind.ROOM if row.is_room else ResourceKind.TECHNOLOGIST


class BoardStepOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(StepKind.choices)
    state = serializers.ChoiceField([str(state) for state in StepState])
    planned_start_at = Minute(source="start", allow_null=True)
    planned_end_at = Minute(source="end", allow_null=True)
    performed_start_at = Minute(source="performed_start", allow_null=True)
    performed_end_at = Minute(source="performed_end", allow_null=True)
    late_minutes = serializers.IntegerField(
        source="late", help_text="Behind its planned start, or its end if it runs."
    )
    expected = SpanOut(
        allow_null=True,
        help_text="Of what is not over on today's board: from real progress and usual durations.",
    )
    expected_delay_minutes = serializers.IntegerField(
        source="delay", help_text="Of its expected start after the plan, or of its expected end if it runs."
    )
    rooms = serializers.ListField(child=serializers.CharField())
    people = serializers.ListField(child=serializers.CharField())


class RepairOut(serializers.Serializer):
    """What to post to /disruptions so that the day is planned anew."""

    kind = serializers.ChoiceField([DisruptionKind.SCAN_OVERRUNS, DisruptionKind.XRAY_LATE])
    appointment = serializers.UUIDField()
    ends_at = serializers.DateTimeField()


class AheadOut(serializers.Serializer):
    """What will not work out as planned, before it happens."""

    kind = serializers.ChoiceField([str(kind) for kind in Kind])
    appointment = serializers.UUIDField()
    step = serializers.IntegerField()
    expected_at = serializers.DateTimeField(source="at", allow_null=True, help_text="None: not on this day.")
    sentence = serializers.CharField()
    repair = RepairOut(allow_null=True)


class BoardVisitOut(serializers.Serializer):
    """One appointment of these days; its X-ray may lie on an earlier one."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField([str(state) for state in AppointmentState])
    revision = serializers.IntegerField()
    order = serializers.IntegerField()
    patient = serializers.IntegerField()
    priority = serializers.ChoiceField(Priority.choices)
    family_name = serializers.CharField()
    given_name = serializers.CharField()
    mrn = serializers.CharField()
    steps = BoardStepOut(many=True)


class BoardBatchOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.CharField()
    usable_from = Minute(source="start")
    expires_at = Minute(source="end")


class BoardOut(serializers.Serializer):
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    version = serializers.CharField(help_text="Changes whenever anything of this does.")
    rows = BoardRowOut(many=True)
    appointments = BoardVisitOut(many=True)
    tracers = BoardBatchOut(many=True)
    ahead = AheadOut(many=True)


class DropIn(Input):
    """A step at another time; `resource` is the room or person it is to be given to."""

    starts_at = Instant(help_text="Of its acquisition.")
    resource = OfSite(
        Resource, lambda rows: rows.filter(is_active=True).exclude(kind=ResourceKind.PATIENT), required=False
    )
    whole = Flag(default=False, help_text="The whole visit is moved by as much.")


class OfStepsIn(Input):
    xray = serializers.ListField(child=Id(), max_length=MOST_OF_STEP, required=False)
    ventilation = serializers.ListField(child=Id(), max_length=MOST_OF_STEP, required=False)
    perfusion = serializers.ListField(child=Id(), max_length=MOST_OF_STEP, required=False)


class TakeBackIn(Input):
    """What a drop answered as `former`."""

    revision = serializers.IntegerField(min_value=1, max_value=32767)
    starts = StartsIn()
    resources = OfStepsIn()

    def validate_starts(self, starts):
        if not starts:
            raise serializers.ValidationError("Give the starts that it had.")
        return starts


class OfStepsOut(serializers.Serializer):
    xray = serializers.ListField(child=serializers.IntegerField(), required=False)
    ventilation = serializers.ListField(child=serializers.IntegerField(), required=False)
    perfusion = serializers.ListField(child=serializers.IntegerField(), required=False)


class FormerOut(serializers.Serializer):
    """Where it stood: send it back to take the drop back while nobody has its place."""

    revision = serializers.IntegerField()
    starts = StartsOut()
    resources = OfStepsOut()


class DroppedOut(serializers.Serializer):
    appointment = AppointmentOut()
    former = FormerOut()


class GapQuery(Input):
    room = OfSite(Resource, lambda rows: rows.filter(kind=ResourceKind.ROOM, is_active=True))
    starts_at = Instant()
    ends_at = Instant()

    def to_internal_value(self, data):
        # An address has text only.
        room = data.get("room", "")
        return super().to_internal_value(
            {**data, "room": int(room) if room.isascii() and room.isdigit() else room}
        )

    def validate(self, values):
        if values["ends_at"] <= values["starts_at"]:
            raise serializers.ValidationError({"ends_at": ["Enter a time after the start."]})
        return values


class FitOut(serializers.Serializer):
    """One who waits; `starts` and `resource_ids` of the proposal are what offering and booking take."""

    entry = EntryOut()
    proposal = ProposalOut()


class GapOut(serializers.Serializer):
    fits = FitOut(many=True, help_text="In the order in which free time is offered.")


class FillIn(TimesIn):
    """The times of a fit."""
