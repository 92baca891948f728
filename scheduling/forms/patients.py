"""Text to values: searching and registering patients."""

from datetime import date

from django import forms
from django.core.exceptions import ValidationError

from scheduling.forms.fields import DayInput
from scheduling.forms.reach import ReachForm
from scheduling.models import Patient, Sex

OLDEST_YEARS = 130
NAME = Patient._meta.get_field("family_name").max_length


class SearchForm(forms.Form):
    text = forms.CharField(
        label="MRN, name or date of birth",
        max_length=150,
        error_messages={"required": "Enter an MRN, a name or a date of birth."},
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "spellcheck": "false", "data-key": "/"}
        ),
    )


def _text(label, length, *, required=False, **options):
    return forms.CharField(label=label, max_length=length, required=required, **options)


class PatientForm(ReachForm):
    """A new patient. `today` is the local day: nobody is born later."""

    mrn = _text("Medical record number (MRN)", 30, required=True)
    mrn_issuer = _text("Issued by", 60, required=True)
    family_name = _text("Surname", NAME, required=True)
    given_name = _text("Given name", NAME)
    middle_name = _text("Middle name", NAME)
    name_prefix = _text("Title", 30)
    name_suffix = _text("Suffix", 30)
    born_on = forms.DateField(
        label="Date of birth",
        widget=DayInput,
        input_formats=["%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%d.%m.%Y"],
        error_messages={"invalid": "Enter a date, such as 17 May 1960."},
    )
    sex = forms.ChoiceField(
        label="Sex", choices=Sex, widget=forms.RadioSelect, error_messages={"required": "Choose one."}
    )
    weight_kg = forms.DecimalField(
        label="Weight (kg)", required=False, min_value=0.3, max_value=500, max_digits=5, decimal_places=1
    )
    height_cm = forms.DecimalField(
        label="Height (cm)", required=False, min_value=20, max_value=260, max_digits=4, decimal_places=1
    )

    # What a refused form lists first stands first on the page.
    field_order = (
        "mrn", "mrn_issuer", "family_name", "given_name", "middle_name", "name_prefix", "name_suffix", "born_on",
        "sex", "weight_kg", "height_cm",
    )  # fmt: skip

    def __init__(self, *arguments, site, today: date, **options):
        super().__init__(*arguments, site=site, **options)
        self.today = today
        self.fields["mrn_issuer"].initial = site.name
        self.fields["born_on"].widget.attrs["max"] = today.isoformat()

    def clean_born_on(self):
        born = self.cleaned_data["born_on"]
        if born > self.today:
            raise ValidationError("This day is in the future. Check the year.")
        if born.year < self.today.year - OLDEST_YEARS:
            raise ValidationError(f"This is more than {OLDEST_YEARS} years ago. Check the year.")
        return born


class NewPatientForm(PatientForm):
    """The part of it that an order needs; it stands beside the order, which asks for the language."""

    SHOWN = (
        "mrn", "mrn_issuer", "family_name", "given_name", "born_on", "sex", "phone", "email", "email_consent",
    )  # fmt: skip

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, prefix="new", **options)
        for name in [each for each in self.fields if each not in self.SHOWN]:
            del self.fields[name]


class IdentifyForm(PatientForm):
    """What is known now of somebody who came without a name."""

    SHOWN = ("mrn", "mrn_issuer", "family_name", "given_name", "middle_name", "born_on", "sex")

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        for name in [each for each in self.fields if each not in self.SHOWN]:
            del self.fields[name]


def confirmed(text):
    """The ids of patients that were confirmed to be others: "12 15", as the button of the page sends them."""
    return [int(each) for each in text.split()[:50] if each.isdecimal() and len(each) < 18]


def prefilled(text):
    """The fields that a search text can fill: a number with digits, or "Surname, Given" or "Given Surname"."""
    if any(each.isdecimal() for each in text):
        return {"mrn": text[:30]} if " " not in text.strip() else {}
    family, comma, given = text.partition(",")
    if not comma:
        given, _, family = text.strip().rpartition(" ")
    return {"family_name": family.strip()[:NAME], "given_name": given.strip()[:NAME]}
