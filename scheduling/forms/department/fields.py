"""Fields that the lead's forms share: from which day on, so many hours or minutes, times of a weekday."""

import re
from datetime import time, timedelta

from django import forms
from django.core.exceptions import ValidationError

from scheduling.forms.fields import EARLIEST_YEAR, LATEST_YEAR, DayInput

SPAN = re.compile(r"^(\d{1,2})(?::?(\d\d))?\s*(?:[-\u2013\u2014]|to)\s*(\d{1,2})(?::?(\d\d))?$")
NO_SPAN = "Write times such as 07:00-18:00, and a comma between two of them. Leave it empty for none."
MINUTES_PER = {"minutes": 1, "hours": 60, "days": 1440}


class Day(forms.DateField):
    """A local day, in the browser's own field."""

    widget = DayInput

    def __init__(self, **options):
        options.setdefault("error_messages", {})
        options["error_messages"] = {
            "required": "Choose a day.",
            "invalid": "Enter a date.",
            **options["error_messages"],
        }
        super().__init__(**options)

    def clean(self, value):
        day = super().clean(value)
        if day is not None and not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise ValidationError("Check the year.", code="year")
        return day


def starts_on(day):
    return Day(
        label="Holds from",
        initial=day,
        help_text="What holds until then stays as it is.",
    )


def text(label, *, most, required=True, sentence="Fill this in.", **options):
    return forms.CharField(
        label=label,
        max_length=most,
        required=required,
        error_messages={"required": sentence},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        **options,
    )


def number(label, *, most, least=0, required=True, **options):
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        required=required,
        error_messages={"required": "Enter a number, 0 for none.", "invalid": "Enter a whole number."},
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        **options,
    )


def decimal(label, *, digits=7, places=1, **options):
    return forms.DecimalField(
        label=label,
        max_digits=digits,
        decimal_places=places,
        min_value=0,
        error_messages={"required": "Enter a number, 0 for none.", "invalid": "Enter a number."},
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
        **options,
    )


class Length(forms.DecimalField):
    """A length of time, typed in one unit; cleaned to a timedelta."""

    def __init__(self, unit, **options):
        self.unit = unit
        super().__init__(
            min_value=0,
            max_digits=8,
            decimal_places=2,
            widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
            error_messages={"required": "Enter a number.", "invalid": "Enter a number."},
            **options,
        )

    def clean(self, value):
        amount = super().clean(value)
        return None if amount is None else timedelta(minutes=float(amount) * MINUTES_PER[self.unit])

    def prepare_value(self, value):
        if isinstance(value, timedelta):
            amount = value / timedelta(minutes=MINUTES_PER[self.unit])
            return f"{amount:.2f}".rstrip("0").rstrip(".")
        return value


class Spans(forms.CharField):
    """07:00-12:00, 13:00-18:00 as pairs of times; an end at or before its begin is on the next day."""

    def __init__(self, **options):
        super().__init__(
            required=False,
            max_length=120,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            **options,
        )

    def clean(self, value):
        typed = super().clean(value)
        return [_span(part.strip()) for part in re.split(r"[,;]", typed) if part.strip()]

    def prepare_value(self, value):
        return value if isinstance(value, str) or value is None else spans_in_words(value)


def spans_in_words(pairs):
    return ", ".join(f"{begins:%H:%M}-{ends:%H:%M}" for begins, ends in pairs)


def _span(words):
    found = SPAN.match(words)
    if not found:
        raise ValidationError(NO_SPAN, code="span")
    hours, minutes, end_hours, end_minutes = (int(each or 0) for each in found.groups())
    try:
        # 24:00 is how many write the end of a day.
        return time(hours, minutes), time(
            0 if (end_hours, end_minutes) == (24, 0) else end_hours, end_minutes
        )
    except ValueError:
        raise ValidationError(f"{words} is no time of the day. {NO_SPAN}", code="span") from None
