"""The forms of the report's pages: text to values. What a report may say is judged by services/drafting.py."""

from django import forms

from reporting.engine.schemes import GROUP_LABELS, SCHEMES
from reporting.services.drafting import LARGEST_VERSION, LONGEST_CATEGORY, LONGEST_TEXT


class VersionForm(forms.Form):
    """The version of the draft that the writer or signer has read."""

    version = forms.IntegerField(min_value=1, max_value=LARGEST_VERSION, widget=forms.HiddenInput)


class ReportForm(VersionForm):
    scheme = forms.ChoiceField(choices=[(scheme.key, scheme.name) for scheme in SCHEMES.values()])
    category = forms.CharField(required=False, max_length=LONGEST_CATEGORY)
    findings = forms.CharField(
        required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 10})
    )
    impression = forms.CharField(
        required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 5})
    )

    def clean(self):
        """Another scheme, chosen without JavaScript: a term that it does not have is let go."""
        values = super().clean()
        scheme = values.get("scheme")
        if "use_scheme" in self.data and scheme and values.get("category") not in keys(scheme):
            values["category"] = ""
        return values

    def draft(self):
        """The arguments of `drafting.write`."""
        values = dict(self.cleaned_data)
        return {"draft_version": values.pop("version"), **values}

    def refuse(self, refusal):
        """Show the service's sentences at the fields."""
        for field, sentences in refusal.fields.items():
            for sentence in sentences:
                self.add_error(field, sentence)


def form_of(report):
    """The form with the draft as it is saved."""
    fields = ("scheme", "category", "findings", "impression")
    initial = {field: getattr(report, field) for field in fields}
    return ReportForm(initial={**initial, "version": report.draft_version})


def keys(scheme):
    return [category.key for category in SCHEMES[scheme].categories]


def terms(scheme):
    """The scheme's categories by group, as [(group, its label, [category])]; an unknown scheme has none."""
    categories = SCHEMES[scheme].categories if scheme in SCHEMES else ()
    grouped = [
        (group, label, [each for each in categories if each.group == group])
        for group, label in GROUP_LABELS.items()
    ]
    return [entry for entry in grouped if entry[2]]
