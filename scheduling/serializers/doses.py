"""Doses and count rates: what may be given, what was measured and given, and how both parts compare."""

from rest_framework import serializers

from scheduling.engine.countrates import SETTLES, Grade
from scheduling.engine.scancodes import Sort
from scheduling.models import Administration, CountRate, StepKind, Tracer
from scheduling.serializers.tracers import Activity, mbq
from vqflow.api.fields import Choice, Flag, Input, Instant, Line

PRODUCTS = [choice for choice in Tracer.choices if choice[0]]
WAYS = [choice for choice in CountRate._meta.get_field("settled").choices if choice[0] in SETTLES]


class MeasureIn(Input):
    batch = serializers.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, help_text="Its id; or give `code`."
    )
    code = Line(max_length=60, required=False, help_text="What a scanner read from the vial, or its lot.")
    measured_mbq = Activity(help_text="As the calibrator shows it.")
    measured_at = Instant(required=False, help_text="By default now.")
    volume_ml = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=0, required=False, allow_null=True
    )
    weight_kg = serializers.DecimalField(
        max_digits=5, decimal_places=1, min_value=0, required=False, help_text="Of a child, weighed today."
    )
    is_extra = Flag(default=False, help_text="One more injection, after the step has had its dose.")

    def validate(self, values):
        if ("batch" in values) == ("code" in values):
            raise serializers.ValidationError("Give either the id of the batch or its code.")
        return values


class GiveIn(Input):
    injection_site = Line(max_length=60, default="", allow_blank=True)
    scanned = Line(
        max_length=100,
        default="",
        allow_blank=True,
        help_text="Codes of the wristband and the label, apart by spaces.",
    )


class SiteIn(Input):
    injection_site = Line(max_length=60)


class ResidualIn(Input):
    residual_mbq = Activity()
    measured_at = Instant(required=False, help_text="By default now.")


class ApproveIn(Input):
    reason = Line(max_length=300)


class ApproveByPhoneIn(ApproveIn):
    physician = Line(max_length=150, help_text="User name of the authorised user on the phone.")


class CountIn(Input):
    counts_per_second = serializers.IntegerField(
        max_value=2**31 - 1, help_text="Over the lungs, in one view and window."
    )
    measured_at = Instant(required=False, help_text="By default now.")


class SettleIn(Input):
    way = Choice(WAYS)
    note = Line(max_length=200, default="", allow_blank=True)


class ScanIn(Input):
    code = Line(max_length=60)


class MeasuredDoseOut(serializers.ModelSerializer):
    """A dose. `refusal`: why it is not given now."""

    measured_mbq = mbq()
    prescribed_mbq = mbq()
    lowest_mbq = mbq()
    highest_mbq = mbq()
    residual_mbq = mbq(allow_null=True)
    administered_mbq = mbq(allow_null=True)
    activity_now_mbq = serializers.FloatField(allow_null=True)
    product = serializers.ChoiceField(PRODUCTS)
    recorded_by = serializers.CharField(source="recorded_by.name")
    checked_by = serializers.CharField(source="checked_by.name", default=None, allow_null=True)
    given_by = serializers.CharField(source="given_by.name", default=None, allow_null=True)
    approved_by = serializers.CharField(source="override.physician.name", default=None, allow_null=True)
    refusal = serializers.CharField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Administration
        fields = (
            *("id", "number", "batch", "product", "takes_all", "prescribed_mbq", "lowest_mbq", "highest_mbq"),
            *(
                "measured_mbq",
                "measured_at",
                "usable_until",
                "activity_now_mbq",
                "particles",
                "most_particles",
            ),
            *("volume_ml", "recorded_by", "checked_by", "approved_by", "given_at", "given_by"),
            *("injection_site", "residual_mbq", "residual_measured_at", "administered_mbq", "refusal"),
            "warnings",
        )


class BatchChoiceOut(serializers.Serializer):
    """A vial or unit dose; `refusal`: why this patient's dose does not come from it now."""

    id = serializers.IntegerField(source="batch.pk")
    code = serializers.CharField()
    name = serializers.CharField()
    lot = serializers.CharField(source="batch.lot")
    is_unit_dose = serializers.BooleanField(source="batch.is_unit_dose")
    activity_mbq = serializers.FloatField(help_text="In all, now.")
    expires_at = serializers.DateTimeField(source="batch.expires_at")
    is_planned = serializers.BooleanField(source="is_ours")
    refusal = serializers.CharField(allow_null=True)


class PrescriptionOut(serializers.Serializer):
    """What may be given to this patient; `needs_approval`: why an authorised user has to approve any dose."""

    prescribed_mbq = serializers.FloatField()
    lowest_mbq = serializers.FloatField()
    highest_mbq = serializers.FloatField()
    fewest_particles = serializers.IntegerField()
    most_particles = serializers.IntegerField(allow_null=True)
    needs_approval = serializers.CharField()
    why = serializers.ListField(child=serializers.CharField())


class StepDosesOut(serializers.Serializer):
    """`lacking`: what must be known first. `prescription` is null until then, and where the step takes no tracer."""

    step = serializers.IntegerField()
    kind = serializers.ChoiceField(StepKind.choices)
    product = serializers.ChoiceField(PRODUCTS, allow_blank=True)
    lacking = serializers.CharField(allow_null=True)
    refusal = serializers.CharField(allow_null=True, help_text="Why no dose is measured now.")
    prescription = PrescriptionOut(allow_null=True)
    batches = BatchChoiceOut(many=True)
    doses = MeasuredDoseOut(many=True)


class CountRateOut(serializers.ModelSerializer):
    kind = serializers.ChoiceField(StepKind.choices, source="step.kind")

    class Meta:
        model = CountRate
        fields = ("id", "kind", "of", "counts_per_second", "measured_at", "settled", "settled_note")


class CountsOut(serializers.Serializer):
    """`ratio` is null until both parts are counted, and where the rule is not for this examination."""

    applies = serializers.BooleanField()
    ratio = serializers.FloatField(allow_null=True)
    grade = serializers.ChoiceField([str(each) for each in Grade], allow_null=True)
    sentence = serializers.CharField(allow_null=True)
    rates = CountRateOut(many=True)


class ScannedOut(serializers.Serializer):
    """What was scanned; `appointment` is the examination to go to, if there is one."""

    sort = serializers.ChoiceField([(each.value, each.name.lower()) for each in Sort])
    id = serializers.IntegerField()
    appointment = serializers.UUIDField(allow_null=True)
