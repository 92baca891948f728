"""The department as data: rooms, hours, people, shifts, settings, letters, and changes from a day on."""

import re
from datetime import time, timedelta

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling.engine.waitlist import Mode
from scheduling.models import (
    Capability,
    ChangeState,
    ChangeSubject,
    Language,
    LetterKind,
    StepKind,
)
from scheduling.services.department import people, rooms, settings
from scheduling.services.department.hours import Hours, Kept
from scheduling.services.department.shifts import Work
from vqflow.api.fields import Choice, Day, Flag, Id, Input, Line, Text

CLOCK_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
MOST_SPANS = 50
MINUTE = timedelta(minutes=1)


@extend_schema_field({"type": "string", "pattern": CLOCK_TIME})
class ClockTime(serializers.Field):
    """07:30, local time of the site."""

    default_error_messages = {"invalid": "Enter a local time, such as 07:30."}

    def to_internal_value(self, data):
        if not isinstance(data, str) or not re.fullmatch(CLOCK_TIME, data):
            self.fail("invalid")
        return time.fromisoformat(data)

    def to_representation(self, value):
        return f"{value:%H:%M}"


class Whole(serializers.IntegerField):
    """A whole number of a column; true is none."""

    def __init__(self, *, most, least=0, **options):
        super().__init__(min_value=least, max_value=most, **options)

    def to_internal_value(self, data):
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class Minutes(serializers.IntegerField):
    """A timedelta shown as whole minutes."""

    def to_representation(self, value):
        return value // MINUTE


def weekday():
    return Whole(most=6, help_text="0 is Monday.")


class Decimal(serializers.DecimalField):
    def __init__(self, *, digits, places, **options):
        super().__init__(max_digits=digits, decimal_places=places, min_value=0, **options)


class ChangeIn(Input):
    """What every change takes beside its values."""

    starts_on = Day(help_text="The local day from which on it holds; what holds until then stays.")
    dry_run = Flag(default=False, help_text="Only say what would change and who would be affected.")


class AffectedOut(serializers.Serializer):
    appointment = serializers.UUIDField(source="appointment.pk")
    at = serializers.DateTimeField()
    why = serializers.CharField()


class DepartmentChangedOut(serializers.Serializer):
    saved = serializers.BooleanField()
    changes = serializers.ListField(
        child=serializers.CharField(), help_text="What changes, in words: what, from what, to what."
    )
    affected = AffectedOut(many=True)


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


def _capabilities(choices, **options):
    return serializers.ListField(
        child=Choice([(each.value, each.label) for each in choices]), min_length=1, max_length=20, **options
    )


class RoomFields(Input):
    clearance_minutes = Whole(most=480, required=False)
    ae_title = Line(max_length=16, required=False, allow_blank=True)
    volume_m3 = Decimal(digits=6, places=1, required=False, allow_null=True)
    exhaust_m3_per_h = Decimal(digits=7, places=1, required=False, allow_null=True)
    exhaust_measured_on = Day(required=False, allow_null=True)


class RoomIn(RoomFields):
    name = Line(max_length=60)
    capabilities = _capabilities(rooms.CAN)


class RoomChangeIn(ChangeIn, RoomFields):
    name = Line(max_length=60, required=False)
    capabilities = _capabilities(rooms.CAN, required=False)
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


class PersonIn(Input):
    name = Line(max_length=60)
    capabilities = _capabilities(people.CAN)
    user = Id(required=False, allow_null=True, help_text="Id of the account of a technologist.")


class PersonChangeIn(ChangeIn):
    name = Line(max_length=60, required=False)
    capabilities = _capabilities(people.CAN, required=False)
    is_active = Flag(required=False)
    user = Id(required=False, allow_null=True)


class PersonOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    capabilities = serializers.ListField(child=serializers.ChoiceField(Capability.choices))
    is_active = serializers.BooleanField()
    user = serializers.IntegerField(source="user_id", allow_null=True)


class ShiftOut(serializers.Serializer):
    starts_at = serializers.DateTimeField(source="span.lower")
    ends_at = serializers.DateTimeField(source="span.upper")
    on_call = serializers.BooleanField()


class ShiftsQuery(Input):
    first_day = Day(required=False, help_text="By default today.")
    last_day = Day(required=False, help_text="By default four weeks after the first.")


class RosterIn(Input):
    work = Choice(Work.choices)
    weekdays = serializers.ListField(child=weekday(), min_length=1, max_length=7)
    first_day = Day()
    last_day = Day()
    begins = ClockTime(required=False, allow_null=True)
    ends = ClockTime(required=False, allow_null=True)
    dry_run = Flag(default=False)

    def validate_weekdays(self, numbers):
        return frozenset(numbers)


class StepIn(Input):
    kind = Choice(StepKind.choices)
    prep_bay_minutes = Whole(most=480, required=False)
    setup_minutes = Whole(most=480, required=False)
    acquisition_minutes = Whole(most=480, least=1, required=False)
    clearance_minutes = Whole(most=480, required=False)
    lag_min_minutes = Whole(most=10_080, required=False)
    lag_max_minutes = Whole(most=10_080, required=False, allow_null=True)
    activity_mbq = Decimal(digits=9, places=3, required=False)
    least_activity_mbq = Decimal(digits=9, places=3, required=False, allow_null=True)


class ProtocolChangeIn(ChangeIn):
    name = Line(max_length=80, required=False)
    is_active = Flag(required=False)
    steps = StepIn(many=True, required=False, max_length=5)

    def validate_steps(self, rows):
        kinds = [row["kind"] for row in rows]
        if len(set(kinds)) != len(kinds):
            raise serializers.ValidationError("Name each step once.")
        return {row["kind"]: {name: row[name] for name in row if name != "kind"} for row in rows}


LENGTHS = {**dict.fromkeys(settings.TARGETS, 525_600), "call_in_delay": 720}
"""Settings that are lengths, with the most minutes of each."""


class SettingsIn(ChangeIn):
    """Lengths are whole minutes."""

    waitlist_mode = Choice([(mode.value, mode.value) for mode in Mode], required=False)
    offer_minutes = Whole(most=1440, least=1, required=False)
    place = Line(max_length=200, required=False)
    phone = Line(max_length=30, required=False)

    def get_fields(self):
        lengths = {name: Whole(most=most, required=False) for name, most in LENGTHS.items()}
        return {**super().get_fields(), **lengths}

    def validate(self, values):
        lengths = {name: values[name] * MINUTE for name in LENGTHS if name in values}
        return {**values, **lengths}


class SettingsOut(serializers.Serializer):
    """Lengths are whole minutes."""

    waitlist_mode = serializers.ChoiceField([(mode.value, mode.value) for mode in Mode])
    offer_minutes = serializers.IntegerField()
    place = serializers.CharField()
    phone = serializers.CharField()

    def get_fields(self):
        return {**super().get_fields(), **{name: Minutes() for name in LENGTHS}}


class LetterIn(ChangeIn):
    kind = Choice(LetterKind.choices)
    language = Choice(Language.choices)
    subject = Line(max_length=150, required=False, allow_blank=True)
    opening = Text(max_length=1500, required=False, allow_blank=True)
    closing = Text(max_length=1500, required=False, allow_blank=True)


class LetterOut(serializers.Serializer):
    kind = serializers.ChoiceField(LetterKind.choices)
    language = serializers.ChoiceField(Language.choices)
    subject = serializers.CharField()
    opening = serializers.CharField()
    closing = serializers.CharField()


class PlannedOut(serializers.Serializer):
    id = serializers.IntegerField()
    subject = serializers.ChoiceField(ChangeSubject.choices)
    subject_id = serializers.IntegerField()
    starts_on = serializers.DateField()
    state = serializers.ChoiceField(ChangeState.choices)
    values = serializers.JSONField(help_text="By row and field: before and after.")
    planned_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    refusal = serializers.CharField()
