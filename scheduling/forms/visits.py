"""What is typed in while the patient is here: check-in, the chest X-ray, why a step was stopped."""

from zoneinfo import ZoneInfo

from django import forms

from scheduling.engine import screening, xrays
from scheduling.examinations import facts
from scheduling.forms.fields import LocalDateTimeField, PhysicianChoice, ServiceForm
from scheduling.models import Arrival, ChestXray, Identifier
from scheduling.services.examination.arrivals import ASKED_AGAIN, TWO, asks_pregnancy

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
PREGNANCY = "pregnancy"


class CheckInForm(ServiceForm):
    """Two identifiers, the questions that are put again at every arrival, and the others to be confirmed.

    Pregnancy is asked in private and never answered beforehand. Of the others, what is not known yet comes
    first, as open questions; what is known, as choices already made.
    """

    read_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    identifiers = forms.MultipleChoiceField(
        label="Compared with the order",
        choices=Identifier.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": TWO, "invalid_choice": "Choose from the list."},
    )

    def __init__(self, data=None, *, order, now, may_answer, where=()):
        super().__init__(data)
        known = {row.question: row.answer for row in order.answers.all()}
        self.again_keys, self.open_keys, self.known_keys = [], [], []
        if len(where) > 1:
            self.fields["at"] = forms.ChoiceField(
                label="Where", choices=where, initial=where[0][0], widget=forms.RadioSelect
            )
        for question in asked_of(order, now) if may_answer else ():
            self._ask(question, known.get(question.key, screening.UNKNOWN))
        if asks_pregnancy(order, now):
            self.fields["pregnancy_asked"] = forms.BooleanField(required=False, label="Asked in private")

    def _ask(self, question, answer):
        is_open = answer == screening.UNKNOWN
        again = question.key in ASKED_AGAIN
        keys = self.again_keys if again else self.open_keys if is_open else self.known_keys
        keys.append(question.key)
        hint, choices = question.hint, question.choices
        if question.key == PREGNANCY:  # it is asked now, whatever is on file
            hint = f"{hint} On file: {dict(choices)[answer].lower()}."
            choices = [choice for choice in choices if choice[0] != screening.UNKNOWN]
        self.fields[question.key] = forms.ChoiceField(
            label=question.text,
            help_text=hint if is_open or again else "",
            choices=choices,
            initial=None if question.key == PREGNANCY else answer,
            widget=forms.RadioSelect if is_open or again else forms.Select,
            error_messages={"required": "Choose one of the answers."},
        )

    @property
    def private_question(self):
        return self[PREGNANCY] if PREGNANCY in self.again_keys else None

    @property
    def again_questions(self):
        return [self[key] for key in self.again_keys if key != PREGNANCY]

    @property
    def open_questions(self):
        return [self[key] for key in self.open_keys]

    @property
    def known_questions(self):
        """Those that say more than "no" come first."""
        plain = {"no", "none"}
        keys = sorted(self.known_keys, key=lambda key: self.fields[key].initial in plain)
        return [self[key] for key in keys]

    def arrival(self):
        """What the service takes."""
        keys = (*self.again_keys, *self.open_keys, *self.known_keys)
        return {
            "identifiers": self.cleaned_data["identifiers"],
            "at": self.cleaned_data.get("at") or None,
            "pregnancy_asked": self.cleaned_data.get("pregnancy_asked", False),
            "answers": {key: self.cleaned_data[key] for key in keys},
            "read_at": self.cleaned_data["read_at"],
        }


def asked_of(order, now):
    """The questions that a patient can answer; how likely an embolism is, is not one of them."""
    questions = screening.questions_for(facts(order, now))
    return [question for question in questions if question.key not in NOT_FOR_THE_PATIENT]


def places_of(known):
    """Where this arrival can be: while the X-ray is to come, the desk says which of the two it is."""
    if known.arrival_due != Arrival.At.XRAY:
        return ()
    return ((Arrival.At.XRAY.value, "At the X-ray"), (Arrival.At.SCAN.value, "At the scan"))


def _finding():
    """What a physician saw on the chest X-ray, where it was said."""
    return forms.ChoiceField(
        label="What was seen",
        required=False,
        choices=[("", "Not said"), *ChestXray.Finding.choices],
        initial="",
        widget=forms.RadioSelect,
    )


class XrayForm(ServiceForm):
    """When the chest X-ray or chest CT ended, where if it was not here, which views, and who has seen it."""

    def __init__(self, data=None, *, site, now, physicians):
        local = now.astimezone(ZoneInfo(site.time_zone))
        super().__init__(data, initial={"ended_at": [local.date(), local.time()]})
        self.fields["ended_at"] = LocalDateTimeField(zone=site.time_zone, label="Ended at")
        self.fields["seen_by"] = PhysicianChoice(physicians, required=False, empty_label="Nobody yet")
        self.fields["seen_by"].label = "Seen by"
        self.order_fields(["ended_at", "modality", "views", "portable_reason", "elsewhere", "seen_by"])

    modality = forms.ChoiceField(
        label="Kind",
        choices=(("DX", "Chest X-ray"), ("CT", "Chest CT")),
        initial="DX",
        widget=forms.RadioSelect,
    )
    views = forms.MultipleChoiceField(
        label="Views",
        required=False,
        choices=[(str(view), name) for view, name in xrays.NAMES.items()],
        widget=forms.CheckboxSelectMultiple,
        help_text="PA and lateral are the usual ones. A CT has none.",
        error_messages={"invalid_choice": "Choose from the list."},
    )
    portable_reason = forms.CharField(
        label="Why only AP portable",
        max_length=200,
        required=False,
        help_text="For example: cannot stand.",
    )
    elsewhere = forms.CharField(
        label="Place, if it was not done here",
        max_length=100,
        required=False,
        help_text="For example: Emergency department, St Mary's.",
    )
    finding = _finding()


class XraySeenForm(ServiceForm):
    """Which physician has looked at the X-ray, and what was seen."""

    def __init__(self, data=None, *, physicians, by):
        super().__init__(data, initial={"physician": by})
        self.fields["physician"] = PhysicianChoice(
            physicians, label="Seen by", error_messages={"required": "Choose the physician."}
        )
        self.order_fields(["physician", "finding", "note"])

    finding = _finding()
    note = forms.CharField(label="Note", max_length=200, required=False)


class StopForm(ServiceForm):
    """Why something ends otherwise than planned: one of the usual reasons, or own words."""

    reason = forms.CharField(
        label="Another reason",
        max_length=200,
        error_messages={"required": "Say why it was stopped."},
    )
