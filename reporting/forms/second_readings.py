"""What a second reader says."""

from django import forms

from reporting.engine.schemes import SCHEMES
from reporting.services.second_readings import LONGEST_NOTE


class SecondReadingForm(forms.Form):
    category = forms.ChoiceField(
        label="Category",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the terms."},
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What made you choose it; seen once you have read.",
    )

    def __init__(self, data=None, *, scheme):
        super().__init__(data)
        self.fields["category"].choices = [(each.key, each.label) for each in SCHEMES[scheme].categories]

    def refuse(self, refusal):
        """Show a service's refusal at its field, or above the form."""
        for name, sentences in (getattr(refusal, "fields", {}) or {None: [refusal.sentence]}).items():
            self.add_error(name if name in self.fields else None, sentences)
