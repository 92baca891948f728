"""The time that somebody asks about: why not then?"""

from scheduling.forms.fields import LocalDateTimeField, ServiceForm


class WhyNotForm(ServiceForm):
    """The wanted start of the first lung step, on the clock of `zone`."""

    def __init__(self, *arguments, zone, **options):
        super().__init__(*arguments, **options)
        self.fields["wanted"] = LocalDateTimeField(
            zone=zone, label="Lungs start", error_messages={"required": "Enter a date and a time."}
        )

    def refuse(self, refusal):
        """What the service says of the starts belongs to the one field."""
        self.add_error("wanted", refusal.sentence)
