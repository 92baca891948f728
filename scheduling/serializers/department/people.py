"""People and their shifts."""

from rest_framework import serializers

from scheduling.models import Capability
from scheduling.serializers.department.changes import ChangeIn
from scheduling.serializers.department.fields import ClockTime, capabilities, weekday
from scheduling.services.department import people
from scheduling.services.department.shifts import Work
from vqflow.api.fields import Choice, Day, Flag, Id, Input, Line


class PersonIn(Input):
    name = Line(max_length=60)
    capabilities = capabilities(people.CAN)
    user = Id(required=False, allow_null=True, help_text="Id of the account of a technologist.")


class PersonChangeIn(ChangeIn):
    name = Line(max_length=60, required=False)
    capabilities = capabilities(people.CAN, required=False)
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
