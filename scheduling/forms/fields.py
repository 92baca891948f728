"""Form fields that several forms share, and the frame that shows a service's refusal at its field."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.utils import dateformat

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100


# What a field says in its own words stands; these take the place of what Django would say.
SENTENCES = {
    "required": "Fill this in.",
    "invalid_choice": "Choose from the list.",
    "max_length": "This is too long: %(show_value)s characters. Use at most %(limit_value)s.",
    "max_digits": "This number is too long. Check it.",
    "max_whole_digits": "This number is too large. Check it.",
    "max_decimal_places": "Use at most %(max)s digits after the point.",
    "max_value": "Enter %(limit_value)s or less.",
    "min_value": "Enter %(limit_value)s or more.",
}


class ServiceForm(forms.Form):
    """A form whose values go to a service."""

    def full_clean(self):
        for field in self.fields.values():
            _say_plainly(field)
        super().full_clean()

    def refuse(self, refusal):
        """Show an Invalid's sentences at its fields; those of fields that are not here, above the form."""
        for field, sentences in refusal.fields.items():
            for sentence in sentences:
                self.add_error(field if field in self.fields else None, sentence)
        if not refusal.fields:
            self.add_error(None, refusal.sentence)


def _say_plainly(field):
    """Sentences of the house for what the field has no sentence of its own."""
    usual = {}
    for kind in reversed(type(field).__mro__):
        usual |= getattr(kind, "default_error_messages", {}) if kind.__module__.startswith("django.") else {}
    for code, sentence in SENTENCES.items():
        said = field.error_messages.get(code)
        if said is None or said == usual.get(code):
            field.error_messages[code] = sentence


class DayInput(forms.DateInput):
    """The browser's own date field, with the value as it wants it."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The browser's own time field, with the value as it wants it."""

    input_type = "time"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%H:%M")


class LocalDateTimeInput(forms.SplitDateTimeWidget):
    """Date and time side by side, each named for those who cannot see the label above."""

    def __init__(self):
        super().__init__(
            date_format="%Y-%m-%d",
            time_format="%H:%M",
            date_attrs={"type": "date", "aria-label": "Date"},
            time_attrs={"type": "time", "aria-label": "Time"},
        )


class LocalDateTimeField(forms.MultiValueField):
    """A time on the wall clock of `zone`, cleaned to an aware datetime.

    A time that the clock skips, or shows twice, is refused: it would be guesswork which one is meant.
    """

    widget = LocalDateTimeInput

    def __init__(self, *, zone, **options):
        self.zone = ZoneInfo(zone)
        fields = (
            forms.DateField(error_messages={"invalid": "Enter a date.", "incomplete": "Enter the date too."}),
            forms.TimeField(
                error_messages={
                    "invalid": "Enter a time, such as 14:05.",
                    "incomplete": "Enter the time too.",
                }
            ),
        )
        super().__init__(fields, require_all_fields=False, **options)

    def compress(self, parts):
        if not parts:
            return None
        day, clock = parts
        if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise ValidationError("Check the year.", code="year")
        return local_time(datetime.combine(day, clock), self.zone)


def local_time(naive, zone):
    """The aware datetime of a wall clock time; ValidationError where the clock skips it or shows it twice."""
    moment = naive.replace(tzinfo=zone)
    words = f"{naive:%H:%M} on {dateformat.format(naive, 'j M Y')}"
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise ValidationError(
            f"{words} does not exist: the clock is put forward in this hour. Enter a time before or after it.",
            code="skipped",
        )
    if moment.replace(fold=1).utcoffset() != moment.utcoffset():
        raise ValidationError(
            f"{words} happens twice: the clock is put back in this hour. Enter a time before or after it.",
            code="twice",
        )
    return moment


class InstantField(forms.Field):
    """An instant that a page has written itself, in ISO 8601 with its offset."""

    widget = forms.HiddenInput

    def to_python(self, value):
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
            known = moment.tzinfo is not None and EARLIEST_YEAR <= moment.year <= LATEST_YEAR
        except ValueError:
            known = False
        if not known:
            raise ValidationError("This time cannot be read. Choose again from the list.", code="invalid")
        return moment


class PhoneField(forms.CharField):
    """A phone number; one that is valid in `country` or abroad is written in the international form."""

    def __init__(self, *, country="", **options):
        self.country = country
        options.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}))
        super().__init__(**{"max_length": 30, "required": False, **options})

    def clean(self, value):
        typed = super().clean(value)
        if not typed:
            return ""
        try:
            number = phonenumbers.parse(typed, self.country or None)
        except phonenumbers.NumberParseException:
            number = None
        if number and phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        if sum(each.isdecimal() for each in typed) < 3 or any(each.isalpha() for each in typed.split("x")[0]):
            raise ValidationError("Enter a phone number, such as +1 212 555 0142.", code="invalid")
        return typed


class PersonChoice(forms.ModelChoiceField):
    """One person or thing of the own site. What is not on the list is refused with one sentence."""

    def __init__(self, queryset, **options):
        options.setdefault("empty_label", "Choose…")
        super().__init__(queryset, **options)
        self.error_messages["invalid_choice"] = "Choose from the list."


class PhysicianChoice(PersonChoice):
    def label_from_instance(self, user):
        standing = ", authorised user" if user.is_authorised_user else ""
        return f"{user.name} ({user.get_grade_display().lower()}{standing})"


class ProtocolChoice(PersonChoice):
    def label_from_instance(self, protocol):
        return protocol.name if protocol.is_bookable else f"{protocol.name} (cannot be booked yet)"
