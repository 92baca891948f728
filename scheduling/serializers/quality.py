"""Checks of rooms, devices and kits, gas that escaped, incidents, and what is ordered from suppliers."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from scheduling.engine import quality as engine
from scheduling.models import CheckKind, Incident, Resource, StepKind, Tracer, TracerBatch
from scheduling.serializers.tracers import DoseOut, mbq
from vqflow.api.fields import Choice, Day, Flag, Input, Instant, Line, OfSite, Text

PRODUCTS = [choice for choice in Tracer.choices if choice[0]]
STANDINGS = [(str(each), str(each)) for each in engine.Standing]


def number(**options):
    return serializers.DecimalField(max_digits=9, decimal_places=3, **options)


def optional(**options):
    return number(required=False, allow_null=True, **options)


def days(**options):
    return serializers.IntegerField(min_value=1, max_value=366, **options)


class CheckIn(Input):
    """What was found. A value outside the limits of the plan has failed, whatever `passed` says."""

    passed = Flag(required=False)
    value = number(required=False)
    note = Line(max_length=200, required=False, allow_blank=True, help_text="Needed where it failed.")
    batch = OfSite(TracerBatch, required=False, help_text="For breakthrough and purity.")
    done_at = Instant(required=False, help_text="By default now.")


class CheckTakeBackIn(Input):
    reason = Line(max_length=200, required=False)


class CheckOut(serializers.Serializer):
    id = serializers.IntegerField()
    plan = serializers.IntegerField(source="plan_id")
    kind = serializers.ChoiceField(CheckKind.choices)
    room = serializers.IntegerField(source="room_id", allow_null=True)
    batch = serializers.IntegerField(source="batch_id", allow_null=True)
    value = number(allow_null=True)
    passed = serializers.BooleanField()
    note = serializers.CharField()
    done_at = serializers.DateTimeField()
    voided_at = serializers.DateTimeField(allow_null=True)


class RecordedOut(serializers.Serializer):
    check = CheckOut()
    disruption = serializers.IntegerField(
        source="disruption.pk",
        allow_null=True,
        default=None,
        help_text="The plan for those who had a failed batch.",
    )


class DueOut(serializers.Serializer):
    """One check that is asked for today, and the newest that stands."""

    plan = serializers.IntegerField(source="plan_id")
    kind = serializers.ChoiceField(CheckKind.choices)
    subject = serializers.CharField()
    room = serializers.IntegerField(source="room_id", allow_null=True)
    batch = serializers.IntegerField(source="batch_id", allow_null=True)
    standing = serializers.ChoiceField(STANDINGS)
    limits = serializers.CharField(help_text="What passes, in words.")
    check_id = serializers.IntegerField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    value = number(allow_null=True)
    passed = serializers.BooleanField(allow_null=True)


class SpillOut(serializers.Serializer):
    id = serializers.IntegerField()
    room = serializers.IntegerField(source="room_id")
    incident = serializers.IntegerField(source="incident_id")
    disruption = serializers.IntegerField(source="disruption_id", allow_null=True)
    activity_mbq = mbq()
    happened_at = serializers.DateTimeField()
    clears_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    end_note = serializers.CharField()


class MorningOut(serializers.Serializer):
    day = serializers.DateField()
    checks = DueOut(many=True)
    evacuated = SpillOut(many=True)


class CheckPlanIn(Input):
    """What is left out is as usual for the kind."""

    kind = Choice(CheckKind.choices)
    room = OfSite(Resource, required=False, help_text="camera, pressure, trap, exhaust")
    product = Choice(PRODUCTS, required=False, help_text="breakthrough, purity")
    every_days = days(required=False)
    due_time = serializers.TimeField(required=False, allow_null=True, help_text="Local time of the site.")
    lowest = optional()
    highest = optional()
    unit = Line(max_length=20, required=False, allow_blank=True)


class PlanChangeIn(Input):
    every_days = days(required=False)
    due_time = serializers.TimeField(required=False, allow_null=True)
    lowest = optional()
    highest = optional()
    unit = Line(max_length=20, required=False, allow_blank=True)


class PlanOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(CheckKind.choices)
    room = serializers.IntegerField(source="room_id", allow_null=True)
    product = serializers.CharField()
    every_days = serializers.IntegerField()
    due_time = serializers.SerializerMethodField()
    lowest = number(allow_null=True)
    highest = number(allow_null=True)
    unit = serializers.CharField()
    is_active = serializers.BooleanField()

    @extend_schema_field({"type": "string", "nullable": True})
    def get_due_time(self, plan):
        return f"{plan.due_time:%H:%M}" if plan.due_time else None


class SpillIn(Input):
    activity_mbq = serializers.DecimalField(
        max_digits=9,
        decimal_places=3,
        min_value=0,
        required=False,
        help_text="By default 740, the largest vial.",
    )
    happened_at = Instant(required=False, help_text="By default now.")
    what = Text(max_length=500, required=False, allow_blank=True)
    clear_minutes = serializers.IntegerField(
        min_value=1,
        max_value=1440,
        required=False,
        help_text="As posted, where the room's air is not recorded.",
    )


class AirMeasuredIn(Input):
    note = Line(max_length=200, help_text="What was measured, and with which instrument.")


class IncidentIn(Input):
    kind = Choice([each for each in Incident.Kind.choices if each[0] != Incident.Kind.SPILL])
    severity = Choice(Incident.Severity.choices)
    what = Text(max_length=500)
    done = Text(max_length=500, required=False, allow_blank=True)
    happened_at = Instant(required=False, help_text="By default now.")
    room = OfSite(Resource, required=False)


class IncidentOfIn(IncidentIn):
    step = serializers.ChoiceField(
        StepKind.choices, required=False, help_text="The step during which it happened."
    )


class ReviewIn(Input):
    note = Text(max_length=500)


class IncidentReasonIn(Input):
    reason = Line(max_length=200)


class IncidentOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Incident.Kind.choices)
    severity = serializers.ChoiceField(Incident.Severity.choices)
    appointment = serializers.UUIDField(source="appointment_id", allow_null=True)
    step = serializers.IntegerField(source="step_id", allow_null=True)
    room = serializers.IntegerField(source="room_id", allow_null=True)
    happened_at = serializers.DateTimeField()
    what = serializers.CharField()
    done = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    reviewed_at = serializers.DateTimeField(allow_null=True)
    review_note = serializers.CharField()
    voided_at = serializers.DateTimeField(allow_null=True)


class DoseOrderDayIn(Input):
    day = Day(required=False, help_text="Local day of the site, by default tomorrow.")


class DoseOrderIn(Input):
    day = Day(help_text="Local day of delivery.")
    doses = serializers.IntegerField(min_value=1, max_value=200, help_text="Unit doses, or vials.")
    activity_mbq = serializers.DecimalField(
        max_digits=9,
        decimal_places=3,
        min_value=0,
        required=False,
        help_text="Of each; by default as planned.",
    )
    reference = Line(max_length=40, required=False, allow_blank=True)


class SupplierIn(Input):
    """Without `order_by_time` it is made here."""

    supplier = Line(max_length=60, allow_blank=True)
    order_by_time = serializers.TimeField(allow_null=True, help_text="Local time of the site.")
    order_days_before = serializers.IntegerField(min_value=0, max_value=14, default=1)


class DoseOrderOut(serializers.Serializer):
    id = serializers.IntegerField()
    supply = serializers.IntegerField(source="supply_id")
    day = serializers.DateField()
    doses = serializers.IntegerField()
    activity_mbq = mbq()
    reference = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    voided_at = serializers.DateTimeField(allow_null=True)


class OrderLineOut(serializers.Serializer):
    """One weekly plan on the day; `cut_off_at` is null where it is made here."""

    supply = serializers.IntegerField(source="supply.pk")
    product = serializers.CharField(source="supply.product")
    supplier = serializers.CharField(source="supply.supplier")
    activity_mbq = mbq(source="supply.activity_mbq")
    usable_from = serializers.DateTimeField()
    calibrated_at = serializers.DateTimeField()
    cut_off_at = serializers.DateTimeField(allow_null=True)
    needed = serializers.IntegerField(help_text="Unit doses or vials from which a dose is taken.")
    planned = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Steps that have lost their dose.")
    is_late = serializers.BooleanField()
    is_short = serializers.BooleanField()
    doses = DoseOut(many=True, source="claims")
    order = DoseOrderOut(allow_null=True)


class DoseOrdersOut(serializers.Serializer):
    day = serializers.DateField()
    lines = OrderLineOut(many=True)


class SupplierOut(serializers.Serializer):
    supply = serializers.IntegerField(source="pk")
    supplier = serializers.CharField()
    order_by_time = serializers.SerializerMethodField()
    order_days_before = serializers.IntegerField()

    @extend_schema_field({"type": "string", "nullable": True})
    def get_order_by_time(self, supply):
        return f"{supply.order_by_time:%H:%M}" if supply.order_by_time else None
