"""What keeps a patient waiting, as it is typed: the reason, words, who sees to it and how soon."""

from datetime import timedelta

from django import forms

from scheduling.forms.fields import PersonChoice, ServiceForm
from scheduling.services import problems

SOON = [(15, "in 15 min"), (30, "in 30 min"), (60, "in 1 h"), (120, "in 2 h"), (240, "in 4 h")]


class Owner(PersonChoice):
    def label_from_instance(self, user):
        return f"{user.name}, {user.get_role_display().lower()}"


class SeenToForm(ServiceForm):
    """Who sees to it, until when, and what there is to say."""

    def __init__(self, data=None, *, site, **options):
        super().__init__(data, **options)
        self.fields["owner"] = Owner(
            problems.owners(site), label="Who sees to it", required=False, empty_label="I do"
        )
        self.fields["due_minutes"] = forms.TypedChoiceField(
            label="Until when",
            choices=[("", "As usual for this reason"), *SOON],
            coerce=int,
            empty_value=None,
            required=False,
            error_messages={"invalid_choice": "Choose a time from the list."},
        )
        self.fields["note"] = forms.CharField(
            label="In words",
            max_length=200,
            required=False,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        )

    def values(self, now):
        """What the service takes."""
        values = dict(self.cleaned_data)
        minutes = values.pop("due_minutes")
        return values | {"due_at": None if minutes is None else now + timedelta(minutes=minutes)}


class ProblemForm(SeenToForm):
    """The same, and first the reason: one press on it is enough."""

    reason = forms.ChoiceField(
        label="Reason",
        choices=problems.REPORTED,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a reason.", "invalid_choice": "Choose a reason from the list."},
    )
