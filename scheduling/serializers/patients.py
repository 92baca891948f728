"""Patients: searching, registering, showing."""

import re
from datetime import date
from decimal import Decimal

from django.utils import timezone
from rest_framework import serializers

from scheduling.models import Language, Patient, Sex
from scheduling.services.patients import merging
from vqflow.api.fields import Choice, Flag, Id, Input, Line, Mail, OfSite
from vqflow.api.problems import Problem

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
    """Exactly one of the four."""

    text = Line(
        max_length=150, required=False, help_text="A name, a number, a date of birth, or name and date."
    )
    name = Line(max_length=150, required=False)
    mrn = Line(max_length=30, required=False, help_text="The whole number or how it begins.")
    born_on = serializers.DateField(required=False)

    def validate(self, values):
        if len(values) != 1:
            raise serializers.ValidationError("Give one of text, name, mrn and born_on.")
        return values


def live(rows):
    """Those that can be ordered for."""
    return rows.live()


class ConfirmedDifferent(serializers.ListField):
    """Ids of patients that were looked at and are somebody else."""

    def __init__(self, **options):
        super().__init__(child=Id(), max_length=50, required=False, **options)


class PossibleDuplicatesProblem(Problem):
    """Somebody like this has a record; nothing was written."""

    candidates = serializers.ListField(
        child=serializers.IntegerField(),
        required=False,
        help_text="Ids of the patients to look at; sent again as `confirmed_different` they are no hindrance.",
    )


def _born_on(born: date):
    today = timezone.localdate()
    if born > today:
        raise serializers.ValidationError("This day is in the future. Check the year.")
    if born.year < today.year - OLDEST_YEARS:
        raise serializers.ValidationError(f"This is more than {OLDEST_YEARS} years ago. Check the year.")
    return born


class IdentityIn(Input):
    """Who a patient with a temporary number really is."""

    mrn = _line("mrn")
    mrn_issuer = _line("mrn_issuer", help_text="The hospital or practice that gave the number.")
    family_name = _line("family_name")
    given_name = _line("given_name")
    middle_name = _line("middle_name")
    born_on = serializers.DateField()
    sex = Choice(Sex.choices)
    confirmed_different = ConfirmedDifferent()

    def validate_born_on(self, born: date):
        return _born_on(born)


class MergeIn(Input):
    """The record that becomes a part of the addressed one, and what comes from it."""

    other = OfSite(Patient)
    take = serializers.ListField(
        child=Choice([(each, each) for each in merging.GROUPS]),
        max_length=len(merging.GROUPS),
        required=False,
    )


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
    sms_consent = Flag(required=False, help_text="Agrees to text messages.")
    guardian_name = _line("guardian_name")
    guardian_email = Mail()
    guardian_phone = Phone()
    interpreter_needed = Flag(required=False)
    confirmed_different = ConfirmedDifferent()

    def validate_born_on(self, born: date):
        return _born_on(born)

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
    sms_consent_at = serializers.DateTimeField(allow_null=True)
    reminders_stopped_at = serializers.DateTimeField(
        allow_null=True, help_text="Wants no reminders; news of the appointment is still sent."
    )
    bounced_email = serializers.CharField(help_text="The address that does not work; another is tried.")
    guardian_name = serializers.CharField()
    guardian_email = serializers.CharField()
    guardian_phone = serializers.CharField()
    interpreter_needed = serializers.BooleanField()
    merged_into = serializers.IntegerField(
        source="merged_into_id", allow_null=True, help_text="The record that stands for this one now."
    )
    former_numbers = serializers.SerializerMethodField(
        help_text="Temporary ones, and those of merged records."
    )
    weight_kg = serializers.SerializerMethodField(help_text="The latest that was measured.")
    height_cm = serializers.SerializerMethodField(help_text="The latest that was measured.")

    def get_former_numbers(self, patient) -> list[str]:
        return [each.mrn for each in patient.former_numbers.all()]

    def get_weight_kg(self, patient) -> float | None:
        return _latest(patient, "weight_kg")

    def get_height_cm(self, patient) -> float | None:
        return _latest(patient, "height_cm")


def _latest(patient, name):
    known = (getattr(row, name) for row in patient.measurements.all())
    return next((float(value) for value in known if value is not None), None)
