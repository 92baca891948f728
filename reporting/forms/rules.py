"""Text to values: what a department chooses for its reports."""

import re
from datetime import timedelta
from decimal import Decimal

from django import forms

from reporting.engine.findings import OTHER_FINDINGS
from reporting.models.rules import HIGH_FROM, SCHEME_NAMES, TERMS, ReportingRules
from reporting.services import rules as service
from scheduling.forms.fields import ServiceForm
from scheduling.models import Language

LOW = ReportingRules._meta.get_field("low_in_trinary").choices


def several(label, choices, **options):
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple, **options
    )


class MinutesList(forms.CharField):
    """15, 30, 60."""

    def prepare_value(self, value):
        return ", ".join(str(each) for each in value) if isinstance(value, list) else value

    def to_python(self, value):
        parts = [part for part in re.split(r"[\s,;]+", super().to_python(value)) if part]
        if not all(re.fullmatch(r"[0-9]{1,5}", part) for part in parts):
            raise forms.ValidationError("Enter minutes with commas between, such as 15, 30, 60.")
        return [int(part) for part in parts]


class RulesForm(ServiceForm):
    default_scheme = forms.ChoiceField(
        label="A report begins with",
        choices=SCHEME_NAMES,
        help_text="Where it does not fit what was done, the first that does.",
    )
    offered_schemes = several("Schemes offered", SCHEME_NAMES, help_text="None chosen: all of them.")
    low_in_trinary = forms.ChoiceField(
        label="Low probability in the trinary scheme", choices=LOW, widget=forms.RadioSelect
    )
    high_from_equivalents = forms.TypedChoiceField(
        label="PIOPED II reads high from", choices=HIGH_FROM, coerce=Decimal, widget=forms.RadioSelect
    )
    language = forms.ChoiceField(label="Language of the prose", choices=Language.choices)
    critical_terms = several("Critical beside PE likely, which always is", TERMS)
    critical_findings = several("Other findings that are critical", list(OTHER_FINDINGS.items()))
    tell_within_minutes = forms.IntegerField(
        label="Told within (minutes)",
        min_value=1,
        max_value=1440,
        help_text="From when the result is first identified, on a draft too.",
    )
    escalate_after = MinutesList(
        label="More people are asked after (minutes)",
        required=False,
        max_length=40,
        help_text="The reader, then the lead, then the covering clinician. Empty: 15, 30, 60.",
    )
    double_reading_percent = forms.IntegerField(
        label="Finals read by a second physician (percent)", min_value=0, max_value=100
    )
    groups = (
        ("Schemes", ("default_scheme", "offered_schemes", "low_in_trinary", "high_from_equivalents")),
        ("Prose", ("language",)),
        (
            "Critical results",
            ("tell_within_minutes", "escalate_after", "critical_findings", "critical_terms"),
        ),
        ("Second reading", ("double_reading_percent",)),
    )

    def __init__(self, data=None, *, site, rules):
        values = {name: getattr(rules, name) for name in service.FIELDS}
        minutes = int(values.pop("tell_within").total_seconds() // 60)
        high = Decimal(values.pop("high_from_equivalents")).quantize(Decimal("0.1"))
        super().__init__(
            data,
            initial={
                **values,
                "default_scheme": service.default_scheme(site),
                "tell_within_minutes": minutes,
                "high_from_equivalents": high,
            },
        )

    def fieldsets(self):
        """[(heading, [bound field])] in reading order."""
        return [(heading, [self[name] for name in names]) for heading, names in self.groups]

    def values(self):
        """The arguments of `rules.change`."""
        found = dict(self.cleaned_data)
        within = timedelta(minutes=found.pop("tell_within_minutes"))
        return {**found, "tell_within": within}

    def refuse(self, refusal):
        named = {
            {"tell_within": "tell_within_minutes"}.get(name, name): sentences
            for name, sentences in refusal.fields.items()
        }
        for name, sentences in named.items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, sentence)
