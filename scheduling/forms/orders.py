"""Text to values: orders, the screening questions, and what physicians decide."""

from django import forms

from scheduling.engine import indications
from scheduling.engine.screening import UNKNOWN
from scheduling.examinations import XRAY_RULES
from scheduling.forms.fields import PersonChoice, PhysicianChoice, ProtocolChoice, ServiceForm
from scheduling.models import Order, PatientClass, Priority, Protocol, Referrer, Sex
from scheduling.services.intake import Request
from scheduling.services.vetting import PRESET_REASONS
from vqflow.models import Role, User

QUESTION = Order._meta.get_field("clinical_question").max_length
WARD = Order._meta.get_field("ward").max_length
REASON = Order._meta.get_field("closed_reason").max_length
DECISION_REASON = 300
LARGEST_D_DIMER = 1_000_000


def _area(label, length, rows, **options):
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=length, widget=widget, **options)


class ScreeningForm(ServiceForm):
    """One radio question for each of `questions`; not answering one says that the answer is not known."""

    read_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments, questions, answers=None, **options):
        super().__init__(*arguments, **options)
        self.questions = questions
        for question in questions:
            self.fields[question.key] = forms.ChoiceField(
                label=question.text,
                help_text=question.hint,
                choices=question.choices,
                widget=forms.RadioSelect,
                required=False,
                initial=(answers or {}).get(question.key, UNKNOWN),
                error_messages={"invalid_choice": "Choose one of the answers."},
            )

    def answers(self, before=None):
        """{question: answer} of a valid form, without those that were unknown before and still are."""
        given = {question.key: self.cleaned_data[question.key] or UNKNOWN for question in self.questions}
        return {key: value for key, value in given.items() if value != UNKNOWN or key in (before or {})}

    def answers_so_far(self):
        """What is chosen at this moment, as the rules take it; what cannot be right counts as unknown."""
        known = {question.key: dict(question.choices) for question in self.questions}
        return {key: value for key in known if (value := self[key].value()) in known[key]}


class OrderForm(ScreeningForm):
    """A new order, with the screening questions that its patient is to be asked."""

    priority = forms.ChoiceField(
        label="Priority", choices=Priority, initial=Priority.ROUTINE, widget=forms.RadioSelect
    )
    patient_class = forms.ChoiceField(
        label="Patient is", choices=PatientClass, initial=PatientClass.OUTPATIENT, widget=forms.RadioSelect
    )
    ward = forms.CharField(label="Ward or emergency department", max_length=WARD, required=False)
    referrer = PersonChoice(Referrer.objects.none(), label="Referrer")
    indication = forms.CharField(
        label="Indication: ICD-10 code or words",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"list": "indications", "autocomplete": "off"}),
    )
    clinical_question = _area("Clinical question", QUESTION, 2)
    wells_score = forms.DecimalField(
        label="Wells score", min_value=0, max_value=12.5, max_digits=3, decimal_places=1, required=False
    )
    d_dimer_ng_per_ml = forms.IntegerField(
        label="D-dimer (ng/mL)", min_value=0, max_value=LARGEST_D_DIMER, required=False
    )

    def __init__(self, *arguments, user, **options):
        super().__init__(*arguments, **options)
        self.fields["referrer"].queryset = referrers(user)
        self.fields["wells_score"].widget.attrs["step"] = "0.5"

    def request(self):
        """The order as `intake.place_order` takes it."""
        values = {key: self.cleaned_data[key] for key in TAKEN}
        code, text = indications.read(self.cleaned_data["indication"])
        return Request(**values, indication_code=code, indication_text=text, answers=self.answers())


TAKEN = (
    "referrer",
    "priority",
    "patient_class",
    "clinical_question",
    "wells_score",
    "d_dimer_ng_per_ml",
    "ward",
)


class StatOrderForm(ServiceForm):
    """Five fields, and nothing else that could keep a patient waiting."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        required=False,
        help_text="Surname, given name. Leave it empty while the patient is not identified.",
    )
    sex = forms.ChoiceField(label="Sex", choices=Sex, initial=Sex.UNKNOWN, widget=forms.RadioSelect)
    clinical_question = _area("Clinical question", QUESTION, 2, initial="Acute pulmonary embolism?")
    referrer = PersonChoice(Referrer.objects.none(), label="Referrer")
    ward = forms.CharField(
        label="Ward or emergency department", max_length=WARD, help_text="Where the patient is now."
    )

    def __init__(self, *arguments, user, **options):
        super().__init__(*arguments, **options)
        self.fields["referrer"].queryset = referrers(user)


class VetForm(ServiceForm):
    """Approval with a protocol; with `by_phone` it names the physician who gave it."""

    physician = PhysicianChoice(User.objects.none(), label="Physician on the phone")
    protocol = ProtocolChoice(Protocol.objects.none(), label="Protocol", empty_label=None)
    note = forms.CharField(label="Note for the technologist", max_length=300, required=False)

    def __init__(self, *arguments, user, by_phone=False, **options):
        super().__init__(*arguments, **options)
        self.fields["protocol"].queryset = protocols(user)
        if by_phone:
            self.fields["physician"].queryset = physicians(user)
        else:
            del self.fields["physician"]


class ReasonForm(ServiceForm):
    reason = forms.CharField(label="Reason", max_length=REASON, error_messages={"required": "Say why."})


class OverrideForm(ServiceForm):
    """A decision against a rule: its reason is one of the presets (a button each) or free text."""

    rule = forms.CharField(max_length=20, widget=forms.HiddenInput)
    physician = PhysicianChoice(User.objects.none(), label="Physician on the phone")
    reason = forms.CharField(label="Another reason", max_length=DECISION_REASON, required=False)
    preset = forms.ChoiceField(choices=[(each, each) for each in PRESET_REASONS], required=False)

    def __init__(self, *arguments, user, by_phone=False, **options):
        super().__init__(*arguments, **options)
        if by_phone:
            self.fields["physician"].queryset = physicians(user)
        else:
            del self.fields["physician"]

    def reason_given(self):
        return self.cleaned_data["preset"] or self.cleaned_data["reason"]


class XrayOverrideForm(OverrideForm):
    """The same for the chest X-ray window, where the rule is chosen."""

    rule = forms.ChoiceField(
        label="What is to be overridden",
        choices=[
            ("CXR-3", "The X-ray is less than an hour before the lungs"),
            ("CXR-2", "The X-ray is too old"),
            ("CXR-1", "There is no X-ray"),
        ],
        widget=forms.RadioSelect,
    )


def override_form_for(rule):
    return XrayOverrideForm if rule in XRAY_RULES else OverrideForm


def referrers(user):
    return Referrer.objects.for_user(user).filter(is_active=True)


def protocols(user):
    return Protocol.objects.for_user(user).filter(is_active=True).order_by("-is_bookable", "pk")


def physicians(user):
    return User.objects.filter(role=Role.READER, site_code=user.site_code, is_active=True).order_by(
        "last_name", "username"
    )
