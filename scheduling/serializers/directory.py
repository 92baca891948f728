"""The department: rooms and people, protocols and referrers."""

from rest_framework import serializers

from scheduling.models import Agent, Capability, ResourceKind, StepKind
from vqflow.api.fields import Flag, Input, Line, Mail


class ResourceOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(ResourceKind.choices)
    name = serializers.CharField()
    capabilities = serializers.ListField(child=serializers.ChoiceField(Capability.choices))
    is_active = serializers.BooleanField()


class ProtocolStepOut(serializers.Serializer):
    kind = serializers.ChoiceField(StepKind.choices)
    prep_bay_minutes = serializers.IntegerField()
    setup_minutes = serializers.IntegerField()
    acquisition_minutes = serializers.IntegerField()
    clearance_minutes = serializers.IntegerField()


class ProtocolOut(serializers.Serializer):
    id = serializers.IntegerField()
    key = serializers.CharField()
    agent = serializers.ChoiceField(Agent.choices)
    name = serializers.CharField()
    is_bookable = serializers.BooleanField()
    is_active = serializers.BooleanField()
    steps = ProtocolStepOut(many=True)


class ReferrerOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    place = serializers.CharField(help_text="Practice or department.")
    email = serializers.CharField()
    phone = serializers.CharField()
    pager = serializers.CharField()
    covering_name = serializers.CharField()
    covering_phone = serializers.CharField()
    is_active = serializers.BooleanField()


class ReferrerIn(Input):
    """A clinician who orders; a phone, a pager or an e-mail address is needed."""

    name = Line(max_length=150)
    place = Line(max_length=100, required=False, allow_blank=True, help_text="Practice or department.")
    email = Mail()
    phone = Line(max_length=30, required=False, allow_blank=True)
    pager = Line(max_length=30, required=False, allow_blank=True)
    covering_name = Line(max_length=150, required=False, allow_blank=True)
    covering_phone = Line(max_length=30, required=False, allow_blank=True)


class ActiveIn(Input):
    is_active = Flag(help_text="Whether this referrer can be chosen for new orders.")


class IndicationOut(serializers.Serializer):
    code = serializers.CharField(help_text="ICD-10-CM")
    name = serializers.CharField()


class IndicationsOut(serializers.Serializer):
    results = IndicationOut(many=True)
