"""Devices on the network, and what they performed."""

from rest_framework import serializers

from scheduling.models import CharacterSet, PerformedStatus, Resource, ResourceKind
from vqflow.api.fields import Choice, Flag, Input, Line, OfSite


class DeviceIn(Input):
    title = Line(max_length=16, help_text="AE title: unique on the network.")
    name = Line(max_length=60, required=False, allow_blank=True)
    room = OfSite(Resource, lambda rows: rows.filter(kind=ResourceKind.ROOM), required=False, allow_null=True)
    addresses = serializers.ListField(
        child=serializers.CharField(max_length=43),
        min_length=1,
        max_length=20,
        help_text="IP or small network.",
    )
    host = Line(max_length=100, required=False, allow_blank=True)
    port = serializers.IntegerField(min_value=1, max_value=65535, required=False, allow_null=True)
    character_set = Choice(CharacterSet.choices, required=False)
    own_room_only = Flag(required=False)
    reports_performed = Flag(required=False)
    certificate_sha256 = Line(max_length=95, required=False, allow_blank=True)


class DeviceChangeIn(DeviceIn):
    title = Line(max_length=16, required=False)
    addresses = serializers.ListField(
        child=serializers.CharField(max_length=43), min_length=1, max_length=20, required=False
    )
    is_active = Flag(required=False)


class DeviceOut(serializers.Serializer):
    id = serializers.IntegerField()
    title = serializers.CharField()
    name = serializers.CharField()
    room = serializers.IntegerField(source="room_id", allow_null=True)
    addresses = serializers.ListField(child=serializers.CharField())
    host = serializers.CharField()
    port = serializers.IntegerField(allow_null=True)
    character_set = serializers.ChoiceField(CharacterSet.choices)
    own_room_only = serializers.BooleanField()
    reports_performed = serializers.BooleanField()
    certificate_sha256 = serializers.CharField()
    is_active = serializers.BooleanField()


class ScheduledOut(serializers.Serializer):
    study_uid = serializers.CharField()
    sps_id = serializers.CharField()
    accession_number = serializers.CharField()


class PerformedOut(serializers.Serializer):
    """What one device said it performed; `not_taken` is why its times are not the step's."""

    id = serializers.IntegerField()
    sop_instance_uid = serializers.CharField()
    device = serializers.CharField(source="entity.title")
    status = serializers.ChoiceField(PerformedStatus.choices)
    modality = serializers.CharField()
    scheduled = ScheduledOut(many=True)
    steps = serializers.ListField(child=serializers.CharField(), source="sps_ids")
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    discontinued_reason = serializers.CharField()
    not_taken = serializers.CharField()
    set_aside_reason = serializers.CharField()
    attributes = serializers.JSONField(help_text="All it said, as the DICOM JSON model (PS3.18 F).")


class MatchIn(Input):
    sps_id = Line(max_length=16, help_text="Scheduled procedure step ID.")


class SetAsideIn(Input):
    reason = Line(max_length=200)
