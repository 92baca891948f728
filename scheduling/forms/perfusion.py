"""Text to values: the first reading of perfusion."""

from django import forms

from scheduling.forms.fields import ServiceForm
from scheduling.models import PerfusionReading


class PerfusionForm(ServiceForm):
    outcome = forms.ChoiceField(
        label="Perfusion is",
        choices=PerfusionReading.Outcome,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose normal or abnormal."},
    )
    note = forms.CharField(label="Note (may stay empty)", max_length=200, required=False)
