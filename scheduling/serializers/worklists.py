"""The lists of a day: who is examined, and what is missing for those of tomorrow."""

from rest_framework import serializers

from scheduling.serializers.appointments import AppointmentOut
from vqflow.api.fields import Day, Input


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
