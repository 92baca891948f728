"""What the API takes and gives of a department's rules for reports."""

from datetime import timedelta
from decimal import Decimal

from rest_framework import serializers

from reporting.engine.findings import OTHER_FINDINGS
from reporting.models.rules import SCHEME_NAMES, TERMS, ReportingRules
from reporting.services import rules
from scheduling.models import Language
from scheduling.serializers.department.fields import Minutes, Whole
from vqflow.api.fields import Choice, Input

LOW = ReportingRules._meta.get_field("low_in_trinary").choices
HIGH = [("2", "2"), ("2.5", "2.5")]


def several(choices):
    return serializers.ListField(child=Choice(choices), max_length=len(choices), required=False)


class RulesIn(Input):
    default_scheme = Choice(SCHEME_NAMES, required=False)
    offered_schemes = several(SCHEME_NAMES)
    low_in_trinary = Choice([(str(key), label) for key, label in LOW], required=False)
    high_from_equivalents = Choice(HIGH, required=False)
    language = Choice(Language.choices, required=False)
    critical_terms = several(TERMS)
    critical_findings = several(list(OTHER_FINDINGS.items()))
    tell_within_minutes = Whole(least=1, most=1440, required=False)
    escalate_after = serializers.ListField(
        child=Whole(least=1, most=1440), max_length=rules.MOST_STEPS, required=False
    )
    double_reading_percent = Whole(most=100, required=False)

    def validate_high_from_equivalents(self, value):
        return Decimal(value)

    def validate(self, values):
        minutes = values.pop("tell_within_minutes", None)
        return values if minutes is None else {**values, "tell_within": timedelta(minutes=minutes)}


class RulesOut(serializers.Serializer):
    default_scheme = serializers.SerializerMethodField()
    offered_schemes = serializers.ListField(child=serializers.CharField(), help_text="Empty: all of them.")
    low_in_trinary = serializers.ChoiceField(LOW)
    high_from_equivalents = serializers.SerializerMethodField()
    language = serializers.ChoiceField(Language.choices)
    critical_terms = serializers.ListField(child=serializers.CharField())
    critical_findings = serializers.ListField(child=serializers.CharField())
    tell_within_minutes = Minutes(source="tell_within")
    escalate_after = serializers.ListField(
        child=serializers.IntegerField(), help_text="Minutes. Empty: 15, 30 and 60."
    )
    double_reading_percent = serializers.IntegerField()

    def get_default_scheme(self, found) -> str:
        return rules.default_scheme(found.site)

    def get_high_from_equivalents(self, found) -> str:
        return f"{Decimal(found.high_from_equivalents).normalize():f}"
