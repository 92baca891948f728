"""Whom a device does not show."""

from django import forms

from scheduling.forms.fields import ServiceForm


class MissingForm(ServiceForm):
    """A patient by number or name; `patient`, where several fit, by the one that was chosen."""

    typed = forms.CharField(
        label="Patient",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Number or name.",
        error_messages={"required": "Enter the patient's number or name."},
    )
    patient = forms.IntegerField(required=False, widget=forms.HiddenInput)
