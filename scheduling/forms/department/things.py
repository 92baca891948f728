"""Rooms, people, rosters, and what holds for the whole department."""

from django import forms

from scheduling.engine.waitlist import Mode
from scheduling.forms.department import fields
from scheduling.forms.fields import PersonChoice, PhoneField, ServiceForm, TimeInput
from scheduling.forms.tracers import WEEKDAYS
from scheduling.models import Capability, Site
from scheduling.services.department import people, rooms, settings
from scheduling.services.department.shifts import Roster, Work

IN_USE = "In use"


def _capabilities(label, choices, sentence):
    return forms.MultipleChoiceField(
        label=label,
        choices=[(each.value, Capability(each).label) for each in choices],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": sentence},
    )


class RoomForm(ServiceForm):
    """A new room, or with `room` the values of one from a day on."""

    def __init__(self, data=None, *, room=None, starts_on=None):
        super().__init__(data, initial=_of_room(room) if room else {"clearance_minutes": 0})
        if room is not None:
            self.fields["is_active"] = forms.BooleanField(
                label=IN_USE, required=False, help_text="Without it nothing new is booked in the room."
            )
            self.fields["starts_on"] = fields.starts_on(starts_on)

    name = fields.text("Name", most=60, sentence="Give the room a name.")
    capabilities = _capabilities(
        "Used for", rooms.CAN, "Choose at least one thing that the room is used for."
    )
    clearance_minutes = fields.number(
        "Minutes to clear after every examination", most=480, help_text="Beyond those of the protocol."
    )
    ae_title = fields.text(
        "Name of its camera on the network", most=16, required=False, help_text="DICOM application entity."
    )
    volume_m3 = fields.decimal("Volume (m³)", required=False, digits=6, help_text="Needed for gas.")
    exhaust_m3_per_h = fields.decimal("Exhaust (m³ in an hour)", required=False, help_text="Needed for gas.")
    exhaust_measured_on = fields.Day(
        label="Exhaust measured on",
        required=False,
        help_text="Good for six months.",
    )


def _of_room(resource):
    return {name: getattr(resource, name) for name in rooms.OF_RESOURCE} | {
        name: getattr(resource.room, name) for name in rooms.OF_ROOM
    }


class PersonForm(ServiceForm):
    """Somebody new, or with `person` the values of somebody from a day on."""

    def __init__(self, data=None, *, site, person=None, starts_on=None):
        initial = {name: getattr(person, name) for name in rooms.OF_RESOURCE} if person else {}
        super().__init__(data, initial={**initial, "user": person.user_id if person else None})
        self.fields["user"] = AccountChoice(
            people.accounts(site, person),
            label="Account",
            required=False,
            empty_label="None",
            help_text="Who signs in as this person.",
        )
        if person is not None:
            self.fields["is_active"] = forms.BooleanField(
                label="Works here",
                required=False,
                help_text="Without it nothing new is booked with this person.",
            )
            self.fields["starts_on"] = fields.starts_on(starts_on)

    name = fields.text("Name", most=60, sentence="Enter the name.")
    capabilities = _capabilities("Qualified for", people.CAN, "Choose at least one qualification.")


class AccountChoice(PersonChoice):
    def label_from_instance(self, user):
        return f"{user.name} ({user.username})"


class RosterForm(ServiceForm):
    """What somebody does on some weekdays of a period."""

    def __init__(self, data=None, *, first_day):
        super().__init__(
            data, initial={"first_day": first_day, "work": Work.WORKS, "weekdays": list(range(5))}
        )

    work = forms.ChoiceField(
        label="On these days",
        choices=Work.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what the person does."},
    )
    weekdays = forms.TypedMultipleChoiceField(
        label="Weekdays",
        choices=WEEKDAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one weekday."},
    )
    begins = forms.TimeField(
        label="Begins",
        widget=TimeInput,
        required=False,
        error_messages={"invalid": "Enter a time, such as 07:00."},
    )
    ends = forms.TimeField(
        label="Ends",
        widget=TimeInput,
        required=False,
        help_text="Before the begin: on the next day.",
        error_messages={"invalid": "Enter a time, such as 15:30."},
    )
    first_day = fields.Day(label="From")
    last_day = fields.Day(label="Until, this day included")

    def roster(self):
        values = self.cleaned_data
        return Roster(**{**values, "weekdays": frozenset(values["weekdays"])})


UNITS = {
    "stat_start_target": ("STAT: examined within", "hours"),
    "urgent_start_target": ("Urgent: examined within", "hours"),
    "routine_start_target": ("Routine: examined within", "days"),
    "stat_report_target": ("STAT: report within", "hours"),
    "urgent_report_target": ("Urgent: report within", "hours"),
    "routine_report_target": ("Routine: report within", "hours"),
    "countersign_within": ("Decisions by phone countersigned within", "hours"),
    "call_in_delay": ("From the call to somebody on call until they can begin", "minutes"),
}


RECORDS = {
    "records_doses": "Each dose is measured and recorded before it is given",
    "two_person_check": "A second person checks each dose",
    "releases_patients": "After the scan patients wait until a reader has looked",
}


SELF_SERVICE = {
    "asks_at_home": (
        "Patients answer the safety questions at home",
        "Only what nobody has answered yet. Pregnancy and breastfeeding are asked of adults alone.",
    ),
    "patients_cancel": (
        "Patients may cancel by their link",
        "Routine appointments only. Their time is free at once, as when you cancel.",
    ),
    "patients_move": (
        "Patients may choose another time by their link",
        "Routine appointments only, from the times that you would be proposed.",
    ),
}


TOLD = {
    "directions": "How patients find the place",
    "own_advice": "Advice of your own, such as on smoking or caffeine",
}


class SettingsForm(ServiceForm):
    """Targets, waitlist, calling in, what is recorded of an examination, and what patients do and read."""

    def __init__(self, data=None, *, site, starts_on):
        super().__init__(data, initial={name: getattr(site, name) for name in settings.FIELDS})
        for name, (label, unit) in UNITS.items():
            self.fields[name] = fields.Length(unit, label=f"{label} ({unit})")
        self.fields["waitlist_mode"] = forms.ChoiceField(
            label="Free time is offered to",
            choices=[
                (Mode.ONE_BY_ONE.value, "One patient at a time"),
                (Mode.FIRST_COME.value, "The first to answer"),
            ],
        )
        self.fields["offer_minutes"] = fields.number("An offer stays open for (minutes)", least=1, most=1440)
        for name in settings.RECORDS:
            self.fields[name] = forms.BooleanField(label=RECORDS[name], required=False)
        self.fields["breastfeeding_policy"] = forms.ChoiceField(
            label="Breastfeeding is interrupted for",
            choices=Site._meta.get_field("breastfeeding_policy").choices,
        )
        self.fields["xenon_limit_bq_per_m3"] = forms.TypedChoiceField(
            label="After a xenon spill a room is used again below",
            choices=list(settings.XENON_LIMITS.items()),
            coerce=int,
        )
        self.fields["place"] = fields.text("Where patients come to, as letters say it", most=200)
        self.fields["phone"] = PhoneField(
            label="Phone, as letters say it",
            country=site.country,
            required=True,
            error_messages={"required": "Fill this in."},
        )
        self.fields["sends_sms"] = forms.BooleanField(
            label="Send text messages beside e-mail",
            required=False,
            help_text="To patients who have agreed, once the administrator has set up a gateway.",
        )
        for name, (label, help_text) in SELF_SERVICE.items():
            self.fields[name] = forms.BooleanField(label=label, required=False, help_text=help_text)
        self.fields["patients_notice_hours"] = fields.number(
            "So many hours before the visit patients call instead", most=settings.LONGEST_NOTICE_HOURS
        )
        self.fields["patients_days_ahead"] = fields.number(
            "How many days ahead patients see other times", least=1, most=settings.FARTHEST_DAYS
        )
        self.fields["emergency_number"] = fields.text(
            "Emergency number", most=20, help_text="It stands on every page for patients."
        )
        for name, label in TOLD.items():
            self.fields[name] = forms.CharField(
                label=label,
                required=False,
                max_length=settings.LONGEST_TEXT,
                widget=forms.Textarea(attrs={"rows": 4}),
                help_text="In your patients' language; it is not translated.",
            )
        self.fields["starts_on"] = fields.starts_on(starts_on)

    def groups(self):
        """(heading, fields) in the order of the page."""
        names = list(UNITS)
        groups = {
            "Targets": [*names[:6], names[6]],
            "Waitlist": ["waitlist_mode", "offer_minutes"],
            "On call": ["call_in_delay"],
            "Examinations": [*settings.RECORDS, "breastfeeding_policy", "xenon_limit_bq_per_m3"],
            "In letters and messages": ["place", "phone", "emergency_number", "sends_sms"],
            "What patients do by the link in a mail": list(settings.PATIENTS),
            "What patients read there": list(TOLD),
        }
        return [(heading, [self[name] for name in each]) for heading, each in groups.items()]

    def values(self):
        return {name: value for name, value in self.cleaned_data.items() if name in settings.FIELDS}


class BadgeForm(ServiceForm):
    """What the scanner reads from somebody's badge."""

    code = forms.CharField(
        label="Badge",
        help_text="Put the cursor here and scan the badge.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "autofocus": True}),
        error_messages={"required": "Scan the badge."},
    )
