"""Text to values: what physicians decide and ask about an order."""

from django import forms

from scheduling.examinations import XRAY_RULES
from scheduling.forms.fields import PhysicianChoice, ProtocolChoice, ServiceForm
from scheduling.forms.orders import physicians
from scheduling.models import Decision, OrderQuestion, Protocol
from scheduling.services.consults import DECISIONS
from scheduling.services.vetting import PRESET_REASONS
from vqflow.models import User

DECISION_REASON = Decision._meta.get_field("reason").max_length
DEVIATION = Decision._meta.get_field("deviation").max_length
ASKED = OrderQuestion._meta.get_field("text").max_length
ANSWERED = OrderQuestion._meta.get_field("answer").max_length
RULE = Decision._meta.get_field("rule").max_length
WHY_ANOTHER = (
    "The tracer is not available.",
    "The room or camera is not available.",
    "Already booked with this protocol.",
    "Agreed with the referrer.",
)


class SuggestedChoice(forms.Select):
    """The protocols with the suggested one marked, so that the page can ask why another one is chosen."""

    suggested = None

    def create_option(self, name, value, *arguments, **options):
        option = super().create_option(name, value, *arguments, **options)
        if self.suggested is not None and str(value) == str(self.suggested):
            option["attrs"]["data-suggested"] = True
            option["label"] = f"{option['label']} (suggested)"
        return option


class VetForm(ServiceForm):
    """Approval with a protocol; with `by_phone` it names the physician who gave it."""

    physician = PhysicianChoice(User.objects.none(), label="Physician on the phone")
    protocol = ProtocolChoice(
        Protocol.objects.none(),
        label="Protocol",
        empty_label=None,
        widget=SuggestedChoice(attrs={"data-key": "c", "data-key-name": "Choose another protocol"}),
    )
    reason = forms.CharField(
        label="Why another protocol",
        max_length=DEVIATION,
        required=False,
        help_text="Needed where it is not the suggested one.",
        widget=forms.TextInput(attrs={"list": "why-another", "autocomplete": "off"}),
    )
    note = forms.CharField(
        label="Note for the technologist",
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    read_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments, user, by_phone=False, suggested=None, **options):
        super().__init__(*arguments, **options)
        self.fields["protocol"].queryset = protocols(user)
        self.fields["protocol"].widget.suggested = suggested
        if by_phone:
            self.fields["physician"].queryset = physicians(user)
        else:
            del self.fields["physician"]

    @property
    def has_suggestion(self):
        return self.fields["protocol"].widget.suggested is not None


class OverrideForm(ServiceForm):
    """A decision against a rule: its reason is one of the presets (a button each) or free text."""

    rule = forms.CharField(max_length=RULE, widget=forms.HiddenInput)
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


class ConsultForm(ServiceForm):
    """The answer to a consult: words, and a button for each decision."""

    rule = forms.CharField(max_length=RULE, widget=forms.HiddenInput)
    physician = PhysicianChoice(User.objects.none(), label="Physician on the phone")
    text = forms.CharField(
        label="Answer",
        max_length=DECISION_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say what is decided, and why."},
    )
    decision = forms.ChoiceField(choices=DECISIONS, error_messages={"required": "Choose: go on, or not yet."})

    def __init__(self, *arguments, user, by_phone=False, **options):
        super().__init__(*arguments, **options)
        if by_phone:
            self.fields["physician"].queryset = physicians(user)
        else:
            del self.fields["physician"]


class AskForm(ServiceForm):
    """A question that the order waits for."""

    to = forms.ChoiceField(
        label="To", choices=OrderQuestion.To, initial=OrderQuestion.To.DESK, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label="Question",
        max_length=ASKED,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Write the question."},
    )


class AnswerForm(ServiceForm):
    answer = forms.CharField(
        label="Answer",
        max_length=ANSWERED,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Write the answer."},
    )


def override_form_for(rule):
    return XrayOverrideForm if rule in XRAY_RULES else OverrideForm


def protocols(user):
    """Those that can be booked: no other is offered."""
    return Protocol.objects.for_user(user).filter(is_active=True, is_bookable=True).order_by("pk")
