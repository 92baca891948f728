"""Text to values: what suits a patient who waits."""

from dataclasses import asdict
from datetime import timedelta

from django import forms

from scheduling.forms.fields import DayInput, ServiceForm, TimeInput
from scheduling.services.waitlist.entries import Wishes
from scheduling.templatetags import clock

WEEKDAYS = list(enumerate(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]))
NOTICE = {
    0: "at once",
    30: "within 30 min",
    60: "within 1 h",
    120: "within 2 h",
    240: "within 4 h",
    1440: "a day ahead",
    2880: "2 days ahead",
}


def notice_words(minutes):
    return NOTICE.get(minutes) or f"within {clock.duration(timedelta(minutes=minutes))}"


class WishesForm(ServiceForm):
    """Days and times of day are those of the site's clock."""

    first_day = forms.DateField(label="From", widget=DayInput, error_messages={"invalid": "Enter a date."})
    last_day = forms.DateField(label="Until", widget=DayInput, error_messages={"invalid": "Enter a date."})
    weekdays = forms.TypedMultipleChoiceField(
        label="Only on these days of the week",
        choices=WEEKDAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={"invalid_choice": "Choose from the list."},
    )
    comes_from = forms.TimeField(
        label="Arrives at the earliest",
        widget=TimeInput,
        required=False,
        error_messages={"invalid": "Enter a time, such as 09:00."},
    )
    comes_until = forms.TimeField(
        label="Arrives at the latest",
        widget=TimeInput,
        required=False,
        error_messages={"invalid": "Enter a time, such as 12:00."},
    )
    notice_minutes = forms.TypedChoiceField(
        label="Can be here", coerce=int, error_messages={"invalid_choice": "Choose from the list."}
    )

    def __init__(self, *arguments, wishes, **options):
        """`wishes`: what stands in the form before anything is typed."""
        super().__init__(*arguments, initial=asdict(wishes), **options)
        minutes = sorted({*NOTICE, wishes.notice_minutes})
        self.fields["notice_minutes"].choices = [(each, notice_words(each).capitalize()) for each in minutes]

    def wishes(self):
        """What the services take."""
        return Wishes(**{**self.cleaned_data, "weekdays": tuple(self.cleaned_data["weekdays"])})
