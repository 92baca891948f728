"""Rooms, their weekly hours, and what is kept in them."""

from rest_framework import serializers

from scheduling.models import Capability
from scheduling.serializers.department.changes import ChangeIn
from scheduling.serializers.department.fields import ClockTime, Decimal, Whole, capabilities, weekday
from scheduling.services.department import rooms
from scheduling.services.department.hours import Hours, Kept
from vqflow.api.fields import Day, Flag, Input, Line

MOST_SPANS = 50


class HoursIn(Input):
    weekday = weekday()
    opens = ClockTime()
    closes = ClockTime(help_text="At or before the opening: on the next day.")
    on_call = Flag(default=False)


class HoursOut(serializers.Serializer):
    weekday = serializers.IntegerField()
    opens = ClockTime()
    closes = ClockTime()
    on_call = serializers.BooleanField()
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)


class WeekIn(ChangeIn):
    ends_on = Day(
        required=False, allow_null=True, help_text="The last day; then what held before comes back."
    )
    hours = HoursIn(many=True, max_length=MOST_SPANS)

    def validate_hours(self, rows):
        return [Hours(**row) for row in rows]


class KeptRowIn(Input):
    weekday = weekday()
    starts = ClockTime()
    ends = ClockTime()
    open_to_all_minutes_before = Whole(most=10_080, default=120)


class KeptOut(serializers.Serializer):
    weekday = serializers.IntegerField()
    starts = ClockTime()
    ends = ClockTime()
    open_to_all_minutes_before = serializers.IntegerField()
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)


class KeptIn(ChangeIn):
    ends_on = Day(required=False, allow_null=True)
    slots = KeptRowIn(many=True, max_length=MOST_SPANS)

    def validate_slots(self, rows):
        return [Kept(**row) for row in rows]


class RoomFields(Input):
    clearance_minutes = Whole(most=480, required=False)
    ae_title = Line(max_length=16, required=False, allow_blank=True)
    volume_m3 = Decimal(digits=6, places=1, required=False, allow_null=True)
    exhaust_m3_per_h = Decimal(digits=7, places=1, required=False, allow_null=True)
    exhaust_measured_on = Day(required=False, allow_null=True)


class RoomIn(RoomFields):
    name = Line(max_length=60)
    capabilities = capabilities(rooms.CAN)


class RoomChangeIn(ChangeIn, RoomFields):
    name = Line(max_length=60, required=False)
    capabilities = capabilities(rooms.CAN, required=False)
    is_active = Flag(required=False)


class RoomOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    capabilities = serializers.ListField(child=serializers.ChoiceField(Capability.choices))
    is_active = serializers.BooleanField()
    clearance_minutes = serializers.IntegerField(source="room.clearance_minutes")
    ae_title = serializers.CharField(source="room.ae_title")
    volume_m3 = serializers.DecimalField(6, 1, source="room.volume_m3", allow_null=True)
    exhaust_m3_per_h = serializers.DecimalField(7, 1, source="room.exhaust_m3_per_h", allow_null=True)
    exhaust_measured_on = serializers.DateField(source="room.exhaust_measured_on", allow_null=True)
    opening_hours = HoursOut(many=True)
    reserved_slots = KeptOut(many=True)
