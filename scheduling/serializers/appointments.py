"""An examination as it is shown: its plan, its steps, what comes next."""

from rest_framework import serializers

from scheduling.engine.states import AppointmentState, StepState
from scheduling.models import PerformedStatus, Priority, StepKind
from scheduling.serializers.orders import EffectOut, NamedOut, OrderOut
from scheduling.serializers.patients import PatientRow
from scheduling.serializers.problems import ProblemOut
from scheduling.worklist import room_of, technologist_of


class DeviceDoseOut(serializers.Serializer):
    agent = serializers.CharField(help_text="As the device names it.")
    mbq = serializers.FloatField(allow_null=True)


class DeviceSaidOut(serializers.Serializer):
    """What one device said of this step (MPPS), by its own clock; it never replaces what was recorded here."""

    device = serializers.CharField()
    status = serializers.ChoiceField(PerformedStatus.choices)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    series = serializers.IntegerField()
    doses = DeviceDoseOut(many=True)
    discontinued_reason = serializers.CharField()
    sentence = serializers.CharField(help_text="What the record here does not say already.")
    dose_differs = serializers.CharField(help_text="That its dose is not the one measured here; or empty.")


class StepOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(StepKind.choices)
    sps_id = serializers.CharField()
    modality = serializers.CharField()
    state = serializers.ChoiceField([str(state) for state in StepState])
    planned_start_at = serializers.DateTimeField(allow_null=True)
    planned_end_at = serializers.DateTimeField(allow_null=True)
    performed_start_at = serializers.DateTimeField(allow_null=True)
    performed_end_at = serializers.DateTimeField(allow_null=True)
    performed_by = serializers.CharField(source="performed_by.name", default=None, allow_null=True)
    elsewhere = serializers.CharField(help_text="Where an X-ray of another department was done.")
    discontinued_reason = serializers.CharField()
    room = serializers.SerializerMethodField()
    technologist = serializers.SerializerMethodField()
    said_by_devices = serializers.SerializerMethodField(
        help_text="What devices say they performed, the earliest first; null on lists."
    )

    def get_said_by_devices(self, step) -> DeviceSaidOut(many=True, allow_null=True):
        said = self.context.get("said_by_devices")
        return None if said is None else DeviceSaidOut(said.get(step.pk, ()), many=True).data

    def get_room(self, step) -> NamedOut(allow_null=True):
        return _named(room_of(step))

    def get_technologist(self, step) -> NamedOut(allow_null=True):
        return _named(technologist_of(step))


def _named(resource):
    return NamedOut(resource).data if resource else None


class ActionOut(serializers.Serializer):
    """The next legal step of an examination."""

    name = serializers.ChoiceField(
        ["check-in", "xray", "clear-dose", "dose-measure", "start", "end", "hand-over", "release"]
    )
    label = serializers.CharField()
    step = serializers.IntegerField(source="step.pk", default=None, allow_null=True)
    refusal = serializers.CharField(allow_null=True, help_text="Why it cannot be done now.")


class AppointmentOut(serializers.Serializer):
    """One examination: its plan, what has happened, and what comes next."""

    id = serializers.UUIDField(source="appointment.pk")
    revision = serializers.IntegerField(source="appointment.revision")
    state = serializers.ChoiceField([str(state) for state in AppointmentState], source="appointment.state")
    order = serializers.IntegerField(source="order.pk")
    accession_number = serializers.CharField(source="order.accession_number")
    priority = serializers.ChoiceField(Priority.choices, source="order.priority")
    patient = PatientRow()
    protocol = NamedOut(source="appointment.procedure.protocol")
    starts_at = serializers.DateTimeField(source="appointment.starts_at")
    ends_at = serializers.DateTimeField(source="appointment.ends_at")
    lungs_start_at = serializers.DateTimeField(source="appointment.lungs_start_at")
    xray_ends_at = serializers.DateTimeField(source="appointment.xray_ends_at", allow_null=True)
    window_override = serializers.BooleanField(
        source="appointment.window_override", help_text="Planned outside the X-ray window by a physician."
    )
    confirmed_at = serializers.DateTimeField(
        source="appointment.confirmed_at",
        allow_null=True,
        help_text="The patient has said that the time is good.",
    )
    arrived_at = serializers.DateTimeField(source="appointment.arrived_at", allow_null=True)
    dose_cleared_at = serializers.DateTimeField(source="appointment.dose_cleared_at", allow_null=True)
    ended_reason = serializers.CharField(source="appointment.ended_reason")
    vetted = serializers.BooleanField()
    steps = StepOut(many=True)
    action = ActionOut(allow_null=True)
    blockers = EffectOut(many=True, help_text="What gates the stages that lie ahead.")
    window_minutes = serializers.IntegerField(
        allow_null=True, help_text="Minutes left in the X-ray window, negative when it is over."
    )
    late_minutes = serializers.IntegerField()
    problems = ProblemOut(many=True, help_text="What somebody has reported and nobody has closed.")
    likely_at = serializers.DateTimeField(
        source="expected_at",
        allow_null=True,
        help_text="When the next step is likely to begin, or began; on the worklist of today alone.",
    )
    name_alert = serializers.CharField(
        help_text="A sentence where another patient of the day has a name like this one; on worklists alone."
    )


class SwappedOut(serializers.Serializer):
    appointments = AppointmentOut(many=True, help_text="The one that was asked for, then the other.")


class OrderDetailOut(OrderOut):
    appointment = AppointmentOut(allow_null=True, help_text="The one that is planned, running or done.")
