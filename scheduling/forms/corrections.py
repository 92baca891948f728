"""A late correction: the right value, and why."""

from zoneinfo import ZoneInfo

from django import forms

from scheduling.forms.fields import LocalDateTimeField, LocalDateTimeInput, ServiceForm


class ToTheSecond(LocalDateTimeInput):
    """The recorded second is kept unless somebody types another."""

    def __init__(self):
        forms.SplitDateTimeWidget.__init__(
            self,
            date_format="%Y-%m-%d",
            time_format="%H:%M:%S",
            date_attrs={"type": "date", "aria-label": "Date"},
            time_attrs={"type": "time", "step": "1", "aria-label": "Time"},
        )


class CorrectionForm(ServiceForm):
    """For one recorded value (corrections.Value), a time or a number; None while none is chosen."""

    reason = forms.CharField(
        label="Why", max_length=200, error_messages={"required": "Say why it is corrected."}
    )

    def __init__(self, data=None, *, value, site):
        super().__init__(data)
        self.fields["value"] = _field(value, site)
        self.order_fields(["value", "reason"])

    def refuse(self, refusal):
        """Whatever the service says of the value stands at the one field for it."""
        for field, sentences in refusal.fields.items():
            for sentence in sentences:
                self.add_error("reason" if field == "reason" else "value", sentence)
        if not refusal.fields:
            self.add_error("value", refusal.sentence)


def _field(value, site):
    if value is None:
        return forms.CharField(error_messages={"required": "Choose what is to be corrected."})
    if not value.is_time:
        return forms.DecimalField(label=value.label, initial=value.raw)
    local = value.raw.astimezone(ZoneInfo(site.time_zone))
    return LocalDateTimeField(
        zone=site.time_zone,
        label=value.label,
        initial=[local.date(), local.time().replace(microsecond=0)],
        widget=ToTheSecond,
    )
