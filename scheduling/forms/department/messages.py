"""A line of the plan of messages, and the invented visit of its preview."""

from django import forms

from scheduling.forms.fields import ServiceForm
from scheduling.models import Channel, Language, MessageKind
from scheduling.services.department.messages import MOST_HOURS, PLANNED_KINDS

BOOKED = [(240, "10 days before"), (96, "4 days before"), (36, "the day before"), (3, "on the same day")]


class ReminderForm(ServiceForm):
    """A reminder that the plan is to have."""

    kind = forms.ChoiceField(
        label="Reminder of",
        choices=[
            (MessageKind.REMINDER.value, "the visit"),
            (MessageKind.XRAY_REMINDER.value, "the first visit, where it is another trip"),
        ],
    )
    hours_before = forms.IntegerField(
        label="Hours before",
        min_value=1,
        max_value=MOST_HOURS,
        help_text="24 is the same time on the day before. From 48 on it is sent once, before the first visit.",
    )
    channel = forms.ChoiceField(label="By", choices=Channel)


class LineForm(ServiceForm):
    """One line as a button of the page sends it."""

    kind = forms.ChoiceField(choices=[(each, each) for each in PLANNED_KINDS])
    hours_before = forms.IntegerField(min_value=0, max_value=MOST_HOURS)
    channel = forms.ChoiceField(choices=Channel)
    is_on = forms.TypedChoiceField(
        choices=[("on", "on"), ("off", "off"), ("usual", "usual")],
        coerce=lambda value: {"on": True, "off": False, "usual": None}[value],
        empty_value=None,
    )


class PreviewForm(ServiceForm):
    """Sent by GET: it changes nothing."""

    language = forms.ChoiceField(label="The patient's language", choices=Language)
    booked = forms.TypedChoiceField(label="Booked", choices=BOOKED, coerce=int)
    two = forms.BooleanField(label="The first visit is on the day before", required=False)
