"""What is typed in while the patient is here: check-in, the chest X-ray, why a step was stopped."""

from zoneinfo import ZoneInfo

from django import forms

from scheduling.engine import screening
from scheduling.examinations import facts
from scheduling.forms.fields import LocalDateTimeField, ServiceForm

LEAVE_OUT_REASONS = (
    "The patient went home.",
    "The patient refused to go on.",
    "The physician needs no more pictures.",
    "The equipment failed.",
)
STOP_REASONS = (
    "The patient could not go on.",
    "The patient refused.",
    "The equipment failed.",
    "The tracer failed or leaked.",
)

# The referrer knows these, and the X-ray itself is confirmed on its own.
NOT_FOR_THE_PATIENT = ("pretest", "chest_xray")


class CheckInForm(ServiceForm):
    """The two identifiers, and every screening answer to be confirmed or corrected.

    What is not known yet comes first, as open questions; what is known, as choices already made.
    """

    read_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    identifiers_checked = forms.BooleanField(
        required=False,
        label="Name and date of birth checked",
        widget=forms.CheckboxInput(attrs={"autofocus": True}),
    )

    def __init__(self, data=None, *, order, now, may_answer):
        super().__init__(data)
        known = {row.question: row.answer for row in order.answers.all()}
        self.open_keys, self.known_keys = [], []
        for question in asked_of(order, now) if may_answer else ():
            answer = known.get(question.key, screening.UNKNOWN)
            is_open = answer == screening.UNKNOWN
            (self.open_keys if is_open else self.known_keys).append(question.key)
            self.fields[question.key] = forms.ChoiceField(
                label=question.text,
                help_text=question.hint if is_open else "",
                choices=question.choices,
                initial=answer,
                widget=forms.RadioSelect if is_open else forms.Select,
                error_messages={"required": "Choose one of the answers."},
            )

    @property
    def open_questions(self):
        return [self[key] for key in self.open_keys]

    @property
    def known_questions(self):
        """Those that say more than "no" come first."""
        plain = {"no", "none"}
        keys = sorted(self.known_keys, key=lambda key: self.fields[key].initial in plain)
        return [self[key] for key in keys]

    def answers(self):
        """{question: answer} of what was asked and answered."""
        keys = (*self.open_keys, *self.known_keys)
        return {key: self.cleaned_data[key] for key in keys}


def asked_of(order, now):
    """The questions that a patient can answer; how likely an embolism is, is not one of them."""
    questions = screening.questions_for(facts(order, now))
    return [question for question in questions if question.key not in NOT_FOR_THE_PATIENT]


class XrayForm(ServiceForm):
    """When the chest X-ray or chest CT ended, and where if it was not here."""

    def __init__(self, data=None, *, site, now):
        local = now.astimezone(ZoneInfo(site.time_zone))
        super().__init__(data, initial={"ended_at": [local.date(), local.time()]})
        self.fields["ended_at"] = LocalDateTimeField(zone=site.time_zone, label="Ended at")
        self.order_fields(["ended_at", "modality", "elsewhere"])

    modality = forms.ChoiceField(
        label="Kind",
        choices=(("DX", "Chest X-ray"), ("CT", "Chest CT")),
        initial="DX",
        widget=forms.RadioSelect,
    )
    elsewhere = forms.CharField(
        label="Place, if it was not done here",
        max_length=100,
        required=False,
        help_text="For example: Emergency department, St Mary's.",
    )


class StopForm(ServiceForm):
    """Why an acquisition was broken off: one of the usual reasons, or own words."""

    reason = forms.CharField(
        label="Another reason",
        max_length=200,
        error_messages={"required": "Say why it was stopped."},
    )
