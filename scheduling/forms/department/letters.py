"""The department's own words in one kind of letter."""

from django import forms

from scheduling.forms.department import fields
from scheduling.forms.fields import ServiceForm
from scheduling.models import LetterKind
from scheduling.services.department.letters import FIELDS, PLACES

USUAL = "Empty: the usual words."


class LetterForm(ServiceForm):
    def __init__(self, data=None, *, row, starts_on):
        super().__init__(data, initial={name: getattr(row, name) for name in FIELDS})
        if row.kind != LetterKind.LETTER:
            self.fields["subject"] = fields.text("Subject", most=150, required=False, help_text=USUAL)
        for name, label in (("opening", "First paragraph"), ("closing", "Last paragraph")):
            self.fields[name] = forms.CharField(
                label=label,
                max_length=1500,
                required=False,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text=f"{USUAL} You may write {PLACES}.",
            )
        self.fields["starts_on"] = fields.starts_on(starts_on)

    def values(self):
        texts = {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}
        return {name: text.replace("\r\n", "\n") for name, text in texts.items()}
