"""What broke, the plans for the day, and closures."""

from rest_framework import serializers

from scheduling.engine.states import ReplanState
from scheduling.models import (
    Appointment,
    DisruptionKind,
    Priority,
    ReplanChange,
    Resource,
    StepKind,
    TracerBatch,
)
from scheduling.serializers.itineraries import Record
from scheduling.serializers.patients import PatientRow
from vqflow.api.fields import Choice, Day, Id, Input, Instant, Line, OfSite


class DisruptionIn(Input):
    """A room or a person (`resource`), an appointment, or a batch of a tracer, as the kind says."""

    kind = Choice(DisruptionKind.choices)
    resource = OfSite(Resource, required=False, help_text="room_down, camera_qc, person_away")
    appointment = Record(Appointment, required=False, help_text="scan_overruns, xray_late")
    batch = OfSite(TracerBatch, required=False, help_text="tracer_late, tracer_failed")
    starts_at = Instant(required=False, help_text="By default now.")
    ends_at = Instant(
        required=False,
        help_text="When it is expected to be over; for what is late, to be there. Not for tracer_failed.",
    )
    reason = Line(max_length=100, default="", allow_blank=True)


class PlanIn(Input):
    day = Day(required=False, help_text="Local day of the site; by default the first that is not over.")


class AcceptIn(Input):
    changes = serializers.ListField(
        child=Id(), required=False, min_length=1, max_length=500, help_text="By default all of them."
    )


class StepOfPlan(serializers.Serializer):
    kind = serializers.ChoiceField(StepKind.choices)
    starts_at = serializers.DateTimeField()
    resources = serializers.ListField(child=serializers.CharField(), help_text="Rooms and people.")
    batch = serializers.IntegerField(
        required=False, help_text="In `after`, of a step that needs a dose: the batch to draw it from."
    )
    dose = serializers.CharField(required=False, help_text="The name of that batch.")


class PlannedChangeOut(serializers.Serializer):
    """What the plan does with one appointment. `hand`: no plan may touch it, and it cannot stay."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(ReplanChange.Kind.choices)
    appointment = serializers.UUIDField(source="appointment_id")
    priority = serializers.ChoiceField(Priority.choices, source="appointment.procedure.order.priority")
    patient = PatientRow(source="appointment.procedure.order.patient")
    effects = serializers.ListField(
        child=serializers.CharField(),
        help_text="Why it cannot be as planned; empty: it makes room for others.",
    )
    before = StepOfPlan(many=True)
    after = StepOfPlan(many=True)
    accepted_at = serializers.DateTimeField(allow_null=True)


class ReplanOut(serializers.Serializer):
    """A plan for one local day. `greedy`: the first repair; a worker replaces it by the best plan, `proposed`."""

    id = serializers.IntegerField()
    disruption = serializers.IntegerField(source="disruption_id")
    day = serializers.DateField()
    state = serializers.ChoiceField([str(state) for state in ReplanState])
    progress = serializers.CharField()
    proven_least_lost = serializers.BooleanField(help_text="No plan loses fewer patients, by their priority.")
    visits = serializers.IntegerField(help_text="Booked on that day.")
    requested_at = serializers.DateTimeField()
    computed_at = serializers.DateTimeField(allow_null=True)
    why_not_accept = serializers.CharField(allow_null=True)
    changes = PlannedChangeOut(many=True, source="shown_changes")


class DisruptionOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(DisruptionKind.choices)
    resource = serializers.IntegerField(source="resource_id", allow_null=True)
    appointment = serializers.UUIDField(source="appointment_id", allow_null=True)
    batch = serializers.IntegerField(source="batch_id", allow_null=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField()
    reported_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    replan = serializers.IntegerField(source="newest_replan", allow_null=True, help_text="The newest plan.")


class ClosureIn(Input):
    resource = OfSite(
        Resource, required=False, allow_null=True, help_text="Without one the whole department is closed."
    )
    starts_at = Instant()
    ends_at = Instant()
    reason = Line(max_length=100)


class ClosureOut(serializers.Serializer):
    id = serializers.IntegerField()
    resource = serializers.IntegerField(source="resource_id", allow_null=True)
    starts_at = serializers.DateTimeField(source="span.lower")
    ends_at = serializers.DateTimeField(source="span.upper")
    reason = serializers.CharField()


class ClosedOut(serializers.Serializer):
    closure = ClosureOut()
    booked_within = serializers.IntegerField(help_text="Appointments that stay booked in this time.")
