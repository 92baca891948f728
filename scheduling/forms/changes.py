"""Text to values: whom to change places with, and how long an acquisition takes."""

from django import forms

from scheduling.forms.fields import EARLIEST_YEAR, LATEST_YEAR, DayInput, ServiceForm
from scheduling.services.changes import LONGEST_ACQUISITION_MINUTES


class DayForm(forms.Form):
    day = forms.DateField(
        label="Day", widget=DayInput, error_messages={"required": "Enter a date.", "invalid": "Enter a date."}
    )

    def clean_day(self):
        day = self.cleaned_data["day"]
        if not EARLIEST_YEAR <= day.year < LATEST_YEAR:
            raise forms.ValidationError("Check the year.")
        return day


class SwapForm(ServiceForm):
    other = forms.UUIDField()


class LengthForm(ServiceForm):
    minutes = forms.IntegerField(
        label="Minutes in all",
        min_value=1,
        max_value=LONGEST_ACQUISITION_MINUTES,
        error_messages=dict.fromkeys(("required", "invalid"), "Enter a whole number of minutes."),
    )
