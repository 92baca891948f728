"""What a reader says after the scan, and the notes of a hand-over."""

from django import forms

from scheduling.engine.pictures import NAMES, View
from scheduling.forms.fields import PhysicianChoice, ServiceForm
from scheduling.models import Release
from scheduling.services import release

WORDS = {
    Release.Outcome.HOME: "May go home",
    Release.Outcome.MORE_VIEWS: "More views",
    Release.Outcome.WAIT: "Waits here",
    Release.Outcome.EMERGENCY: "To the emergency department",
}

OF_GAS = (View.SINGLE_BREATH, View.EQUILIBRIUM, View.WASHOUT)
"""The gas is gone by then."""


class ReleaseForm(ServiceForm):
    """What the patient does. With `by_phone` the physician who said so is named."""

    outcome = forms.ChoiceField(
        label="What the patient does",
        choices=[(str(value), label) for value, label in WORDS.items()],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what the patient does."},
    )
    views = forms.MultipleChoiceField(
        label="Which views",
        choices=[(str(view), name) for view, name in NAMES.items() if view not in OF_GAS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Choose views from the list."},
    )
    note = forms.CharField(
        label="Note", max_length=300, required=False, help_text="Needed for the emergency department: why."
    )

    def __init__(self, data=None, *, site, by_phone, initial=None):
        super().__init__(data, initial=initial)
        if by_phone:
            self.fields["physician"] = PhysicianChoice(
                release.physicians(site),
                label="Physician on the phone",
                error_messages={"required": "Choose the physician who decided."},
            )
            self.order_fields(["physician", "outcome", "views", "note"])


class HandOverForm(ServiceForm):
    """Notes for the reader; needed while something is missing."""

    note = forms.CharField(
        label="Notes for the reader",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What went otherwise than planned, what was seen, how the patient was.",
    )
