"""Patients: searching, registering, showing."""

import re
from datetime import date
from decimal import Decimal

from django.utils import timezone
from rest_framework import serializers

from scheduling.models import Language, Patient, Sex
from vqflow.api.fields import Choice, Flag, Input, Line, Mail

OLDEST_YEARS = 130
PHONE = re.compile(r"[0-9+()./ x-]*")


class Phone(Line):
    default_error_messages = {"phone": "Enter a phone number, such as +1 212 555 0142."}

    def __init__(self, **options):
        super().__init__(**{"max_length": 30, "required": False, "allow_blank": True, **options})

    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        if value and (not PHONE.fullmatch(value) or sum(each.isdecimal() for each in value) < 3):
            self.fail("phone")
        return value


def _line(name, **options):
    """One line, as long as the model's field."""
    field = Patient._meta.get_field(name)
    optional = {"required": False, "allow_blank": True} if field.blank else {}
    return Line(max_length=field.max_length, **optional, **options)


class PatientSearchIn(Input):
    """Exactly one of the three."""

    name = Line(max_length=150, required=False)
    mrn = Line(max_length=30, required=False, help_text="The whole number or how it begins.")
    born_on = serializers.DateField(required=False)

    def validate(self, values):
        if len(values) != 1:
            raise serializers.ValidationError("Give one of name, mrn and born_on.")
        return values


class PatientIn(Input):
    mrn = _line("mrn")
    mrn_issuer = _line("mrn_issuer", help_text="The hospital or practice that gave the number.")
    family_name = _line("family_name")
    given_name = _line("given_name")
    middle_name = _line("middle_name")
    name_prefix = _line("name_prefix")
    name_suffix = _line("name_suffix")
    born_on = serializers.DateField()
    sex = Choice(Sex.choices)
    weight_kg = serializers.DecimalField(
        5, 1, min_value=Decimal("0.3"), max_value=Decimal(500), required=False
    )
    height_cm = serializers.DecimalField(4, 1, min_value=Decimal(20), max_value=Decimal(260), required=False)
    phone = Phone()
    email = Mail()
    language = Choice(Language.choices, required=False)
    email_consent = Flag(required=False, help_text="Agrees to e-mail with date, time and place only.")
    detailed_email_consent = Flag(
        required=False, help_text="Has agreed in writing to e-mails that name the examination."
    )
    guardian_name = _line("guardian_name")
    guardian_email = Mail()
    guardian_phone = Phone()

    def validate_born_on(self, born: date):
        today = timezone.localdate()
        if born > today:
            raise serializers.ValidationError("This day is in the future. Check the year.")
        if born.year < today.year - OLDEST_YEARS:
            raise serializers.ValidationError(f"This is more than {OLDEST_YEARS} years ago. Check the year.")
        return born

    def validate(self, values):
        if values.get("detailed_email_consent") and not values.get("email_consent"):
            raise serializers.ValidationError(
                {"email_consent": ["E-mails with details need this consent too."]}
            )
        return values


class PatientRow(serializers.Serializer):
    """Enough to tell one patient from another."""

    id = serializers.IntegerField()
    mrn = serializers.CharField()
    mrn_issuer = serializers.CharField()
    is_temporary = serializers.BooleanField(help_text="Unidentified: the number was made up here.")
    family_name = serializers.CharField()
    given_name = serializers.CharField()
    middle_name = serializers.CharField()
    born_on = serializers.DateField(allow_null=True)
    sex = serializers.ChoiceField(Sex.choices)


class PatientsOut(serializers.Serializer):
    results = PatientRow(many=True)


class PatientOut(PatientRow):
    name_prefix = serializers.CharField()
    name_suffix = serializers.CharField()
    phone = serializers.CharField()
    email = serializers.CharField()
    language = serializers.ChoiceField(Language.choices)
    email_consent_at = serializers.DateTimeField(allow_null=True)
    detailed_email_consent = serializers.BooleanField()
    guardian_name = serializers.CharField()
    guardian_email = serializers.CharField()
    guardian_phone = serializers.CharField()
    weight_kg = serializers.SerializerMethodField(help_text="The latest that was measured.")
    height_cm = serializers.SerializerMethodField(help_text="The latest that was measured.")

    def get_weight_kg(self, patient) -> float | None:
        return _latest(patient, "weight_kg")

    def get_height_cm(self, patient) -> float | None:
        return _latest(patient, "height_cm")


def _latest(patient, name):
    known = (getattr(row, name) for row in patient.measurements.all())
    return next((float(value) for value in known if value is not None), None)
