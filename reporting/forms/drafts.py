"""The forms of the report's pages: text to values. What a report may say is judged by services/drafting.py."""

from django import forms

from reporting.engine.schemes import GROUP_LABELS, SCHEMES
from reporting.forms import plain, readings
from reporting.services import prose
from reporting.services.drafting import LARGEST_VERSION, LONGEST_CATEGORY, LONGEST_REASON, LONGEST_TEXT

FIELDS = ("scheme", "category", "override_reason", "findings", "impression", "next_step", "language")
PROSE = ("findings", "impression", "next_step")


def _text(rows, label=None, **attributes):
    area = forms.Textarea(attrs={"rows": rows, **attributes})
    return forms.CharField(required=False, label=label, max_length=LONGEST_TEXT, widget=area)


class VersionForm(forms.Form):
    """The version of the draft that the writer or signer has read."""

    version = forms.IntegerField(min_value=1, max_value=LARGEST_VERSION, widget=forms.HiddenInput)


class ReportForm(VersionForm):
    """`fields_shown`: the fields of a reading to show in place of the saved ones."""

    fields_shown = None
    scheme = forms.ChoiceField(
        choices=[(scheme.key, scheme.name) for scheme in SCHEMES.values()], widget=plain.Select
    )
    category = forms.CharField(required=False, max_length=LONGEST_CATEGORY)
    override_reason = forms.CharField(
        required=False, label="Why not the suggested category", max_length=LONGEST_REASON
    )
    findings = _text(6)
    impression = _text(3)
    next_step = _text(2, "Next step for the referrer")
    language = forms.ChoiceField(
        choices=prose.languages,
        required=False,
        label="Language of the generated sentences",
        widget=plain.Select,
    )

    def __init__(self, *args, offered=None, **kwargs):
        """`offered`: keys of the schemes that may be chosen, beside the one that is."""
        super().__init__(*args, **kwargs)
        if offered is not None:
            chosen = self["scheme"].value()
            shown = [key for key in SCHEMES if key in offered or key == chosen]
            self.fields["scheme"].widget.choices = [(key, SCHEMES[key].name) for key in shown]

    def clean(self):
        """A suggestion that was accepted; and another scheme, chosen without JavaScript: a term that it does not
        have is let go. What cannot be right in the reading is said at its field."""
        values = super().clean()
        scheme = values.get("scheme")
        if accepted := self.data.get("accept"):
            values["category"] = accepted[:LONGEST_CATEGORY]
        if "use_scheme" in self.data and scheme and values.get("category") not in keys(scheme):
            values["category"] = ""
        self.reading, self.left_out = {}, {}
        if readings.is_there(self.data):
            self.reading, self.left_out = readings.reading_of(self.data)
        return values

    def draft(self):
        """The arguments of `drafting.write`: what the page has sent, and no field that it did not show."""
        values = {name: value for name, value in self.cleaned_data.items() if name in self.data}
        values["category"] = self.cleaned_data["category"]
        if readings.is_there(self.data):
            values["reading"] = self.reading
        return {"draft_version": values.pop("version"), **values}

    def beside(self, report):
        """The form as it was sent, to be saved again over the version of `report` that its writer now sees."""
        form = ReportForm(initial={**self.cleaned_data, "version": report.draft_version})
        form.fields_shown = self.data
        return form

    def refuse(self, refusal):
        """Show the service's sentences at the fields; those of the reading above the form."""
        for field, sentences in refusal.fields.items():
            for sentence in sentences:
                self.add_error(field if field in self.fields else None, sentence)


def form_of(report, *, offered=None):
    """The form with the draft as it is saved."""
    initial = {field: getattr(report, field) for field in FIELDS}
    return ReportForm(initial={**initial, "version": report.draft_version}, offered=offered)


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
