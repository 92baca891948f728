"""Which measured times a protocol is planned with, from a day on."""

from django import forms

from scheduling.forms.department import fields
from scheduling.forms.fields import ServiceForm
from scheduling.services.department.durations import Share


class AdoptForm(ServiceForm):
    """One choice for each step that was measured often enough; the median is chosen where it differs from the plan."""

    def __init__(self, data=None, *, protocol, lines, starts_on):
        # The page has one of these for each protocol.
        super().__init__(data, auto_id=f"protocol-{protocol.pk}-%s")
        for line in lines:
            if line.may_adopt:
                self.fields[line.step.kind] = _choice(line)
        self.fields["starts_on"] = fields.starts_on(starts_on)
        self.fields["starts_on"].help_text = ""

    def values(self):
        """What the service takes."""
        data = dict(self.cleaned_data)
        starts_on = data.pop("starts_on")
        return {
            "shares": {kind: Share(share) for kind, share in data.items() if share},
            "starts_on": starts_on,
        }


def _choice(line):
    planned, measured = line.step.acquisition_minutes, line.measured
    choices = [
        ("", f"Keep {planned} min"),
        (Share.MEDIAN, f"Median, {measured.median_minutes} min"),
        (Share.MOST, f"9 of 10, {measured.most_minutes} min"),
    ]
    initial = Share.MEDIAN if measured.median_minutes != planned else ""
    return forms.ChoiceField(
        label=f"Plan the {line.step.get_kind_display().lower()} with",
        choices=choices,
        required=False,
        initial=initial,
    )
