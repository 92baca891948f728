"""What keeps a patient waiting."""

from rest_framework import serializers

from scheduling.models import Problem
from scheduling.services.problems import REPORTED
from vqflow.api.fields import Choice, Input, Instant, Line, OfSite
from vqflow.models import User


class Owner(OfSite):
    """Somebody of the caller's site."""

    def __init__(self, **options):
        super().__init__(User, **options)

    def get_queryset(self):
        return User.objects.filter(site_code=self.context["request"].user.site_code, is_active=True)


class ProblemIn(Input):
    reason = Choice(REPORTED)
    note = Line(max_length=200, required=False, allow_blank=True, help_text="Needed for `other`.")
    owner = Owner(required=False, help_text="Who sees to it; by default the caller.")
    due_at = Instant(required=False, help_text="By default after the reason's usual time.")


class ProblemChangeIn(Input):
    owner = Owner()
    due_at = Instant()
    note = Line(max_length=200, required=False, allow_blank=True, help_text="Unchanged by default.")


class OutcomeIn(Input):
    outcome = Line(
        max_length=200,
        default="",
        allow_blank=True,
        help_text="How it was settled; the usual way by default.",
    )


class ProblemOut(serializers.Serializer):
    """Why an examination waits, who sees to it, and by when."""

    id = serializers.IntegerField()
    appointment = serializers.UUIDField(source="appointment_id")
    order = serializers.IntegerField(source="appointment.procedure.order_id")
    reason = serializers.ChoiceField(Problem.Reason.choices)
    note = serializers.CharField()
    owner = serializers.CharField(source="owner.name", default=None, allow_null=True)
    due_at = serializers.DateTimeField()
    opened_at = serializers.DateTimeField()
    opened_by = serializers.CharField(source="opened_by.name")
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_by = serializers.CharField(source="closed_by.name", default=None, allow_null=True)
    outcome = serializers.CharField()
