"""Text to values: checks of rooms, devices and kits, what is checked how often, spills and incidents."""

from zoneinfo import ZoneInfo

from django import forms

from scheduling.engine import quality as engine
from scheduling.forms.fields import LocalDateTimeField, PersonChoice, ServiceForm, TimeInput
from scheduling.models import CheckKind, Incident, Resource, ResourceKind, Tracer
from scheduling.models.quality import OF_BATCH, OF_ROOM

WORDS = {"rows": 3}


def number(label, **options):
    return forms.DecimalField(
        label=label,
        max_digits=9,
        decimal_places=3,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
        error_messages={"invalid": "Enter a number, such as 0.05.", **options.pop("error_messages", {})},
        **{"required": False, **options},
    )


def _minute(now, zone):
    local = now.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0, tzinfo=None)
    return [local.date(), local.time()]


class CheckForm(ServiceForm):
    """What was found in one check; the fields that its kind has."""

    def __init__(self, data=None, *, due, passed=None):
        super().__init__(data, initial={"passed": passed})
        usual = engine.STANDARDS[due.kind]
        if usual.what:
            unit = f" ({due.unit or usual.unit})" if due.unit or usual.unit else ""
            self.fields["value"].label = f"{usual.what}{unit}"
            self.fields["value"].help_text = f"Passes: {due.limits}." if due.limits else ""
            self.fields["value"].required = usual.needs_value
            self.fields["value"].error_messages["required"] = "Enter the value that was found."
        else:
            del self.fields["value"]

    value = number("Value")
    passed = forms.TypedChoiceField(
        label="Result",
        choices=[("yes", "Passed"), ("no", "Failed")],
        coerce=lambda text: text == "yes",
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label="What was found, and what is done about it",
        max_length=200,
        required=False,
        help_text="Needed where it failed.",
        widget=forms.Textarea(attrs=WORDS),
    )
    batch = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def values(self):
        """What the service takes; the batch is looked up by the view."""
        return {name: value for name, value in self.cleaned_data.items() if name != "batch"}


class PlanForm(ServiceForm):
    """What is checked, how often and within which limits. `plan`: the one to be changed."""

    def __init__(self, data=None, *, site, plan=None):
        initial = {name: getattr(plan, name) for name in PlanForm.OF_PLAN} if plan else {"every_days": 1}
        super().__init__(data, initial=initial)
        rooms = Resource.objects.filter(site=site, kind=ResourceKind.ROOM, is_active=True).order_by("name")
        self.fields["room"].queryset = rooms
        if plan is not None:
            for name in ("kind", "room", "product"):
                del self.fields[name]

    OF_PLAN = ("every_days", "due_time", "lowest", "highest", "unit")

    kind = forms.ChoiceField(
        label="What",
        choices=[("", "Choose…"), *CheckKind.choices],
        error_messages={"required": "Choose what is checked."},
    )
    room = PersonChoice(
        Resource.objects.none(), label="Room", required=False, help_text="Camera, pressure, trap, exhaust."
    )
    product = forms.ChoiceField(
        label="Tracer",
        choices=[("", "Choose…"), *[each for each in Tracer.choices if each[0]]],
        required=False,
        help_text="Breakthrough and purity: each batch before its first use.",
    )
    every_days = forms.IntegerField(label="Every so many days", min_value=1, max_value=366)
    due_time = forms.TimeField(label="By (local time)", required=False, widget=TimeInput)
    lowest = number("Lowest value that passes")
    highest = number("Highest value that passes")
    unit = forms.CharField(label="Unit", max_length=20, required=False)

    def values(self):
        """What the service takes: without a limit of the user's own, a new check has the usual ones."""
        values = dict(self.cleaned_data)
        kind = values.get("kind")
        if kind is None:
            return values
        if kind not in OF_ROOM:
            values.pop("room")
        if kind not in OF_BATCH:
            values.pop("product")
        return {name: value for name, value in values.items() if value not in (None, "")}


class SpillForm(ServiceForm):
    """Gas escaped into a room: when, how much, and for how long nobody goes in where that is not known."""

    def __init__(self, data=None, *, room, minutes, now):
        zone = room.site.time_zone
        super().__init__(data, initial={"happened_at": _minute(now, zone), "activity_mbq": 740})
        self.fields["happened_at"] = LocalDateTimeField(zone=zone, label="When", initial=_minute(now, zone))
        if minutes is not None:
            del self.fields["clear_minutes"]

    activity_mbq = number(
        "Activity that can have escaped (MBq)",
        required=True,
        help_text="740: all of the largest vial.",
        error_messages={"required": "Enter the activity in MBq."},
    )
    what = forms.CharField(
        label="What happened", max_length=500, required=False, widget=forms.Textarea(attrs=WORDS)
    )
    clear_minutes = forms.IntegerField(
        label="Minutes posted at the door",
        min_value=1,
        max_value=1440,
        error_messages={"required": "Enter the minutes that are posted at the door."},
    )


class MeasuredForm(ServiceForm):
    """The air was measured: what, and with which instrument."""

    note = forms.CharField(
        label="What was measured",
        max_length=200,
        error_messages={"required": "Say what was measured, and with which instrument."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class IncidentForm(ServiceForm):
    """What happened, how bad it was, and what was done. `rooms`, `steps`: where there is a choice."""

    def __init__(self, data=None, *, site, now, steps=None):
        super().__init__(data, initial={"severity": Incident.Severity.MILD})
        zone = site.time_zone
        self.fields["happened_at"] = LocalDateTimeField(zone=zone, label="When", initial=_minute(now, zone))
        self.fields["step"].choices = [
            ("", "None of them"),
            *((str(each.pk), each.get_kind_display()) for each in steps or ()),
        ]
        if not steps:
            del self.fields["step"]
        rooms = Resource.objects.filter(site=site, kind=ResourceKind.ROOM, is_active=True).order_by("name")
        self.fields["room"].queryset = rooms

    kind = forms.ChoiceField(
        label="What kind",
        choices=[each for each in Incident.Kind.choices if each[0] != Incident.Kind.SPILL],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what kind of incident it is."},
    )
    severity = forms.ChoiceField(label="How bad", choices=Incident.Severity.choices, widget=forms.RadioSelect)
    step = forms.ChoiceField(label="During", choices=[], required=False)
    room = PersonChoice(Resource.objects.none(), label="Where", required=False)
    what = forms.CharField(
        label="What happened",
        max_length=500,
        widget=forms.Textarea(attrs=WORDS),
        error_messages={"required": "Say what happened."},
    )
    done = forms.CharField(
        label="What was done", max_length=500, required=False, widget=forms.Textarea(attrs=WORDS)
    )


class ReviewForm(ServiceForm):
    note = forms.CharField(
        label="What follows from it",
        max_length=500,
        widget=forms.Textarea(attrs=WORDS),
        error_messages={"required": "Say what follows from it."},
    )


class ReasonForm(ServiceForm):
    reason = forms.CharField(
        label="Why it is taken back", max_length=200, error_messages={"required": "Say why it is taken back."}
    )
