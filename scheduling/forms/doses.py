"""What is typed in or scanned about a dose: measured, given, residual, discarded, approved; and count rates."""

from django import forms

from scheduling.engine import scancodes
from scheduling.engine.countrates import Way
from scheduling.engine.scancodes import Sort
from scheduling.engine.tracers import mbq_words
from scheduling.forms.fields import LocalDateTimeField, PersonChoice, PhysicianChoice, ServiceForm
from scheduling.templatetags import clock

NOT_ON_LIST = "This vial or unit dose cannot be used here. Choose from the list."


def _activity(label, **options):
    return forms.DecimalField(
        label=label,
        max_digits=9,
        decimal_places=3,
        error_messages={"required": "Enter the activity in MBq."},
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "min": 0, "autocomplete": "off"}),
        **options,
    )


def _scans():
    """A scanner ends each code with Enter, which must not send the form: several lines."""
    return forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "autofocus": True})


def _moment(zone, label):
    return LocalDateTimeField(zone=zone, label=label, required=False, help_text="Empty: now.")


class MeasureForm(ServiceForm):
    """One dose, as the calibrator shows it, from a batch that is chosen from the list or scanned."""

    def __init__(self, data=None, *, choices, zone, needs_weight=False):
        usable = [each for each in choices if each.refusal is None]
        initial = {"batch": usable[0].batch.pk} if usable and usable[0].is_ours else {}
        super().__init__(data, initial=initial)
        self.batches = {str(each.batch.pk): each.batch for each in choices}
        self.fields["batch"].choices = [(str(each.batch.pk), _batch_words(each, zone)) for each in usable]
        self.fields["batch"].required = not (data or {}).get("code", "").strip()
        self.fields["measured_at"] = _moment(zone, "Measured at")
        if needs_weight:
            self.fields["weight_kg"].required = True
        else:
            del self.fields["weight_kg"]
        self.order_fields(["code", "batch", "weight_kg", "measured_mbq", "volume_ml", "measured_at"])

    code = forms.CharField(
        label="Scan the vial or unit dose",
        max_length=60,
        required=False,
        help_text="Or its lot number; or choose below.",
        widget=_scans(),
    )
    batch = forms.ChoiceField(
        label="Vial or unit dose",
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": NOT_ON_LIST, "required": "Choose or scan the vial or unit dose."},
    )
    weight_kg = forms.DecimalField(
        label="Weight today (kg)",
        max_digits=5,
        decimal_places=1,
        error_messages={"required": "This patient is a child: the dose goes by weight. Enter the weight."},
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    measured_mbq = _activity("Measured activity (MBq)")
    volume_ml = forms.DecimalField(
        label="Volume (mL)",
        max_digits=5,
        decimal_places=2,
        min_value=0,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def clean(self):
        values = super().clean()
        values["batch"] = self._batch(values.pop("code", ""), values.get("batch"))
        return values

    def _batch(self, typed, chosen):
        """What was scanned counts before what is chosen; the service says why a batch cannot be used."""
        if typed:
            found = scanned_batch(typed, self.batches.values())
            if found is None:
                self.add_error(
                    "code", "No vial or unit dose of this tracer has this code or lot. Scan again."
                )
            return found
        return self.batches.get(chosen)


def scanned_batch(typed, batches):
    """The batch with this code, or with this lot where only one has it; or None."""
    code = scancodes.read(typed)
    if code is not None:
        ours = code.number if code.sort is Sort.VIAL else None
        return next((each for each in batches if each.pk == ours), None)
    same = [each for each in batches if each.lot and each.lot.casefold() == typed.strip().casefold()]
    return same[0] if len(same) == 1 else None


def _batch_words(choice, zone):
    batch = choice.batch
    held = mbq_words(choice.activity_kbq)
    about = [
        choice.name,
        f"lot {batch.lot}" if batch.lot else "",
        f"{held} now" if batch.is_unit_dose else f"{held} in all now",
        f"until {clock.time_at(batch.expires_at, zone)}",
        "planned for this patient" if choice.is_ours else "",
    ]
    return " · ".join(each for each in about if each)


class GiveForm(ServiceForm):
    """Where it is injected, and what was scanned at the bedside."""

    scanned = forms.CharField(
        label="Scan wristband and label",
        max_length=100,
        required=False,
        help_text="One after the other. A code of another patient or dose is refused.",
        widget=_scans(),
    )
    injection_site = forms.CharField(
        label="Injected into",
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"list": "injection-sites", "autocomplete": "off"}),
    )


class SiteForm(ServiceForm):
    """Where it was injected, written down afterwards."""

    injection_site = forms.CharField(
        label="Injected into",
        max_length=60,
        error_messages={"required": "Say where it was injected."},
        widget=forms.TextInput(attrs={"list": "injection-sites", "autocomplete": "off"}),
    )


class ResidualForm(ServiceForm):
    """What is left in the syringe, crucible or nebuliser."""

    def __init__(self, data=None, *, zone):
        super().__init__(data)
        self.fields["measured_at"] = _moment(zone, "Measured at")

    residual_mbq = _activity("Left in it (MBq)", min_value=0)


class ApproveForm(ServiceForm):
    """Why an authorised user lets a dose be given that is not as prescribed."""

    reason = forms.CharField(
        label="Reason",
        max_length=300,
        error_messages={"required": "An override needs a reason."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ApproveByPhoneForm(ApproveForm):
    """The same, written down by a technologist for the authorised user on the phone."""

    def __init__(self, data=None, *, physicians):
        super().__init__(data)
        self.fields["physician"] = PhysicianChoice(
            physicians.filter(is_authorised_user=True),
            label="Authorised user on the phone",
            error_messages={"required": "Name the authorised user."},
        )
        self.order_fields(["physician", "reason"])


class SecondPersonForm(ServiceForm):
    """The second person at this screen, who shows who it is with PIN, badge or password."""

    def __init__(self, data=None, *, people):
        super().__init__(data)
        self.fields["person"] = PersonOfSite(
            people, label="Second person", error_messages={"required": "Choose who checks."}
        )
        self.order_fields(["person", "secret"])

    secret = forms.CharField(
        label="PIN, badge or password of this person",
        max_length=128,
        error_messages={"required": "The second person enters the PIN or scans the badge."},
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


class PersonOfSite(PersonChoice):
    def label_from_instance(self, user):
        return user.name


class CountForm(ServiceForm):
    """Counts per second over the lungs, in the view and window of the other part."""

    def __init__(self, data=None, *, zone):
        super().__init__(data)
        self.fields["measured_at"] = _moment(zone, "Counted at")

    counts_per_second = forms.IntegerField(
        label="Counts per second",
        error_messages={"required": "Enter the counts per second."},
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": 1, "autocomplete": "off"}),
    )


class SettleForm(ServiceForm):
    """What is done about a ratio that is too low."""

    way = forms.ChoiceField(
        choices=[(str(Way.SUBTRACT), "Subtract the first part"), (str(Way.LIMITED), "Complete as limited")],
        error_messages={"required": "Choose one of the ways.", "invalid_choice": "Choose one of the ways."},
    )
    note = forms.CharField(max_length=200, required=False)


class ScanForm(ServiceForm):
    """What a scanner types, or a patient's number."""

    code = forms.CharField(
        label="Scan",
        max_length=60,
        error_messages={"required": "Scan a wristband, a dose or a room; or enter a patient's number."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
