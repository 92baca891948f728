"""The forms of what comes after the final version: text to values."""

from django import forms

from reporting.forms.drafts import VersionForm
from reporting.services.drafting import LONGEST_TEXT
from reporting.services.versions import LONGEST_REASON


class _Refusable(forms.Form):
    def refuse(self, refusal):
        """Show the service's sentences at the fields."""
        for field, sentences in refusal.fields.items():
            for sentence in sentences:
                self.add_error(field if field in self.fields else None, sentence)


class AddendumForm(VersionForm, _Refusable):
    addendum = forms.CharField(
        label="Addendum",
        required=False,
        max_length=LONGEST_TEXT,
        strip=False,
        help_text="It stands below the report, which is not changed.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class ReasonForm(_Refusable):
    reason = forms.CharField(
        label="Why",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why."},
    )


class AmendForm(ReasonForm):
    reason = forms.CharField(
        label="Why is it amended?",
        max_length=LONGEST_REASON,
        help_text="The referrer reads it. What was signed stays readable; the changes are marked.",
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True}),
        error_messages={"required": "Say why."},
    )


class RetractForm(ReasonForm):
    """`number` is the newest version that the person has read."""

    number = forms.IntegerField(min_value=1, max_value=32767, widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why is it retracted?",
        max_length=LONGEST_REASON,
        help_text="The referrer reads it. Name no other patient.",
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True}),
        error_messages={"required": "Say why."},
    )
