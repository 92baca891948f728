"""Tracers: batches with what is left, and the weekly plans that lay them out."""

from rest_framework import serializers

from scheduling.models import DoseClaim, StepKind, Tracer, TracerBatch
from vqflow.api.fields import Choice, Day, Flag, Input, Instant, Line

PRODUCTS = [choice for choice in Tracer.choices if choice[0]]


def mbq(**options):
    return serializers.DecimalField(max_digits=9, decimal_places=3, **options)


class Activity(serializers.DecimalField):
    """MBq as a JSON number or text, with at most three decimals."""

    def __init__(self, **options):
        super().__init__(max_digits=9, decimal_places=3, min_value=0, **options)


class Particles(serializers.IntegerField):
    def __init__(self, **options):
        limits = {"min_value": 1, "max_value": 100_000_000, "required": False, "allow_null": True}
        super().__init__(**limits, **options)


class DayIn(Input):
    day = Day(required=False, help_text="Local day of the site, by default today.")


class BatchIn(Input):
    product = Choice(PRODUCTS)
    usable_from = Instant()
    activity_mbq = Activity()
    calibrated_at = Instant(required=False, help_text="By default when it becomes usable.")
    expires_at = Instant(required=False, help_text="By default after the usual shelf life.")
    particles = Particles(help_text="MAA: in the whole vial.")
    is_unit_dose = Flag(default=False)
    lot = Line(max_length=40, required=False, allow_blank=True)


class MeasuredIn(Input):
    calibrated_at = Instant()
    activity_mbq = Activity()
    expires_at = Instant()
    particles = Particles()
    lot = Line(max_length=40, default="", allow_blank=True)


class DelayIn(Input):
    usable_from = Instant()


class FailIn(Input):
    reason = Line(max_length=200)


class SupplyIn(Input):
    product = Choice(PRODUCTS)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        min_length=1,
        max_length=7,
        help_text="0 is Monday.",
    )
    usable_time = serializers.TimeField(help_text="Local time of the site.")
    calibrated_after_minutes = serializers.IntegerField(min_value=0, max_value=86_400, default=0)
    activity_mbq = Activity()
    shelf_life_minutes = serializers.IntegerField(min_value=1, max_value=86_400)
    particles = Particles()
    unit_doses = serializers.IntegerField(min_value=0, max_value=50, default=0)
    starts_on = Day()
    ends_on = Day(required=False, allow_null=True)


class EndIn(Input):
    ends_on = Day()


class DoseOut(serializers.Serializer):
    """A dose that is taken at a time; no patient is named."""

    kind = serializers.ChoiceField(StepKind.choices)
    needed_at = serializers.DateTimeField()
    activity_mbq = mbq()
    status = serializers.ChoiceField(DoseClaim.Status.choices)


class BatchOut(serializers.Serializer):
    id = serializers.IntegerField()
    product = serializers.ChoiceField(PRODUCTS)
    supply = serializers.IntegerField(source="supply_id", allow_null=True)
    lot = serializers.CharField()
    calibrated_at = serializers.DateTimeField()
    activity_mbq = mbq()
    claimed_mbq = mbq(help_text="Taken by doses, at the calibration.")
    usable_from = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    particles = serializers.IntegerField(allow_null=True)
    is_unit_dose = serializers.BooleanField()
    state = serializers.ChoiceField(TracerBatch.State.choices)
    failed_reason = serializers.CharField()


class LineOut(serializers.Serializer):
    """A batch on one day; what is left can still be planned."""

    batch = BatchOut()
    name = serializers.CharField()
    is_expired = serializers.SerializerMethodField()
    left_mbq = serializers.FloatField(help_text="Now, or when it becomes usable.")
    ends_at = serializers.DateTimeField(help_text="When it expires, or the day ends.")
    left_at_end_mbq = serializers.FloatField()
    doses = DoseOut(many=True, source="claims")
    stranded = DoseOut(many=True)

    def get_is_expired(self, line) -> bool:
        return line.state == "expired"


class DayOut(serializers.Serializer):
    day = serializers.DateField()
    batches = LineOut(many=True)


class StrandedOut(serializers.Serializer):
    """A step that has no dose any more."""

    step = serializers.IntegerField(source="step_id")
    appointment = serializers.UUIDField(source="step.appointment_id")
    kind = serializers.ChoiceField(StepKind.choices)
    needed_at = serializers.DateTimeField()


class ChangedOut(serializers.Serializer):
    batch = BatchOut()
    stranded = StrandedOut(many=True)
    disruption = serializers.IntegerField(
        allow_null=True, help_text="It has a plan for those without a dose; null where nobody is."
    )


class SupplyOut(serializers.Serializer):
    id = serializers.IntegerField()
    product = serializers.ChoiceField(PRODUCTS)
    weekdays = serializers.ListField(child=serializers.IntegerField(), help_text="0 is Monday.")
    usable_time = serializers.SerializerMethodField(help_text="Local time of the site, such as 07:30.")
    calibrated_after_minutes = serializers.IntegerField()
    activity_mbq = mbq()
    shelf_life_minutes = serializers.IntegerField()
    particles = serializers.IntegerField(allow_null=True)
    unit_doses = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)

    def get_usable_time(self, supply) -> str:
        return f"{supply.usable_time:%H:%M}"
