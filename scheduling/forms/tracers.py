"""Text to values: batches of tracers, what becomes of them, and weekly plans."""

from zoneinfo import ZoneInfo

from django import forms

from scheduling.engine.doses import PRODUCTS
from scheduling.forms.fields import DayInput, LocalDateTimeField, ServiceForm, TimeInput
from scheduling.models import Tracer

CHOICES = [("", "Choose…"), *[choice for choice in Tracer.choices if choice[0]]]
WEEKDAYS = [(0, "Mon"), (1, "Tue"), (2, "Wed"), (3, "Thu"), (4, "Fri"), (5, "Sat"), (6, "Sun")]
USUAL = "Usual: " + ", ".join(
    f"{product.name} {product.shelf_life_minutes // 60} h" for product in PRODUCTS.values()
)
FAIL_REASONS = (
    "Delivery missed.",
    "Labelling failed.",
    "Quality control failed.",
    "Vial broken or spilled.",
)


def _product():
    return forms.ChoiceField(
        label="Tracer", choices=CHOICES, error_messages={"required": "Choose the tracer."}
    )


def _activity(label="Activity (MBq)", **options):
    return forms.DecimalField(
        label=label,
        max_digits=9,
        decimal_places=3,
        min_value=0,
        error_messages={"required": "Enter the activity in MBq."},
        widget=forms.NumberInput(attrs={"inputmode": "decimal"}),
        **options,
    )


def _particles():
    return forms.IntegerField(
        label="Particles in the vial",
        required=False,
        min_value=1,
        max_value=100_000_000,
        help_text="MAA only, for example 4000000.",
    )


def _lot():
    return forms.CharField(label="Lot or vial", max_length=40, required=False)


class BatchForm(ServiceForm):
    """One preparation, elution, vial, generator or unit dose, from `day` on unless another day is entered."""

    def __init__(self, data=None, *, site, day=None):
        super().__init__(data, initial={"usable_from": [day, None]} if day else None)
        zone = site.time_zone
        self.fields["usable_from"] = LocalDateTimeField(zone=zone, label="Usable from")
        self.fields["expires_at"] = LocalDateTimeField(
            zone=zone, label="Expires", required=False, help_text=f"Empty: after the usual time. {USUAL}."
        )
        self.fields["calibrated_at"] = LocalDateTimeField(
            zone=zone, label="Activity is for", required=False, help_text="Empty: when it becomes usable."
        )

    product = _product()
    activity_mbq = _activity()
    particles = _particles()
    is_unit_dose = forms.BooleanField(label="Unit dose, for one patient", required=False)
    lot = _lot()


class MeasuredForm(ServiceForm):
    """The figures of a batch that is here, filled in as planned."""

    def __init__(self, data=None, *, batch):
        zone = ZoneInfo(batch.site.time_zone)
        initial = {
            "activity_mbq": batch.activity_mbq.normalize(),
            "particles": batch.particles,
            "lot": batch.lot,
            "calibrated_at": _parts(batch.calibrated_at, zone),
            "expires_at": _parts(batch.expires_at, zone),
        }
        super().__init__(data, initial=initial)
        name = batch.site.time_zone
        self.fields["calibrated_at"] = LocalDateTimeField(zone=name, label="Measured at")
        self.fields["expires_at"] = LocalDateTimeField(zone=name, label="Expires")
        if batch.product != Tracer.MAA:
            del self.fields["particles"]

    activity_mbq = _activity("Measured activity (MBq)")
    particles = _particles()
    lot = _lot()


class DelayForm(ServiceForm):
    """When a batch comes instead."""

    def __init__(self, data=None, *, batch):
        zone = ZoneInfo(batch.site.time_zone)
        super().__init__(data, initial={"usable_from": _parts(batch.usable_from, zone)})
        self.fields["usable_from"] = LocalDateTimeField(zone=batch.site.time_zone, label="Usable from")


class FailForm(ServiceForm):
    """Why a batch is not used."""

    reason = forms.CharField(
        label="Reason",
        max_length=200,
        error_messages={"required": "Say what is wrong with it."},
        widget=forms.TextInput(attrs={"list": "fail-reasons", "autocomplete": "off"}),
    )


class SupplyForm(ServiceForm):
    """A weekly plan; the shelf life is typed in hours."""

    product = _product()
    weekdays = forms.TypedMultipleChoiceField(
        label="On",
        choices=WEEKDAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one weekday."},
    )
    usable_time = forms.TimeField(label="Usable from (local time)", widget=TimeInput)
    activity_mbq = _activity()
    calibrated_after_minutes = forms.IntegerField(
        label="The activity is for so many minutes later",
        required=False,
        min_value=0,
        max_value=86_400,
        help_text="0: for the time from which it is usable.",
        initial=0,
    )
    shelf_life_hours = forms.DecimalField(
        label="Good for (hours)", min_value=0, max_value=1440, decimal_places=2, help_text=f"{USUAL}."
    )
    particles = _particles()
    unit_doses = forms.IntegerField(
        label="Unit doses a day",
        required=False,
        min_value=0,
        max_value=50,
        initial=0,
        help_text="0: one vial for many patients. Otherwise the activity is that of each dose.",
    )
    starts_on = forms.DateField(label="From", widget=DayInput, error_messages={"invalid": "Enter a date."})
    ends_on = forms.DateField(
        label="Until", required=False, widget=DayInput, error_messages={"invalid": "Enter a date."}
    )

    def values(self):
        """What the service takes."""
        values = dict(self.cleaned_data)
        hours = values.pop("shelf_life_hours")
        for name in ("calibrated_after_minutes", "unit_doses"):
            values[name] = values[name] or 0
        return values | {"shelf_life_minutes": int(hours * 60)}

    def refuse(self, refusal):
        """The service speaks of minutes."""
        if "shelf_life_minutes" in refusal.fields:
            refusal.fields["shelf_life_hours"] = refusal.fields.pop("shelf_life_minutes")
        super().refuse(refusal)


class EndForm(ServiceForm):
    """The last day of a weekly plan."""

    ends_on = forms.DateField(label="Last day", widget=DayInput, error_messages={"invalid": "Enter a date."})


def _parts(moment, zone):
    local = moment.astimezone(zone)
    return [local.date(), local.time()]
