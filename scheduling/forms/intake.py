"""Text to values: a new order, with its patient."""

from django import forms

from scheduling import referrer_search
from scheduling.engine import indications, wells
from scheduling.engine.screening import NO, YES
from scheduling.forms.fields import PersonChoice, PhoneField, ServiceForm
from scheduling.forms.orders import ScreeningForm, referrers
from scheduling.models import DimerUnits, Language, Order, PatientClass, Priority, Referrer, Sex, Transport
from scheduling.services.intake import Request

QUESTION = Order._meta.get_field("clinical_question").max_length
WARD = Order._meta.get_field("ward").max_length
LARGEST_D_DIMER = 1_000_000
FEWEST_DIGITS = 3
STAT_FIELDS = ("name", "sex", "clinical_question", "referrer", "ward")
# How laboratories print it: (what is stored as the kind of unit, ng/mL in one of it).
D_DIMER_UNITS = {
    "ng/mL FEU": (DimerUnits.FEU, 1),
    "mg/L FEU": (DimerUnits.FEU, 1000),
    "ng/mL DDU": (DimerUnits.DDU, 1),
    "mg/L DDU": (DimerUnits.DDU, 1000),
}
TAKEN = ("referrer", "priority", "patient_class", "transport", "clinical_question", "wells_score", "ward")


def _area(label, length, rows, **options):
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=length, widget=widget, **options)


class ReferrerMixin(forms.Form):
    """A referrer of the directory: chosen from the matches of what is typed, or the only match."""

    nobody = "Nobody in the directory is called so. Check the spelling, or add them there."
    referrer = PersonChoice(Referrer.objects.none(), label="Referrer", required=False)
    referrer_text = forms.CharField(label="Referrer", max_length=100, required=False)

    def __init__(self, *arguments, user, **options):
        super().__init__(*arguments, **options)
        self.user = user
        self.fields["referrer"].queryset = referrers(user)

    def clean(self):
        values = super().clean()
        if values.get("referrer") is None and "referrer" not in self.errors:
            values["referrer"] = self._only_match(values.get("referrer_text", ""))
        return values

    def _only_match(self, typed):
        found = referrer_search.find(typed, by=self.user)
        if len(found) == 1:
            return found[0]
        if found:
            self.add_error("referrer", "Choose one of these from the list.")
        elif typed:
            self.add_error("referrer", self.nobody)
        else:
            self.add_error("referrer", "Type a part of the referrer's name and choose from the list.")
        return None

    def referrer_matches(self):
        """Those to choose from at this moment, the chosen one first."""
        typed = self["referrer_text"].value() or ""
        found = referrer_search.find(typed, by=self.user) or referrer_search.usual(self.user)
        chosen = self.chosen_referrer()
        return [*([chosen] if chosen else []), *(each for each in found if each != chosen)]

    def chosen_referrer(self):
        """The referrer whose radio is pressed, or None."""
        value = str(self["referrer"].value() or "")
        known = self.fields["referrer"].queryset
        return known.filter(pk=value).first() if value.isdecimal() and len(value) < 18 else None


class OrderForm(ReferrerMixin, ScreeningForm):
    """A new order, with the screening questions that its patient is to be asked."""

    priority = forms.ChoiceField(
        label="Priority", choices=Priority, initial=Priority.ROUTINE, widget=forms.RadioSelect
    )
    patient_class = forms.ChoiceField(
        label="Patient is", choices=PatientClass, initial=PatientClass.OUTPATIENT, widget=forms.RadioSelect
    )
    transport = forms.ChoiceField(
        label="Comes", choices=Transport, initial=Transport.WALKING, widget=forms.RadioSelect
    )
    ward = forms.CharField(label="Ward or emergency department", max_length=WARD, required=False)
    indication = forms.CharField(label="Indication: ICD-10 code or words", max_length=150, required=False)
    clinical_question = _area("Clinical question", QUESTION, 2)
    wells_score = forms.DecimalField(
        label="Wells score",
        min_value=0,
        max_value=wells.HIGHEST,
        max_digits=3,
        decimal_places=1,
        required=False,
    )
    wells_criteria = forms.MultipleChoiceField(
        label="Criteria",
        choices=[(each.key, each.label) for each in wells.CRITERIA],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={"invalid_choice": "Choose from the list."},
    )
    d_dimer = forms.DecimalField(
        label="D-dimer",
        min_value=0,
        max_value=LARGEST_D_DIMER,
        max_digits=10,
        decimal_places=3,
        required=False,
    )
    d_dimer_unit = forms.ChoiceField(
        label="Unit of the D-dimer",
        choices=[(each, each) for each in D_DIMER_UNITS],
        widget=forms.Select(attrs={"aria-label": "Unit of the D-dimer"}),
        required=False,
    )
    language = forms.ChoiceField(label="Language", choices=Language, initial=Language.EN)

    def clean(self):
        values = super().clean()
        if values.get("d_dimer") is not None and self._d_dimer()[0] > LARGEST_D_DIMER:
            self.add_error("d_dimer", "This is too much. Check the unit.")
        return values

    def _d_dimer(self):
        """(ng/mL, kind of unit), or (None, "")."""
        value = self.cleaned_data.get("d_dimer")
        if value is None:
            return None, ""
        kind, factor = D_DIMER_UNITS[self.cleaned_data.get("d_dimer_unit") or "ng/mL FEU"]
        return int((value * factor).to_integral_value()), kind

    def points(self):
        """What the criteria that are ticked at this moment add up to, or None without any."""
        ticked = set(self["wells_criteria"].value() or ()) & wells.POINTS.keys()
        return wells.score(ticked) if ticked else None

    def request(self):
        """The order as `intake.place_order` takes it."""
        values = {key: self.cleaned_data[key] for key in TAKEN}
        code, text = indications.read(self.cleaned_data["indication"])
        amount, units = self._d_dimer()
        return Request(
            **values,
            wells_criteria=tuple(self.cleaned_data["wells_criteria"]),
            d_dimer_ng_per_ml=amount,
            d_dimer_units=units,
            indication_code=code,
            indication_text=text,
            language=self.cleaned_data["language"],
            # Asked once, among the screening questions; not known leaves the patient's as it is.
            interpreter_needed={YES: True, NO: False}.get(self.cleaned_data["interpreter"]),
            answers=self.answers(),
        )


class StatOrderForm(ReferrerMixin, ServiceForm):
    """Five fields, and nothing else that could keep a patient waiting: not even a referrer who is not listed yet."""

    nobody = (
        "Nobody in the directory is called so. Write a phone number after the name: Dr Ada Lund, 555 0142."
    )

    name = forms.CharField(
        label="Name",
        max_length=100,
        required=False,
        help_text="Surname, given name. Leave it empty while the patient is not identified.",
    )
    sex = forms.ChoiceField(label="Sex", choices=Sex, initial=Sex.UNKNOWN, widget=forms.RadioSelect)
    clinical_question = _area("Clinical question", QUESTION, 2, initial="Acute pulmonary embolism?")
    ward = forms.CharField(
        label="Ward or emergency department", max_length=WARD, help_text="Where the patient is now."
    )

    def _only_match(self, typed):
        name, _, phone = typed.rpartition(",")
        if name.strip() and sum(each.isdecimal() for each in phone) >= FEWEST_DIGITS:
            found = referrer_search.find(name, by=self.user)
            return found[0] if len(found) == 1 else Referrer(name=name.strip(), phone=phone.strip()[:30])
        return super()._only_match(typed)

    def order(self):
        """The fields as `intake.place_stat_order` takes them; a referrer who is not listed yet is not saved yet."""
        return {name: self.cleaned_data[name] for name in STAT_FIELDS}


class ReferrerForm(ServiceForm):
    """An entry of the directory."""

    name = forms.CharField(label="Name", max_length=150, error_messages={"required": "Enter the name."})
    place = forms.CharField(label="Practice or department", max_length=100, required=False)
    phone = PhoneField(label="Phone")
    pager = forms.CharField(label="Pager", max_length=30, required=False)
    email = forms.EmailField(label="E-mail", max_length=254, required=False)
    covering_name = forms.CharField(label="Covering clinician", max_length=150, required=False)
    covering_phone = PhoneField(label="Covering clinician's phone")

    def __init__(self, *arguments, site, **options):
        super().__init__(*arguments, **options)
        for name in ("phone", "covering_phone"):
            self.fields[name].country = site.country
