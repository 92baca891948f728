"""The time that somebody asks about: why not then?"""

from scheduling.forms.fields import LocalDateTimeField, ServiceForm
from scheduling.models import StepKind


class WhyNotForm(ServiceForm):
    """The wanted start of one step, the first of the lungs unless another is asked for, on the clock of `zone`.

    `others`: further kinds of steps whose starts may be wanted too.
    """

    def __init__(self, *arguments, zone, kind, others=(), is_step=False, **options):
        super().__init__(*arguments, **options)
        self.kind = kind
        self.fields["wanted"] = LocalDateTimeField(
            zone=zone,
            label=f"{StepKind(kind).label} starts" if is_step and kind else "Lungs start",
            error_messages={"required": "Enter a date and a time."},
        )
        for other in others:
            self.fields[f"wanted_{other}"] = LocalDateTimeField(
                zone=zone, label=f"{StepKind(other).label} starts", required=False
            )

    @property
    def further(self):
        """The fields of the other steps."""
        return [self[name] for name in self.fields if name != "wanted"]

    @property
    def has_further(self):
        return any(
            self[name].value() not in (None, [None, None], ["", ""])
            for name in self.fields
            if name != "wanted"
        )

    def starts(self):
        """{kind of step: wanted start}, as explanation.why_not takes it."""
        values = {self.kind: self.cleaned_data["wanted"]}
        for name, moment in self.cleaned_data.items():
            if name.startswith("wanted_") and moment:
                values[name.removeprefix("wanted_")] = moment
        return values

    def refuse(self, refusal):
        """What the service says of the starts belongs to the one field."""
        self.add_error("wanted", refusal.sentence)
