"""Changes from a day on: what each takes, and what is answered."""

from rest_framework import serializers

from scheduling.models import ChangeState, ChangeSubject
from vqflow.api.fields import Day, Flag, Input


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
