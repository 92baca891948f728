"""Fields of the department: a time of the day, whole numbers, capabilities."""

import re
from datetime import time, timedelta

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from vqflow.api.fields import Choice

CLOCK_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
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


def capabilities(choices, **options):
    return serializers.ListField(
        child=Choice([(each.value, each.label) for each in choices]), min_length=1, max_length=20, **options
    )
