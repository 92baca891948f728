"""Measured durations, and what is adopted of them."""

from rest_framework import serializers

from scheduling.models import PatientClass, StepKind
from scheduling.serializers.department.changes import ChangeIn
from scheduling.services.department.durations import Share
from vqflow.api.fields import Choice

SHARES = [(Share.MEDIAN, "Median"), (Share.MOST, "9 of 10")]


class MeasuredOut(serializers.Serializer):
    count = serializers.IntegerField(help_text="Times that were used; fewer than 10 are not adopted.")
    left_out = serializers.IntegerField(help_text="Outliers.")
    median_minutes = serializers.IntegerField()
    most_minutes = serializers.IntegerField(help_text="Nine of ten took at most this.")
    is_enough = serializers.BooleanField()


class ClassOut(serializers.Serializer):
    patient_class = serializers.ChoiceField(PatientClass.choices)
    measured = MeasuredOut(allow_null=True)


class StepDurationOut(serializers.Serializer):
    kind = serializers.ChoiceField(StepKind.choices, source="step.kind")
    planned_minutes = serializers.IntegerField(source="step.acquisition_minutes")
    measured = MeasuredOut(allow_null=True)
    by_class = serializers.SerializerMethodField()

    def get_by_class(self, line) -> ClassOut(many=True):
        found = [
            {"patient_class": each, "measured": measured}
            for each, (_, measured) in zip(PatientClass, line.by_class, strict=True)
        ]
        return ClassOut(found, many=True).data


class DurationsOut(serializers.Serializer):
    """A protocol with how long the pictures of its steps took in the last 90 days."""

    protocol = serializers.IntegerField()
    name = serializers.CharField()
    agent = serializers.CharField()
    steps = StepDurationOut(many=True)


class AdoptIn(ChangeIn):
    """Which measured time each step is planned with; a step that is not named keeps its minutes."""

    xray = Choice(SHARES, required=False)
    ventilation = Choice(SHARES, required=False)
    perfusion = Choice(SHARES, required=False)
