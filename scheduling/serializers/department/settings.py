"""Protocols, settings and letter texts."""

from rest_framework import serializers

from scheduling.engine.waitlist import Mode
from scheduling.models import Language, LetterKind, Site, StepKind
from scheduling.serializers.department.changes import ChangeIn
from scheduling.serializers.department.fields import MINUTE, Decimal, Minutes, Whole
from scheduling.services.department import settings
from vqflow.api.fields import Choice, Flag, Input, Line, Text


class StepIn(Input):
    kind = Choice(StepKind.choices)
    prep_bay_minutes = Whole(most=480, required=False)
    setup_minutes = Whole(most=480, required=False)
    acquisition_minutes = Whole(most=480, least=1, required=False)
    clearance_minutes = Whole(most=480, required=False)
    lag_min_minutes = Whole(most=10_080, required=False)
    lag_max_minutes = Whole(most=10_080, required=False, allow_null=True)
    activity_mbq = Decimal(digits=9, places=3, required=False)
    least_activity_mbq = Decimal(digits=9, places=3, required=False, allow_null=True)


class ProtocolChangeIn(ChangeIn):
    name = Line(max_length=80, required=False)
    is_active = Flag(required=False)
    steps = StepIn(many=True, required=False, max_length=5)

    def validate_steps(self, rows):
        kinds = [row["kind"] for row in rows]
        if len(set(kinds)) != len(kinds):
            raise serializers.ValidationError("Name each step once.")
        return {row["kind"]: {name: row[name] for name in row if name != "kind"} for row in rows}


POLICIES = Site._meta.get_field("breastfeeding_policy").choices
LENGTHS = {**dict.fromkeys(settings.TARGETS, 525_600), "call_in_delay": 720}
"""Settings that are lengths, with the most minutes of each."""


class SettingsIn(ChangeIn):
    """Lengths are whole minutes."""

    waitlist_mode = Choice([(mode.value, mode.value) for mode in Mode], required=False)
    offer_minutes = Whole(most=1440, least=1, required=False)
    records_doses = Flag(required=False)
    two_person_check = Flag(required=False)
    releases_patients = Flag(required=False)
    breastfeeding_policy = Choice(POLICIES, required=False)
    xenon_limit_bq_per_m3 = Whole(most=max(settings.XENON_LIMITS), least=1, required=False)
    place = Line(max_length=200, required=False)
    phone = Line(max_length=30, required=False)
    sends_sms = Flag(required=False)
    asks_at_home = Flag(required=False)
    patients_cancel = Flag(required=False)
    patients_move = Flag(required=False)
    patients_notice_hours = Whole(most=settings.LONGEST_NOTICE_HOURS, required=False)
    patients_days_ahead = Whole(most=settings.FARTHEST_DAYS, least=1, required=False)
    emergency_number = Line(max_length=20, required=False)
    directions = Text(max_length=settings.LONGEST_TEXT, required=False, allow_blank=True)
    own_advice = Text(max_length=settings.LONGEST_TEXT, required=False, allow_blank=True)

    def get_fields(self):
        lengths = {name: Whole(most=most, required=False) for name, most in LENGTHS.items()}
        return {**super().get_fields(), **lengths}

    def validate(self, values):
        lengths = {name: values[name] * MINUTE for name in LENGTHS if name in values}
        return {**values, **lengths}


class SettingsOut(serializers.Serializer):
    """Lengths are whole minutes."""

    waitlist_mode = serializers.ChoiceField([(mode.value, mode.value) for mode in Mode])
    offer_minutes = serializers.IntegerField()
    records_doses = serializers.BooleanField()
    two_person_check = serializers.BooleanField()
    releases_patients = serializers.BooleanField()
    breastfeeding_policy = serializers.ChoiceField(POLICIES)
    xenon_limit_bq_per_m3 = serializers.IntegerField()
    place = serializers.CharField()
    phone = serializers.CharField()
    sends_sms = serializers.BooleanField(help_text="Text messages beside e-mail.")
    asks_at_home = serializers.BooleanField(help_text="Patients answer the safety questions at home.")
    patients_cancel = serializers.BooleanField(help_text="Patients may cancel by their link.")
    patients_move = serializers.BooleanField(help_text="Patients may choose another time by their link.")
    patients_notice_hours = serializers.IntegerField(
        help_text="So long before the visit patients change nothing themselves any more."
    )
    patients_days_ahead = serializers.IntegerField(help_text="How far ahead patients see other times.")
    emergency_number = serializers.CharField()
    directions = serializers.CharField(help_text="How patients find the place.")
    own_advice = serializers.CharField(help_text="Advice of the department's own for patients.")

    def get_fields(self):
        return {**super().get_fields(), **{name: Minutes() for name in LENGTHS}}


class LetterIn(ChangeIn):
    kind = Choice(LetterKind.choices)
    language = Choice(Language.choices)
    subject = Line(max_length=150, required=False, allow_blank=True)
    opening = Text(max_length=1500, required=False, allow_blank=True)
    closing = Text(max_length=1500, required=False, allow_blank=True)


class LetterOut(serializers.Serializer):
    kind = serializers.ChoiceField(LetterKind.choices)
    language = serializers.ChoiceField(Language.choices)
    subject = serializers.CharField()
    opening = serializers.CharField()
    closing = serializers.CharField()
