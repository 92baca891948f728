"""Text to values: what is ordered from a supplier, and until when it takes orders."""

from django import forms

from scheduling.forms.fields import DayInput, ServiceForm, TimeInput


class OrderForm(ServiceForm):
    """How many doses or vials were ordered for a day, and the supplier's number of it."""

    day = forms.DateField(widget=DayInput)
    doses = forms.IntegerField(
        label="How many",
        min_value=1,
        max_value=200,
        error_messages={"required": "Say how many were ordered."},
    )
    reference = forms.CharField(label="Their number", max_length=40, required=False)


class SupplierForm(ServiceForm):
    """Who delivers a weekly plan, and its cut-off."""

    def __init__(self, data=None, *, supply):
        names = ("supplier", "order_by_time", "order_days_before")
        super().__init__(data, initial={name: getattr(supply, name) for name in names})

    supplier = forms.CharField(label="Supplier", max_length=60, required=False)
    order_by_time = forms.TimeField(
        label="Order by (local time)", required=False, widget=TimeInput, help_text="Empty: it is made here."
    )
    order_days_before = forms.IntegerField(
        label="So many days before", min_value=0, max_value=14, help_text="1: on the day before."
    )
