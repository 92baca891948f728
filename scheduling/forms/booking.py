"""Text to values: the period to search, an X-ray done elsewhere, and the chosen times."""

from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError

from scheduling.forms.fields import (
    DayInput,
    InstantField,
    LocalDateTimeField,
    PersonChoice,
    ServiceForm,
    TimeInput,
)
from scheduling.models import Resource, ResourceKind, StepKind
from scheduling.services.booking import XrayElsewhere
from scheduling.services.search import LONGEST_DAYS
from scheduling.services.wishes import Wishes

SHORTEST_DAYS, USUAL_DAYS = 1, 7
FARTHEST = timedelta(days=366)
LARGEST_ID = 2**31 - 1
MOST_RESOURCES = 20
NO_DATE = {"required": "Enter a date.", "invalid": "Enter a date."}
NOT_LISTED = {"required": "Choose from the list.", "invalid_choice": "Choose from the list."}
DAYS = [
    (1, "1 day"),
    (3, "3 days"),
    (7, "1 week"),
    (14, "2 weeks"),
    (30, "30 days"),
    (LONGEST_DAYS, "60 days"),
]


class PeriodForm(forms.Form):
    """The local days to search, none before `today`."""

    first_day = forms.DateField(label="From", widget=DayInput, error_messages=NO_DATE)
    days = forms.TypedChoiceField(
        label="For",
        choices=DAYS,
        coerce=int,
        error_messages=NOT_LISTED,
    )

    def __init__(self, *arguments, today, **options):
        super().__init__(*arguments, **options)
        self.today = today
        self.fields["first_day"].widget.attrs["min"] = today.isoformat()

    def clean_first_day(self):
        day = self.cleaned_data["first_day"]
        if day < self.today:
            raise ValidationError("This day is over. Choose today or later.")
        if day > self.today + FARTHEST:
            raise ValidationError("This is more than a year ahead. Choose an earlier day.")
        return day


class WishesForm(forms.Form):
    """When the patient would like to come; all of it may stay empty."""

    weekdays = forms.TypedMultipleChoiceField(
        label="On",
        choices=list(enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose from the list."},
    )
    from_time = forms.TimeField(
        label="Not before", required=False, widget=TimeInput, error_messages={"invalid": "Enter a time."}
    )
    until_time = forms.TimeField(
        label="Over by", required=False, widget=TimeInput, error_messages={"invalid": "Enter a time."}
    )
    same_day_only = forms.BooleanField(label="X-ray and scan on one day only", required=False)
    is_flexible = forms.BooleanField(label="Any time will do: leave most room for others", required=False)

    def clean(self):
        values = super().clean()
        begins, ends = values.get("from_time"), values.get("until_time")
        if begins and ends and ends <= begins:
            self.add_error("until_time", "This is before the time above. Choose a later one.")
        return values

    def wishes(self):
        return Wishes(**{**self.cleaned_data, "weekdays": tuple(self.cleaned_data["weekdays"])})


class XrayForm(ServiceForm):
    """A chest X-ray or chest CT that another department has done."""

    xray_modality = forms.ChoiceField(
        label="What was done",
        choices=[("DX", "Chest X-ray"), ("CT", "Chest CT")],
        initial="DX",
        error_messages=NOT_LISTED,
        widget=forms.RadioSelect,
    )
    xray_place = forms.CharField(
        label="Where", max_length=100, error_messages={"required": "Enter where it was done."}
    )

    def __init__(self, *arguments, zone, now, **options):
        super().__init__(*arguments, **options)
        self.now = now
        self.fields["xray_ended_at"] = LocalDateTimeField(
            zone=zone,
            label="When it ended",
            error_messages={"required": "Enter the date and the time at which it ended."},
        )
        self.order_fields(["xray_modality", "xray_ended_at", "xray_place"])

    def clean_xray_ended_at(self):
        ended_at = self.cleaned_data["xray_ended_at"]
        if ended_at > self.now:
            raise ValidationError("This X-ray lies in the future. Enter the time at which it ended.")
        return ended_at

    def xray(self):
        """The X-ray as `booking.book` takes it."""
        values = self.cleaned_data
        return XrayElsewhere(values["xray_ended_at"], values["xray_place"], values["xray_modality"])


class BookingForm(ServiceForm):
    """The times, rooms and people of one proposal, as the page has written them into its hidden fields."""

    resource_ids = forms.CharField(max_length=300, required=False, widget=forms.HiddenInput)
    hold = forms.UUIDField(required=False, widget=forms.HiddenInput)
    overbook = forms.BooleanField(required=False, widget=forms.HiddenInput)
    overbook_reason = forms.CharField(max_length=200, required=False)

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        for kind in StepKind.values:
            self.fields[f"start_{kind}"] = InstantField(required=False)

    def clean_resource_ids(self):
        try:
            ids = [int(each) for each in self.cleaned_data["resource_ids"].split(",") if each]
        except ValueError:
            ids = [-1]
        if len(ids) > MOST_RESOURCES or any(not 0 < each <= LARGEST_ID for each in ids):
            raise ValidationError("The rooms cannot be read. Choose again from the list.")
        return ids

    def starts(self):
        """{kind of step: start of its acquisition}."""
        found = {kind: self.cleaned_data[f"start_{kind}"] for kind in StepKind.values}
        return {kind: moment for kind, moment in found.items() if moment}


class TechnologistForm(ServiceForm):
    technologist = PersonChoice(
        Resource.objects.none(), label="Technologist", empty_label=None, error_messages=NOT_LISTED
    )

    def __init__(self, *arguments, user, **options):
        super().__init__(*arguments, **options)
        self.fields["technologist"].queryset = Resource.objects.for_user(user).filter(
            kind=ResourceKind.TECHNOLOGIST, is_active=True
        )
