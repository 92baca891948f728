"""Text to values: orders and the screening questions."""

from django import forms

from scheduling.engine.screening import UNKNOWN
from scheduling.forms.fields import ServiceForm
from scheduling.models import Order, Referrer
from vqflow.models import Role, User
from vqflow.statements import Compiled

REASON = Order._meta.get_field("closed_reason").max_length


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


class ReasonForm(ServiceForm):
    reason = forms.CharField(label="Reason", max_length=REASON, error_messages={"required": "Say why."})


def referrers(user):
    return Referrer.objects.for_user(user).filter(is_active=True)


def physicians(user):
    return _physicians(Role.READER, user.site_code)


def listed_physicians(user):
    """The same as a list, for what is drawn many times a minute."""
    return _PHYSICIANS.all(role=Role.READER.value, site_code=user.site_code)


def _physicians(role, site_code):
    found = User.objects.filter(role=role, site_code=site_code, is_active=True)
    return found.order_by("last_name", "username")


_PHYSICIANS = Compiled(_physicians, role="a role", site_code="a site")
